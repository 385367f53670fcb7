"""Findings that were there before: `.maestro/baseline.json`, read by people and merged by git."""

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from maestro.audit.identity.fingerprint import shape_of
from maestro.errors import MaestroError
from maestro_protocol.audit import BaselineState, Finding
from maestro_protocol.base import JsonObject

PATH = ".maestro/baseline.json"
GIT_ATTRIBUTES = "baseline.json merge=union\n"
"""The content of `.maestro/.gitattributes`: two sides that add lines at one place do not conflict."""
_VERSION = 1
_MEMBERS = frozenset({"fingerprint", "rule", "path", "title", "symbol", "reason", "count"})


@dataclass(frozen=True, slots=True)
class Entry:
    """A finding that is known; `count` times where it stands several times. `others` are members we do not know."""

    fingerprint: str
    rule: str
    path: str
    title: str
    symbol: str | None = None
    reason: str | None = None
    count: int = 1
    others: JsonObject = field(default_factory=dict, hash=False)

    @property
    def key(self) -> tuple[str, str, str]:
        """What no two entries share, and the order of the file."""
        return self.fingerprint, self.path, self.symbol or ""

    def line(self) -> str:
        """The entry as its line of the file."""
        named = {name: getattr(self, name) for name in ("fingerprint", "rule", "path", "symbol", "title", "reason")}
        said = {name: value for name, value in named.items() if value is not None}
        return json.dumps({**said, "count": self.count, **self.others}, ensure_ascii=False)


@dataclass(frozen=True, slots=True)
class Matches:
    """What became of findings, by their ids, and what of the entries was not found."""

    states: Mapping[str, BaselineState]
    entries: Mapping[str, Entry]
    absent: Sequence[Entry]


@dataclass(frozen=True, slots=True)
class Baseline:
    """The entries in the order of the file."""

    entries: tuple[Entry, ...] = ()
    others: JsonObject = field(default_factory=dict, hash=False)

    def match(self, findings: Sequence[Finding]) -> Matches:
        """Each entry speaks for as many findings as it counts, the most alike first.

        By fingerprint a finding is `unchanged`; where only rule, function and shape agree it is `updated`.
        """
        left = Counter({entry: entry.count for entry in self.entries})
        entries: dict[str, Entry] = {}
        states: dict[str, BaselineState] = {finding.id: "new" for finding in findings}
        for state, of_entry, of_finding in _LIKENESSES:
            by_key: dict[Hashable, list[Entry]] = defaultdict(list)
            for entry in self.entries:
                by_key[of_entry(entry)].append(entry)
            for finding in findings:
                entry_ = next((entry for entry in by_key[of_finding(finding)] if left[entry]), None)
                if finding.id not in entries and entry_ is not None:
                    left[entry_] -= 1
                    entries[finding.id], states[finding.id] = entry_, state
        return Matches(states, entries, [entry for entry in self.entries if left[entry]])

    def matches(self, finding: Finding) -> bool:
        """Whether this finding alone is known."""
        return finding.id in self.match([finding]).entries

    def add(self, findings: Iterable[Finding], reason: str | None = None) -> "Baseline":
        """With these findings, which were new."""
        return replace(self, entries=_merged([*self.entries, *(_entry(finding, reason) for finding in findings)], sum))

    def without(self, entries: Iterable[Entry]) -> "Baseline":
        """Without these entries: what `Matches.absent` says is gone."""
        gone = set(entries)
        return replace(self, entries=tuple(entry for entry in self.entries if entry not in gone))

    def render(self) -> str:
        """The text of the file.

        Every entry has a line and a comma of its own, which the empty object at the end allows for.
        """
        members = {"version": _VERSION, **self.others}
        head = [f"{json.dumps(name)}: {json.dumps(value, ensure_ascii=False)}," for name, value in members.items()]
        entries = [f"{entry.line()}," for entry in sorted(self.entries, key=lambda entry: entry.key)]
        return "\n".join(["{", *head, '"findings": [', *entries, "{}", "]", "}", ""])


