"""Syntax trees of languages other than Python, and how they are walked."""

from collections.abc import Iterator, Mapping
from functools import cache
from importlib import import_module
from time import monotonic
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tree_sitter import Language, Node

_PATIENCE = 1.0
"""Seconds; some texts without sense take a time that grows with the square of their length."""
_PIECE = 65_536

_GRAMMARS: Mapping[str, tuple[str, str]] = {
    "c": ("tree_sitter_c", "language"),
    "go": ("tree_sitter_go", "language"),
    "java": ("tree_sitter_java", "language"),
    "javascript": ("tree_sitter_javascript", "language"),
    "javascriptreact": ("tree_sitter_javascript", "language"),
    "rust": ("tree_sitter_rust", "language"),
    "typescript": ("tree_sitter_typescript", "language_typescript"),
    "typescriptreact": ("tree_sitter_typescript", "language_tsx"),
}


@cache
def grammar_for(language: str) -> "Language | None":
    """The grammar of a language, where one is installed that fits."""
    module, function = _GRAMMARS.get(language, ("", ""))
    if not module:
        return None
    try:
        from tree_sitter import Language

        return Language(getattr(import_module(module), function)())
    except (ImportError, ValueError):
        return None


def tree(text: str, language: str) -> "Node | None":
    """The root, errors and all; None where there is no grammar, or where to make sense of the text takes too long."""
    grammar = grammar_for(language)
    if grammar is None:
        return None
    from tree_sitter import Parser

    # A parser is one thread's at a time.
    parser, data = Parser(grammar), text.encode("utf-8", "surrogatepass")
    until = monotonic() + _PATIENCE
    try:
        within = parser.parse(lambda at, _: data[at : at + _PIECE], progress_callback=lambda *_: monotonic() > until)
    except ValueError:
        return None
    # What was read in pieces knows no text of its nodes; to read it again as a whole costs next to nothing.
    return parser.parse(data, within).root_node


def parsed(text: str, language: str) -> "Node | None":
    """The root; None for what does not parse, or where there is no grammar."""
    root = tree(text, language)
    return None if root is None or root.has_error else root


def words(node: "Node | None") -> str:
    """The text of a node on one line."""
    found = node.text if node is not None else None
    return " ".join(found.decode("utf-8", "replace").split()) if found else ""


def field(node: "Node | None", name: str) -> "Node | None":
    return node.child_by_field_name(name) if node is not None else None


def below(node: "Node", *kinds: str) -> "Iterator[Node]":
    """Every node of these kinds inside, from the top down, but nothing inside of one that was found."""
    for child in node.named_children:
        if child.type in kinds:
            yield child
        else:
            yield from below(child, *kinds)


def lines(node: "Node") -> tuple[int, int]:
    """Zero-based; the last one belongs to it."""
    return node.start_point[0], node.end_point[0]
