"""What the calls of tools did to files: remembered line by line, judged by rules, and shown where it is wrong."""

import asyncio
import logging
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from maestro.audit.findings import Placed
from maestro.audit.intents.checks import is_test
from maestro.audit.intents.intent_rules import Changed, Surveyed, intent_findings
from maestro.audit.source import AuditSource
from maestro.errors import MaestroError
from maestro.intents.understated import understated
from maestro.services.findings import FindingStore
from maestro.services.written import WrittenLines
from maestro.workspace.gate import Gate
from maestro_protocol.intents import IntentRecord

_MOST_FILES = 200
"""Files of one call that are looked at; a command may write thousands."""
_MOST_TESTS = 5
"""Test files that are looked into for one file of source."""

_log = logging.getLogger(__name__)


class IntentFindings:
    def __init__(self, written: WrittenLines, gate: Gate, findings: FindingStore) -> None:
        self._written = written
        self._gate = gate
        self._findings = findings

    async def report_intents(self, record: IntentRecord, folder: Path, changes: Sequence[Changed]) -> None:
        """Remember what a call wrote in a workspace folder, and show what is wrong with it. Raises nothing."""
        looked_at = changes[:_MOST_FILES]
        for changed in looked_at:
            try:
                await self._written.record(record, changed.uri, changed.before, changed.after)
            except MaestroError as error:
                _log.warning("Which lines a tool wrote is not remembered: %s", error.message)
            beside = [one.after for one in looked_at if one is not changed and one.after is not None]
            await self._judge(record, folder, changed, beside)
        self._findings.announce()

    async def _judge(self, record: IntentRecord, folder: Path, changed: Changed, beside: Sequence[str]) -> None:
        tests = await self._tests(folder, changed) if record.purpose == "test_pass" else ()
        try:
            document = await self._gate.document(changed.uri)
        except MaestroError:
            return  # deleted, or no text
        source = AuditSource(document.uri, document.text, document.language)

        def judge() -> Sequence[Placed]:
            assessed = understated(record, changed.path, changed.language, changed.before, changed.after)
            return intent_findings(record, changed, Surveyed(assessed, tests, beside), source)

        if (found := await asyncio.to_thread(judge)) and self._findings.follow(document).text == source.text:
            self._findings.add(document.uri, found)

    async def _tests(self, folder: Path, changed: Changed) -> Sequence[str]:
        """The texts of the tests whose files are named after a file of source."""
        stem = PurePosixPath(changed.path).name.partition(".")[0]
        if changed.before is None or not stem.isidentifier() or is_test(changed.path, changed.language):
            return ()
        try:
            listed = (await self._gate.list(folder, f"*{stem}*")).paths
        except MaestroError:
            return ()
        names = [path for path in listed if is_test(path, changed.language)][:_MOST_TESTS]
        return [text for name in names if (text := await self._text(name, folder)) is not None]

    async def _text(self, name: str, folder: Path) -> str | None:
        try:
            return (await self._gate.read(name, folder)).text
        except MaestroError:
            return None
