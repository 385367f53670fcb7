"""A model's replacement without what models wrap around code, and as it may be laid out at its place."""

import html
import re
from collections.abc import Iterator, Sequence

_FENCED = re.compile(r"(?:\A|\n)[ \t]*(```+|~~~+)[\w+.-]*[ \t]*\n(.*?)(?:\n[ \t]*\1[ \t]*(?=\n|\Z)|\Z)", re.S)
_GUTTER = re.compile(r"[ \t]*L?(\d+)(?:[ \t]*([|│])[ ]?|:[ ]|\t)")
_HUNK = re.compile(r"(?:@@ .*@@.*|--- .*|\+\+\+ .*)")
_ELLIPSIS = re.compile(
    r"[ \t]*(?:\.\.\.|…)(?:[^.…]*(?:\.\.\.|…))?[ \t]*"
    r"|[ \t]*(?:#|//|/\*|--|<!--)[ \t]*(?:(?:\.\.\.|…).*|(?:the )?(?:rest|remaining|existing) (?:of )?(?:the )?code.*)"
)
# A sentence: at least four words, nothing that only code has, and an end.
_PROSE = re.compile(r"[ \t]*[A-Z][\w'-]*,?(?: [\w'`-]+,?){3,}[.:!]")
_TEXTS = frozenset({"markdown", "plaintext", "restructuredtext", "latex", "asciidoc"})
_MARKED_UP = frozenset({"html", "xml", "vue", "svelte", "javascriptreact", "typescriptreact", *_TEXTS})
_ENTITY = re.compile(r"&(?:lt|gt|amp|quot|#39);")
_OPENERS = (":", "{", "(", "[", "=>")


def clean(replacement: str, quote: str, language: str, first_line: int) -> list[str]:
    """The lines of code in a model's words; the quote, which begins on a zero-based line, says what belongs to them."""
    text = replacement.replace("\r\n", "\n").replace("\r", "\n")
    if "```" not in quote and "~~~" not in quote and (fenced := _FENCED.search(text)):
        text = fenced[2]
    if (
        language not in _MARKED_UP
        and _ENTITY.search(text)
        and not _ENTITY.search(quote)
        and not re.search("[<>]", text)
    ):
        text = html.unescape(text)
    lines = _trimmed(text.split("\n"))
    quoted = quote.split("\n")
    lines = _without_signs(_without_gutter(lines, quoted, first_line), quoted)
    lines = _without_edges(lines, _ELLIPSIS, _count_left_out(lines) - _count_left_out(quoted))
    # A text that is prose itself may well get another sentence.
    is_prose = language in _TEXTS or any(_PROSE.fullmatch(line) for line in quoted)
    return lines if is_prose else _without_edges(lines, _PROSE, len(lines))


def leaves_out(lines: Sequence[str], quote: str) -> bool:
    """Whether the middle of the replacement is a `...` that the quote does not have."""
    return _count_left_out(lines) > _count_left_out(quote.split("\n"))


def layouts(lines: list[str], cleaned: str, here: Sequence[str]) -> Iterator[list[str]]:
    """How the lines may have been meant to be indented at their place, the likeliest first.

    `cleaned` is the quote in the model's words; `here` are the lines of the file that it stands for.
    """
    indent, own = indent_of(here[0]), indent_of(lines[0])
    least, base = _least_indent(lines), _least_indent(here)
    first_only = [indent + lines[0].lstrip(), *lines[1:]]
    if own == indent or (own and indent_of(cleaned)):
        yield lines
    if own != indent:
        moved = [_moved(lines, own, indent)]
        # Where the first line is not the leftmost, all were moved by what the leftmost lacks.
        moved = [_moved(lines, least, base), *moved] if least != own else moved
        yield from (first_only, *moved) if _is_first_bare(lines, cleaned, here) else (*moved, first_only)
    yield [first_only[0], *_moved(lines[1:], "", indent)]