def read(text: str) -> Baseline:
    """The baseline in the text of a file.

    Raises:
        MaestroError: the text cannot be understood; it is never taken for empty.
    """
    if not text.strip():
        raise _broken("is empty; restore it from git or delete it")
    if any(line.startswith(("<<<<<<<", ">>>>>>>")) for line in text.split("\n")):
        raise _broken("has merge conflicts; resolve them, keeping the lines of both sides")
    try:
        document = json.loads(text.removeprefix("\ufeff"))
    except (ValueError, RecursionError) as error:
        where = f" at line {error.lineno}" if isinstance(error, json.JSONDecodeError) else ""
        raise _broken(f"is no JSON{where}; repair it or restore it from git") from None
    if not isinstance(document, dict) or not isinstance(document.get("findings"), list):
        raise _broken("has no list of findings; restore it from git")
    if document.get("version", _VERSION) != _VERSION:
        raise _broken("was written by a newer version of Maestro; update Maestro")
    entries = [_read(entry, number) for number, entry in enumerate(document["findings"], 1) if entry != {}]
    others = {name: value for name, value in document.items() if name not in ("version", "findings")}
    return Baseline(_merged(entries, max), others)


def _key(finding: Finding) -> tuple[str, str, str]:
    return finding.fingerprint, finding.rel_path or "", finding.symbol or ""


def _alike(rule: str, symbol: str | None, fingerprint: str, path: str) -> Hashable:
    """Outside of functions the path has to say where."""
    return rule, symbol or "", shape_of(fingerprint), "" if symbol else path


_LIKENESSES: tuple[tuple[BaselineState, Callable[[Entry], Hashable], Callable[[Finding], Hashable]], ...] = (
    ("unchanged", lambda entry: entry.key, _key),
    ("unchanged", lambda entry: entry.key[:2], lambda finding: _key(finding)[:2]),
    ("unchanged", lambda entry: entry.fingerprint, lambda finding: finding.fingerprint),
    (
        "updated",
        lambda entry: _alike(entry.rule, entry.symbol, entry.fingerprint, entry.path),
        lambda finding: _alike(finding.rule, finding.symbol, finding.fingerprint, finding.rel_path or ""),
    ),
)


def _entry(finding: Finding, reason: str | None) -> Entry:
    fingerprint, path, _ = _key(finding)
    return Entry(fingerprint, finding.rule, path, finding.title, finding.symbol, reason)


def _merged(entries: Iterable[Entry], count: Callable[[list[int]], int]) -> tuple[Entry, ...]:
    """One entry per key: of two sides of a merge the larger count holds, of what is added the sum."""
    by_key: dict[tuple[str, str, str], list[Entry]] = defaultdict(list)
    for entry in entries:
        by_key[entry.key].append(entry)
    return tuple(replace(same[0], count=count([entry.count for entry in same])) for _, same in sorted(by_key.items()))


def _read(value: object, number: int) -> Entry:
    if not isinstance(value, dict):
        raise _broken(f"has no object as finding {number}; restore it from git")

    def text(name: str) -> str:
        if not isinstance(value.get(name), str):
            raise _broken(f"has finding {number} without a usable {name}; restore it from git")
        return str(value[name])

    count = value.get("count", 1)
    if type(count) is not int or count < 1:
        raise _broken(f"has finding {number} without a usable count; restore it from git")
    return Entry(
        fingerprint=text("fingerprint"),
        rule=text("rule"),
        path=text("path"),
        title=text("title"),
        symbol=None if value.get("symbol") is None else text("symbol"),
        reason=None if value.get("reason") is None else text("reason"),
        count=count,
        others={name: member for name, member in value.items() if name not in _MEMBERS},
    )


def _broken(what: str) -> MaestroError:
    return MaestroError("requestFailed", f"The baseline {PATH} {what}.")
