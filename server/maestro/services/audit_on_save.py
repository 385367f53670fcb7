"""An audit of what was just saved, where the user wants that."""

import asyncio
import logging
from collections.abc import Callable

from maestro.errors import MaestroError
from maestro.runtime import Runtime
from maestro.services.audit import AuditService
from maestro_protocol.audit import AuditRunParams, AuditTarget

_EXPECTED = ("auditTargetInvalid", "outsideWorkspace", "consentRequired")
"""Whoever saves a file that is not for audits, or does not want them, need not be told."""
_log = logging.getLogger(__name__)


class AuditOnSave:
    """Off unless `audit.onSave` says so. A document saved again meanwhile is audited once, when it has come to rest."""

    def __init__(self, runtime: Runtime, audits: AuditService, show: Callable[[str], None]) -> None:
        """`show` tells the user a sentence: once for each document, until its audit succeeds again."""
        self._show = show
        self._failed: set[str] = set()
        self._runtime = runtime
        self._audits = audits
        self._waiting: dict[str, asyncio.TimerHandle] = {}
        self._running: set[asyncio.Task[None]] = set()

    def saved(self, uri: str) -> None:
        """The document was saved."""
        settings = self._runtime.settings.audit
        if settings.on_save:
            self.closed(uri)
            delay = settings.save_delay_ms / 1000
            self._waiting[uri] = asyncio.get_running_loop().call_later(delay, self._begin, uri)

    def closed(self, uri: str) -> None:
        """Nobody looks at the document any more."""
        if (timer := self._waiting.pop(uri, None)) is not None:
            timer.cancel()

    async def aclose(self) -> None:
        """Begin no more audits, and end those that were begun."""
        for uri in [*self._waiting]:
            self.closed(uri)
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)

    def _begin(self, uri: str) -> None:
        self._waiting.pop(uri, None)
        task = asyncio.create_task(self._audit(uri))
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def _audit(self, uri: str) -> None:
        try:
            result = await self._audits.run(AuditRunParams(target=AuditTarget(uri=uri)), asked_for=False)
            failure = result.error.message if result.error is not None else None
        except MaestroError as error:
            if error.kind in _EXPECTED:
                _log.info("What was saved is not audited: %s", error.message)
                return
            failure = error.message
        if failure is not None and uri not in self._failed:
            self._show(f"What you saved was not audited, or not all of it: {failure}")
        (self._failed.discard if failure is None else self._failed.add)(uri)
