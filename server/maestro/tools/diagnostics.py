"""`diagnostics`: what Maestro has found in the code, as the editor shows it."""

import asyncio
from collections.abc import Callable, Mapping, Sequence

from pydantic import Field

from maestro.errors import MaestroError
from maestro.tools.base import Call, Outcome, ToolSpec, check_asked
from maestro.tools.inputs import ToolInput, input_schema, parse
from maestro.tools.output import shortened
from maestro.workspace.gate import Place
from maestro_protocol.audit import Finding
from maestro_protocol.permissions import PermissionSubject
from maestro_protocol.tools import ToolAnnotations


class DiagnosticsInput(ToolInput):
    path: str | None = Field(default=None, description="Only of this file, relative to the workspace folder.")


class Diagnostics:
    """`findings` gives those shown now, by the URI of their document."""

    spec = ToolSpec(
        name="diagnostics",
        description="List what Maestro itself found in the code, as the editor shows it now: `path:line: severity …`.",
        input_schema=input_schema(DiagnosticsInput),
        annotations=ToolAnnotations(read_only=True, destructive=False, open_world=False),
    )

    def __init__(self, findings: Callable[[], Mapping[str, Sequence[Finding]]]) -> None:
        self._findings = findings

    async def subject(self, call: Call) -> PermissionSubject:
        return _subject(await self._place(call))

    async def run(self, call: Call) -> Outcome:
        wanted = await self._place(call)
        check_asked(call, _subject(wanted))
        lines: list[str] = []
        for uri, findings in sorted(self._findings().items()):
            place = await _inside(call, uri)
            if place and (wanted is None or place.absolute == wanted.absolute):
                lines += [_line(place.path, finding) for finding in findings]
        if not lines:
            where = f" in {wanted.path}" if wanted else ""
            return Outcome(f"Nothing is shown{where}; that does not mean that it was audited.")
        limit = call.around.settings.tools.max_output_bytes
        return Outcome(await asyncio.to_thread(shortened, "\n".join(lines), limit, call.around.secrets()))

    async def _place(self, call: Call) -> Place | None:
        wanted = parse(DiagnosticsInput, call.input, self.spec.name)
        return await call.around.gate.locate(wanted.path, call.around.folder) if wanted.path else None


def _subject(place: Place | None) -> PermissionSubject:
    path, uri = (place.path, place.uri) if place else (None, None)
    return PermissionSubject(type="read", tool=Diagnostics.spec.name, path=path, uri=uri)


async def _inside(call: Call, uri: str) -> Place | None:
    """Where the document is; None for one that is not the workspace's."""
    try:
        return await call.around.gate.locate(uri, call.around.folder)
    except MaestroError:
        return None


def _line(path: str, finding: Finding) -> str:
    where = f"{path}:{finding.range.start.line + 1}" if finding.range else path
    message = " ".join(finding.message.split())
    return f"{where}: {finding.severity} [{finding.rule}] {finding.title}: {message}"
