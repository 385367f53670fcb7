"""From a replacement of quoted lines to an edit of the text as it is now, or the reason why there is none."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from maestro.audit.code.tokens import tokenise
from maestro.audit.fixing.breakage import breaks
from maestro.audit.fixing.kept_comments import bare_lines, has_comments, stands_alone, with_comments, without_marks
from maestro.audit.fixing.line_edits import Edits, apply_edits, least_edits, touch
from maestro.audit.fixing.replacement import clean, indent_of, layouts, leaves_out, retab
from maestro.audit.judging.hidden import hidden_spans
from maestro.audit.positions import to_range
from maestro.audit.secrets import PLACEHOLDER
from maestro.audit.source import AuditSource, Span
from maestro.positions import Encoding
from maestro_protocol.audit import Edit, Fix

MAX_CHARS = 8_000

_CHANGED = "The code has changed since it was audited; audit it again."
_NOTHING = "There is no replacement for this code."
_TOO_LONG = "The proposed replacement is too long to be one."
_SAME = "The proposed replacement is what stands there already."
_BROKEN = "The proposed replacement would break the syntax of the file."
_PARTIAL = "The proposed replacement leaves out code that it does not name."
_HIDDEN = "The proposed replacement holds characters that are not seen."
_STAND_IN = "The proposed replacement holds a stand-in for a secret that is not known."
_MORE = "The proposed replacement is of more statements than the part of a line that it would replace."
_WIDTHS = (2, 4, 8)
# Models do not always keep the case of what stands for a secret.
_STAND_INS = re.compile(PLACEHOLDER.pattern, re.I)
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class Proposal:
    """What a model wants quoted code replaced by.

    `quote` is the exact text at the place when it was audited, `cleaned` the model's words for it; `whole_lines` says
    that the place is whole lines. `chunk` are the first and the last line (zero-based) that a change may touch.
    An `exact` replacement is nobody's words but an edit: it may be empty, and is put there as it is. `made` is what
    the lines would have become when they were audited.
    """

    quote: str = field(repr=False)
    cleaned: str = field(repr=False)
    replacement: str = field(repr=False)
    whole_lines: bool
    chunk: tuple[int, int] | None = None
    exact: bool = False
    made: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a fix cannot be applied, as one sentence."""

    reason: str


def build_edits(source: AuditSource, span: Span, proposal: Proposal) -> Edits | Refusal:
    """The least change that puts the replacement at the span of this text; the quote must still stand there."""
    problem = _unfit(source, span, proposal)
    if problem is not None:
        return Refusal(problem)
    if proposal.exact:
        edits: Edits = ((span, proposal.replacement),)
        return Refusal(_BROKEN) if _is_broken_by(source, edits) else edits
    lines = clean(proposal.replacement, proposal.quote, source.language, span.start_line)
    if leaves_out(lines, proposal.quote):
        return Refusal(_PARTIAL)
    if has_comments(source, span.start_line, span.end_line):
        lines = without_marks(lines, source.language)
    reason = _MORE
    for first, last, new in _candidates(source, span, proposal, lines):
        edits = least_edits(source, first, last, with_comments(source, first, last, new))
        if not edits:
            return Refusal(_SAME)
        if not _is_broken_by(source, edits):
            return edits
        reason = _BROKEN
    return Refusal(reason)


def lines_after(source: AuditSource, span: Span, edits: Edits) -> str:
    """What edits within the lines of a span make of these."""
    after = _plain(apply_edits(source, edits)).split("\n")
    return "\n".join(after[span.start_line : len(after) - (len(source.lines) - span.end_line - 1)])


def source_fix_all(source: AuditSource, proposals: Sequence[tuple[Span, Proposal]]) -> tuple[Edits, tuple[int, ...]]:
    """Edits that can be applied together, and the indexes of the proposals they are from; the earlier ones win."""
    taken: list[tuple[Span, str]] = []
    chosen: list[int] = []
    for index, (span, proposal) in enumerate(proposals):
        edits = build_edits(source, span, proposal)
        if isinstance(edits, Refusal) or any(touch(new[0], old[0]) for new in edits for old in taken):
            continue
        together = tuple(sorted([*taken, *edits]))
        if not _is_broken_by(source, together):
            taken = list(together)
            chosen.append(index)
    return tuple(taken), tuple(chosen)


def text_at(source: AuditSource, span: Span) -> str:
    """The text of a span, with LF; a `Proposal` is made with that of the document itself, secrets included."""
    return source.plain[source.offset(span.start_line, span.start) : source.offset(span.end_line, span.end)]


def make_fix(
    source: AuditSource, span: Span, proposal: Proposal, title: str, encoding: Encoding, *, safe: bool = False
) -> Fix | None:
    """The fix as edits of the text under audit; None for one that cannot be applied."""
    edits = build_edits(source, span, proposal)
    if isinstance(edits, Refusal):
        return None
    told = [Edit(range=to_range(source.lines, span, encoding), new_text=text) for span, text in edits]
    return Fix(title=f"Fix: {title}", edits=told, safe=safe)


def _unfit(source: AuditSource, span: Span, proposal: Proposal) -> str | None:
    """What is wrong before the replacement is laid out."""
    replacement = proposal.replacement
    if not _stands(source, span, proposal):
        return _CHANGED
    if proposal.exact:
        return None
    if not replacement:
        return _NOTHING
    if len(replacement) > MAX_CHARS:
        return _TOO_LONG
    if _CONTROL.search(replacement) or _count_hidden(replacement) > _count_hidden(proposal.quote):
        return _HIDDEN
    known = set(_STAND_INS.findall(source.plain))
    return _STAND_IN if set(_STAND_INS.findall(replacement)) - known else None


