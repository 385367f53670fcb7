"""Code without what reformatting and renaming change: the words that tell one defect from another."""

import builtins
import keyword
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, TypeAlias

from maestro.audit.code.tokens import Token, tokenise
from maestro.audit.secrets import PLACEHOLDER

Kind: TypeAlias = Literal["text", "number", "name", "option", "word"]

_SCRIPT = frozenset(
    "as async await break case catch class const continue debugger default delete do else enum export extends false"
    " finally for function if implements import in instanceof interface let new null of private protected public return"
    " static super switch this throw true try typeof undefined var void while with yield".split()
)
# What is reserved in one of the other languages, and their types.
_RESERVED = _SCRIPT | frozenset(
    "abstract and bool boolean byte char constructor def defer del double elif except extern final float fn foreach"
    " from func go goto impl int is lambda long loop match mod module move mut namespace nil none not number or"
    " override package pass pub raise range readonly ref require select self Self short signed sizeof str string struct"
    " template throws trait type typedef union unsafe unsigned use using virtual volatile when where".split()
)
# Builtins that are as often the names of variables are none.
_VARIABLES = frozenset({"id", "input", "type", "copyright", "license", "_"})
_PYTHON_KEYWORDS = frozenset(keyword.kwlist)
_PYTHON = frozenset([*keyword.kwlist, *dir(builtins), "self", "cls"]) - _VARIABLES
_IMPORTING = frozenset({"import", "from", "use", "using", "package", "include"})
_CONSTANTS = frozenset({"True", "False", "None", "true", "false", "null", "undefined"})
_DEFINING = frozenset({"def", "lambda", "class"})
_SCRIPTS = frozenset({"javascript", "typescript", "javascriptreact", "typescriptreact"})
_MEMBER = frozenset({".", "->", "::", "?."})
_EDGES = frozenset("{}:;")
_UNSAID = frozenset(",;")
_LITERAL = re.compile(r"([A-Za-z]*)('''|\"\"\"|['\"`])(.*)\2\Z", re.S)
_ESCAPED = re.compile(r"\\(?:(['\"`])|.)", re.S)
_HOLE = re.compile(r"\{\{|\}\}|\{([^{}]*)\}")
_NOTHING = Token("operator", "", 0, 0)


class Word(NamedTuple):
    """A `name` is numbered, so that another name changes nothing; an `option` is a named argument with a constant."""

    kind: Kind
    text: str


def canonical(code: str, language: str) -> list[Word]:
    """The words of the code without comments, layout, kinds of quotes, grouping parentheses and what things are called.

    Without a language the names stay.
    """
    words = _joined(_Reader(language).read(code))
    while words and words[-1].text in _EDGES:
        words.pop()
    while words and words[0].text in _EDGES:
        words.pop(0)
    return words


def _joined(words: Iterable[Word]) -> list[Word]:
    """Texts side by side, without even a comma between them, are one text: some formatters join them."""
    joined: list[Word] = []
    for word in words:
        if joined and word.kind == joined[-1].kind == "text":
            joined[-1] = Word("text", joined[-1].text + word.text)
        else:
            joined.append(word)
    spoken = [word for word in joined if word.kind != "word" or word.text not in _UNSAID]
    return [Word("text", f'"{word.text.strip()}"') if word.kind == "text" else word for word in spoken]


class _Place(NamedTuple):
    """A token among its neighbours."""

    earlier: Token
    before: Token
    token: Token
    after: Token
    later: Token


@dataclass(slots=True)
class _Reader:
    """Numbers names in the order of their first use, over the code and the holes in its texts."""

    language: str
    numbers: dict[str, str] = field(default_factory=dict)
    open_: list[str] = field(default_factory=list)

    def read(self, code: str) -> Iterator[Word]:
        tokens = [token for token in tokenise(code, self.language) if token.is_code]
        first = {token.text for token in tokens[:2]}
        padded = [_NOTHING, _NOTHING, *tokens, _NOTHING, _NOTHING]
        for place in map(_Place, padded, padded[1:], tokens, padded[3:], padded[4:]):
            if self._is_key(place):
                yield self._key(place.token.text.strip("'\""), place)
            elif place.token.kind == "string":
                yield Word("text", self._text(place.token.text))
            elif place.token.kind == "number":
                yield Word("number", place.token.text.lower().replace("_", ""))
            elif place.token.kind == "name" and not _is_prefix(place):
                yield self._name(place, first)
            elif place.token.kind == "operator" and self._counts(place):
                yield Word("word", place.token.text)

    def _text(self, literal: str) -> str:
        found = _LITERAL.match(literal)
        prefix, quote, body = found.groups() if found else ("", "", literal.strip("`"))
        body = _ESCAPED.sub(lambda found: found[1] or found[0], PLACEHOLDER.sub("secret", body))
        if quote and "f" in prefix.lower():
            body = _HOLE.sub(self._hole, body)
        return re.sub(r"\s+", " ", body)

    def _hole(self, found: re.Match[str]) -> str:
        return found[0] if found[1] is None else f"{{{' '.join(word.text for word in self.read(found[1]))}}}"

    def _counts(self, place: _Place) -> bool:
        """Keeps the brackets that are open; of the opening parentheses only those of calls count."""
        text = place.token.text
        if text == "(":
            called = self._is_called(place)
            self.open_.append("call" if called else text)
            return called
        if text in ("[", "{"):
            self.open_.append(text)
        elif text in (")", "]", "}") and self.open_:
            self.open_.pop()
        return text != ")"

    def _is_called(self, place: _Place) -> bool:
        if place.before.kind != "name":
            return place.before.text in ("]", ")")
        keywords = _PYTHON_KEYWORDS if self.language == "python" else self._fixed()
        return place.before.text not in keywords and place.earlier.text != "class"

    def _name(self, place: _Place, first: set[str]) -> Word:
        name, before, after = place.token.text, place.before.text, place.after.text
        inner = self.open_[-1] if self.open_ else ""
        if PLACEHOLDER.fullmatch(name):
            return Word("text", "secret")
        if not self.language or (first & _IMPORTING and before != "as"):
            return Word("word", name)
        if before in _MEMBER:
            return self._numbered("@", name)
        if self.language == "python" and inner == "call" and after == "=" and not first & _DEFINING:
            return Word("option", name if _is_constant(place.later) else "")
        return Word("word", name) if name in self._fixed() else self._numbered("$", name)

    def _is_key(self, place: _Place) -> bool:
        """Whether it names a member of an object that is written down, where quotes come and go."""
        inside = self.language in _SCRIPTS and self.open_[-1:] == ["{"]
        return inside and place.after.text == ":" and place.before.text in ("{", ",")

    def _key(self, name: str, place: _Place) -> Word:
        return Word("option", name) if _is_constant(place.later) else self._numbered("@", name)

    def _fixed(self) -> frozenset[str]:
        """The names that nobody renames."""
        if self.language == "python":
            return _PYTHON
        return _SCRIPT if self.language in _SCRIPTS else _RESERVED

    def _numbered(self, sign: str, name: str) -> Word:
        return Word("name", self.numbers.setdefault(sign + name, f"{sign}{len(self.numbers)}"))


def _is_prefix(place: _Place) -> bool:
    """Whether it is the `b` of a `b""`."""
    joined = place.after.kind == "string" and place.token.end == place.after.start
    return joined and place.after.text[0] in "'\"" and len(place.token.text) < 3


def _is_constant(token: Token) -> bool:
    return token.kind in ("string", "number") or token.text in _CONSTANTS
