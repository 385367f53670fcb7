"""`apply_edit`: on disk, through an editor, and every reason why nothing is changed."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maestro.errors import MaestroError
from maestro.positions import Encoding, from_units, split_lines
from maestro.tools.apply_edit import ApplyEdit
from maestro.tools.base import Call, Tool
from maestro.tools.edits import Span, line_end, line_of, nearest_lines, occurrences, range_of, with_line_end
from maestro.tools.read_file import ReadFile
from tests.unit.tools.surroundings import KEY, Workspace


async def edit(here: Workspace, path: str, old: str, new: str) -> str:
    outcome = await here.run(ApplyEdit(), path=path, oldText=old, newText=new)
    assert not outcome.failed, outcome.content
    assert outcome.observed is not None
    assert outcome.observed.paths == [path]
    return outcome.content


async def refused(here: Workspace, path: str, old: str, new: str) -> str:
    outcome = await here.run(ApplyEdit(), path=path, oldText=old, newText=new)
    assert outcome.failed
    assert outcome.observed is None
    return outcome.content


@pytest.mark.asyncio
async def test_a_text_that_stands_once_is_replaced_on_disk(here: Workspace) -> None:
    file = here.write("src/a.py", "one\ntwo\nthree\n")
    content = await edit(here, "src/a.py", "two\n", "2\nzwei\n")
    assert content == "src/a.py: 1 line(s) from line 2 on are now 2, written."
    assert file.read_bytes() == b"one\n2\nzwei\nthree\n"
    outcome = await here.run(ApplyEdit(), path="src/a.py", oldText="zwei", newText="é")
    assert outcome.observed is not None
    assert outcome.observed.bytes_written == len(file.read_bytes())


@pytest.mark.asyncio
async def test_line_endings_are_kept(here: Workspace) -> None:
    file = here.write("a.txt", "one\r\ntwo\r\nthree\r\n")
    await edit(here, "a.txt", "one\ntwo\n", "1\n2\n2b\n")
    assert file.read_bytes() == b"1\r\n2\r\n2b\r\nthree\r\n"
    await edit(here, "a.txt", "\n2b\r\n", "\n")
    assert file.read_bytes() == b"1\r\n2\r\nthree\r\n"


@pytest.mark.asyncio
async def test_a_text_that_stands_more_than_once_is_not_replaced(here: Workspace) -> None:
    file = here.write("a.txt", "x\ny\nx\nxx\n")
    assert await refused(here, "a.txt", "x", "z") == (
        "`oldText` stands 4 times in a.txt (lines 1, 3, 4, 4), not once; "
        "give more of the text around the place you mean."
    )
    assert file.read_bytes() == b"x\ny\nx\nxx\n"


@pytest.mark.asyncio
async def test_a_text_that_is_not_there_is_told_with_what_resembles_it(here: Workspace) -> None:
    here.write("a.py", f"import os\n\n\ndef total(items):\n    return sum(items)\n\nKEY = '{KEY}'\n")
    assert await refused(here, "a.py", "def totals(items):\n", "") == (
        "`oldText` stands 0 times in a.py; read it again. The nearest lines:\n4\tdef total(items):"
    )
    assert await refused(here, "a.py", "\n  return sum(items)\n", "") == (
        "`oldText` stands 0 times in a.py; read it again. The nearest lines:\n5\t    return sum(items)"
    )
    assert KEY not in await refused(here, "a.py", "KEY = 'sk-proj-guess'", "")
    assert await refused(here, "a.py", "@@@@", "") == (
        "`oldText` stands 0 times in a.py, and no line resembles it; read the file again."
    )


@pytest.mark.asyncio
async def test_an_edit_that_changes_nothing_is_told(here: Workspace) -> None:
    here.write("a.txt", "one\r\n")
    assert await refused(here, "a.txt", "one\n", "one\n") == (
        "`newText` is what stands there already, so nothing was changed."
    )


@pytest.mark.asyncio
async def test_an_empty_old_text_makes_a_new_file(here: Workspace) -> None:
    assert await edit(here, "new/folder/a.py", "", "one\ntwo\n") == "new/folder/a.py: a new file of 2 line(s), written."
    assert (here.folder / "new/folder/a.py").read_text() == "one\ntwo\n"
    assert await refused(here, "new/folder/a.py", "", "again") == (
        "new/folder/a.py exists already; give the part to replace as `oldText`."
    )
    here.write("empty.py", "")
    assert "written" in await edit(here, "empty.py", "", "x\n")


@pytest.mark.asyncio
async def test_a_file_that_is_not_there_cannot_be_edited(here: Workspace) -> None:
    with pytest.raises(MaestroError) as caught:
        await here.run(ApplyEdit(), path="none.py", oldText="a", newText="b")
    assert caught.value.code == -32803


@pytest.mark.asyncio
async def test_placeholders_are_the_secrets_they_stand_for(here: Workspace) -> None:
    file = here.write("a.py", f'API_KEY = "{KEY}"\nx = 1\n')
    shown = (await here.run(ReadFile(), path="a.py")).content.split("\n")[1].removeprefix("1\t")
    assert KEY not in shown
    content = await edit(here, "a.py", f"{shown}\nx = 1", f"x = 2\n{shown}")
    assert KEY not in content
    assert file.read_text() == f'x = 2\nAPI_KEY = "{KEY}"\n'
    subject = await ApplyEdit().subject(here.call(path="a.py", oldText=shown, newText=""))
    assert (subject.type, subject.path, subject.old_text, subject.new_text) == ("edit", "a.py", shown, "")


@pytest.mark.asyncio
async def test_a_placeholder_of_no_secret_is_never_written(here: Workspace) -> None:
    file = here.write("a.py", "x = 1\n")
    assert "stands for no secret of a.py" in await refused(here, "a.py", "x = 1", "x = 'MSK00007xxxx'")
    assert file.read_text() == "x = 1\n"
    assert "stands for no secret of this new file" in await refused(here, "b.py", "", "x = 'MSK00007xxxx'")
    assert not (here.folder / "b.py").exists()


@pytest.mark.asyncio
async def test_nothing_closed_or_outside_is_written(here: Workspace, tmp_path: Path) -> None:
    (tmp_path / "outside.txt").write_text("outside")
    (here.folder / "link.txt").symlink_to(tmp_path / "outside.txt")
    here.write(".gitignore", "build/")
    here.editor.edits = True
    paths = (
        "../outside.txt",
        "link.txt",
        ".git/hooks/pre-commit",
        ".env",
        ".maestroignore",
        ".maestro.toml",
        "build/a",
        "~/a",
    )
    for path in paths:
        for old in ("", "outside"):
            with pytest.raises(MaestroError) as asked:
                await ApplyEdit().subject(here.call(path=path, oldText=old, newText="x"))
            with pytest.raises(MaestroError) as run:
                await here.run(ApplyEdit(), path=path, oldText=old, newText="x")
            assert (asked.value.code, run.value.code) == (4406, 4406), path
    assert (tmp_path / "outside.txt").read_text() == "outside"
    assert not here.editor.changes


@pytest.mark.asyncio
async def test_a_file_that_changes_meanwhile_is_left_alone(here: Workspace) -> None:
    """The document on screen is not what stands on disk, and this editor makes no edits."""
    file = here.write("a.txt", "on disk\n")
    here.editor.open(here.uri("a.txt"), "on screen\n")
    with pytest.raises(MaestroError) as caught:
        await here.run(ApplyEdit(), path="a.txt", oldText="screen", newText="x")
    assert caught.value.code == -32801
    assert file.read_text() == "on disk\n"


@pytest.mark.asyncio
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-32"])
async def test_an_open_document_is_edited_in_the_editor(here: Workspace, encoding: Encoding) -> None:
    file = here.write("a.txt", "saved\n")
    here.editor.edits, here.editor.position_encoding = True, encoding
    here.editor.open(here.uri("a.txt"), "é\r\n😀 old 😀\r\n", version=7)
    content = await edit(here, "a.txt", "old 😀\n", "new\nlines\n")
    assert content == "a.txt: 1 line(s) from line 2 on are now 2, edited in the editor, not saved yet."
    assert here.editor.documents[here.uri("a.txt")].text == "é\r\n😀 new\r\nlines\r\n"
    assert here.editor.changes[0].version == 7
    assert file.read_text() == "saved\n"


@pytest.mark.asyncio
async def test_what_is_not_open_is_edited_in_the_editor_too(here: Workspace) -> None:
    file = here.write("a.txt", "one\ntwo\n")
    here.editor.edits = True
    assert "not saved yet" in await edit(here, "a.txt", "two", "2")
    assert here.editor.changes[0].version is None
    assert here.editor.documents[here.uri("a.txt")].text == "one\n2\n"
    assert file.read_text() == "one\ntwo\n"
    await edit(here, "b.txt", "", "new\n")
    assert (here.editor.changes[1].create, here.editor.changes[1].new_text) == (True, "new\n")
    assert here.editor.documents[here.uri("b.txt")].text == "new\n"
    await edit(here, "b.txt", "new", "newer")
    assert here.editor.documents[here.uri("b.txt")].text == "newer\n"
    assert not (here.folder / "b.txt").exists()


@pytest.mark.asyncio
async def test_the_editor_may_refuse(here: Workspace) -> None:
    here.write("a.txt", "one\n")
    here.editor.edits, here.editor.refusal = True, "Read-only file system."
    assert await refused(here, "a.txt", "one", "two") == "The editor refused to edit a.txt: Read-only file system."
    here.editor.silent = True
    assert await refused(here, "a.txt", "one", "two") == (
        "The editor did not say whether it edited a.txt; read the file before you go on."
    )


@pytest.mark.asyncio
async def test_a_document_typed_in_meanwhile_is_told_to_have_changed(here: Workspace) -> None:
    here.editor.edits = True
    uri = here.uri("a.txt")
    here.editor.open(uri, "one\n", version=1)
    here.editor.before_apply = lambda: here.editor.change(uri, "typed\n")
    with pytest.raises(MaestroError) as caught:
        await here.run(ApplyEdit(), path="a.txt", oldText="one", newText="two")
    assert caught.value.code == -32801
    assert here.editor.documents[uri].text == "typed\n"


@pytest.mark.asyncio
async def test_no_edit_that_was_made_is_lost_to_another_at_the_same_time(here: Workspace) -> None:
    file = here.write("a.txt", "one\n")
    tool, numbers = ApplyEdit(), range(16)
    calls = [here.run(tool, path="a.txt", oldText="one", newText=f"<{number}> one") for number in numbers]
    results = await asyncio.gather(*calls, return_exceptions=True)
    made = {number for number, result in zip(numbers, results, strict=True) if not isinstance(result, MaestroError)}
    assert made
    assert {number for number in numbers if f"<{number}>" in file.read_text()} == made


async def other_than_asked(tool: Tool, call: Call) -> None:
    with pytest.raises(MaestroError) as caught:
        await tool.run(call)
    assert (caught.value.code, caught.value.message) == (
        -32801,
        "What this call leads to changed after it was asked for, so nothing was done; make the call again.",
    )


@pytest.mark.asyncio
async def test_a_link_put_there_while_somebody_thinks_leads_nowhere_else(here: Workspace) -> None:
    notes, makefile = here.write("notes.md", "all:\n"), here.write("Makefile", "all:\n")
    changed = await here.asked(ApplyEdit(), path="notes.md", oldText="all:", newText="all: evil")
    (here.folder / "z").mkdir()
    (here.folder / ".github" / "workflows").mkdir(parents=True)
    new = await here.asked(ApplyEdit(), path="z/ci.yml", oldText="", newText="on: push\n")
    read = await here.asked(ReadFile(), path="notes.md")
    notes.unlink()
    notes.symlink_to("Makefile")
    (here.folder / "z").rmdir()
    (here.folder / "z").symlink_to(".github/workflows")
    for edits in (False, True):
        here.editor.edits = edits
        await other_than_asked(ApplyEdit(), changed)
        await other_than_asked(ApplyEdit(), new)
    await other_than_asked(ReadFile(), read)
    assert makefile.read_text() == "all:\n"
    assert not here.editor.changes
    assert list((here.folder / ".github" / "workflows").iterdir()) == []


@pytest.mark.asyncio
async def test_what_was_asked_for_is_what_is_written(here: Workspace) -> None:
    file = here.write("a.txt", "one\n")
    call = await here.asked(ApplyEdit(), path="a.txt", oldText="one", newText="two")
    for other in ({"oldText": "on"}, {"newText": "three"}, {"path": "b.txt", "oldText": ""}):
        await other_than_asked(ApplyEdit(), replace(call, input={**call.input, **other}))
    assert file.read_text() == "one\n"
    assert not (await ApplyEdit().run(call)).failed
    assert file.read_text() == "two\n"


@pytest.mark.asyncio
@pytest.mark.parametrize("char", ["\u202e", "\u200b", "\u2066", "\ufeff", "\u3164", "\ufe0f", "\n", "\x1b", "\x7f"])
async def test_no_file_is_made_whose_name_shows_as_another(here: Workspace, char: str) -> None:
    for path in (f"a{char}b.py", f"src{char}/a.py"):
        for attempt in (ApplyEdit().subject, ApplyEdit().run):
            with pytest.raises(MaestroError) as caught:
                await attempt(here.call(path=path, oldText="", newText="x\n"))
            assert caught.value.code == -32602
            assert "a character that nobody sees" in caught.value.message
    assert list(here.folder.iterdir()) == []
    here.write(f"a{char}b.py", "x\n")
    await edit(here, f"a{char}b.py", "x", "y")
    await edit(here, "größe é.py", "", "x\n")


@pytest.mark.asyncio
async def test_secrets_the_server_holds_are_placeholders_that_come_back(here: Workspace) -> None:
    here.held = ("plain-words-of-no-shape",)
    file = here.write("a.txt", "x: plain-words-of-no-shape\n")
    shown = (await here.run(ReadFile(), path="a.txt")).content.split("\t")[1]
    assert "plain" not in shown
    await edit(here, "a.txt", shown, f"y{shown[1:]}")
    assert file.read_text() == "y: plain-words-of-no-shape\n"


TEXT = st.text(st.sampled_from("ab \r\n😀"), max_size=24)


@given(TEXT, TEXT.filter(bool))
def test_places_are_all_of_them(text: str, wanted: str) -> None:
    """Against the plain way: every position, line ends made equal."""
    for span in (places := occurrences(text, wanted)):
        assert with_line_end(text[span.start : span.end], "\n") == with_line_end(wanted, "\n")
    flat, sought = with_line_end(text, "\n"), with_line_end(wanted, "\n")
    assert len(places) == sum(flat.startswith(sought, start) for start in range(len(flat)))


@given(TEXT, st.integers(0, 24), st.sampled_from(["utf-8", "utf-16", "utf-32"]))
def test_positions_lead_back_to_where_they_came_from(text: str, offset: int, encoding: Encoding) -> None:
    offset = min(offset, len(text))
    if text[:offset].endswith("\r") and text[offset:].startswith("\n"):
        offset += 1
    position = range_of(text, Span(offset, offset), encoding).start
    lines = [*split_lines(text), ""]
    before = sum(map(len, lines[: position.line]))
    assert before + from_units(lines[position.line], position.character, encoding) == offset
    assert line_of(text, offset) == position.line + 1


@pytest.mark.parametrize(
    ("text", "end"), [("", "\n"), ("a", "\n"), ("a\r\nb\r\nc\n", "\r\n"), ("a\r\nb\n", "\n"), ("a\rb\r", "\r")]
)
def test_the_line_end_is_the_most_frequent_one(text: str, end: str) -> None:
    assert line_end(text) == end


def test_many_places_are_not_all_counted() -> None:
    assert len(occurrences("x" * 1_000_000, "x")) == 100


def test_resembling_lines_are_few() -> None:
    assert nearest_lines("  x = 1\n" * 9, "x = 1") == [(1, "  x = 1"), (2, "  x = 1"), (3, "  x = 1")]
    assert nearest_lines("a\n", "\n \n") == []