def _count_hidden(text: str) -> int:
    return sum(end - start for start, end in hidden_spans(f"\n{text}"))


def _stands(source: AuditSource, span: Span, proposal: Proposal) -> bool:
    """Whether the text at the span is the quote, on lines of its own if it was."""
    lines = source.lines
    if not 0 <= span.start_line <= span.end_line < len(lines):
        return False
    if text_at(source, span) != proposal.quote:
        return False
    first, last = proposal.chunk or (0, len(lines) - 1)
    if not first <= span.start_line <= span.end_line <= last:
        return False
    return not proposal.whole_lines or stands_alone(source, span)


def _candidates(
    source: AuditSource, span: Span, proposal: Proposal, lines: list[str]
) -> Iterator[tuple[int, int, list[str]]]:
    """Lines `first` to `last` and what may have been meant to stand there, the likeliest first."""
    first, last = span.start_line, span.end_line
    here = _without_unsaid(source, first, last, lines)
    if not proposal.whole_lines and not stands_alone(source, span):
        yield from ((first, last, new) for new in _of_a_part(source, span, lines, here))
    elif not lines:
        yield first, last, []
    else:
        tab = _tab(source, first)
        lines = retab(lines, tab) if tab else lines
        for inner in _without_neighbours(source, first, last, lines):
            yield from ((first, last, new) for new in layouts(inner, proposal.cleaned, here))


def _without_unsaid(source: AuditSource, first: int, last: int, lines: Sequence[str]) -> Sequence[str]:
    """The lines of the text without comments, but for lines that the replacement has just like that."""
    said, there = {line.strip() for line in lines}, source.lines[first : last + 1]
    both = zip(there, bare_lines(source)[first : last + 1], strict=True)
    return [
        line if line.strip() in said else bare for line, bare in both if line.strip() in said or bare.strip()
    ] or there


def _of_a_part(source: AuditSource, span: Span, lines: list[str], here: Sequence[str]) -> Iterator[list[str]]:
    """The lines around a part of them with the replacement in it, if that is no more than a part itself."""
    bare = bare_lines(source)
    if lines and _repeats_line(lines, bare[span.start_line][: span.start], bare[span.end_line][span.end :]):
        yield from layouts(lines, here[0], here)
    quote, new = text_at(source, span), "\n".join(lines)
    is_longer = len(lines) > 1 and span.start_line == span.end_line
    if not is_longer and _count_statements(new, source.language) <= _count_statements(quote, source.language):
        before, after = source.lines[span.start_line][: span.start], source.lines[span.end_line][span.end :]
        yield (before + new + after).split("\n")


def _count_statements(text: str, language: str) -> int:
    """How many parts there are between semicolons that stand in no brackets; one at least."""
    count, depth, ended = 1, 0, False
    for token in tokenise(text, language):
        if not token.is_code:
            continue
        count, ended = count + ended, token.text == ";" and not depth
        if token.kind == "operator":
            depth += (token.text in "([{") - (token.text in ")]}")
    return count


def _repeats_line(lines: list[str], before: str, after: str) -> bool:
    """Whether a replacement for a part of a line is one of the whole line."""
    start, end = before.strip(), after.strip()
    return bool(start or end) and lines[0].strip().startswith(start) and lines[-1].rstrip().endswith(end)


def _without_neighbours(source: AuditSource, first: int, last: int, lines: list[str]) -> Iterator[list[str]]:
    """Models like to repeat the line before or behind the quote; a bracket there may as well be meant."""
    code = bare_lines(AuditSource("", "\n".join(lines), source.language))
    # A comment alone on its line is one of the model's own, if it is not just like that in the text.
    code = [bare if bare.strip() else line for bare, line in zip(code, lines, strict=True)]
    readings = ((lines, source.lines), (code, bare_lines(source)))
    head = max(_repeated(new, old[first], old[:first]) for new, old in readings)
    tail = max(_repeated(new[::-1], old[last], old[last + 1 :][::-1]) for new, old in readings)
    if not 0 < head + tail < len(lines):
        yield lines
        return
    less, more = lines[head : len(lines) - tail], [*lines[:head], *lines[len(lines) - tail :]]
    telling = any(character.isalnum() for line in more for character in line)
    yield from (less, lines) if telling else (lines, less)


def _repeated(lines: Sequence[str], quoted: str, outside: Sequence[str]) -> int:
    """How many lines the replacement begins with that end what stands before the quote."""
    stripped = [line.strip() for line in lines]
    if stripped[0] == quoted.strip():
        return 0
    counts = range(1, min(len(lines), len(outside) + 1))
    return max((n for n in counts if stripped[:n] == [line.strip() for line in outside[-n:]]), default=0)


def _tab(source: AuditSource, line: int) -> str | None:
    """What the text is indented by: as the line is, or else as most lines are; None where none is."""
    indents = [indent for text in source.lines if (indent := indent_of(text)) and text.strip()]
    here = [indent] if (indent := indent_of(source.lines[line])) else indents
    if not here:
        return None
    if 2 * sum(indent[0] == "\t" for indent in here) > len(here):
        return "\t"
    widths = [0 if "\t" in indent else len(indent) for indent in indents]
    steps = Counter(after - before for before, after in pairwise(widths) if after - before in _WIDTHS)
    return " " * (steps.most_common(1)[0][0] if steps else 4)


def _is_broken_by(source: AuditSource, edits: Edits) -> bool:
    return breaks(source.language, source.plain, _plain(apply_edits(source, edits)))


def _plain(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")
