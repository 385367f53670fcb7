"""Comments that a model was not shown, put back into what it would write in their place."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from difflib import SequenceMatcher, get_close_matches
from itertools import chain
from typing import NamedTuple

from maestro.audit.code.comments import find_comments, whole_place
from maestro.audit.fixing.replacement import indent_of
from maestro.audit.source import AuditSource, Span

_ALIKE = 0.6


class _Line(NamedTuple):
    """A line of code and its comments: the one at its end, those between its words, and those alone above it.

    `code` is the line without what stands at its end, `bare` lacks what stands between its words too. `comment` begins
    with the blanks before it; one of `above` may be of several lines.
    """

    code: str
    bare: str
    comment: str = ""
    inner: tuple[str, ...] = ()
    above: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        return " ".join(self.bare.removeprefix("\ufeff").split())

    @property
    def said(self) -> tuple[str, ...]:
        return (*self.above, *self.inner, *filter(None, [self.comment.strip()]))


def bare_lines(source: AuditSource) -> list[str]:
    """The lines with blanks for comments, marks included: same columns."""
    text, parts, at = source.plain, [], 0
    for start, end in _spans(source):
        parts += [text[at:start], re.sub(r"[^\n]", " ", text[start:end])]
        at = end
    return "".join([*parts, text[at:]]).split("\n")


def stands_alone(source: AuditSource, span: Span) -> bool:
    """Whether nothing stands beside it on its lines but comments, of whose words it has none."""
    bare, end = bare_lines(source), source.offset(span.end_line, span.end)
    cut = next((one for one in find_comments(source) if one.start < end < one.end), None)
    if (
        cut is not None
        and re.search(r"\w", source.plain[cut.start : end])
        and source.lines[span.end_line][span.end :].strip()
    ):
        return False
    around = bare[span.start_line][: span.start] + bare[span.end_line][span.end :]
    return not around.strip("\ufeff \t")


def has_comments(source: AuditSource, first: int, last: int) -> bool:
    """Whether one stands on these lines."""
    start, end = source.offset(first), source.offset(last) + len(source.lines[last])
    return any(one < end and start < other for one, other in _spans(source))


def without_marks(lines: list[str], language: str) -> list[str]:
    """A replacement without comments that say nothing: they are ours without their words."""
    source = AuditSource("", "\n".join(lines), language)
    empty = [whole_place(source, comment) for comment in find_comments(source) if not comment.words]
    left = _cut(source.plain, empty).split("\n")
    if len(left) != len(lines):
        return [line.rstrip() for line in left if line.strip()]
    pairs = zip(left, lines, strict=True)
    return [new if new == old else new.rstrip() for new, old in pairs if new.strip() or not old.strip()]


def _cut(text: str, spans: Iterable[tuple[int, int]]) -> str:
    """The text without these and the blanks behind them."""
    parts, at = [], 0
    for start, end in spans:
        parts.append(text[at:start])
        at = end + len(indent_of(text[end:]))
    return "".join([*parts, text[at:]])


def with_comments(source: AuditSource, first: int, last: int, new: list[str]) -> list[str]:
    """The lines that replace these with the comments of these; a line that goes takes its own along.

    What the replacement says in much the same words of its own stands in the place of ours.
    """
    old = _grouped(source, first, last)
    if not new or old is None or not any(line.said for line in old):
        return new
    text = AuditSource("", "\n".join(new), source.language)
    theirs = _grouped(text, 0, len(text.lines) - 1)
    return new if theirs is None else [line for part in _joined(old, theirs) for line in part.split("\n")]


def _spans(source: AuditSource) -> Iterator[tuple[int, int]]:
    return (whole_place(source, comment) for comment in find_comments(source))


def _grouped(source: AuditSource, first: int, last: int) -> list[_Line] | None:
    """The lines of code with their comments; None where a comment goes on beyond them."""
    start, end = source.offset(first), source.offset(last) + len(source.lines[last])
    spans = [one for one in _spans(source) if one[0] < end and start < one[1]]
    if any(one < start or end < other for one, other in spans):
        return None
    grouped: list[_Line] = []
    above: list[str] = []
    bare = bare_lines(source)
    for number in range(first, last + 1):
        begin = source.offset(number)
        here = [one for one in spans if begin <= one[0] <= begin + len(bare[number])]
        covered = any(one[0] < begin <= one[1] for one in spans)
        if not bare[number].strip("\ufeff \t") and (here or covered):
            above += [_block(source, *one) for one in here]
        else:
            grouped.append(_line(source, number, bare[number].rstrip(), here)._replace(above=tuple(above)))
            above = []
    return [*grouped, *([_Line("", "", above=tuple(above))] if above else [])]


def _line(source: AuditSource, number: int, bare: str, spans: Sequence[tuple[int, int]]) -> _Line:
    begin = source.offset(number)
    code_end = begin + len(bare)
    ends = [end for start, end in spans if start >= code_end]
    comment = source.plain[code_end : max(ends)] if ends else ""
    between = [(start - begin, end - begin) for start, end in spans if start < code_end]
    code = source.lines[number][: len(bare)]
    inner = tuple(source.plain[begin + start : begin + end] for start, end in between)
    return _Line(code, _cut(code, between), comment, inner)


def _block(source: AuditSource, start: int, end: int) -> str:
    """A comment with its indentation, which its other lines have too."""
    line = source.span(start, start).start_line
    return indent_of(source.lines[line].removeprefix("\ufeff")) + source.plain[start:end]


def _joined(old: Sequence[_Line], new: Sequence[_Line]) -> Iterator[str]:
    matcher = SequenceMatcher(None, [line.key for line in old], [line.key for line in new], False)
    waiting: list[str] = []
    for what, first, last, begin, end in matcher.get_opcodes():
        ours, theirs = old[first:last], new[begin:end]
        pairs = _pairs(ours, theirs) if what != "delete" else {}
        # A comment between blank lines belongs to none that goes.
        alone = [line for number, line in enumerate(ours) if number not in pairs.values()]
        waiting += chain.from_iterable(line.said for line in alone if what != "delete" or not line.key)
        for number, line in enumerate(theirs):
            yield from _written(line, ours[pairs[number]] if number in pairs else None, waiting)
            waiting = []
    yield from waiting


def _pairs(old: Sequence[_Line], new: Sequence[_Line]) -> Mapping[int, int]:
    """For new lines the old ones they are made of: line by line, or among more lines those that are much alike."""
    if len(old) == len(new):
        return {number: number for number in range(len(old))}
    pairs: dict[int, int] = {}
    at = 0
    for number, line in enumerate(old if len(old) < len(new) else ()):
        keys = [other.key for other in new[at:]]
        if found := get_close_matches(line.key, keys, 1, _ALIKE):
            at += keys.index(found[0])
            pairs[at] = number
            at += 1
    return pairs


def _written(line: _Line, ours: _Line | None, waiting: Sequence[str]) -> Iterator[str]:
    """A new line with what is said above it and at its end."""
    indent, ours = indent_of(line.code) if line.key else None, ours or _Line("", "")
    is_same = bool(ours.inner) and ours.key == line.key
    above = [_indented(block, indent) for block in (*waiting, *(() if is_same else ours.inner))]
    above += [block if indent_of(ours.code) == indent else _indented(block, indent) for block in ours.above]
    comment = line.comment
    if ours.comment and (not comment or _is_part(comment, ours.comment)):
        comment = ours.comment
    elif ours.comment:
        above.append(_indented(ours.comment, indent))
    above = [block for block in above if not any(_stands_for(one, block) for one in line.said)]
    above += [block for block in line.above if not any(_is_part(block, one) for one in ours.said)]
    yield from above
    if line.key or not above:
        yield (indent_of(line.code) + ours.code.lstrip("\ufeff \t") if is_same else line.code) + comment


def _indented(block: str, indent: str | None) -> str:
    """A comment under another indentation; None leaves it where it is."""
    if indent is None:
        return block
    own = indent_of(block)
    return "\n".join(indent + line.removeprefix(own).rstrip() for line in block.strip().split("\n"))


def _stands_for(theirs: str, ours: str) -> bool:
    """Whether it says much the same, and not only a part of it."""
    said, meant = _words(theirs), _words(ours)
    return said == meant or (said not in meant and SequenceMatcher(None, said, meant, False).ratio() > _ALIKE)


def _is_part(theirs: str, ours: str) -> bool:
    return _words(theirs) != _words(ours) and _words(theirs) in _words(ours)


def _words(comment: str) -> str:
    return " ".join(re.findall(r"\w+", comment)) or comment.strip()
