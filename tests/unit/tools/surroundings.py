"""A workspace folder with an editor in front of it, and calls of tools in it."""

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from pydantic import JsonValue

from maestro.editor import Change, Feature, NoAnswer
from maestro.positions import from_units, split_lines
from maestro.tools.base import Call, Outcome, Surroundings, Tool
from maestro.workspace.gate import Gate
from maestro_protocol.base import CallParams, JsonObject
from maestro_protocol.chat import Position
from maestro_protocol.settings import Settings
from tests.unit.audit.editor import MemoryEditor

KEY = "sk-proj-A1b2C3d4E5f6G7h8I9j0K1l2"
"""Looks like a key and is none."""


@dataclass
class EditingEditor(MemoryEditor):
    """Makes edits in its documents as an editor does: unsaved. `refusal` is why it makes none."""

    features: frozenset[Feature] = frozenset()
    edits: bool = False
    refusal: str | None = None
    silent: bool = False
    before_apply: Callable[[], None] = lambda: None
    changes: list[Change] = field(default_factory=list)
    answer: Callable[[str, JsonObject], JsonValue] | None = None
    called: list[tuple[str, JsonObject, float]] = field(default_factory=list)

    @property
    def applies_edits(self) -> bool:
        return self.edits

    def offers(self, feature: Feature) -> bool:
        return feature in self.features

    async def call(self, method: str, params: CallParams, timeout: float) -> JsonValue:
        self.called.append((method, params.to_wire(), timeout))
        if self.answer is None:
            raise NoAnswer
        return self.answer(method, params.to_wire())

    async def apply(self, change: Change, label: str, timeout: float) -> str | None:
        self.before_apply()
        self.changes.append(change)
        if self.silent:
            raise NoAnswer
        if self.refusal is not None:
            return self.refusal
        opened = self.documents.get(change.uri)
        if opened is not None and opened.version != change.version:
            return "The document has another version."
        text = opened.text if opened else await asyncio.to_thread(_on_disk, change)
        self.open(change.uri, self._edited(text, change), version=(change.version or 0) + 1)
        return None

    def _edited(self, text: str, change: Change) -> str:
        start, end = (self._offset(text, position) for position in (change.range.start, change.range.end))
        return text[:start] + change.new_text + text[end:]

    def _offset(self, text: str, position: Position) -> int:
        lines = [*split_lines(text), ""]
        column = from_units(lines[position.line], position.character, self.position_encoding)
        return sum(map(len, lines[: position.line])) + column


def _on_disk(change: Change) -> str:
    if change.create:
        return ""
    return Path(change.uri.removeprefix("file://")).read_bytes().decode()


@dataclass
class Workspace:
    """A folder, `editor` in front of it, the settings in force, and the secrets the server holds."""

    folder: Path
    editor: EditingEditor
    settings: Settings = field(default_factory=Settings)
    environment: Mapping[str, str] = field(default_factory=dict)
    printed: list[str] = field(default_factory=list)
    held: Collection[str] = ()

    def write(self, path: str, text: str | bytes) -> Path:
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
        return file

    def uri(self, path: str) -> str:
        return (self.folder / path).as_uri()

    def set(self, **tools: JsonValue) -> None:
        self.settings = Settings.from_wire({"tools": tools})

    def call(self, **arguments: JsonValue) -> Call:
        gate = Gate(self.editor, secrets=lambda: self.held)
        around = Surroundings(self.folder, gate, self.editor, self.settings, self.environment, lambda: self.held)
        return Call("call_1", arguments, around, chat_id="chat_1", print=self.printed.append)

    async def run(self, tool: Tool, **arguments: JsonValue) -> Outcome:
        return await tool.run(self.call(**arguments))

    async def asked(self, tool: Tool, **arguments: JsonValue) -> Call:
        """The call as it is run once somebody has said yes to its subject."""
        call = self.call(**arguments)
        return replace(call, subject=await tool.subject(call))


async def cancelled(running: asyncio.Task[Outcome]) -> None:
    """Cancel a call, and wait until it has ended."""
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running


def workspace(folder: Path, *, editor: EditingEditor | None = None, more: Sequence[Path] = ()) -> Workspace:
    editor = editor or EditingEditor()
    editor.folders = [folder.as_uri(), *(one.as_uri() for one in more)]
    return Workspace(folder, editor)
