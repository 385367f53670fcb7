"""What a model may have meant to quote: its words without what models wrap around quotes."""

import html
import re
from collections.abc import Iterator
from typing import NamedTuple

MAX_QUOTE = 4_000

_FENCE = re.compile(
    r"(?:\A|\n)[ \t]*(?:```|~~~|<pre>|<code>)[\w+-]*[ \t]*\n?(.*?)\n?[ \t]*(?:```|~~~|</code>|</pre>)", re.S
)
_FILE = r"[\w./\\@-]{0,200}\.\w{1,9}"
_NUMBER = r"(?:[Ll](?:ines?)?[ \t]*)?\d+(?:[:,-]\d+)?"
_GUTTER = re.compile(rf"[ \t]*[\[(]?{_NUMBER}(?:[)\]]?[ ]?[|:│→]|[)\].]|[ ][-–](?=[ ])|(?=[ \t]))[ \t]?")  # noqa: RUF001
_PLACE = re.compile(rf"[ \t]*(?:at[ \t]+)?{_FILE}(?::[ \t]*{_NUMBER}:?|\({_NUMBER}\):?|#L\d+:?)(?:[ \t]|$)", re.M)
_DIFF_SIGN = re.compile(r"[ +-]")
_BULLET = re.compile(r"[ \t]*[>*•][ ]")
_ESCAPE = re.compile(r"\\u([0-9a-fA-F]{4})|\\(.)")
_ESCAPES = {"n": "\n", "t": "\t", "r": "", '"': '"', "\\": "\\", "/": "/", "'": "'"}
_ENTITY = re.compile(r"&#?\w{2,8};")
_LINE_NUMBER = re.compile(r"(?:^|[:(\[])\s*(?:L|[Ll]ines? ?)?(\d{1,8})\b")
# A comment in the style of any language, behind code or alone.
_COMMENT = re.compile(r"""("(?:\\.|[^"\\])*"?|'(?:\\.|[^'\\])*'?)|(?:^|(?<=\s))(?://|\#|--|<!--|/\*)(?:\s.*|$)""")
_PROSE = re.compile(r"\s*[A-Z][\w'’-]*(?:,? [\w'’-]+){2,}\s*[.:!]\s*")  # noqa: RUF001
_BRACKETS = re.compile(r"[\s{}()\[\];,.…]*")
_DOCSTRING = re.compile(r"\s*[rR]?(?:\"{3}|'{3}).*")
_MARKED = re.compile(r"\A\s*(\*\*|`{1,2})(.+?)\1\s*\Z", re.S)
_QUOTED = re.compile(r"\A\s*[\"'“‘«](.+?)[\"'”’»]\s*\Z", re.S)  # noqa: RUF001


class Reading(NamedTuple):
    """`line` is the zero-based number the first line was quoted with. `bare`: what stood around the code is gone."""

    text: str
    line: int | None = None
    bare: bool = False


def readings(quote: str) -> Iterator[Reading]:
    """The quote as it is, then with less and less around it; what every line must have to lose it, every line has."""
    if len(quote) > MAX_QUOTE:
        return
    text = quote.replace("\r\n", "\n").replace("\r", "\n")
    seen = {""}
    for decoded in (text, _unescape(text), _unescape_html(text), _unescape_html(_unescape(text))):
        for reading in _unwrapped(decoded):
            if reading.text not in seen:
                seen.add(reading.text)
                yield reading


def _unwrapped(text: str) -> Iterator[Reading]:
    line = None
    for clean in (_trim, _unfence, _unprose, _unmark, _unplace, _ungutter, _undiff, _uncomment, _unquote):
        cleaned = _trim(clean(text))
        if clean in (_unplace, _ungutter) and cleaned != text:
            line = _number(text, cleaned)
        text = cleaned
        yield Reading(text, line, clean in (_uncomment, _unquote))


def _number(before: str, after: str) -> int | None:
    """The line number in what was taken away in front, zero-based."""
    taken = before.partition("\n")[0].removesuffix(after.partition("\n")[0])
    found = _LINE_NUMBER.search(taken)
    return int(found[1]) - 1 if found else None


def _trim(text: str) -> str:
    """Without blank lines around it; the first line keeps its indentation."""
    return re.sub(r"\A(?:[ \t]*\n)+", "", text).rstrip()


def _unescape(text: str) -> str:
    """Undo JSON escapes that were escaped once more."""
    return text if "\n" in text else _ESCAPE.sub(_unescaped, text)


def _unescape_html(text: str) -> str:
    return _ENTITY.sub(lambda match: html.unescape(match[0]), text)


def _unescaped(match: re.Match[str]) -> str:
    return chr(int(match[1], 16)) if match[1] else _ESCAPES.get(match[2], match[0])


def _unfence(text: str) -> str:
    found = _FENCE.search(text)
    return found[1] if found else text


def _unplace(text: str) -> str:
    """Without the `file.py:12:` that the first line or every line begins with."""
    everywhere = _strip_all(text, _PLACE)
    first = _PLACE.match(text)
    return text[first.end() :] if first and everywhere == text else everywhere


def _ungutter(text: str) -> str:
    return _strip_all(text, _GUTTER)


def _undiff(text: str) -> str:
    if any(line[:1] in ("+", "-") for line in text.split("\n")):
        return _strip_all(text, _DIFF_SIGN)
    return _strip_all(text, _BULLET)


def _strip_all(text: str, prefix: re.Pattern[str]) -> str:
    lines = text.split("\n")
    if not all(prefix.match(line) for line in lines if line.strip()):
        return text
    return "\n".join(prefix.sub("", line, count=1) for line in lines)


def _uncomment(text: str) -> str:
    """Without comments in the style of another language, and without prose and lone brackets around the code."""
    lines = [_COMMENT.sub(r"\1", line).rstrip() for line in text.split("\n")]
    code = [number for number, line in enumerate(lines) if not _is_aside(line)]
    return "\n".join(lines[code[0] : code[-1] + 1]) if code else text


def _unprose(text: str) -> str:
    """Without a sentence in front."""
    first, _, rest = text.partition("\n")
    return rest if rest and _PROSE.fullmatch(first) else text


def _is_aside(line: str) -> bool:
    return any(kind.fullmatch(line) for kind in (_BRACKETS, _PROSE, _DOCSTRING))


def _unmark(text: str) -> str:
    found = _MARKED.match(text)
    return found[2] if found else text


def _unquote(text: str) -> str:
    found = _QUOTED.match(text)
    return found[1] if found else text
