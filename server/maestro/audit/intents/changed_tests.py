"""A change of a file with tests: what was written, and where it went what is gone."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, NamedTuple, TypeAlias

from maestro.audit.intents.checks import Case, Check
from maestro.audit.moving.line_changes import LineChange

Kind: TypeAlias = Literal["deleted", "skipped", "removed", "weaker", "hushed", "empty", "looser", "expected", "special"]

_WORD = re.compile(r"\w+")
_CHECKING = re.compile(
    r"\b(?:assert|expect|check|verif|require|raises|parametrize)|\.(?:each|Errorf?|Fatalf?|Fail(?:Now)?)\b", re.I
)
_DEFINED = re.compile(
    r"\s*(?:export\s+)?(?:async\s+)?(?:(?:def|func|function)\s+(\w+)|const\s+(\w+)\s*=\s*(?:async\s*)?\()"
)
_CALLED = re.compile(r"(\w+)\(")
_COMMENT = re.compile(r"(?:^|\s)(?:#|//|/\*).*|^\s*\*.*")
_ASSIGNED = re.compile(r"\b(\w+)\s*:?=(?!=)")


class Weakening(NamedTuple):
    """`said` goes on after "it". Lines of the text after the change, zero-based, the last one belongs to it."""

    kind: Kind
    first_line: int
    last_line: int
    said: str
    is_certain: bool = True


@dataclass(frozen=True)
class Change:
    old: Sequence[str]
    new: Sequence[str]
    changes: Sequence[LineChange]
    cases: Sequence[Case]
    """Of the new text."""
    beside: Iterable[str]
    """Texts that were written with it."""

    @cached_property
    def written(self) -> set[int]:
        """The new text's lines."""
        return {line for one in self.changes for line in range(one.new_first, one.new_end)}

    @cached_property
    def helped(self) -> set[str]:
        """The words of what functions of this file now check for tests, and of what is written beside it."""
        inside = self._inside
        theirs = {
            one[1] or one[2] for at, text in enumerate(self.new) if at not in inside and (one := _DEFINED.match(text))
        }
        texts = [self._code(line) for line in self.written - inside if self._checks(line)]
        calls = [self._code(line) for line in self.written & inside if theirs & {*_CALLED.findall(self.new[line])}]
        return {word for text in (*texts, *calls, *self.beside) for word in _WORD.findall(text)}

    def counts(self, case: Case) -> bool:
        """Whether it is a test, or a helper that a test calls."""
        name = case.name.rpartition(".")[2]
        return not case.is_helper or any(name in _CALLED.findall(self.new[line]) for line in self._inside)

    @cached_property
    def _inside(self) -> set[int]:
        """The lines of tests."""
        tests = [case for case in self.cases if not case.is_helper]
        return {line for case in tests for line in range(case.first_line, case.last_line + 1)}

    def _code(self, line: int) -> str:
        return _COMMENT.sub("", self.new[line])

    def _checks(self, line: int) -> bool:
        """Whether a line checks something, or is the condition before one that fails a test."""
        is_condition = self.new[line].lstrip().startswith("if ")
        return _CHECKING.search("\n".join(self.new[line : line + 1 + is_condition])) is not None

    def sets_up(self, case: Case) -> bool:
        """Whether something else in a test was written than what it checks."""
        checks = {line for one in case.checks for line in range(one.first_line, one.last_line + 1)}
        inside = self.written.intersection(range(case.first_line + 1, case.last_line + 1))
        others = inside - checks - {*case.given}
        return any(_WORD.search(self._code(line)) for line in others)

    def without_locals(self, check: Check, old: Case, new: Case) -> str:
        """The text of a check without the variables that its test no longer has: `got` when `f(1)` is passed on."""
        now = {*_WORD.findall("\n".join(self.new[new.first_line : new.last_line + 1]))}
        gone = {*_ASSIGNED.findall("\n".join(self.old[old.first_line : old.last_line + 1]))} - now
        return _WORD.sub(lambda word: "" if word[0] in gone else word[0], check.text)

    def now(self, line: int) -> int:
        """Where what stood on a line would stand now."""
        shift = 0
        for one in self.changes:
            if line < one.first:
                break
            if line < one.end:
                return self._clipped(min(one.new_first + line - one.first, max(one.new_end - 1, one.new_first)))
            shift = one.new_end - one.end
        return self._clipped(line + shift)

    def on_written(self, weakening: Weakening, case: Case) -> Weakening:
        """On the constant that was written where the check itself was not."""
        if self.written.intersection(range(weakening.first_line, weakening.last_line + 1)):
            return weakening
        line = next((one for one in case.given if one in self.written), None)
        return weakening if line is None else weakening._replace(first_line=line, last_line=line)

    def _clipped(self, line: int) -> int:
        return min(line, max(len(self.new) - 1, 0))
