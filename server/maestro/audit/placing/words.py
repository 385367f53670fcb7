"""A text as the words that count when a quote is looked for: no spaces, no comments, one kind of quotation mark."""

import re
import unicodedata
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import accumulate

from maestro.audit.code.lexer import blank, scan
from maestro.audit.source import AuditSource

_ESCAPED_SPACE = re.compile(r"\\[nrt]")
# Commas, semicolons and backslashes come and go when lines are wrapped and strings are escaped.
_WORD = re.compile(r"(\w+|[^\w\s;,\\\u200b-\u200f\u2060\ufeff])")
_ALIKE = str.maketrans(dict.fromkeys("'`´‘’‚“”„«»", '"') | dict.fromkeys("‐‑‒–—−", "-"))  # noqa: RUF001


@dataclass(frozen=True, slots=True)
class Words:
    """`keys` are compared; `starts` and `ends` are their offsets in the text, `code` is the text without comments."""

    keys: list[str]
    starts: list[int]
    ends: list[int]
    code: str = field(repr=False)

    @property
    def letters(self) -> str:
        return "".join(self.keys)


@dataclass(frozen=True, slots=True)
class Index:
    """The words of a file. `offsets` are those of each word in `letters`, and of the end."""

    words: Words
    letters: str = field(repr=False)
    offsets: list[int]
    vocabulary: dict[str, None]


def read_words(text: str, language: str) -> Words:
    """Cut a text with LF line ends into words. `language` is the editor's id; of one not known comments are words."""
    code = _without_comments(text, language)
    plain = _ESCAPED_SPACE.sub("  ", code) if "\\" in code else code
    pieces = _WORD.split(plain.translate(_ALIKE))
    ends = list(accumulate(map(len, pieces)))
    return Words([_key(word) for word in pieces[1::2]], ends[0:-1:2], ends[1::2], code)


@lru_cache(maxsize=4)
def index_words(source: AuditSource) -> Index:
    """All claims of an audit are about one text: it is cut once."""
    words = read_words(source.plain, source.language)
    offsets = list(accumulate(map(len, words.keys), initial=0))
    return Index(words, words.letters, offsets, dict.fromkeys(words.keys))


def _key(word: str) -> str:
    return word.lower() if word.isascii() else unicodedata.normalize("NFKC", word).casefold()


def _without_comments(text: str, language: str) -> str:
    """The text with blanks where comments were, so that offsets stay."""
    parts, at = [], 0
    for piece in scan(text, language):
        if piece.kind != "string":
            parts += [text[at : piece.start], blank(text[piece.start : piece.end])]
            at = piece.end
    return "".join([*parts, text[at:]])
