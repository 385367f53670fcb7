"""What was done is held against what was declared: named is inside, everything else is outside."""

import shlex
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maestro.intents.scope import outside
from maestro_protocol.intents import Observed

FILES = {
    "src/a.py": "class Store:\n    def add(self): ...\n\ndef parse(text): ...\n",
    "src/b.py": "def parser(): ...\n",
    "docs/api.md": "The code of the file in the test.",
}


def paths(scope: str | None, *written: str, texts: bool = True) -> list[str]:
    """Which of these paths are outside."""
    told = outside(scope, Observed(paths=[*written]), texts=FILES.__getitem__ if texts else None)
    return [path for path in written if any(f"`{path}`" in sentence for sentence in told)]


@pytest.mark.parametrize(
    ("scope", "path"),
    [
        ("src/a.py", "src/a.py"),
        ("./src/a.py", "src/a.py"),
        ("`src/a.py`", "src/a.py"),
        ("Change (src/a.py).", "src/a.py"),
        ("src/a.py, src/b.py", "src/b.py"),
        ("src/b.py;src/a.py", "src/a.py"),
        ("src/a.py and src/b.py", "src/b.py"),
        ('"src/a.py"', "src/a.py"),
        ("a.py", "src/a.py"),
        ("src", "src/a.py"),
        ("src/", "src/deep/a.py"),
        ("/src", "src/a.py"),
        ("src/**", "src/deep/a.py"),
        ("src/*.py", "src/a.py"),
        ("*.py", "src/a.py"),
        ("**/a.py", "src/a.py"),
        ("src/**/a.py", "src/a.py"),
        ("src/**/a.py", "src/x/y/a.py"),
        ("src/[ab].py", "src/a.py"),
        ("src/[^b].py", "src/a.py"),
        ("src/a.py:parse", "src/a.py"),
        ("src/a.py::test_x", "src/a.py"),
        ("src/a.py:12-30", "src/a.py"),
        ("src/a.py#L3", "src/a.py"),
        ("app/(group)/[id]/page.tsx", "app/(group)/[id]/page.tsx"),
        ("app/[id]", "app/[id]/page.tsx"),
        ("`my docs/a b.md`", "my docs/a b.md"),
        ("src\\a.py", "src/a.py"),
        ("parse", "src/a.py"),
        ("parse()", "src/a.py"),
        ("Store.add", "src/a.py"),
        ("Store::add", "src/a.py"),
        ("**", "src/a.py"),
        ("*", "src/a.py"),
        (".", "src/a.py"),
        ("/", "src/a.py"),
        ("all files", "src/a.py"),
        ("everything", "src/a.py"),
    ],
)
def test_inside(scope: str, path: str) -> None:
    assert paths(scope, path) == []


@pytest.mark.parametrize(
    ("scope", "path"),
    [
        (None, "src/a.py"),
        ("", "src/a.py"),
        (" ,; ", "src/a.py"),
        ("src/b.py", "src/a.py"),
        ("src/a.pyi", "src/a.py"),
        ("xsrc/a.py", "src/a.py"),
        ("sr", "src/a.py"),
        ("src/a", "src/a.py"),
        ("src/*.py", "src/deep/a.py"),
        ("/a.py", "src/a.py"),
        ("deep/a.py", "src/deep/a.py"),
        ("*.ts", "src/a.py"),
        ("src/[b].py", "src/a.py"),
        ("!src/a.py", "src/a.py"),
        ("../src/b.py", "src/a.py"),
        ("parse", "src/b.py"),
        ("Store.remove", "src/a.py"),
        ("the code of the file in a test", "docs/api.md"),
        ("https://api.md/docs/api.md", "docs/api.md"),
        ("src/b.py:parse", "src/a.py"),
        ("..", "src/a.py"),
    ],
)
def test_outside(scope: str | None, path: str) -> None:
    assert paths(scope, path) == [path]


def test_a_symbol_covers_nothing_where_no_text_can_be_read() -> None:
    assert paths("parse", "src/a.py", texts=False) == ["src/a.py"]
    assert paths("parse", "src/gone.py") == ["src/gone.py"]


