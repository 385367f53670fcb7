"""How a change makes tests say less: what is skipped, taken out, loosened, or made to agree."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence, Set
from functools import lru_cache, partial
from itertools import chain

from maestro.audit.intents.changed_tests import Change, Weakening
from maestro.audit.intents.checks import Case, Check, Strength, cases, number
from maestro.audit.moving.alignment import shared_head
from maestro.audit.moving.line_changes import bare_lines, line_changes

_FROM_EXACT = 0.1
"""From here on, a tolerance where there was none is more than what floating point needs."""
_WORD = re.compile(r"\w+")
_TIGHT = re.compile(r"\s*([^\w\s])\s*")
_SHOWN, _BEFORE = 80, 20
_MOST_PAIRS = 40_000
"""Of checks in one test, or of tests that may have been renamed; beyond that nobody compares them."""
_PAIRED = 0.5
"""So much of its checks a renamed test has kept."""


def weakenings(language: str, before: str, after: str, beside: Iterable[str] = ()) -> list[Weakening]:
    """What a change of a file with tests made weaker, from top to bottom; nothing where a text is not understood.

    `beside` are the new texts of files changed with it: what went there is not gone.
    """
    old, new = bare_lines(before), bare_lines(after)
    was, is_now = cases(language, "\n".join(old)), cases(language, "\n".join(new))
    if was is None or is_now is None:
        return []
    change = Change(old, new, line_changes(old, new), is_now, beside)
    found = dict[int, Weakening]()
    for one in _compared(change, was, is_now):
        found.setdefault(one.first_line, one)
    return sorted(found.values(), key=lambda one: one.first_line)


def _compared(change: Change, was: Sequence[Case], is_now: Sequence[Case]) -> Iterator[Weakening]:
    pairs, gone, came = _paired(was, is_now)
    small = [(old, new) for old, new in pairs if len(old.checks) * len(new.checks) <= _MOST_PAIRS]
    came_here = [_moved(old.checks, new.checks)[1] for old, new in small if change.counts(new)]
    new_checks = chain(*came_here, *(case.checks for case in came if change.counts(case)))
    checked = change.helped.union(*(_WORD.findall(check.text) for check in new_checks))
    for case in gone:
        yield from _deleted(change, case, checked)
    for case in came:
        yield from _empty(case.checks)
    for old, new in pairs:
        if len(new.skips) > len(old.skips):
            line = _newest(change, new.skips)
            yield Weakening("skipped", line, line, f"keeps `{_short(new.name)}` from counting")
    for old, new in small:
        yield from _compared_checks(change, old, new, checked)


def _paired(was: Sequence[Case], is_now: Sequence[Case]) -> tuple[list[tuple[Case, Case]], list[Case], list[Case]]:
    """Tests that are the same, by name or by what they check; those that are gone; those that came."""
    pairs, gone, left = list[tuple[Case, Case]](), list[Case](), list(is_now)
    for case in was:
        same = next((one for one in left if one.name == case.name), None)
        if same is None:
            gone.append(case)
        else:
            left.remove(same)
            pairs.append((case, same))
    for case in tuple(gone) if len(gone) * len(left) <= _MOST_PAIRS else ():
        renamed = next((one for one in left if _is_renamed(case, one)), None)
        if renamed is not None:
            gone.remove(case)
            left.remove(renamed)
            pairs.append((case, renamed))
    return pairs, gone, left


def _is_renamed(case: Case, other: Case) -> bool:
    checks = Counter(_key(check.text) for check in case.checks)
    common = checks & Counter(_key(check.text) for check in other.checks)
    return case.is_helper == other.is_helper and bool(checks) and common.total() >= _PAIRED * checks.total()


def _deleted(change: Change, case: Case, checked: Set[str]) -> Iterator[Weakening]:
    if case.is_helper:
        return  # the tests that called it have lost what it checked
    texts = [check.text for check in case.checks] or change.old[case.first_line : case.last_line + 1]
    if not checked >= {*_WORD.findall(" ".join(texts))}:
        line = change.now(case.first_line)
        yield Weakening("deleted", line, line, f"took the test `{_short(case.name)}` out")


def _newest(change: Change, skips: Sequence[int]) -> int:
    return next((line for line in skips if line in change.written), skips[0])


def _compared_checks(change: Change, old: Case, new: Case, checked: Set[str]) -> Iterator[Weakening]:
    gone, came, same = _moved(old.checks, new.checks)
    for was, is_now in same:
        if is_now.is_hushed and not was.is_hushed:
            yield _hushed(is_now)
    yield from _empty(came)
    came = [check for check in came if check.strength > Strength.NOTHING]
    for check in tuple(gone):
        partner = next((one for one in came if _look_at_the_same(one, check)), None)
        if partner is not None:
            gone.remove(check)
            came.remove(partner)
            for one in _judged(check, partner):
                if one.kind != "expected" or not change.sets_up(new):
                    yield change.on_written(one, new)
    surplus = len(gone) - len(came)
    said = partial(_is_said, others=new.checks)
    missing = [
        check
        for check in gone
        if not said(check) and not checked >= {*_WORD.findall(change.without_locals(check, old, new))}
    ]
    for check in missing[: max(surplus, 0)]:
        line = change.now(check.first_line)
        what = "case" if check.is_row else "check"
        yield Weakening("removed", line, line, f"took the {what} `{_short(check.text)}` out of `{_short(new.name)}`")


def _moved(old: Sequence[Check], new: Sequence[Check]) -> tuple[list[Check], list[Check], list[tuple[Check, Check]]]:
    """Checks that are gone, that came, and those that are the same word for word."""
    gone, came, same = list[Check](), list(new), list[tuple[Check, Check]]()
    for check in old:
        twin = next((one for one in came if _key(one.text) == _key(check.text)), None)
        if twin is None:
            gone.append(check)
        else:
            came.remove(twin)
            same.append((check, twin))
    return gone, came, same


def _look_at_the_same(one: Check, other: Check) -> bool:
    return _key(one.about) == _key(other.about) and one.is_row == other.is_row


def _is_said(check: Check, others: Iterable[Check]) -> bool:
    """Whether another check says it too: that something is there, one that looks into it."""
    there = check.strength <= Strength.THERE and set(_WORD.findall(check.about))
    return any(
        (check.about == one.about and check.strength <= one.strength)
        or (there and there <= set(_WORD.findall(one.text)))
        for one in others
    )


def _judged(was: Check, is_now: Check) -> Iterator[Weakening]:
    """What a check lost that looks at the same thing as before."""
    place = (is_now.first_line, is_now.last_line)
    pair = _pair(was.text, is_now.text)
    if is_now.is_hushed and not was.is_hushed:
        yield _hushed(is_now)
    elif is_now.strength < was.strength and not _says_it_shorter(was, is_now):
        yield Weakening("weaker", *place, f"made a check say less: {pair}")
    elif was.expected and is_now.expected and not _same_literal(was.expected, is_now.expected):
        yield Weakening("expected", *place, f"changed what a check expects: {pair}", is_certain=False)
    elif _is_looser(was, is_now):
        yield Weakening("looser", *place, f"left more room in a check: {pair}")


def _says_it_shorter(was: Check, is_now: Check) -> bool:
    """`not x` says what `x == []` said."""
    return is_now.strength == Strength.THERE and bool(was.expected) and was.expected == is_now.expected


def _is_looser(was: Check, is_now: Check) -> bool:
    if is_now.slack is None:
        return False
    if was.slack is None:
        return was.strength >= Strength.EXACTLY and is_now.slack >= _FROM_EXACT
    return is_now.slack > was.slack


def _same_literal(one: str, other: str) -> bool:
    if one.replace("'", '"') == other.replace("'", '"'):
        return True
    value = number(one)
    return value is not None and value == number(other)


@lru_cache(maxsize=8_192)
def _key(text: str) -> str:
    """The text without the spacing that means nothing."""
    return _TIGHT.sub(r"\1", text)


def _hushed(check: Check) -> Weakening:
    return Weakening("hushed", check.first_line, check.last_line, f"catches the failure of `{_short(check.text)}`")


def _empty(checks: Iterable[Check]) -> Iterator[Weakening]:
    for check in checks:
        if check.strength == Strength.NOTHING:
            said = f"wrote a check that cannot fail: `{_short(check.text)}`"
            yield Weakening("empty", check.first_line, check.last_line, said)


def _pair(was: str, is_now: str) -> str:
    """Both from a little before where they differ."""
    head = shared_head(was, is_now) - _BEFORE
    if head > 0 and max(len(was), len(is_now)) > _SHOWN:
        was, is_now = f"…{was[head:]}", f"…{is_now[head:]}"
    return f"`{_short(was)}` is now `{_short(is_now)}`"


def _short(text: str) -> str:
    plain = text.replace("`", "'")
    return plain if len(plain) <= _SHOWN else f"{plain[: _SHOWN - 1]}…"