def retab(lines: list[str], tab: str) -> list[str]:
    """The lines indented as the file is: `tab` is a tab or so many spaces."""
    steps = [len(indent) for line in lines if (indent := indent_of(line)) and "\t" not in indent]
    if tab != "\t":
        return [indent_of(line).replace("\t", tab) + line.lstrip(" \t") for line in lines]
    unit = 4 if all(step % 4 == 0 for step in steps) else 2
    return [indent_of(line).replace(" " * unit, "\t") + line.lstrip(" \t") for line in lines]


def indent_of(text: str) -> str:
    return text[: len(text) - len(text.lstrip(" \t"))]


def _moved(lines: Sequence[str], old: str, new: str) -> list[str]:
    return [new + line.removeprefix(old) if line.strip() else "" for line in lines]


def _least_indent(lines: Sequence[str]) -> str:
    return min((indent_of(line) for line in lines if line.strip()), key=len, default="")


def _is_first_bare(lines: list[str], cleaned: str, here: Sequence[str]) -> bool:
    """Whether the model copied from the first word on, so that only the first line lacks its indentation."""
    indent, rest = indent_of(here[0]), [line for line in lines[1:] if line.strip()]
    if indent_of(lines[0]) or not rest:
        return False
    places = {line.strip(): indent_of(line) for line in here[1:]}
    for line in rest:
        if line.strip() in places:
            return places[line.strip()] == indent_of(line)
    first, *others = cleaned.split("\n")
    if not indent_of(first) and any(map(indent_of, others)):
        return all(indent_of(line).startswith(_least_indent(here)) for line in rest)
    return not lines[0].rstrip().endswith(_OPENERS) and indent_of(rest[0]).startswith(indent)


def _trimmed(lines: list[str]) -> list[str]:
    """Without blank lines around, and without blanks at the end."""
    while lines and not lines[0].strip():
        lines = lines[1:]
    while lines and not lines[-1].strip():
        lines = lines[:-1]
    return [*lines[:-1], lines[-1].rstrip()] if lines else []


def _without_gutter(lines: list[str], quoted: list[str], first_line: int) -> list[str]:
    """A bar says it is a gutter; a colon or a tab does only with the very numbers of the lines."""
    found = [_GUTTER.match(line) for line in lines]
    gutters = [match for match in found if match is not None]
    if not gutters or len(gutters) < len(lines) or any(_GUTTER.match(line) for line in quoted):
        return lines
    numbers = [int(match[1]) for match in gutters]
    counts = numbers == list(range(first_line + 1, first_line + 1 + len(numbers)))
    if not counts and not all(match[2] for match in gutters):
        return lines
    return [line[match.end() :] for line, match in zip(lines, gutters, strict=True)]


def _without_signs(lines: list[str], quoted: list[str]) -> list[str]:
    """Of a diff, what is there after it. Lines may begin with signs of their own, so all must fit."""
    diff = [line for line in lines if not _HUNK.fullmatch(line)]
    added = [line for line in diff if line.startswith("+")]
    if not added or any(line[:1] not in ("+", "-", " ", "") for line in diff):
        return lines
    if any(line.startswith("++") for line in added) or any(line.startswith("+") for line in quoted):
        return lines
    removed = {line[1:].strip() for line in diff if line.startswith("-")}
    if not removed <= {line.strip() for line in quoted}:
        return lines
    return [line[1:] for line in diff if not line.startswith("-")]


def _count_left_out(lines: Sequence[str]) -> int:
    return sum(_ELLIPSIS.fullmatch(line) is not None for line in lines)


def _without_edges(lines: list[str], pattern: re.Pattern[str], at_most: int) -> list[str]:
    """Without so many lines of a kind before and behind the code, of which something is left."""
    while at_most > 0 and len(lines) > 1 and pattern.fullmatch(lines[0]):
        lines, at_most = _trimmed(lines[1:]), at_most - 1
    while at_most > 0 and len(lines) > 1 and pattern.fullmatch(lines[-1].rstrip()):
        lines, at_most = _trimmed(lines[:-1]), at_most - 1
    return lines
