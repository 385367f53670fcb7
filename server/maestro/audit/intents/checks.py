"""What a test checks, in terms that are the same for every language."""

import re
from collections.abc import Callable, Mapping
from enum import IntEnum
from typing import NamedTuple, TypeAlias


class Strength(IntEnum):
    """How much a check says of what it looks at."""

    NOTHING = 0
    """It cannot fail."""
    THERE = 1
    """That it is there, true, or of a type."""
    PARTLY = 2
    """A part, a bound, a kind, or what it is not."""
    EXACTLY = 3
    CLOSER = 4
    """More than the value, such as the words of an error."""


class Check(NamedTuple):
    """One assertion. Lines are zero-based, the last one belongs to it."""

    text: str
    """Without what spacing there is."""
    first_line: int
    last_line: int
    strength: Strength
    about: str = ""
    """What is looked at; empty if that is not known."""
    expected: str = ""
    """The literal it is held against, or the name of one; empty if it is neither."""
    slack: float | None = None
    """What a bound or a tolerance leaves open; more of it is looser."""
    is_hushed: bool = False
    """Its failure is caught."""
    is_row: bool = False
    """It is a row of a table of cases."""


class Case(NamedTuple):
    """One test. `skips` are the lines of what keeps it, or a part of it, from counting."""

    name: str
    first_line: int
    last_line: int
    checks: tuple[Check, ...]
    skips: tuple[int, ...] = ()
    given: tuple[int, ...] = ()
    """The lines of constants that its checks name."""
    is_helper: bool = False
    """It is no test, but a function that may check something for tests."""


class Constant(NamedTuple):
    """A name that stands for a literal."""

    literal: str
    line: int


Reader: TypeAlias = Callable[[str], "list[Case] | None"]

HELPERS = ("assert", "check", "verify", "expect", "require", "must")
"""How functions begin that check something for a test, in lower case."""

_WORD = re.compile(r"\w+")
_NAME = re.compile(r"(?<![\w.\"'])[^\W\d]\w*(?![\w\"'(]|\s*=[^=])")
"""A name that is no attribute, call or named argument, and does not stand alone in quotes."""
_LITERAL_WORDS = frozenset("None True False nil null undefined true false NaN".split())

_NAMES: Mapping[str, re.Pattern[str]] = {
    "python": re.compile(r"test_.*\.py|.*_tests?\.py|tests?\.py"),
    "go": re.compile(r".*_test\.go"),
    "script": re.compile(r".*[.\-_](?:test|spec|cy|e2e)\.[cm]?[jt]sx?"),
}
_FOLDERS = re.compile(r"(?:^|/)(?:tests?|specs?|__tests__|testing|testdata|e2e)/", re.I)
_SCRIPTS = frozenset(("javascript", "javascriptreact", "typescript", "typescriptreact"))


def family(language: str) -> str:
    """`python`, `go` or `script`; another language as it is."""
    return "script" if language in _SCRIPTS else language


def is_test(path: str, language: str) -> bool:
    """Whether a file is for tests, by its path."""
    name = _NAMES.get(family(language))
    is_named = name is not None and name.fullmatch(path.rpartition("/")[2]) is not None
    return is_named or _FOLDERS.search(path) is not None


def cases(language: str, text: str) -> list[Case] | None:
    """The tests of a file; None if it cannot be read or is nested too deeply, or if nobody here knows its language."""
    from maestro.audit.intents import checks_go, checks_python, checks_script

    readers: Mapping[str, Reader] = {
        "python": checks_python.cases,
        "go": checks_go.cases,
        "script": lambda text: checks_script.cases(text, language),
    }
    reader = readers.get(family(language))
    try:
        return reader(text) if reader else None
    except RecursionError:
        return None


def settled(case: Case, constants: Mapping[str, Constant]) -> Case:
    """The test with what the constants stand for in its checks, in place of their names.

    What begins empty is filled later, and so is no constant.
    """
    constants = {name: one for name, one in constants.items() if one.literal not in ("[]", "{}")}
    named = {word for check in case.checks for word in _WORD.findall(check.text)}
    given = tuple(one.line for name, one in constants.items() if name in named)
    return case._replace(checks=tuple(_settled(check, constants) for check in case.checks), given=given)


def _settled(check: Check, constants: Mapping[str, Constant]) -> Check:
    def literal(found: re.Match[str]) -> str:
        return constants[found[0]].literal if found[0] in constants else found[0]

    expected, is_name = check.expected, check.expected.isidentifier() and check.expected not in _LITERAL_WORDS
    if is_name:
        expected = constants[expected].literal if expected in constants else ""
    return check._replace(text=_NAME.sub(literal, check.text), about=_NAME.sub(literal, check.about), expected=expected)


def squeezed(text: str) -> str:
    """On one line, for comparing."""
    return " ".join(text.split())


def number(text: str) -> float | None:
    try:
        return float(text.replace("_", ""))
    except ValueError:
        return None


def strengths(there: str, partly: str) -> Mapping[str, Strength]:
    """What assertions say that do not look at the whole value; their names, with blanks between them."""
    return {
        **{name: Strength.THERE for name in there.split()},
        **{name: Strength.PARTLY for name in partly.split()},
    }
