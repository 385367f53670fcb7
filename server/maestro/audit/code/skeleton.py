"""The outline beside a part of a file: what it imports and what is defined in it."""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache

from maestro.audit.code.definitions import Symbol
from maestro.audit.code.lexer import blank_pieces
from maestro.audit.code.symbols import find_definitions
from maestro.audit.code.units import Unit
from maestro.audit.source import AuditSource

_MAX_CHARS = 4_000
_MAX_LINES = 20
"""A statement longer than that is not followed to its end."""
_MAX_LINE_CHARS = 300
_IMPORT = re.compile(
    r"[ \t]*(?:(?:pub )?(?:import|from|use|using|package|require|require_relative|include|mod|#[ \t]*include)\b"
    r"|(?:const|let|var)\b.*=[ \t]*require[ \t]*\(|export\b.*[ \t]from\b)"
)
_CONSTANT = re.compile(
    r"(?:export[ \t]+)?(?:pub[ \t]+)?(?:(?:const|static|final|let|var|val|#[ \t]*define)[ \t]+)*"
    r"(?P<name>[A-Z][A-Z0-9_]+)\b(?![ \t]*[.(\[])"
)
_BRACKET = re.compile(r"[()\[\]{}]")
_BODY = {"python": re.compile(r"[()\[\]{}:]"), "": re.compile(r"[()\[\]{}]|=>|=(?![=>])")}
_ARROWS = re.compile(r"[()\[\]{}]|=>")
"""What a signature ends with, and brackets around what it does not end with."""
_ARROW_LANGUAGES = frozenset({"javascript", "javascriptreact", "typescript", "typescriptreact"})
_WORD = re.compile(r"[^\W\d]\w*")
_NO_NAMES = frozenset(
    "import from as use using package require include const let var export default class def async function func fn"
    " struct enum interface trait impl type public private protected static final abstract pub mod self this"
    " void int str string bool return".split()
)


def skeleton(source: AuditSource, units: Sequence[Unit]) -> tuple[str, ...]:
    """A line for each import, signature and constant at the top level, in order; about 4,000 characters at most."""
    outline = _Outline(source)
    lines = dict.fromkeys(line for _, line in sorted([*outline.imports(units), *outline.signatures()]) if line)
    kept, size = [], 0
    for line in lines:
        size += len(line) + 1
        if size > _MAX_CHARS:
            break
        kept.append(line)
    return tuple(kept)


def relevant(outline: Sequence[str], code: str) -> tuple[str, ...]:
    """The lines that name something the code mentions, sorted: moved code changes nothing."""
    naming = _naming(tuple(outline))
    return tuple(sorted({line for word in naming.keys() & set(_WORD.findall(code)) for line in naming[word]}))


@lru_cache(maxsize=8)
def _naming(outline: tuple[str, ...]) -> Mapping[str, Sequence[str]]:
    """The lines by what they name: everything imported, but of a signature no parameters."""
    naming: defaultdict[str, list[str]] = defaultdict(list)
    for line in outline:
        for word in set(_WORD.findall(line if _IMPORT.match(line) else line.partition("(")[0])) - _NO_NAMES:
            naming[word].append(line)
    return naming


class _Outline:
    def __init__(self, source: AuditSource) -> None:
        self._code = blank_pieces(source, strings=False).split("\n")
        self._bare = blank_pieces(source).split("\n")
        self._symbols = find_definitions(source).symbols
        self._language = source.language
        arrows = source.language in _ARROW_LANGUAGES
        self._body = _ARROWS if arrows else _BODY.get(source.language, _BODY[""])

    def imports(self, units: Sequence[Unit]) -> Iterator[tuple[int, str]]:
        """With the lines they stand on; names of constants too."""
        end = 0
        for unit in units:
            if unit.symbol:
                continue
            for line in range(max(end, unit.first_line), unit.last_line + 1):
                if line < end or not self._bare[line].strip():
                    continue
                if _IMPORT.match(self._bare[line]):
                    end = self._end(line)
                    yield line, _join(self._code[line:end])
                elif (constant := _CONSTANT.match(self._bare[line])) is not None:
                    yield line, constant[0]

    def signatures(self) -> Iterator[tuple[int, str]]:
        """Of all definitions but those in functions, with qualified names."""
        function_end = -1
        for symbol in self._symbols:
            if symbol.first_line <= function_end or symbol.named_line < 0:
                continue
            if symbol.kind == "function":
                function_end = symbol.last_line
            yield symbol.named_line, self._signature(symbol)

    def _signature(self, symbol: Symbol) -> str:
        text = self._head(symbol.named_line)
        outer, _, name = symbol.name.rpartition(".")
        if not outer or self._language == "go" or f"::{name}" in text:
            return text
        return re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", lambda _: symbol.name, text, count=1)

    def _head(self, line: int) -> str:
        """A definition up to its body."""
        depth = 0
        for number in range(line, min(line + _MAX_LINES, len(self._bare))):
            for mark in self._body.finditer(self._bare[number]):
                if depth <= 0 and mark[0] not in "()[]}":
                    return _join([*self._code[line:number], self._code[number][: mark.start()]])
                depth += (mark[0] in "([{") - (mark[0] in ")]}")
            if depth <= 0 and not self._bare[number].rstrip().endswith("\\"):
                return _join(self._code[line : number + 1])
        return _join(self._code[line : line + 1])

    def _end(self, line: int) -> int:
        """The line after a statement's last one."""
        depth = 0
        for number in range(line, min(line + _MAX_LINES, len(self._bare))):
            brackets = _BRACKET.findall(self._bare[number])
            depth += sum(1 if bracket in "([{" else -1 for bracket in brackets)
            if depth <= 0 and not self._bare[number].rstrip().endswith("\\"):
                return number + 1
        return line + 1


def _join(lines: Sequence[str]) -> str:
    text = " ".join(" ".join(line.rstrip().removesuffix("\\") for line in lines).split())
    return re.sub(r"(?<=[(\[]) |,? (?=[)\]])", "", text)[:_MAX_LINE_CHARS]
