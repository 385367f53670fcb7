"""`read_file`: the text of a file, with numbered lines."""

import asyncio
from itertools import count

from pydantic import Field

from maestro.errors import MaestroError
from maestro.positions import split_lines
from maestro.tools.base import Call, Outcome, ToolSpec, check_asked
from maestro.tools.inputs import ToolInput, input_schema, misfit, parse
from maestro.tools.output import first_lines, withhold
from maestro.workspace.gate import Source
from maestro_protocol.permissions import PermissionSubject
from maestro_protocol.tools import ToolAnnotations


class ReadFileInput(ToolInput):
    path: str = Field(min_length=1, description="The file, relative to the workspace folder.")
    start_line: int | None = Field(default=None, ge=1, description="The first line to read, counted from 1.")
    end_line: int | None = Field(default=None, ge=1, description="The last line to read; it is included.")


class ReadFile:
    spec = ToolSpec(
        name="read_file",
        description=(
            "Read a text file of the workspace, as it stands in the editor if it is open there. Each line comes with "
            "its number and a tab before it, which do not belong to the file. Read long files in parts."
        ),
        input_schema=input_schema(ReadFileInput),
        annotations=ToolAnnotations(read_only=True, destructive=False, open_world=False),
    )

    async def subject(self, call: Call) -> PermissionSubject:
        wanted = parse(ReadFileInput, call.input, self.spec.name)
        place = await call.around.gate.locate(wanted.path, call.around.folder)
        return _subject(place.path, place.uri)

    async def run(self, call: Call) -> Outcome:
        wanted = parse(ReadFileInput, call.input, self.spec.name)
        source = await call.around.gate.read(wanted.path, call.around.folder)
        check_asked(call, _subject(source.path, (source.folder / source.path).as_uri()))
        limit = call.around.settings.tools.max_output_bytes
        shown = await asyncio.to_thread(_shown, source, wanted, limit)
        return Outcome(await asyncio.to_thread(withhold, shown, call.around.secrets()))


def _subject(path: str, uri: str) -> PermissionSubject:
    return PermissionSubject(type="read", tool=ReadFile.spec.name, path=path, uri=uri)


def _shown(source: Source, wanted: ReadFileInput, limit: int) -> str:
    """The lines asked for, as far as they fit, below one that says which they are.

    Raises:
        MaestroError: -32602 for lines that are not there.
    """
    lines = [line.rstrip("\r\n") for line in split_lines(source.text)]
    if not lines:
        return f"{source.path} is empty."
    first, last = _bounds(wanted, len(lines))
    numbered = [f"{number}\t{line}" for number, line in zip(count(first), lines[first - 1 : last], strict=False)]
    kept = first_lines(numbered, limit)
    if not kept:
        kept = [numbered[0].encode()[:limit].decode(errors="ignore") + "[… the rest of the line is left out]"]
    return "\n".join([_heading(source, first, first + len(kept) - 1, len(lines), last), *kept])


def _bounds(wanted: ReadFileInput, total: int) -> tuple[int, int]:
    first = wanted.start_line or 1
    if first > total:
        raise _beyond(f"`startLine` is beyond the file's {total:,} lines")
    if wanted.end_line is not None and wanted.end_line < first:
        raise _beyond("`endLine` is before the first line to read")
    return first, min(wanted.end_line or total, total)


def _beyond(what: str) -> MaestroError:
    return misfit(ReadFile.spec.name, what)


def _heading(source: Source, first: int, last: int, total: int, wanted: int) -> str:
    heading = f"{source.path}: lines {first:,}-{last:,} of {total:,}"
    if last < wanted:
        heading += f"; the output is full, read on with startLine {last + 1}"
    if source.secrets:
        heading += (
            f"; {source.secrets:,} secret(s) are replaced by placeholders such as {next(iter(source.masked.secrets))}:"
            " leave them as they are when you edit"
        )
    return heading
