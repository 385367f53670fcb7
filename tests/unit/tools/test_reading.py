"""Reading: `read_file`, `list_files`, `diagnostics`."""

from pathlib import Path

import pytest

from maestro.errors import MaestroError
from maestro.tools.base import Call
from maestro.tools.diagnostics import Diagnostics
from maestro.tools.list_files import ListFiles
from maestro.tools.read_file import ReadFile
from maestro_protocol.audit import Finding, Provenance
from maestro_protocol.chat import Position, Range
from tests.unit.tools.surroundings import KEY, Workspace

pytestmark = pytest.mark.asyncio


async def refusal(tool: ReadFile | ListFiles | Diagnostics, call: Call) -> MaestroError:
    """The same error for asking what a call would do and for doing it."""
    with pytest.raises(MaestroError) as asked:
        await tool.subject(call)
    with pytest.raises(MaestroError) as run:
        await tool.run(call)
    assert (asked.value.code, asked.value.message) == (run.value.code, run.value.message)
    return run.value


async def test_lines_come_with_their_numbers(here: Workspace) -> None:
    here.write("src/a.py", "one\r\ntwo\nthree")
    outcome = await here.run(ReadFile(), path="src/a.py")
    assert outcome.content == "src/a.py: lines 1-3 of 3\n1\tone\n2\ttwo\n3\tthree"
    assert not outcome.failed


async def test_a_part_is_inclusive_on_both_ends(here: Workspace) -> None:
    here.write("a.txt", "".join(f"line {number}\n" for number in range(1, 11)))
    outcome = await here.run(ReadFile(), path="a.txt", startLine=3, endLine=4)
    assert outcome.content == "a.txt: lines 3-4 of 10\n3\tline 3\n4\tline 4"
    outcome = await here.run(ReadFile(), path="a.txt", startLine=10, endLine=99)
    assert outcome.content == "a.txt: lines 10-10 of 10\n10\tline 10"


async def test_what_is_too_long_says_where_to_go_on(here: Workspace) -> None:
    here.set(maxOutputBytes=1024)
    here.write("a.txt", "x" * 99 + "\n" + ("y" * 99 + "\n") * 99)
    outcome = await here.run(ReadFile(), path="a.txt", startLine=2)
    heading, *lines = outcome.content.split("\n")
    assert (
        heading
        == f"a.txt: lines 2-{len(lines) + 1} of 100; the output is full, read on with startLine {len(lines) + 2}"
    )
    assert len("\n".join(lines)) <= 1024
    assert lines[0].startswith("2\tyyy")


async def test_a_line_that_is_too_long_by_itself_is_cut(here: Workspace) -> None:
    here.set(maxOutputBytes=1024)
    here.write("a.txt", "é" * 5_000 + "\nnext")
    outcome = await here.run(ReadFile(), path="a.txt")
    assert outcome.content.startswith("a.txt: lines 1-1 of 2; the output is full, read on with startLine 2\n1\té")
    assert outcome.content.endswith("é[… the rest of the line is left out]")


async def test_lines_that_are_not_there_are_an_error(here: Workspace) -> None:
    here.write("a.txt", "one\ntwo\n")
    with pytest.raises(MaestroError, match="`startLine` is beyond the file's 2 lines"):
        await here.run(ReadFile(), path="a.txt", startLine=3)
    with pytest.raises(MaestroError, match="`endLine` is before the first line to read"):
        await here.run(ReadFile(), path="a.txt", startLine=2, endLine=1)


async def test_an_empty_file_is_said_to_be_empty(here: Workspace) -> None:
    here.write("a.txt", "")
    assert (await here.run(ReadFile(), path="a.txt")).content == "a.txt is empty."


async def test_secrets_are_replaced_and_it_is_said(here: Workspace) -> None:
    here.write("a.py", f'API_KEY = "{KEY}"\n')
    outcome = await here.run(ReadFile(), path="a.py")
    assert KEY not in outcome.content
    assert "1 secret(s) are replaced by placeholders such as MSK00000" in outcome.content
    assert '1\tAPI_KEY = "MSK00000' in outcome.content


async def test_an_open_document_wins(here: Workspace) -> None:
    here.write("a.py", "saved\n")
    here.editor.open(here.uri("a.py"), "on screen\n")
    assert (await here.run(ReadFile(), path="a.py")).content == "a.py: lines 1-1 of 1\n1\ton screen"


