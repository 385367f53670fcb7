"""`search`: which lines of the workspace's files a regular expression is found in."""

import asyncio
from collections.abc import Sequence
from itertools import islice
from time import monotonic
from urllib.parse import quote

from pydantic import Field, JsonValue

from maestro.errors import MaestroError
from maestro.tools.base import Call, Outcome, ToolSpec
from maestro.tools.inputs import ToolInput, input_schema, misfit, parse
from maestro.tools.output import withhold
from maestro.tools.workers import Worker, worker
from maestro.workspace.files import quoted
from maestro_protocol.permissions import PermissionSubject
from maestro_protocol.tools import ToolAnnotations

MOST_LINES = 500
_BATCH = 32
"""Files that are read while others are matched, so that memory stays small."""
_START_SECONDS = 10.0


class SearchInput(ToolInput):
    pattern: str = Field(min_length=1, description="A Python regular expression; matched with one line at a time.")
    glob: str | None = Field(
        default=None, description="Only in files whose path fits, e.g. `*.py` at any depth, or `src/**/test_*.ts`."
    )


class Search:
    """`patience` is how many seconds matching one file may take."""

    spec = ToolSpec(
        name="search",
        description=(
            "Search the text files of the workspace folder with a regular expression. Answers `path:line: text` for "
            "each line it is found in. Files that git or `.maestroignore` ignores are not searched."
        ),
        input_schema=input_schema(SearchInput),
        annotations=ToolAnnotations(read_only=True, destructive=False, open_world=False),
    )

    def __init__(self, patience: float = 5.0) -> None:
        self._patience = patience

    async def subject(self, call: Call) -> PermissionSubject:
        parse(SearchInput, call.input, self.spec.name)
        return PermissionSubject(type="read", tool=self.spec.name)

    async def run(self, call: Call) -> Outcome:
        wanted = parse(SearchInput, call.input, self.spec.name)
        listing = await call.around.gate.list(call.around.folder, wanted.glob or None)
        hits = _Hits(call.around.settings.tools.max_output_bytes)
        deadline = monotonic() + call.around.settings.tools.timeout_ms / 1000
        async with worker("matcher.py") as matcher:
            await _begin(matcher, wanted.pattern)
            paths = iter(listing.paths)
            while not hits.full and (batch := list(islice(paths, _BATCH))):
                if monotonic() > deadline:
                    hits.notes.append(f"the time was up, so {len(batch) + len(list(paths)):,} files were not searched")
                    break
                for path, raw in zip(batch, await asyncio.gather(*(_raw(call, path) for path in batch)), strict=True):
                    if not hits.full:
                        await self._look(matcher, call, path, raw, hits)
        if listing.more:
            hits.notes.append("the workspace has more files than were searched; give a narrower glob")
        return Outcome(await asyncio.to_thread(withhold, hits.text, call.around.secrets()))

    async def _look(self, matcher: Worker, call: Call, path: str, raw: str | None, hits: "_Hits") -> None:
        """Add a file's lines. What counts is its text without secrets; finding those takes so long (1 s per MB) that it
        is only done where the raw text has a match."""
        if raw is not None and not await self._matches(matcher, path, raw, 1):
            return
        try:
            source = await call.around.gate.read(path, call.around.folder)
        except MaestroError:  # no text, or closed
            return
        for match in await self._matches(matcher, source.path, source.text, hits.room):
            assert isinstance(match, list)
            hits.add(f"{source.path}:{match[0]}: {match[1]}")

    async def _matches(self, matcher: Worker, path: str, text: str, limit: int) -> Sequence[JsonValue]:
        try:
            answer = await matcher.ask({"text": text, "limit": limit}, self._patience)
        except TimeoutError:
            message = (
                f"Matching the pattern with {quoted(path)} took longer than {self._patience:g} s and was ended; give"
                " one that backtracks less, without nested repetitions."
            )
            raise MaestroError("requestFailed", message) from None
        found = answer.get("found") if isinstance(answer, dict) else None
        return found if isinstance(found, list) else ()


async def _begin(matcher: Worker, pattern: str) -> None:
    try:
        answer = await matcher.ask({"pattern": pattern}, _START_SECONDS)
    except TimeoutError:
        raise misfit(Search.spec.name, "`pattern` takes too long to compile") from None
    if isinstance(answer, dict) and "error" in answer:
        position = answer["error"]
        where = f" (at character {position + 1})" if isinstance(position, int) else ""
        raise misfit(Search.spec.name, f"`pattern` is not a regular expression Python can read{where}")


async def _raw(call: Call, path: str) -> str | None:
    """A file's text as it is on disk, secrets included; None where that does not tell what the gate would give."""
    editor, uri = call.around.editor, (call.around.folder / path).as_uri()
    spellings = (uri, *(f"{folder.rstrip('/')}/{quote(path)}" for folder in editor.folders))
    if any(editor.opened(one) is not None for one in spellings):
        return None
    try:
        return (await call.around.gate.document(uri)).text
    except MaestroError:
        return ""


class _Hits:
    """The lines found, as far as they fit."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._lines: list[str] = []
        self.full = False
        self.notes: list[str] = []

    @property
    def room(self) -> int:
        """How many lines more are worth looking for: one more than are shown tells that there are more."""
        return MOST_LINES - len(self._lines) + 1

    def add(self, line: str) -> None:
        if len(self._lines) < MOST_LINES and len(line.encode("utf-8", "replace")) < self._limit:
            self._limit -= len(line.encode("utf-8", "replace")) + 1
            self._lines.append(line)
        else:
            self.full = True

    @property
    def text(self) -> str:
        notes = [*(["there are more lines; narrow the pattern or the glob"] if self.full else []), *self.notes]
        lines = self._lines or ["The pattern is found in no line."]
        return "\n".join([*lines, *(f"[{note}]" for note in notes)])