@pytest.mark.parametrize(
    ("scope", "argv", "inside"),
    [
        ("pytest", ["pytest", "-q"], True),
        ("pytest", ["/usr/bin/pytest", "-q"], True),
        ("pytest", ["python", "-m", "pytest"], True),
        ("tests/unit/test_a.py", ["python", "-m", "pytest", "tests/unit/test_a.py"], True),
        ("tests/", ["py.test", "tests/unit/test_a.py::test_b"], True),
        ("`npm run build`", ["npm", "run", "build"], True),
        ("src/a.py", ["pytest", "-q"], False),
        ("run the thing", ["npm", "run", "the"], False),
        ("test", ["pytest"], False),
        ("**", ["pytest"], True),
        (".", ["pytest"], False),
        ("everything", ["pytest"], True),
        (None, ["pytest"], False),
    ],
)
def test_commands(scope: str | None, argv: Sequence[str], inside: bool) -> None:
    assert (outside(scope, Observed(commands=[shlex.join(argv)])) == []) == inside


@pytest.mark.parametrize(
    ("scope", "host", "inside"),
    [
        ("example.com", "example.com", True),
        ("example.com", "Example.COM.", True),
        ("example.com", "api.example.com", True),
        ("*.example.com", "api.example.com", True),
        ("https://example.com/docs?x", "example.com", True),
        ("https://example.com:8443/", "example.com:8443", True),
        ("example.com:443", "example.com", True),
        ("api.example.com", "example.com", False),
        ("example.com", "badexample.com", False),
        ("example.com", "example.com.evil.test", False),
        ("com", "example.com", False),
        ("https://example.com:8443/", "example.com:9", False),
        ("0.0.1", "10.0.0.1", False),
        ("https://evil.test/example.com", "example.com", False),
        ("src/a.py", "example.com", False),
        ("*", "example.com", True),
        ("", "example.com", False),
    ],
)
def test_hosts(scope: str, host: str, inside: bool) -> None:
    assert (outside(scope, Observed(hosts=[host])) == []) == inside


def test_a_sentence_for_each_thing_once() -> None:
    observed = Observed(paths=["a", "b", "a"], commands=["ls"], hosts=["example.com"])
    assert outside("b", observed) == [
        "It changed `a`, which is not in its scope.",
        "It ran `ls`, which is not in its scope.",
        "It reached `example.com`, which is not in its scope.",
    ]
    assert outside(None, Observed()) == []


def test_a_sentence_shows_no_secret_and_no_hidden_character() -> None:
    (ran, *_), (changed, *_) = (
        outside("x", Observed(commands=["curl -H 'x-api-key: sk-ant-0123456789abcdef'"])),
        outside("x", Observed(paths=["a\u202eb\nc"])),
    )
    assert "sk-ant-0123456789abcdef" not in ran
    assert "`a\\u202eb c`" in changed


ODD = st.text(alphabet=st.sampled_from("ab/.*?[]!^\\:#()`'\" ,;~\n\u202e$"), max_size=30)
TEXTS = ODD | st.text(max_size=30)


@given(TEXTS | st.none(), st.lists(TEXTS, max_size=3), st.lists(TEXTS, max_size=3), st.lists(TEXTS, max_size=3))
def test_nothing_raises(scope: str | None, written: list[str], ran: list[str], hosts: list[str]) -> None:
    outside(scope, Observed(paths=written, commands=ran, hosts=hosts), texts=FILES.__getitem__)


@given(TEXTS, TEXTS.filter(lambda path: path.strip() != ""))
def test_a_path_that_is_named_literally_is_inside(scope: str, path: str) -> None:
    assert outside(path, Observed(paths=[path])) == []
    assert outside(f"{scope} {path}", Observed(paths=[path])) == []
    assert outside(f"{path}, {scope}", Observed(paths=[path])) == []


@given(TEXTS, TEXTS, st.lists(TEXTS, max_size=3), st.lists(TEXTS, max_size=3), st.lists(TEXTS, max_size=3))
def test_naming_more_never_makes_more_outside(
    scope: str, more: str, written: list[str], ran: list[str], hosts: list[str]
) -> None:
    observed = Observed(paths=written, commands=ran, hosts=hosts)
    before = set(outside(scope, observed, texts=FILES.__getitem__))
    assert set(outside(f"{scope} {more}", observed, texts=FILES.__getitem__)) <= before
    assert set(outside(f"{more} {scope}", observed, texts=FILES.__getitem__)) <= before


def test_a_pattern_made_to_be_slow_is_not() -> None:
    scope = " ".join(["*a" * 40 + "b", "**/" * 60 + "b", "*/" * 60 + "b", "(" * 300, "[" * 300])
    outside(scope, Observed(paths=["a" * 250, "a/" * 100, "aaaa/" * 40], commands=["a " * 500]))
