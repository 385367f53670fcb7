"""Findings of files that nobody has open, while others change those files."""

import logging

from maestro.audit.identity.baseline import PATH as BASELINE
from maestro.editor import Editor
from maestro.errors import MaestroError
from maestro.services.baselines import Baselines
from maestro.services.findings import FindingStore
from maestro.services.texts import Texts
from maestro.services.written import WrittenLines
from maestro.workspace.gate import Gate

_log = logging.getLogger(__name__)


class AuditFiles:
    def __init__(
        self,
        gate: Gate,
        editor: Editor,
        texts: Texts,
        findings: FindingStore,
        baselines: Baselines,
        written: WrittenLines,
    ) -> None:
        self._baselines = baselines
        self._written = written
        self._gate = gate
        self._editor = editor
        self._texts = texts
        self._findings = findings

    async def changed(self, uri: str) -> None:
        """A file is another one by now, or gone."""
        if uri.endswith(f"/{BASELINE}"):
            await self._reload(uri.removesuffix(f"/{BASELINE}"))
            return
        text = self._texts.get(uri)
        if text is None or text.version is not None:
            return
        try:
            document = await self._gate.document(uri)
        except MaestroError:
            if self._editor.opened(uri) is None:
                self._findings.clear(uris=[text.uri])
            return
        self._texts.follow(document)

    async def saved(self, uri: str) -> None:
        """Remember which lines of a document tools wrote, as they stand on disk now."""
        try:
            await self._written.saved(uri)
        except MaestroError as error:
            _log.warning("Which lines a tool wrote is not remembered: %s", error.message)

    async def _reload(self, folder: str) -> None:
        try:
            await self._baselines.load(folder)
        except MaestroError as error:
            self._editor.show(error.message, error=True)
        else:
            self._findings.show_all()
