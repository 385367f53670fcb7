"""Definitions as a grammar of the language finds them, where one is installed."""

import re
from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING, Literal

from maestro.audit.code.definitions import Definitions, Symbol
from maestro.audit.code.syntax import grammar_for, tree
from maestro.audit.source import AuditSource

if TYPE_CHECKING:
    from tree_sitter import Node, Query

_JAVASCRIPT = """
(function_declaration name: (_) @name) @function
(generator_function_declaration name: (_) @name) @function
(class_declaration name: (_) @name) @class
(method_definition name: (_) @name) @function
(variable_declarator name: (identifier) @name value: [
  (arrow_function) (function_expression) (generator_function)]) @function
(variable_declarator name: (identifier) @name value: (class)) @class
(assignment_expression left: (_) @name right: [(arrow_function) (function_expression)]) @function
"""
_FIELD = "({} {}: (_) @name value: [(arrow_function) (function_expression)]) @function\n"
_TYPESCRIPT = (
    _JAVASCRIPT
    + _FIELD.format("public_field_definition", "name")
    + """
(abstract_class_declaration name: (_) @name) @class
(interface_declaration name: (_) @name) @class
(enum_declaration name: (_) @name) @class
(internal_module name: (_) @name) @class
"""
)
_C_FUNCTION = "(function_declarator declarator: (identifier) @name)"
_C_POINTER = "(pointer_declarator declarator: {})"


# They capture a definition as what it is, its name, and the type around it if that stands elsewhere.
_JAVASCRIPT_X = _JAVASCRIPT + _FIELD.format("field_definition", "property")
_QUERIES = {
    "javascript": _JAVASCRIPT_X,
    "javascriptreact": _JAVASCRIPT_X,
    "typescript": _TYPESCRIPT,
    "typescriptreact": _TYPESCRIPT,
    "go": """
(function_declaration name: (_) @name) @function
(method_declaration receiver: (_) @receiver name: (_) @name) @function
(type_spec name: (_) @name) @class
""",
    "java": """
(class_declaration name: (_) @name) @class
(interface_declaration name: (_) @name) @class
(enum_declaration name: (_) @name) @class
(record_declaration name: (_) @name) @class
(method_declaration name: (_) @name) @function
(constructor_declaration name: (_) @name) @function
(compact_constructor_declaration name: (_) @name) @function
""",
    "rust": """
(function_item name: (_) @name) @function
(macro_definition name: (_) @name) @function
(impl_item type: (_) @name) @class
(trait_item name: (_) @name) @class
(struct_item name: (_) @name) @class
(enum_item name: (_) @name) @class
(union_item name: (_) @name) @class
(mod_item name: (_) @name body: (_)) @class
""",
    "c": (
        "".join(
            f"(function_definition declarator: {declarator}) @function\n"
            for declarator in (
                _C_FUNCTION,
                _C_POINTER.format(_C_FUNCTION),
                _C_POINTER.format(_C_POINTER.format(_C_FUNCTION)),
            )
        )
        + """
(struct_specifier name: (_) @name body: (_)) @class
(union_specifier name: (_) @name body: (_)) @class
(enum_specifier name: (_) @name body: (_)) @class
"""
    ),
}
# What a definition is only a part of, and what belongs to it though it stands before it.
_WRAPPERS = frozenset(
    {"export_statement", "lexical_declaration", "variable_declaration", "expression_statement", "type_declaration"}
)
_DECORATORS = frozenset({"decorator", "attribute_item"})
_COMMENTS = frozenset({"comment", "line_comment", "block_comment"})
_ARGUMENTS = re.compile(r"<.*>|\[.*\]|^.*::", re.S)
_LAST_WORD = re.compile(r"(\w+)\W*\Z")


def find_by_grammar(source: AuditSource) -> Definitions | None:
    """The definitions; None without a grammar for the language."""
    query, root = _query(source.language), tree(source.plain, source.language)
    if query is None or root is None:
        return None
    from tree_sitter import QueryCursor

    cursor = QueryCursor(query)
    found = [definition for part in _parts(root) for definition in _definitions(cursor.matches(part))]
    found.sort(key=lambda d: (d[1].first_line, -d[1].last_line, d[0]))
    return Definitions(tuple(_qualified([symbol for _, symbol in found])), not root.has_error)


def _parts(root: "Node") -> "Iterator[Node]":
    """What stands at the top. A query takes quadratic time on the children of an error, so each is asked for itself."""
    pending = [root]
    while pending:
        for child in pending.pop().children:
            if child.type == "ERROR":
                pending.append(child)
            elif child.child_count:
                yield child


@cache
def _query(language: str) -> "Query | None":
    grammar, text = grammar_for(language), _QUERIES.get(language)
    if grammar is None or text is None:
        return None
    from tree_sitter import Query, QueryError

    try:
        return Query(grammar, text)
    except QueryError:  # a release that knows other nodes: indentation does
        return None


def _definitions(matches: "list[tuple[int, dict[str, list[Node]]]]") -> Iterator[tuple[int, Symbol]]:
    """With where each begins, in bytes."""
    for _, captures in matches:
        kind: Literal["class", "function"] = "class" if "class" in captures else "function"
        [node], [name] = captures[kind], captures["name"]
        first, last = _extent(node)
        full = _ARGUMENTS.sub("", _text(name)) if node.type == "impl_item" else _text(name)
        if receiver := captures.get("receiver"):
            full = f"{_receiver(_text(receiver[0]))}.{full}"
        yield node.start_byte, Symbol(full, first, last, kind, name.start_point.row)


def _extent(node: "Node") -> tuple[int, int]:
    """The first and the last line, with what exports, declares or decorates it."""
    while (outer := node.parent) is not None and outer.type in _WRAPPERS and outer.named_child_count == 1:
        node = outer
    first, before = node.start_point.row, node.prev_named_sibling
    while before is not None and before.type in _DECORATORS | _COMMENTS:
        if before.type in _DECORATORS:
            first = before.start_point.row
        before = before.prev_named_sibling
    end = node.end_point
    return first, max(first, end.row if end.column else end.row - 1)


def _text(node: "Node") -> str:
    return (node.text or b"").decode("utf-8", "replace")


def _receiver(text: str) -> str:
    found = _LAST_WORD.search(_ARGUMENTS.sub("", text))
    return found[1] if found else text


def _qualified(symbols: list[Symbol]) -> Iterator[Symbol]:
    around: list[Symbol] = []
    for symbol in symbols:
        while around and around[-1].last_line < symbol.last_line:
            around.pop()
        if around and around[-1].last_line >= symbol.last_line and around[-1].first_line <= symbol.first_line:
            symbol = symbol._replace(name=f"{around[-1].name}.{symbol.name}")
        around.append(symbol)
        yield symbol
