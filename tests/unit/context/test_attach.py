"""What a user attaches is read through the gate, at that moment, without its secrets."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest

from maestro.context.attach import Attached, attach
from maestro.errors import MaestroError
from maestro.workspace.gate import Gate
from maestro_protocol.audit import Finding, Provenance
from maestro_protocol.chat import (
    DiagnosticItem,
    DiagnosticsInput,
    FileInput,
    ImagePart,
    InputPart,
    Position,
    Range,
    SelectionInput,
    TextPart,
)
from tests.unit.audit.editor import MemoryEditor

KEY = "sk-" + "A1b2C3d4" * 5


def lines(first: int, start: int, last: int, end: int) -> Range:
    return Range(start=Position(line=first, character=start), end=Position(line=last, character=end))


class Workspace:
    """A folder with files, and an editor that has it open."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.editor = MemoryEditor(folders=[path.as_uri()])
        self.findings: Sequence[Finding] = ()

    def write(self, name: str, text: str) -> str:
        (self.path / name).write_text(text, encoding="utf-8", newline="")
        return (self.path / name).as_uri()

    def attach(self, *parts: InputPart) -> Attached:
        return asyncio.run(attach(parts, Gate(self.editor), "utf-16", lambda uri: self.findings))


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path)


def test_words_and_images_stay_in_the_message(workspace: Workspace) -> None:
    said: list[InputPart] = [TextPart(text="Look."), ImagePart(mime_type="image/png", data="AAAA")]
    assert workspace.attach(*said) == (said, [])
    assert asyncio.run(attach("Why?", Gate(workspace.editor), "utf-16", lambda uri: [])).parts == [
        TextPart(text="Why?")
    ]


def test_a_file_comes_as_it_is_on_screen(workspace: Workspace) -> None:
    uri = workspace.write("a.py", "on disk\n")
    (on_disk,) = workspace.attach(FileInput(uri=uri)).chunks
    assert (on_disk.source, on_disk.label, on_disk.text, on_disk.uri) == ("file", "a.py", "on disk\n", uri)
    workspace.editor.open(uri, "on screen\n")
    (on_screen,) = workspace.attach(FileInput(uri=uri)).chunks
    assert on_screen.text == "on screen\n"
    assert on_screen.sha256 != on_disk.sha256


@pytest.mark.parametrize(
    ("where", "text"),
    [
        (lines(1, 0, 2, 0), "b🌍c\r\n"),
        (lines(1, 3, 1, 4), "c"),
        (lines(2, 1, 1, 3), "c\r\nd"),
        (lines(1, 0, 1, 99), "b🌍c"),
        (lines(3, 0, 9, 0), ""),
        (lines(7, 0, 9, 0), ""),
    ],
)
def test_a_selection_is_cut_in_the_editors_units(workspace: Workspace, where: Range, text: str) -> None:
    uri = workspace.write("a.py", "a\nb🌍c\r\nd\u2028e")
    (chunk,) = workspace.attach(SelectionInput(uri=uri, range=where)).chunks
    assert (chunk.source, chunk.text, chunk.range) == ("selection", text, where)


def test_secrets_are_replaced_and_counted(workspace: Workspace) -> None:
    uri = workspace.write("a.py", f'first = 1\nkey = "{KEY}"\n')
    whole, one, other = workspace.attach(
        FileInput(uri=uri),
        SelectionInput(uri=uri, range=lines(0, 0, 1, 0)),
        SelectionInput(uri=uri, range=lines(1, 0, 2, 0)),
    ).chunks
    assert [chunk.secrets for chunk in (whole, one, other)] == [1, 0, 1]
    assert KEY not in f"{whole.text}{other.text}" and len(whole.text) == len(f'first = 1\nkey = "{KEY}"\n')
    assert KEY not in repr(whole)


@pytest.mark.parametrize("name", [".env", ".env.local", "id_ed25519", "server.PEM", ".netrc"])
def test_files_of_secrets_are_not_sent(workspace: Workspace, name: str) -> None:
    uri = workspace.write(name, "KEY=canary\n")
    parts: list[InputPart] = [
        FileInput(uri=uri),
        SelectionInput(uri=uri, range=lines(0, 0, 1, 0)),
        DiagnosticsInput(uri=uri, items=[]),
    ]
    for part in parts:
        with pytest.raises(MaestroError) as caught:
            workspace.attach(part)
        assert caught.value.code == 4406
        assert "canary" not in caught.value.message


def test_outside_the_workspace_nothing_is_read(workspace: Workspace) -> None:
    with pytest.raises(MaestroError) as caught:
        workspace.attach(FileInput(uri=Path("/etc/hostname").as_uri()))
    assert caught.value.code == 4406


def test_what_is_too_large_is_told_with_the_numbers(workspace: Workspace) -> None:
    uri = workspace.write("big.txt", "word " * 250_000)
    small = workspace.write("a.py", "x\n")
    item = DiagnosticItem(range=lines(0, 0, 0, 1), message="word " * 250_000)
    for part in (FileInput(uri=uri), DiagnosticsInput(uri=small, items=[item])):
        with pytest.raises(MaestroError) as caught:
            workspace.attach(part)
        assert caught.value.code == 4502
        assert "1,250,0" in caught.value.message


def test_diagnostics_are_a_line_each(workspace: Workspace) -> None:
    uri = workspace.write("a.py", "x = y\n")
    where = lines(0, 4, 0, 5)
    items = [
        DiagnosticItem(range=where, message="undefined name `y`", source="ruff", code="F821"),
        DiagnosticItem(range=where, severity="hint", message=f"token: {KEY}"),
    ]
    (chunk,) = workspace.attach(DiagnosticsInput(uri=uri, items=items)).chunks
    first, second = chunk.text.split("\n")
    assert first == "1:5: error: undefined name `y` [ruff F821]"
    assert second.startswith("1:5: hint: token: ") and KEY not in second
    assert (chunk.source, chunk.label, chunk.uri, chunk.secrets) == ("diagnostics", "Diagnostics of a.py", uri, 1)


def test_without_items_maestros_own_findings_are_taken(workspace: Workspace) -> None:
    uri = workspace.write("a.py", "x = y\n")
    assert workspace.attach(DiagnosticsInput(uri=uri)).chunks[0].text == "There are none."
    workspace.findings = [
        Finding(
            id="f1",
            fingerprint="f",
            rule="undefined-name",
            category="correctness",
            severity="high",
            confidence="high",
            title="y is not defined",
            message="It fails.",
            uri=uri,
            range=lines(0, 4, 0, 5),
            provenance=Provenance(provider="offline", model="offline/checks"),
        )
    ]
    (chunk,) = workspace.attach(DiagnosticsInput(uri=uri)).chunks
    assert chunk.text == "1:5: high: y is not defined: It fails. [undefined-name]"
