"""A fix that was made is told from any other edit."""

from dataclasses import replace

import pytest

from maestro.audit.fixing.fix import Proposal
from maestro.audit.fixing.fix_made import is_made

BEFORE, QUOTE = "def f(a=[]):\n    return a == None\n", "return a == None"
START = BEFORE.index(QUOTE)


def proposal(replacement: str, quote: str = QUOTE, *, whole_lines: bool = True) -> Proposal:
    return Proposal(quote, quote, replacement, whole_lines)


@pytest.mark.parametrize(
    ("there", "replacement", "made"),
    [
        ("return a is None", "return a is None", True),
        ("return a is None", "    return a is None\n", True),
        ("return  a is None  ", "return a is None", True),
        ("b = a\r\n    return b", "b = a\nreturn b", True),
        ("return a is None or b", "return a is None", False),
        ("return a == Nonex", "return a is None", False),
        ("return a", "return a is None", False),
        ("return a is Nonetheless", "return a is None", False),
        ("", "\n", False),
    ],
)
def test_whole_lines(there: str, replacement: str, made: bool) -> None:
    text = BEFORE.replace(QUOTE, there)
    end = START + min(len(there), 8)  # what an edit added may lie behind the place
    assert is_made(text, (START, end), proposal(replacement)) is made


def test_a_part_of_a_line() -> None:
    part = proposal("a is None", "a == None", whole_lines=False)
    text = "    return a is None and b\n"
    start = text.index("a is")

    assert is_made(text, (start, start + 9), part)
    assert not is_made(text, (start, start + 13), part)
    assert not is_made(text.replace("is", "=="), (start, start + 9), part)


def test_with_the_comments_that_the_fix_left() -> None:
    text = BEFORE.replace(QUOTE, "return a is None  # why")
    assert not is_made(text, (START, START + 8), proposal("return a is None"))
    assert is_made(text, (START, START + 8), replace(proposal("return a is None"), made="  return a is None  # why"))