async def test_nothing_outside_the_workspace_is_read(here: Workspace, tmp_path: Path) -> None:
    (tmp_path / "outside.txt").write_text("outside")
    (here.folder / "link.txt").symlink_to(tmp_path / "outside.txt")
    (here.folder / "folder").symlink_to(tmp_path)
    for path in ("../outside.txt", str(tmp_path / "outside.txt"), "link.txt", "folder/outside.txt", "~/outside.txt"):
        assert (await refusal(ReadFile(), here.call(path=path))).code == 4406
    for path in (".git/config", ".env", "a\0b"):
        assert (await refusal(ReadFile(), here.call(path=path))).code in (4406, -32803)


async def test_a_read_is_told_as_one(here: Workspace) -> None:
    here.write("src/a.py", "one")
    subject = await ReadFile().subject(here.call(path="src/../src/a.py"))
    assert (subject.type, subject.tool, subject.path, subject.uri) == (
        "read",
        "read_file",
        "src/a.py",
        here.uri("src/a.py"),
    )
    assert (await ListFiles().subject(here.call(glob="*.py"))).type == "read"


async def test_files_are_listed_without_ignored_ones(here: Workspace) -> None:
    for path in ("src/b.py", "src/a.py", "README.md", "build/out.py"):
        here.write(path, "")
    here.write(".gitignore", "build/\n")
    assert (await here.run(ListFiles())).content == ".gitignore\nREADME.md\nsrc/a.py\nsrc/b.py"
    assert (await here.run(ListFiles(), glob="*.py")).content == "src/a.py\nsrc/b.py"
    assert (await here.run(ListFiles(), glob="*.rs")).content == "No file fits the glob."


async def test_a_long_list_says_how_many_more_there_are(here: Workspace) -> None:
    for number in range(1_030):
        here.write(f"f{number:04d}", "")
    lines = (await here.run(ListFiles())).content.split("\n")
    assert lines[-2:] == ["f0999", "[30 more; give a narrower glob]"]
    here.set(maxOutputBytes=1024)
    lines = (await here.run(ListFiles())).content.split("\n")
    assert lines[-1] == f"[{1_030 - len(lines) + 1} more; give a narrower glob]"
    assert len(lines) == 1024 // 6 + 1


async def test_a_misfit_glob_is_an_error(here: Workspace) -> None:
    here.write("a", "")
    with pytest.raises(MaestroError) as caught:
        await here.run(ListFiles(), glob="/")
    assert caught.value.code == -32602


def finding(uri: str, line: int | None, message: str = "It overflows.") -> Finding:
    range_ = (
        None if line is None else Range(start=Position(line=line, character=0), end=Position(line=line, character=1))
    )
    return Finding(
        id="f", fingerprint="p", rule="overflow", category="correctness", severity="high", confidence="high",
        title="Overflow", message=message, uri=uri, range=range_, provenance=Provenance(provider="p", model="m"),
    )  # fmt: skip


async def test_diagnostics_are_those_the_editor_shows(here: Workspace, tmp_path: Path) -> None:
    here.write("a.py", "x\ny\n")
    here.write("b.py", "x\n")
    outside = (tmp_path / "c.py").as_uri()
    shown = {
        here.uri("b.py"): [finding(here.uri("b.py"), None)],
        here.uri("a.py"): [finding(here.uri("a.py"), 1, f"In\ntwo lines, with {KEY}.")],
        outside: [finding(outside, 0)],
        "untitled:1": [finding("untitled:1", 0)],
    }
    tool = Diagnostics(lambda: shown)
    everything = (await here.run(tool)).content.split("\n")
    assert len(everything) == 2
    assert everything[0].startswith("a.py:2: high [overflow] Overflow: In two lines, with ")
    assert KEY not in everything[0]
    assert everything[1] == "b.py: high [overflow] Overflow: It overflows."
    assert (await here.run(tool, path="b.py")).content == everything[1]
    here.write("d.py", "")
    nothing = "Nothing is shown in d.py; that does not mean that it was audited."
    assert (await here.run(tool, path="d.py")).content == nothing
    assert (await tool.subject(here.call(path="b.py"))).path == "b.py"
    assert (await refusal(tool, here.call(path="../c.py"))).code == 4406
