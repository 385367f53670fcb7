"""What is ignored is what git ignores; `.maestroignore` comes before."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from maestro.workspace.ignore import ignored_by, rules_for
from maestro.workspace.listing import list_files
from maestro.workspace.patterns import glob, parse

FOLDERS = ("", "a", "b", "a/b", "a/b/a", "b/a")
NAMES = ("x.py", "x.log", "y", "a-b", " y", "#y", "!y", "xx", "[y]")
FILES = tuple(f"{folder}/{name}".lstrip("/") for folder in FOLDERS for name in NAMES)

_PIECES = st.sampled_from(
    [
        "a",
        "b",
        "x.py",
        "*.py",
        "*.log",
        "*",
        "**",
        "x*",
        "?",
        "y",
        "[xy]",
        "[!x]*",
        "[x-y].*",
        "a-b",
        "\\#y",
        "*y",
        "x.p?",
    ]
)
_LINES = st.builds(
    lambda negated, start, pieces, end: ("!" if negated else "") + start + "/".join(pieces) + end,
    st.booleans(),
    st.sampled_from(["", "", "/"]),
    st.lists(_PIECES, min_size=1, max_size=3),
    st.sampled_from(["", "", "/", "  ", "/**", "/**/", "\r", "\\ "]),
)
_ODD = st.sampled_from(["", "#y", "\\!y", "/", "!", "\\", "[x", "***", "a**b", "  ", "\\[y\\]", "**/", "/**", "[z-a]"])
_RULES = st.lists(_LINES | _ODD, max_size=6)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Nobody's own git settings take part."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    for name in ("XDG_CONFIG_HOME", "GIT_CONFIG_GLOBAL"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "home").mkdir()
    return tmp_path / "home"


def write(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())
    return folder


def ignored(folder: Path, path: str) -> str | None:
    return ignored_by(rules_for(str(folder)), path, is_folder=(folder / path).is_dir())


@pytest.fixture(scope="module")
def tree() -> Iterator[Path]:
    """A repository full of files, whose ignore files each example replaces."""
    if shutil.which("git") is None:
        pytest.skip("git is not installed")
    with TemporaryDirectory() as name:
        folder = Path(os.path.realpath(name))
        subprocess.run(["git", "init", "-q", folder], check=True)
        yield write(folder, dict.fromkeys(FILES, ""))


def seen_by_git(folder: Path) -> set[str]:
    command = ["git", "-C", folder, "ls-files", "-z", "--others", "--exclude-standard"]
    names = subprocess.run(command, check=True, capture_output=True).stdout.decode().split("\0")
    return {name for name in names if name and not name.endswith(".gitignore")}


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(_RULES, _RULES, _RULES, _RULES)
def test_what_git_ignores(tree: Path, top: list[str], a: list[str], b: list[str], exclude: list[str]) -> None:
    places = {".gitignore": top, "a/.gitignore": a, "a/b/.gitignore": b, ".git/info/exclude": exclude}
    write(tree, {place: "\n".join(lines) for place, lines in places.items()})
    for place in places:  # two examples within one tick of the clock are two states
        os.utime(tree / place, ns=(0, next(_TICKS)))
    expected = seen_by_git(tree)
    rules = rules_for(str(tree))
    assert {path for path in FILES if ignored_by(rules, path, is_folder=False) is None} == expected
    listed = list_files(rules, tree, None, 10_000).paths
    assert {path for path in listed if not path.endswith(".gitignore")} == expected


_TICKS = iter(range(1_000_000_000, 10**18, 1_000_000_000))


def test_no_gitignore_takes_back_what_a_maestroignore_says(tmp_path: Path) -> None:
    folder = write(
        tmp_path / "w",
        {
            ".maestroignore": "*.sql\n!keep.sql\ndata/\n!seen.log\n",
            ".gitignore": "*.log\nkeep.sql\n",
            "db/.gitignore": "!dump.sql\n",
            "db/sub/.maestroignore": "!*.sql\n",
        },
    )
    assert ignored(folder, "db/dump.sql") == ".maestroignore"
    assert ignored(folder, "db/sub/dump.sql") is None, "a deeper file of the same kind wins"
    assert ignored(folder, "keep.sql") is None
    assert ignored(folder, "seen.log") is None
    assert ignored(folder, "other.log") == ".gitignore"
    write(folder, {"data/.maestroignore": "!a.txt\n", "data/a.txt": ""})
    assert ignored(folder, "data/a.txt") == ".maestroignore", "nothing below an ignored folder comes back"


def test_the_rules_of_the_repository_around_the_workspace_hold(tmp_path: Path) -> None:
    write(tmp_path / "r", {".git/HEAD": "", ".gitignore": "*.log\n/w/out\nw/\n", "w/a.log": "", "w/out/x": ""})
    folder = tmp_path / "r" / "w"
    assert ignored(folder, "a.log") == ".gitignore"
    assert ignored(folder, "out/x") == ".gitignore"
    assert ignored(folder, "a.py") is None, "the folder itself was opened on purpose"


@pytest.mark.parametrize(
    ("configuration", "excludes"),
    [
        ({}, ".config/git/ignore"),
        ({".gitconfig": "[core]\n\texcludesFile = ~/mine\n"}, "mine"),
        ({".gitconfig": '[user]\nname = x\n[CORE] ; core\n  excludesfile = "~/my \\"own\\"" # x\n'}, 'my "own"'),
        (
            {".config/git/config": "[core]\nexcludesFile=~/one\n", ".gitconfig": "[core]\nexcludesFile=~/two # no\n"},
            "two",
        ),
        (
            {".gitconfig": '[core]\nexcludesFile=~/one\n[core "sub"]\nexcludesFile=~/sub\n[other]\nexcludesFile=~/x'},
            "one",
        ),
        ({".gitconfig": "[core]\nexcludesFile=~/one\n", "w/.git/config": "[core]\nexcludesFile=~/local\n"}, "local"),
        ({".gitconfig": "[core\nexcludesFile\n= x\n [core]\nexcludesFile = ~/mine"}, "mine"),
    ],
)
def test_the_users_own_excludes(home: Path, configuration: dict[str, str], excludes: str) -> None:
    write(home, {**configuration, excludes: "*.tmp\n"})
    folder = write(home / "w", {"a.tmp": "", ".git/HEAD": "", ".gitignore": "!b.tmp\n"})
    assert ignored(folder, "a.tmp") == "git's global excludes file"
    assert ignored(folder, "b.tmp") is None


def test_a_linked_working_tree_has_the_excludes_of_its_repository(tmp_path: Path) -> None:
    write(tmp_path / "main/.git", {"info/exclude": "*.tmp\n", "worktrees/w/commondir": "../..\n"})
    folder = write(tmp_path / "w", {".git": f"gitdir: {tmp_path}/main/.git/worktrees/w\n"})
    assert ignored(folder, "a.tmp") == ".git/info/exclude"


def test_an_ignore_file_that_changes_is_read_again(tmp_path: Path) -> None:
    folder = write(tmp_path / "w", {".gitignore": "a\n"})
    assert (ignored(folder, "a"), ignored(folder, "b")) == (".gitignore", None)
    write(folder, {".gitignore": "b\nbb\n"})
    assert (ignored(folder, "a"), ignored(folder, "b")) == (None, ".gitignore")


def test_what_is_no_ignore_file_says_nothing(tmp_path: Path) -> None:
    folder = write(tmp_path / "w", {".gitignore/x": "", "a/.maestroignore": "\ufeffx\n"})
    os.mkfifo(folder / ".maestroignore")
    (folder / "a" / ".gitignore").symlink_to("nowhere")
    assert ignored(folder, "b") is None
    assert ignored(folder, "a/x") == ".maestroignore"


@pytest.mark.parametrize(
    ("pattern", "fits", "others"),
    [
        ("*.py", ["a.py", "src/b/a.py"], ["a.pyc", "py"]),
        ("src/**/x.py", ["src/x.py", "src/a/b/x.py"], ["x.py", "a/src/x.py"]),
        ("/*.py", ["a.py"], ["src/a.py"]),
        ("src/", ["src/a", "lib/src/b/c"], ["src", "srcs/a"]),
        ("src/*", ["src/a"], ["src/a/b"]),
        ("**", ["a", "a/b"], []),
        ("!a", ["!a"], ["a"]),
        ("#a", ["#a"], ["a"]),
        ("[ab]?", ["ac", "x/bc"], ["cc", "a/"]),
    ],
)
def test_globs(pattern: str, fits: list[str], others: list[str]) -> None:
    regex = glob(pattern)
    assert regex is not None
    assert [path for path in [*fits, *others] if regex.fullmatch(path)] == fits


@pytest.mark.parametrize("pattern", ["", "[a", "\\", "[z-a]", "/"])
def test_what_is_no_glob(pattern: str) -> None:
    assert glob(pattern) is None


@given(st.text(max_size=60), st.text(alphabet="ab/*.", min_size=1, max_size=10))
def test_any_text_is_an_ignore_file(text: str, path: str) -> None:
    assert parse(text).verdict(path, path.rpartition("/")[2], is_folder=False) in (True, False, None)
