"""A baseline brought up to what an audit found."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace

from maestro.audit.identity.baseline import Baseline, Entry, Matches
from maestro_protocol.audit import AuditResult, Finding

_COUNTED = ("open", "touched", "baselined")


def reviewed_uris(result: AuditResult) -> frozenset[str]:
    """The documents that were looked at whole."""
    left = {chunk.uri for chunk in result.chunks if chunk.status != "reviewed"}
    return frozenset(chunk.uri for chunk in result.chunks if chunk.uri is not None and chunk.uri not in left)


def updated(baseline: Baseline, findings: Iterable[Finding], looked_at: Collection[str]) -> Baseline:
    """With the findings that count and are not in it, without what is gone from the paths `looked_at`."""
    counted = [one for one in findings if one.state in _COUNTED]
    matches = baseline.match(counted)
    kept = replace(baseline, entries=tuple(_kept(baseline, matches, looked_at)))
    return kept.add(one for one in counted if matches.states[one.id] == "new")


def _kept(baseline: Baseline, matches: Matches, looked_at: Collection[str]) -> Iterator[Entry]:
    found = Counter(matches.entries.values())
    for entry in baseline.entries:
        if entry.path not in looked_at:
            yield entry
        elif found[entry]:
            yield replace(entry, count=found[entry])


def accepted(findings: Sequence[Finding]) -> list[Finding]:
    """The findings as they are once the baseline has them."""
    shown = ("open", "touched")
    return [one.model_copy(update={"state": "baselined"}) if one.state in shown else one for one in findings]
