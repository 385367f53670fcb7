"""Findings and intents in words, for hovers and messages; what a model said is only ever drawn as text."""

from collections.abc import Callable, Sequence

from maestro.audit.judging.plain_text import markdown, one_line
from maestro_protocol.audit import Finding
from maestro_protocol.intents import IntentRecord

_LIMIT = 600
_STATES = {"touched": "The code was edited since; audit it again."}


def in_markdown(findings: Sequence[Finding], intent: IntentRecord | None) -> str:
    """What there is to say of a place, as Markdown without commands, images or links but those of the catalogue."""
    parts = ["\n\n".join(_lines(finding, markdown, "**{}**", "[About {}]({})")) for finding in findings]
    return "\n\n---\n\n".join([*parts, *([markdown(last_written(intent))] if intent else ())])


def in_plain_text(findings: Sequence[Finding], intent: IntentRecord | None) -> str:
    """The same for a client that draws no Markdown."""
    parts = ["\n".join(_lines(finding, _plain, "{}", "About {}: {}")) for finding in findings]
    return "\n\n".join([*parts, *([last_written(intent)] if intent else ())])


def explanation(finding: Finding) -> str:
    """A finding as a message, in which some editors take `[…](…)` for a link."""
    lines = _lines(finding, _plain, "{}", "About {}: {}")[: -1 if finding.docs_url else None]
    return "\n".join(line.replace("](", "] (") for line in lines)


def last_written(intent: IntentRecord) -> str:
    """Which call wrote something last, and what for."""
    scope = f" Declared scope: {one_line(intent.scope, _LIMIT)}." if intent.scope else ""
    return f"Last {written_by(intent)}.{scope}"


def written_by(intent: IntentRecord) -> str:
    """The same in a few words."""
    purpose = f" for {intent.purpose}" if intent.purpose else ""
    return f"written by {one_line(intent.tool, _LIMIT)}{purpose}, risk {intent.risk_level}"


def count(number: int, noun: str) -> str:
    """`1 finding`, `2 findings`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _lines(finding: Finding, draw: Callable[[str], str], title: str, link: str) -> list[str]:
    """A finding line by line; the last one leads to the page about its rule, if the catalogue has one."""
    state = _STATES.get(finding.state)
    return [
        title.format(draw(finding.title)),
        draw(f"{finding.rule}: {finding.severity} severity, {finding.confidence} confidence"),
        draw(finding.message),
        *([draw(state)] if state else ()),
        draw(_provenance(finding)),
        *([link.format(draw(finding.rule), finding.docs_url)] if finding.docs_url else ()),
    ]


def _provenance(finding: Finding) -> str:
    by = finding.provenance
    model = by.model if by.model.startswith(f"{by.provider}/") else f"{by.provider}/{by.model}"
    return f"Found by {model}{', from the cache' if by.cached else ''}."


def _plain(text: str) -> str:
    return one_line(text, _LIMIT)
