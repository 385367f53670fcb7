"""Which function or class a line belongs to."""

import ast
import re
import warnings
from collections.abc import Sequence
from functools import lru_cache
from threading import Lock

from maestro.audit.code.definitions import Definitions
from maestro.audit.code.definitions import Symbol as Symbol
from maestro.audit.code.grammars import find_by_grammar
from maestro.audit.code.indentation import find_by_indentation
from maestro.audit.code.layout import find_by_layout
from maestro.audit.source import AuditSource

_KEYWORDS = re.compile(
    r"^(?:(?:export|default|public|private|protected|internal|static|async|pub|final|abstract|override|virtual)\s+)*"
    r"(?:(?:def|class|function\*?|func|fn|fun|method|constructor|struct|interface|trait|impl|enum|module)\s+)?"
)
_RECEIVER = re.compile(r"^\(\s*(?:\w+\s+)?[*&]?\s*(\w+)\s*\)\s*\.?\s*")
_GENERICS = re.compile(r"<[^<>]*>|\[[^\[\]]*\]")
_SEPARATORS = re.compile(r"::|->|[#/\\]|\.prototype\.|\.+")
_DEEPEST_GENERICS = 4
# How deep the parser is (https://github.com/python/cpython/issues/106905) and what is warned of are not a thread's own.
_PARSING = Lock()


@lru_cache(maxsize=2)
def parse_python(text: str) -> ast.Module | None:
    """The syntax tree; None for what does not parse. Warnings about the code are its author's, not ours."""
    try:
        with _PARSING, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


@lru_cache(maxsize=8)
def find_definitions(source: AuditSource) -> Definitions:
    """All definitions in order, inner ones after the ones around them."""
    found = find_by_layout(source) if source.language == "python" else find_by_grammar(source)
    if found is not None:
        return found
    return Definitions(tuple(find_by_indentation(source)), source.language != "python")


def find_symbols(source: AuditSource) -> list[Symbol]:
    """All definitions in order, inner ones after the ones around them."""
    return list(find_definitions(source).symbols)


def enclosing(symbols: Sequence[Symbol], line: int) -> str | None:
    """The innermost definition around a zero-based line."""
    around = [symbol for symbol in symbols if symbol.first_line <= line <= symbol.last_line]
    return min(around, key=lambda s: s.last_line - s.first_line).name if around else None


def same_symbol(claimed: str, actual: str | None) -> bool:
    """Whether a model's name for a symbol means this one.

    It may leave out the outer part, add `()`, a keyword or type parameters, and separate parts as any language does.
    """
    claimed, actual = _bare(claimed), _bare(actual or "")
    return bool(claimed) and (actual == claimed or actual.endswith(f".{claimed}"))


def _bare(name: str) -> str:
    name = _KEYWORDS.sub("", name.strip().strip("`'\" "))
    for _ in range(_DEEPEST_GENERICS):
        name = _GENERICS.sub("", name)
    name = _RECEIVER.sub(r"\1.", name)
    return _SEPARATORS.sub(".", re.split(r"[({:;=\s](?!:)(?<!::)", name, maxsplit=1)[0]).strip(".")
