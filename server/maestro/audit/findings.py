"""From claims to findings: anchored, known by rule, not noise, each once."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from maestro.audit.anchor import Anchor, Claim, find_anchor
from maestro.audit.catalogue import BY_ID, Rule
from maestro.audit.chunks import Chunk
from maestro.audit.fingerprint import finding_id, fingerprint
from maestro.audit.fix import MAX_CHARS, make_fix
from maestro.audit.positions import to_range
from maestro.audit.secrets import Masked
from maestro.audit.source import AuditSource, Span
from maestro.audit.symbols import Symbol, enclosing
from maestro.audit.wire import WireFinding
from maestro.positions import Encoding
from maestro_protocol.audit import Finding, Fix, Provenance, Severity

MAX_TITLE = 80
MAX_WHY = 400
MAX_FINDINGS = 50

RANK: Mapping[Severity, int] = {"critical": 0, "high": 1, "medium": 2, "low": 3}

_ADVICE = re.compile(r"(?i)\s*(?:please\s+)?(?:ensure|verify|consider|make sure|double[- ]check)\b")
_CONTROL = re.compile(r"[\x00-\x1f\x7f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]+")


@dataclass(frozen=True, slots=True)
class Context:
    """What every claim of one audit is judged against. `source` is the text itself, `seen` what the model saw."""

    source: AuditSource
    seen: AuditSource
    masked: Masked
    symbols: list[Symbol]
    rules: Mapping[str, Rule]
    min_severity: Severity
    encoding: Encoding
    provenance: Provenance


@dataclass(slots=True)
class Collection:
    """The findings of one audit as they come in."""

    context: Context
    findings: list[tuple[Span, Finding]] = field(default_factory=list)
    unverified: list[Finding] = field(default_factory=list)
    rejected: Counter[str] = field(default_factory=Counter)

    def add(self, claims: Iterable[WireFinding], chunk: Chunk) -> None:
        """Judge the claims about one chunk."""
        for claim in claims:
            reason = _noise(self.context, claim)
            if reason is not None:
                self.rejected[reason] += 1
            else:
                self._place(claim, chunk)

    def ordered(self) -> list[Finding]:
        """The findings from top to bottom, with their ids; beyond the cap the least severe go."""
        kept = sorted(self.findings, key=lambda item: (RANK[item[1].severity], item[0]))
        self.rejected["overCap"] += len(kept[MAX_FINDINGS:])
        counts: Counter[str] = Counter()
        numbered = []
        for _, finding in sorted(kept[:MAX_FINDINGS], key=lambda item: item[0]):
            id_ = finding_id(finding.uri, finding.fingerprint, counts[finding.fingerprint])
            counts[finding.fingerprint] += 1
            numbered.append(finding.model_copy(update={"id": id_}))
        return numbered

    def _place(self, claim: WireFinding, chunk: Chunk) -> None:
        context = self.context
        where = Claim(claim.quote, claim.symbol, claim.hint)
        anchor = find_anchor(context.seen, context.symbols, (chunk.first_line, chunk.last_line), where)
        if anchor is None and len(self.unverified) == MAX_FINDINGS:
            self.rejected["overCap"] += 1
        elif anchor is None:
            self.unverified.append(_finding(context, claim, None))
        elif any(_same(other, finding, anchor.span, claim) for other, finding in self.findings):
            self.rejected["duplicate"] += 1
        else:
            self.findings.append((anchor.span, _finding(context, claim, anchor)))


def _noise(context: Context, claim: WireFinding) -> str | None:
    """Why a claim is not worth a place, if it is not."""
    if claim.rule not in context.rules:
        return "ruleNotEnabled" if claim.rule in BY_ID else "unknownRule"
    if RANK[claim.severity] > RANK[context.min_severity]:
        return "belowSeverity"
    if claim.fix and _trimmed(claim.fix) == _trimmed(claim.quote):
        return "fixIsQuote"
    if _ADVICE.match(claim.title) or not claim.why.strip():
        return "noDefect"
    return None


def _trimmed(text: str) -> list[str]:
    return [line.rstrip() for line in text.strip().splitlines()]


def _same(span: Span, finding: Finding, other: Span, claim: WireFinding) -> bool:
    """Two claims of one defect: the same rule on overlapping lines."""
    overlap = span.start_line <= other.end_line and other.start_line <= span.end_line
    return overlap and finding.rule == claim.rule


def _finding(context: Context, claim: WireFinding, anchor: Anchor | None) -> Finding:
    rule = context.rules[claim.rule]
    quote = anchor.quote if anchor else claim.quote
    print_ = fingerprint(rule.id, quote)
    title = _clip(claim.title, MAX_TITLE)
    return Finding(
        id=finding_id(context.source.uri, print_, 0),
        fingerprint=print_,
        rule=rule.id,
        category=rule.category,
        severity=claim.severity,
        confidence=claim.confidence,
        title=title,
        message=_clip(claim.why, MAX_WHY),
        docs_url=rule.docs,
        uri=context.source.uri,
        range=to_range(context.source.lines, anchor.span, context.encoding) if anchor else None,
        symbol=enclosing(context.symbols, anchor.span.start_line) if anchor else None,
        language=context.source.language,
        tags=["unnecessary"] if rule.id in ("unused-code", "unreachable-code") else [],
        fixes=_fixes(context, claim, anchor, title) if anchor else [],
        state="open" if anchor else "unverified",
        provenance=context.provenance,
    )


def _fixes(context: Context, claim: WireFinding, anchor: Anchor, title: str) -> list[Fix]:
    if not claim.fix or len(claim.fix) > MAX_CHARS:
        return []
    fix = make_fix(context.source, anchor, context.masked.restore(claim.fix), title, context.encoding)
    return [fix] if fix is not None else []


def _clip(text: str, limit: int) -> str:
    """One line without control characters, at most `limit` characters long."""
    line = " ".join(_CONTROL.sub(" ", text).split())
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"
