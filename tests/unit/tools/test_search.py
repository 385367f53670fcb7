"""`search`: what is found, what cannot be, and a pattern that would never end."""

import asyncio
import io
import json
import re
from pathlib import Path

import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st

from maestro.errors import MaestroError
from maestro.tools import matcher
from maestro.tools.search import MOST_LINES, Search
from tests.unit.tools.surroundings import KEY, Workspace, cancelled

CATASTROPHIC = r"(a+)+$"


def helpers(program: str) -> list[psutil.Process]:
    """Processes of ours that run the program."""
    return [one for one in psutil.Process().children(recursive=True) if any(program in part for part in one.cmdline())]


@pytest.mark.asyncio
async def test_lines_are_found_with_their_places(here: Workspace) -> None:
    here.write("src/a.py", "import os\r\nimport re\n")
    here.write("src/b.py", "x = 1\n\nimport os\n")
    here.write("c.txt", "import os\n")
    assert (await here.run(Search(), pattern=r"^import o", glob="*.py")).content == (
        "src/a.py:1: import os\nsrc/b.py:3: import os"
    )
    assert (await here.run(Search(), pattern="import sys")).content == "The pattern is found in no line."


@pytest.mark.asyncio
async def test_only_what_may_be_read_is_searched(here: Workspace, tmp_path: Path) -> None:
    for path in ("a.txt", "ignored.txt", ".env", ".git/config", "big.txt"):
        here.write(path, "needle")
    here.write("big.txt", "needle" * 1_000_000)
    here.write("binary.txt", b"needle\0\xff")
    here.write(".gitignore", "ignored.txt")
    (tmp_path / "outside.txt").write_text("needle")
    (here.folder / "link.txt").symlink_to(tmp_path / "outside.txt")
    here.write("open.txt", "nothing")
    here.editor.open(here.uri("open.txt"), "a needle on screen")
    assert (await here.run(Search(), pattern="needle")).content == "a.txt:1: needle\nopen.txt:1: a needle on screen"


@pytest.mark.asyncio
async def test_an_open_document_is_searched_however_its_uri_is_spelled(here: Workspace, tmp_path: Path) -> None:
    here.write("a.txt", "nothing\n")
    (tmp_path / "link").symlink_to(here.folder)
    here.editor.folders = [(tmp_path / "link").as_uri()]
    here.editor.open((tmp_path / "link" / "a.txt").as_uri(), "a needle\n")
    assert (await here.run(Search(), pattern="needle")).content == "a.txt:1: a needle"


@pytest.mark.asyncio
async def test_a_secret_is_neither_found_nor_shown(here: Workspace) -> None:
    here.write("a.py", f'API_KEY = "{KEY}"\n')
    assert (await here.run(Search(), pattern=KEY[:12])).content == "The pattern is found in no line."
    assert KEY not in (await here.run(Search(), pattern="API_KEY")).content


@pytest.mark.asyncio
async def test_a_catastrophic_pattern_is_killed(here: Workspace) -> None:
    here.write("a.txt", "a" * 40 + "b")
    with pytest.raises(MaestroError) as caught:
        await here.run(Search(patience=0.3), pattern=CATASTROPHIC)
    assert caught.value.message == (
        "Matching the pattern with `a.txt` took longer than 0.3 s and was ended; give one that backtracks less, "
        "without nested repetitions."
    )
    assert not helpers("matcher.py")


@pytest.mark.asyncio
async def test_cancelling_kills_the_matching(here: Workspace) -> None:
    here.write("a.txt", "a" * 40 + "b")
    running = asyncio.create_task(here.run(Search(patience=60), pattern=CATASTROPHIC))
    async with asyncio.timeout(20):
        while not (found := helpers("matcher.py")) or found[0].cpu_times().user < 0.2:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    await cancelled(running)
    assert not helpers("matcher.py")


@pytest.mark.asyncio
@pytest.mark.parametrize(("pattern", "where"), [("(", " (at character 1)"), ("a**", " (at character 3)"), ("[a", None)])
async def test_what_is_no_pattern_is_an_error(here: Workspace, pattern: str, where: str | None) -> None:
    with pytest.raises(MaestroError) as caught:
        await here.run(Search(), pattern=pattern)
    assert caught.value.code == -32602
    assert "`pattern` is not a regular expression Python can read" in caught.value.message
    assert where is None or where in caught.value.message


@pytest.mark.asyncio
async def test_a_misfit_glob_is_an_error(here: Workspace) -> None:
    with pytest.raises(MaestroError) as caught:
        await here.run(Search(), pattern="a", glob="   ")
    assert caught.value.code == -32602


@pytest.mark.asyncio
async def test_more_lines_than_fit_are_said_to_be_there(here: Workspace) -> None:
    here.write("a.txt", "x\n" * MOST_LINES)
    lines = (await here.run(Search(), pattern="x")).content.split("\n")
    assert len(lines) == MOST_LINES
    here.write("b.txt", "x\n")
    lines = (await here.run(Search(), pattern="x")).content.split("\n")
    assert lines[MOST_LINES - 1 :] == [
        f"a.txt:{MOST_LINES}: x",
        "[there are more lines; narrow the pattern or the glob]",
    ]
    here.set(maxOutputBytes=1024)
    content = (await here.run(Search(), pattern="x")).content
    assert len(content) < 1024 + 100
    assert content.endswith("[there are more lines; narrow the pattern or the glob]")


@pytest.mark.asyncio
async def test_when_the_time_is_up_the_rest_is_said_to_be_unsearched(here: Workspace) -> None:
    here.set(timeoutMs=1)
    for number in range(40):
        here.write(f"{number}.txt", "x")
    content = (await here.run(Search(), pattern="x")).content
    assert re.search(r"\[the time was up, so \d+ files were not searched\]$", content)


@pytest.mark.asyncio
async def test_a_search_is_told_as_a_read(here: Workspace) -> None:
    subject = await Search().subject(here.call(pattern="x"))
    assert (subject.type, subject.tool) == ("read", "search")


def test_a_long_line_is_shown_around_the_place() -> None:
    line = "a" * 1_000 + "needle" + "b" * 1_000
    assert matcher.excerpt(line, 1_000, 1_006) == "…" + "a" * 200 + "needle" + "b" * 200 + "…"
    assert matcher.excerpt("short", 0, 5) == "short"


@given(st.lists(st.text(st.sampled_from("ab \f\u2028"), max_size=6), min_size=1), st.sampled_from(["\n", "\r\n", "\r"]))
def test_numbers_are_those_of_an_editor(lines: list[str], end: str) -> None:
    found = list(matcher.matches(re.compile("a"), end.join(lines)))
    assert found == [(number, line) for number, line in enumerate(lines, 1) if "a" in line]


def test_the_program_answers_line_by_line() -> None:
    questions = [{"pattern": "b"}, {"text": "a\nb\nab", "limit": 1}, {"text": "", "limit": 9}]
    answers = io.BytesIO()
    matcher.serve(io.BytesIO(b"".join(json.dumps(one).encode() + b"\n" for one in questions)), answers)
    assert [json.loads(line) for line in answers.getvalue().splitlines()] == [{}, {"found": [[2, "b"]]}, {"found": []}]
    answers = io.BytesIO()
    matcher.serve(io.BytesIO(b'{"pattern": "("}\n'), answers)
    assert json.loads(answers.getvalue()) == {"error": 0}
