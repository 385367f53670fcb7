"""Which findings are shown: not those that somebody suppressed, dismissed, or put into the baseline."""

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from maestro.audit.code.symbols import find_symbols
from maestro.audit.identity.baseline import Baseline, Entry, Matches
from maestro.audit.identity.suppressions import Suppression, Suppressions, find_suppressions
from maestro.audit.source import AuditSource
from maestro.services.baselines import Baselines
from maestro.services.findings import Tracked, Verdict
from maestro.services.marks import Marks, dismissals, same_function
from maestro.services.texts import Text
from maestro.services.unused_suppressions import as_findings
from maestro_protocol.audit import Finding


class Verdicts:
    """`place_of` gives the URI of the workspace folder a document is in and its path there."""

    def __init__(self, marks: Marks, baselines: Baselines, place_of: Callable[[str], tuple[str, str | None]]) -> None:
        self._marks = marks
        self._baselines = baselines
        self._place_of = place_of

    def judge(self, text: Text, tracked: Sequence[Tracked]) -> tuple[Mapping[str, Verdict], Sequence[Tracked]]:
        """What is said of the findings, by their ids, and findings about suppressions."""
        folder, path = self._place_of(text.uri)
        marks, baseline = self._marks.of(folder), self._baselines.loaded(folder)
        moved = self._baselines.moved(folder)
        findings = [one.finding for one in tracked]
        verdicts: dict[str, Verdict] = {
            one.id: Verdict("suppressed", marks.rules[one.rule]) for one in findings if one.rule in marks.rules
        }
        if not {one.fingerprint for one in findings}.isdisjoint(one.fingerprint for one in marks.dismissed.entries):
            symbols = {symbol.name for symbol in find_symbols(text.source)}
            here = _Here(path or "", moved, symbols)
            for id_, entry in _dismissals(marks.dismissed, findings, here):
                verdicts.setdefault(id_, Verdict("dismissed", entry.reason))
        if baseline.entries:
            _compare(verdicts, _about(baseline, path or "", moved).match(findings))
        if "maestro:" not in text.text:
            return verdicts, ()
        source = text.source
        suppressions = find_suppressions(source, find_symbols(source))
        used: list[tuple[Suppression, str]] = []
        for one, suppression in _suppressed(source, suppressions, tracked):
            used.append((suppression, one.finding.rule))
            said = verdicts.get(one.finding.id, Verdict())
            verdicts[one.finding.id] = replace(said, state="suppressed", reason=suppression.reason)
        return verdicts, as_findings(source, suppressions, used, text.looked_for)


class _Here(NamedTuple):
    """A document: its path, the entries about code that is not where it was, and what is defined here."""

    path: str
    moved: Collection[Entry]
    symbols: Collection[str]


def _dismissals(dismissed: Baseline, findings: Sequence[Finding], here: _Here) -> Iterator[tuple[str, Entry]]:
    """The findings that were dismissed; each entry is of as many as it counts."""
    left = Counter({entry: entry.count for entry in dismissed.entries})
    for finding in findings:
        entries = [entry for entry in dismissals(dismissed, finding) if left[entry] and _means(entry, finding, here)]
        if entries:
            left[entries[0]] -= 1
            yield finding.id, entries[0]


def _means(entry: Entry, finding: Finding, here: _Here) -> bool:
    """Whether an entry about equal code is about this one: code that only looks alike elsewhere is not meant.

    It is known by its function, and goes with it into another file. A function that has another name now is known by
    its file.
    """
    same = same_function(entry.symbol, finding.symbol)
    if entry.path == here.path:
        return same or (entry.symbol is not None and entry.symbol not in here.symbols)
    return same and entry in here.moved


def _about(baseline: Baseline, path: str, moved: Collection[Entry]) -> Baseline:
    """The entries about a document, or about code that is not where it was and may be here by now."""
    return replace(baseline, entries=tuple(one for one in baseline.entries if one.path == path or one in moved))


def _compare(verdicts: dict[str, Verdict], matches: Matches) -> None:
    """Say of every finding whether the baseline knows it, and hide those it does."""
    for id_, state in matches.states.items():
        said, entry = verdicts.get(id_), matches.entries.get(id_)
        if said is None and entry is not None:
            said = Verdict("baselined", entry.reason)
        verdicts[id_] = replace(said or Verdict(), baseline_state=state)


def _suppressed(
    source: AuditSource, suppressions: Suppressions, tracked: Sequence[Tracked]
) -> Iterator[tuple[Tracked, Suppression]]:
    for one in tracked:
        span = source.span(source.from_raw(one.start), source.from_raw(one.end))
        suppression = suppressions.covering(one.finding.rule, span.start_line, span.end_line)
        if suppression is not None:
            yield one, suppression
