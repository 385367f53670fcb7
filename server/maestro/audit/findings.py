"""From claims to findings: placed in the text, known by rule, not noise, each once."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from maestro.audit.asking.chunks import Chunk
from maestro.audit.asking.review import Review
from maestro.audit.asking.wire import WireFinding
from maestro.audit.catalogue import Rule
from maestro.audit.code.symbols import Symbol, enclosing
from maestro.audit.code.tokens import statement
from maestro.audit.fixing.fix import MAX_CHARS, Proposal, Refusal, build_edits, lines_after, make_fix, text_at
from maestro.audit.fixing.kept_comments import has_comments, stands_alone
from maestro.audit.identity.fingerprint import finding_id, fingerprint
from maestro.audit.judging.checkable import Facts, facts, is_checkable, refuted
from maestro.audit.judging.duplicates import distinct
from maestro.audit.judging.integrity import Located
from maestro.audit.judging.noise import most_telling, rank, reject_reason
from maestro.audit.placing.anchor import Anchor, Claim, find_anchor
from maestro.audit.positions import to_range
from maestro.audit.secret_values import is_plausible
from maestro.audit.secrets import PLACEHOLDER, Masked
from maestro.audit.source import AuditSource, Span
from maestro.positions import Encoding
from maestro_protocol.audit import Finding, FindingIntent, Provenance, Severity

MAX_FINDINGS = 50
MAX_RELATED = 5


@dataclass(frozen=True, slots=True)
class Context:
    """What every claim of one audit is judged against. `source` is the text itself, `seen` what the model saw."""

    source: AuditSource
    seen: AuditSource
    masked: Masked
    symbols: Sequence[Symbol]
    rules: Mapping[str, Rule]
    min_severity: Severity
    encoding: Encoding
    provenance: Provenance
    written: Sequence[tuple[int, int, FindingIntent]] = ()
    """First and last line of what tools wrote last, and why they said they did."""
    by_tool: bool = False
    """The claims are a tool's, whose word on fixes counts, and no model's."""


@dataclass(frozen=True, slots=True)
class Placed:
    """A finding and where it stands in the audited text, `span` in its lines and `start` to `end` in its characters."""

    finding: Finding
    span: Span
    start: int
    end: int
    proposal: Proposal | None = field(default=None, repr=False)
    related: tuple[tuple[int, int], ...] = ()
    """Other places that belong to it, in characters."""


@dataclass(slots=True)
class Collection:
    """The findings of one audit as they come in."""

    context: Context
    found: list[Placed] = field(default_factory=list)
    unverified: list[Finding] = field(default_factory=list)
    rejected: Counter[str] = field(default_factory=Counter)
    _facts: list[Facts | None] = field(default_factory=list)

    def add(self, claims: Iterable[WireFinding], chunk: Chunk, review: Review) -> None:
        """Judge the claims about a chunk."""
        first, lines = chunk.first_line, (chunk.first_line, chunk.last_line)
        for claim in claims:
            hint = claim.hint
            moved = claim if hint is None else claim.model_copy(update={"line": hint + 1 + first})
            reason = reject_reason(moved, self.context.rules, self.context.min_severity, self.context.source.name)
            if reason is not None:
                self.rejected[reason] += 1
            else:
                self._place(moved, lines, review)

    def add_located(self, claims: Iterable[Located]) -> None:
        """Take claims that nobody needs to search for."""
        context = self.context
        for span, claim in claims:
            reason = reject_reason(claim, context.rules, context.min_severity)
            if reason is not None:
                self.rejected[reason] += 1
            else:
                quote = text_at(context.seen, span)
                self.found.append(_placed(context, claim, Anchor(span, quote, quote, True), None))

    def ordered(self) -> list[Placed]:
        """The findings from top to bottom, each once and with its id; beyond the cap the least telling go."""
        by_finding = {id(one.finding): one for one in self.found}
        once, duplicates = distinct(self.context.seen, [(one.span, one.finding) for one in self.found])
        kept, more = most_telling(once, MAX_FINDINGS, lambda item: rank(item[1]))
        self.rejected.update(duplicate=duplicates, overCap=more)
        counts: Counter[str] = Counter()
        numbered = []
        for _, finding in kept:
            id_ = finding_id(finding.uri, finding.fingerprint, counts[finding.fingerprint])
            counts[finding.fingerprint] += 1
            numbered.append(replace(by_finding[id(finding)], finding=finding.model_copy(update={"id": id_})))
        return numbered

    def _place(self, claim: WireFinding, lines: tuple[int, int], review: Review) -> None:
        context = self.context
        where = Claim(claim.quote, claim.symbol, claim.hint)
        anchor = find_anchor(context.seen, context.symbols, lines, where)
        if anchor is None and len(self.unverified) == MAX_FINDINGS:
            self.rejected["overCap"] += 1
        elif anchor is None:
            self.unverified.append(_finding(context, claim, None, review))
        elif self._is_refuted(claim, anchor.span):
            self.rejected["refuted"] += 1
        else:
            self.found.append(_placed(context, claim, anchor, review))

    def _is_refuted(self, claim: WireFinding, span: Span) -> bool:
        if claim.rule == "hard-coded-secret" and self._hides_no_secret(span):
            return True
        if not is_checkable(claim):
            return False
        if not self._facts:
            # What was taken out for a secret may have been code, or a name.
            self._facts.append(facts(self.context.source) or facts(self.context.seen))
        known = self._facts[0]
        return known is not None and refuted(known, claim, span)

    def _hides_no_secret(self, span: Span) -> bool:
        """Whether all that was taken out of these lines was taken out to be on the safe side."""
        lines = "\n".join(self.context.seen.lines[span.start_line : span.end_line + 1])
        hidden = self.context.masked.hidden_in(lines)
        return PLACEHOLDER.search(lines) is not None and not any(map(is_plausible, hidden))


def _placed(context: Context, claim: WireFinding, anchor: Anchor, review: Review | None) -> Placed:
    start, end = _characters(context, anchor.span)
    proposal = _proposal(context, claim, anchor)
    finding = _finding(context, claim, anchor, review)
    finding.intents = [
        intent
        for first, last, intent in context.written
        if first <= anchor.span.end_line and anchor.span.start_line <= last
    ]
    if proposal is not None:
        safe = claim.safe and context.by_tool
        fix = make_fix(context.source, anchor.span, proposal, finding.title, context.encoding, safe=safe)
        finding.fixes = [fix] if fix is not None else []
    return Placed(finding, anchor.span, start, end, proposal, tuple(_related(context, claim, anchor)))


def _finding(context: Context, claim: WireFinding, anchor: Anchor | None, review: Review | None) -> Finding:
    rule, source = context.rules[claim.rule], context.source
    code = (statement(context.seen, anchor.span) or anchor.quote) if anchor else claim.quote
    print_ = fingerprint(rule.id, code, language=source.language)
    return Finding(
        id=finding_id(source.uri, print_, 0),
        fingerprint=print_,
        rule=rule.id,
        category=rule.category,
        severity=claim.severity,
        confidence=claim.confidence,
        title=claim.title,
        message=claim.why,
        docs_url=rule.docs,
        uri=source.uri,
        range=to_range(source.lines, anchor.span, context.encoding) if anchor else None,
        symbol=enclosing([*context.symbols], anchor.span.start_line) if anchor else None,
        language=source.language,
        tags=["unnecessary"] if rule.id in ("unused-code", "unreachable-code") else [],
        state="open" if anchor else "unverified",
        provenance=_provenance(context, review),
    )


def _provenance(context: Context, review: Review | None) -> Provenance:
    if review is None:
        return context.provenance
    told = {"cached": review.cached, "tokens": review.tokens, "milliseconds": review.milliseconds}
    return context.provenance.model_copy(update=told)


def _proposal(context: Context, claim: WireFinding, anchor: Anchor) -> Proposal | None:
    """What the model would put in the place of its quote, with the secrets it was not shown."""
    if not claim.fix or len(claim.fix) > MAX_CHARS:
        return None
    fix = context.masked.restore(claim.fix)
    source, span = context.source, anchor.span
    whole_lines = anchor.whole_lines or stands_alone(source, span)
    proposal = Proposal(text_at(source, span), anchor.cleaned, fix, whole_lines)
    if not whole_lines or not has_comments(source, span.start_line, span.end_line):
        return proposal
    edits = build_edits(source, span, proposal)
    return proposal if isinstance(edits, Refusal) else replace(proposal, made=lines_after(source, span, edits))


def _related(context: Context, claim: WireFinding, anchor: Anchor) -> Iterable[tuple[int, int]]:
    everywhere = (0, len(context.seen.lines) - 1)
    for quote in claim.related[:MAX_RELATED]:
        found = find_anchor(context.seen, context.symbols, everywhere, Claim(quote))
        if found is not None and found.span != anchor.span:
            yield _characters(context, found.span)


def _characters(context: Context, span: Span) -> tuple[int, int]:
    source = context.source
    return (
        source.raw(source.offset(span.start_line, span.start)),
        source.raw(source.offset(span.end_line, span.end)),
    )
