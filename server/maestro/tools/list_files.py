"""`list_files`: which files the workspace has."""

import asyncio

from pydantic import Field

from maestro.tools.base import Call, Outcome, ToolSpec
from maestro.tools.inputs import ToolInput, input_schema, parse
from maestro.tools.output import first_lines, withhold
from maestro_protocol.permissions import PermissionSubject
from maestro_protocol.tools import ToolAnnotations

MOST_LINES = 1_000


class ListFilesInput(ToolInput):
    glob: str | None = Field(
        default=None, description="Only paths that fit, e.g. `*.py` at any depth, or `src/**/test_*.ts`."
    )


class ListFiles:
    spec = ToolSpec(
        name="list_files",
        description=(
            "List the files of the workspace folder, one path per line, sorted. Files that git or `.maestroignore` "
            "ignores are left out."
        ),
        input_schema=input_schema(ListFilesInput),
        annotations=ToolAnnotations(read_only=True, destructive=False, open_world=False),
    )

    async def subject(self, call: Call) -> PermissionSubject:
        parse(ListFilesInput, call.input, self.spec.name)
        return PermissionSubject(type="read", tool=self.spec.name)

    async def run(self, call: Call) -> Outcome:
        wanted = parse(ListFilesInput, call.input, self.spec.name)
        around = call.around
        listing = await around.gate.list(around.folder, wanted.glob or None)
        paths = first_lines(listing.paths[:MOST_LINES], around.settings.tools.max_output_bytes)
        if not paths:
            return Outcome("No file fits the glob." if wanted.glob else "The workspace folder has no files to show.")
        left_out = len(listing.paths) - len(paths)
        if left_out or listing.more:
            more = f"more than {left_out:,}" if listing.more else f"{left_out:,}"
            paths.append(f"[{more} more; give a narrower glob]")
        return Outcome(await asyncio.to_thread(withhold, "\n".join(paths), around.secrets()))
