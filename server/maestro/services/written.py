"""The memory of which intent last wrote which lines, for what hovers, findings and prompts say about them."""

import asyncio
from collections.abc import Iterable, Sequence
from typing import NamedTuple
from urllib.parse import unquote

from maestro.audit.intents.intent_rules import intent_of
from maestro.audit.moving.line_changes import bare_lines, edit_changes, line_changes
from maestro.database.database import Database
from maestro.errors import MaestroError
from maestro.intents import ledger, written_lines
from maestro.intents.records import written
from maestro.intents.written_lines import Block, Stored
from maestro_protocol.audit import FindingIntent
from maestro_protocol.base import JsonObject
from maestro_protocol.intents import IntentRecord

_MOST_TEXTS = 64
"""Texts whose lines are known without looking them up."""


class Written(NamedTuple):
    """Zero-based lines, the last one belongs to them."""

    intent_id: str
    first_line: int
    last_line: int


class Behind(NamedTuple):
    """The intents that last wrote some lines, from top to bottom."""

    records: Sequence[IntentRecord]

    @property
    def is_high(self) -> bool:
        """Whether the risk of one of them is high."""
        return any(record.risk_level == "high" for record in self.records)

    def as_data(self) -> list[JsonObject]:
        """`id`, `purpose`, `scope` and `riskLevel` of each, for a prompt."""
        return [
            {"id": one.id, "purpose": one.purpose, "scope": one.scope, "riskLevel": one.risk_level}
            for one in self.records
        ]

    def of_finding(self) -> list[FindingIntent]:
        """The same as a finding on these lines tells it."""
        return [intent_of(record) for record in self.records]


class _Known(NamedTuple):
    text: str
    blocks: Sequence[Block]
    stored: bool


class WrittenLines:
    """Every method that waits raises 4901 if the store cannot be used."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known: dict[str, _Known] = {}
        self._writing = asyncio.Lock()

    async def record(self, record: IntentRecord, uri: str, before: str | None, after: str | None) -> None:
        """Remember the lines that a call changed; nothing where a text is not known."""
        if before is None or after is None:
            return
        async with self._writing:
            blocks = await self._blocks(uri, before)
            new = await asyncio.to_thread(_rewritten, blocks, before, after, record)
            await self._store(uri, after, new)
            self._keep(uri, after, new)

    async def lines_of(self, uri: str, text: str) -> Sequence[Written]:
        """Who wrote what of this text, from top to bottom."""
        blocks = await self._blocks(uri, text)
        return [Written(block.intent_id, block.first_line, block.last_line) for block in blocks]

    def edited(self, uri: str, edits: Iterable[tuple[int, int, str]], text: str) -> None:
        """Follow an open document to `text`. Nothing is stored.

        An edit puts a text in place of what stands from one code point to another of the text the edits before it left.
        """
        if (known := self._known.get(_key(uri))) is None:
            return  # looked up when somebody asks
        here, blocks, stored = known
        if not blocks:
            self._keep(uri, text, blocks, stored=stored)
            return
        for start, end, new in edits:
            changes = edit_changes(here, start, end, new)
            blocks = written_lines.moved(blocks, changes, len(here) + 1)
            here = here[:start] + new + here[end:]
        if here == text:
            self._keep(uri, text, blocks, stored=stored and blocks == known.blocks)
        else:  # the edits are about another text than the one that is known: looked up when somebody asks
            del self._known[_key(uri)]

    async def saved(self, uri: str) -> None:
        """Store what `edited` followed."""
        async with self._writing:
            known = self._known.get(_key(uri))
            if known is not None and not known.stored:
                await self._store(uri, known.text, known.blocks)
                if self._known.get(_key(uri)) is known:
                    self._keep(uri, known.text, known.blocks)

    async def intent_at(self, uri: str, text: str, line: int) -> IntentRecord | None:
        """The record of the call that last wrote a zero-based line; None if no call of a tool did."""
        there = [one for one in await self.lines_of(uri, text) if one.first_line <= line <= one.last_line]
        return await self._record(there[0].intent_id) if there else None

    async def behind(self, uri: str, text: str, first: int, last: int) -> Behind:
        """Which intents last wrote lines `first` to `last`."""
        wrote = [one for one in await self.lines_of(uri, text) if one.first_line <= last and first <= one.last_line]
        found = [await self._record(intent_id) for intent_id in dict.fromkeys(one.intent_id for one in wrote)]
        return Behind([record for record in found if record is not None])

    async def _store(self, uri: str, text: str, blocks: Sequence[Block]) -> None:
        stored = await asyncio.to_thread(lambda: written_lines.digested(blocks, bare_lines(text)))
        await self._database.run(lambda connection: written_lines.write(connection, _key(uri), stored))

    async def _blocks(self, uri: str, text: str) -> Sequence[Block]:
        if (known := self._known.get(_key(uri))) is not None and known.text == text:
            return known.blocks
        stored = await self._database.read(lambda connection: written_lines.read(connection, _key(uri)))
        blocks = await asyncio.to_thread(_found_again, stored, text) if stored else ()
        self._keep(uri, text, blocks)
        return blocks

    def _keep(self, uri: str, text: str, blocks: Sequence[Block], *, stored: bool = True) -> None:
        self._known.pop(_key(uri), None)
        self._known[_key(uri)] = _Known(text, blocks, stored)
        if len(self._known) > _MOST_TEXTS:
            del self._known[next(iter(self._known))]

    async def _record(self, intent_id: str) -> IntentRecord | None:
        try:
            return await self._database.read(lambda connection: ledger.record(connection, intent_id))
        except MaestroError as error:
            if error.kind == "requestFailed":  # the ledger was begun anew
                return None
            raise


def _key(uri: str) -> str:
    """However an editor escapes it."""
    return unquote(uri)


def _rewritten(blocks: Sequence[Block], before: str, after: str, record: IntentRecord) -> list[Block]:
    old, new = bare_lines(before), bare_lines(after)
    return written_lines.rewritten(blocks, line_changes(old, new), len(old), record.id, written(record.at))


def _found_again(stored: Sequence[Stored], text: str) -> list[Block]:
    return written_lines.found_again(stored, bare_lines(text))
