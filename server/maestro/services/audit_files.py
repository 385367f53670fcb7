"""Findings of files while those are changed, moved and deleted beside the editor's documents."""

import logging
from collections.abc import Sequence
from urllib.parse import quote, unquote

from maestro.audit.identity.baseline import PATH as BASELINE
from maestro.editor import Editor
from maestro.errors import MaestroError
from maestro.services.audited_documents import AuditedDocuments
from maestro.services.baselines import Baselines
from maestro.services.findings import FindingStore
from maestro.services.texts import Text, Texts
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
        audited: AuditedDocuments,
    ) -> None:
        self._audited = audited
        self._baselines = baselines
        self._written = written
        self._gate = gate
        self._editor = editor
        self._texts = texts
        self._findings = findings
        self._deleted: set[str] = set()
        """Documents that stay open without their file."""

    async def changed(self, uri: str) -> None:
        """A file is another one by now, or gone."""
        if uri.endswith(f"/{BASELINE}"):
            await self._reload(uri.removesuffix(f"/{BASELINE}"))
            return
        if (text := self._texts.get(uri)) is not None:
            await self._look(text)

    async def deleted(self, uri: str) -> None:
        """A file or a folder is gone, or another one stands there by now."""
        if uri.endswith(f"/{BASELINE}"):
            await self.changed(uri)
        for text in self._at(uri):
            if text.version is not None:
                self._deleted.add(text.uri)
            await self._look(text)

    async def closed(self, uri: str) -> None:
        """Forget what was open without its file."""
        text = self._texts.get(uri)
        if text is not None and text.uri in self._deleted:
            self._deleted.discard(text.uri)
            await self._look(text)

    async def renamed(self, old: str, new: str) -> None:
        """A file or a folder has another name; its findings go with it."""
        for text in self._at(old):
            uri = new + quote(unquote(text.uri)[len(unquote(old)) :])
            try:
                document = await self._gate.document(uri)
            except MaestroError:
                await self._look(text)
            else:
                self._audited.rename(text.uri, uri)
                self._findings.rename(text, self._texts.follow(document), self._gate.folder_of(uri)[1])

    def _at(self, uri: str) -> Sequence[Text]:
        """The document of this name, or those with findings in the folder of this name."""
        if (text := self._texts.get(uri)) is not None:
            return [text]
        folder = f"{unquote(uri).rstrip('/')}/"
        inside = [self._texts.get(one) for one in self._findings.uris if unquote(one).startswith(folder)]
        return [text for text in inside if text is not None]

    async def _look(self, text: Text) -> None:
        """Bring a document that is not open up to its file, or forget what was found in one that is gone."""
        if text.version is not None:
            return
        try:
            document = await self._gate.document(text.uri)
        except MaestroError:
            if self._editor.opened(text.uri) is None:
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
