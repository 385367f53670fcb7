"""Files of settings that are open in the editor: what is wrong with their texts, as diagnostics beside findings."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import TypeAlias
from urllib.parse import unquote

from lsprotocol import types

from maestro.lsp.configuration import Configuration
from maestro.lsp.editor import LspEditor
from maestro.positions import Encoding, split_lines, to_units
from maestro.settings import Mark, Problem, Spot, is_settings_file
from maestro_protocol.audit import Finding

_SEVERITIES = {
    "error": types.DiagnosticSeverity.Error,
    "warning": types.DiagnosticSeverity.Warning,
    "hint": types.DiagnosticSeverity.Hint,
}
Spawn: TypeAlias = Callable[[Coroutine[None, None, None], str], "asyncio.Task[None]"]


class OpenSettings:
    """All methods are to be called on the event loop. `findings` are those of a document that are shown."""

    def __init__(
        self,
        configuration: Configuration,
        editor: LspEditor,
        spawn: Spawn,
        findings: Callable[[str], Sequence[Finding]],
    ) -> None:
        self._configuration = configuration
        self._editor = editor
        self._spawn = spawn
        self._findings = findings
        self._open: dict[str, str] = {}
        self._shown: dict[str, list[types.Diagnostic]] = {}
        self._due: set[str] = set()
        self._examining: dict[str, asyncio.Task[None]] = {}
        self._listeners: list[Callable[[], None]] = []

    def listen(self, listener: Callable[[], None]) -> None:
        """Have it told that other problems are shown."""
        self._listeners.append(listener)

    def of(self, uri: str) -> Sequence[types.Diagnostic]:
        """What is shown on a document."""
        return self._shown.get(unquote(uri), ())

    async def known(self, uri: str) -> Sequence[types.Diagnostic]:
        """The same, once its text of this moment has been looked at."""
        if examining := self._examining.get(unquote(uri)):
            await asyncio.wait([examining])
        return self.of(uri)

    def shown(self) -> Mapping[str, Sequence[types.Diagnostic]]:
        """All that are shown, by document."""
        return {self._open[key]: found for key, found in self._shown.items()}

    def changed(self, uri: str) -> None:
        """A document was opened, or has another text by now; only files of settings are looked at."""
        if is_settings_file(uri):
            self._open[unquote(uri)] = uri
            self._look(unquote(uri))

    def closed(self, uri: str) -> None:
        """The editor shows it no more."""
        if unquote(uri) in self._open:
            self._show(unquote(uri), None, [])
            del self._open[unquote(uri)]

    def look_again(self) -> None:
        """What is said elsewhere has changed, and with it perhaps what counts of these."""
        for key in self._open:
            self._look(key)

    def _look(self, key: str) -> None:
        self._due.add(key)
        if key not in self._examining:
            self._examining[key] = self._spawn(self._examine(key), "looking at settings")

    async def _examine(self, key: str) -> None:
        try:
            while key in self._due:
                self._due.discard(key)
                if document := self._editor.opened(self._open.get(key, key)):
                    problems = await self._configuration.examine(document.uri, document.text)
                    if key in self._open and key not in self._due:
                        lines = split_lines(document.text)
                        found = _diagnostics(problems, lines, self._editor.position_encoding)
                        self._show(key, document.version, found)
        finally:
            del self._examining[key]

    def _show(self, key: str, version: int | None, found: list[types.Diagnostic]) -> None:
        before = self._shown.pop(key, [])
        if found:
            self._shown[key] = found
        if found != before:
            uri = self._open[key]
            self._editor.publish(uri, version, self._findings(uri))
            for listener in self._listeners:
                listener()


def _diagnostics(problems: Sequence[Problem], lines: Sequence[str], encoding: Encoding) -> list[types.Diagnostic]:
    return [_diagnostic(mark, lines, encoding) for problem in problems for mark in problem.marks]


def _diagnostic(mark: Mark, lines: Sequence[str], encoding: Encoding) -> types.Diagnostic:
    """From the spot to the end of its line; from the first one, where there is none."""
    spot = mark.spot or Spot(0, 0)
    line = lines[spot.line].rstrip() if spot.line < len(lines) else ""
    start, end = (to_units(line, column, encoding) for column in (spot.column, len(line)))
    return types.Diagnostic(
        range=types.Range(types.Position(spot.line, start), types.Position(spot.line, end)),
        message=mark.message,
        severity=_SEVERITIES[mark.severity],
        source="maestro",
    )
