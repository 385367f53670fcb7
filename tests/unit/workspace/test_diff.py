"""Changed lines are found whatever their files are called."""

import os
import subprocess
from pathlib import Path

import pytest

from maestro.errors import MaestroError
from maestro.workspace.diff import changed_lines, parse_hunks

INVALID = MaestroError("auditTargetInvalid", "").code
pytestmark = pytest.mark.asyncio
NAMES = (
    b"a\tb.py",
    b'q"q.py',
    b"back\\slash\\t.py",
    b"new\nline.py",
    b"esc\x1b[2J.py",
    b"\xff.py",
    b"sp ace.py",
    "ü.py".encode(),
)


def git(folder: Path, *arguments: str) -> None:
    who = ("-c", "user.name=a", "-c", "user.email=a@example.org")
    subprocess.run(["git", *who, *arguments], cwd=folder, check=True, capture_output=True)


def commit(folder: Path, name: bytes, text: str) -> None:
    (folder / os.fsdecode(name)).write_text(text)
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "As it is")


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    git(tmp_path, "init", "-q", "-b", "main")
    commit(tmp_path, b"a.py", "one\n")
    return tmp_path


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("untracked", [False, True])
async def test_a_file_of_any_name_is_found(repository: Path, name: bytes, untracked: bool) -> None:
    file = repository / os.fsdecode(name)
    if not untracked:
        commit(repository, name, "one\ntwo\n")
    file.write_text("one\n2\n")
    assert await changed_lines(repository, "HEAD") == {os.fsdecode(name): () if untracked else [(1, 1)]}


async def test_a_line_of_a_file_is_no_name() -> None:
    diff = '+++ "b/a\\\\\\"b.py"\n@@ -0,0 +1,2 @@\n+++ b/other.py\n+x\n@@ -9 +9 @@\n+y\n'
    assert parse_hunks(diff) == {'a\\"b.py': [(0, 1), (8, 8)]}


async def test_three_dots_stand_for_where_the_branch_began(repository: Path) -> None:
    git(repository, "switch", "-qc", "topic")
    commit(repository, b"b.py", "mine\n")
    git(repository, "switch", "-q", "main")
    commit(repository, b"a.py", "theirs\n")
    git(repository, "switch", "-q", "topic")
    assert sorted(await changed_lines(repository, "main")) == ["a.py", "b.py"]
    for base in ("main...", "main...HEAD", "main...topic"):
        assert sorted(await changed_lines(repository, base)) == ["b.py"]


@pytest.mark.parametrize(
    "base", ["no-such", "no-such...", "main...no-such", "...", "HEAD...HEAD~1", "--all", "--all..."]
)
async def test_what_is_no_commit_is_refused(repository: Path, base: str) -> None:
    commit(repository, b"b.py", "x\n")
    with pytest.raises(MaestroError) as caught:
        await changed_lines(repository, base)
    assert caught.value.code == INVALID
