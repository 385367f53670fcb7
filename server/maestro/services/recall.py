"""The findings of an earlier run of the server, told again from what is remembered of its audits; nobody is asked."""

import asyncio
import logging
from uuid import uuid4

from maestro.audit.asking.budget import Budget
from maestro.audit.asking.exchange import Compose, RawReply
from maestro.editor import Editor
from maestro.errors import MaestroError
from maestro.services.audit_document import DocumentAudits, Question
from maestro.services.audit_targets import Target
from maestro.services.audited_documents import Asked, AuditedDocuments
from maestro.workspace.names import path_of

_log = logging.getLogger(__name__)


class Recall:
    def __init__(self, editor: Editor, documents: DocumentAudits, audited: AuditedDocuments) -> None:
        self._editor = editor
        self._documents = documents
        self._audited = audited

    async def run(self) -> None:
        """Tell what there was in the open folders, as far as its code is still the same. Raises 4901."""
        if not self._editor.trusted:
            return
        for uri, asked in await self._audited.below(self._editor.folders):
            # Whoever audits it now knows better.
            if not self._documents.is_known(uri):
                await self._tell(uri, asked)
        self._documents.findings.announce()

    async def _tell(self, uri: str, asked: Asked) -> None:
        question = Question(
            f"aud_{uuid4().hex[:16]}",
            asked.provider,
            asked.session_id,
            asked.model,
            asked.rules,
            asked.min_severity,
            Budget(),
            fresh=False,
            generate=_nobody,
        )
        path = path_of(uri)
        try:
            if path is not None and not await asyncio.to_thread(path.exists):
                self._audited.forget([uri])
            else:
                await self._documents.review(question, Target(uri, chosen=False))
        except (MaestroError, OSError) as error:  # a folder that may not be entered hides only what is in it
            _log.info("What was found in a document is not told again: %s", error)


async def _nobody(compose: Compose) -> RawReply:
    raise MaestroError("requestFailed", "Only what is remembered is told.")
