"""Source that answers what a test asks instead of working it out, or that looks whether it is tested."""

import re
from collections.abc import Iterable, Iterator, Sequence

from maestro.audit.code.symbols import enclosing, find_symbols
from maestro.audit.intents.changed_tests import Weakening
from maestro.audit.intents.checks import Check, cases
from maestro.audit.moving.line_changes import bare_lines, line_changes
from maestro.audit.source import AuditSource

_LITERAL = (
    r"""(?:-?\d[\w.]*|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|True|False|None|true|false|null|nil|\[[^\]\n]*\])"""
)
_EQUAL = rf"[\w.]{{1,80}}\s{{0,9}}(?:===?|is)\s{{0,9}}{_LITERAL}"
_GAP = r"\s{0,9}"
_BRANCH = re.compile(
    rf"\b(?:el)?if{_GAP}\(?{_GAP}(?P<asked>{_EQUAL}(?:\s{{0,99}}(?:&&|and)\s{{0,99}}{_EQUAL})*){_GAP}\)?"
    rf"{_GAP}[:{{]?\s{{0,99}}return\s{{1,9}}(?P<answer>{_LITERAL})[ \t]{{0,9}};?[ \t]{{0,9}}$",
    re.M,
)
_ONE = re.compile(rf"(?P<name>[\w.]{{1,80}})\s{{0,9}}(?:===?|is)\s{{0,9}}(?P<value>{_LITERAL})")
_COMMON = frozenset(("0", "1", "-1", "2", '""', "''", "[]", "True", "False", "None", "true", "false", "null", "nil"))
"""Where recursion ends and nothing begins; nobody needs a test to think of them."""
_LOOKS = re.compile(
    r"PYTEST_CURRENT_TEST|[\"']pytest[\"']\s+in\s+sys\.modules|JEST_WORKER_ID|VITEST_WORKER_ID|\btesting\.Testing\(\)"
)


def special_cases(language: str, before: str, after: str, tests: Iterable[str]) -> list[Weakening]:
    """Branches a change of source added that only answer what one of these tests (their texts) asks."""
    old, new = bare_lines(before), bare_lines(after)
    written = {line for one in line_changes(old, new) for line in range(one.new_first, one.new_end)}
    checks = [check for text in tests for case in cases(language, text) or () for check in case.checks]
    found = [*_looks(old, new, written), *_answers(language, "\n".join(old), "\n".join(new), written, checks)]
    return sorted(found, key=lambda one: one.first_line)


def _looks(old: Sequence[str], new: Sequence[str], written: Iterable[int]) -> Iterator[Weakening]:
    if any(map(_LOOKS.search, old)):
        return  # nothing new here
    for line in sorted(written):
        if (found := _LOOKS.search(new[line])) is not None:
            yield Weakening("special", line, line, f"made the code look whether it is tested (`{found[0]}`)")


def _answers(language: str, before: str, after: str, written: set[int], checks: Sequence[Check]) -> Iterator[Weakening]:
    source = AuditSource("", after, language)
    there = {symbol.name for symbol in find_symbols(AuditSource("", before, language))}
    symbols = find_symbols(source)
    for branch in _BRANCH.finditer(after):
        first, last = source.span(branch.start(), branch.end())[::2]
        name = enclosing(symbols, first)
        asked = [(one["name"], one["value"]) for one in _ONE.finditer(branch["asked"])]
        if first not in written or name not in there or all(value in _COMMON for _, value in asked):
            continue
        if _is_one_of_many(before, {name for name, _ in asked}):
            continue
        values = [value for _, value in asked]
        if any(_asks(check, name.rpartition(".")[2], values, branch["answer"]) for check in checks):
            said = f"made `{name}` return `{branch['answer']}` for the very values a test asks about"
            yield Weakening("special", first, last, said, is_certain=False)


def _is_one_of_many(before: str, names: set[str]) -> bool:
    """Whether the code answered by such branches before, so that another one goes on with what it does."""
    return any(one["name"] in names for branch in _BRANCH.finditer(before) for one in _ONE.finditer(branch["asked"]))


def _asks(check: Check, name: str, values: Sequence[str], answer: str) -> bool:
    """Whether a check calls the function with these values and expects this answer."""
    text = check.text.replace("'", '"')
    if not check.is_row and not re.search(rf"\b{re.escape(name)}\(", text):
        return False
    return all(_stands(value, text) for value in (*values, answer))


def _stands(literal: str, text: str) -> bool:
    return re.search(rf"(?<![\w.]){re.escape(literal.replace(chr(39), chr(34)))}(?![\w.])", text) is not None
