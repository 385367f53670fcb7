"""Which function or class a line belongs to."""

import ast
import re
import warnings
from collections.abc import Iterator
from typing import NamedTuple

from maestro.audit.source import AuditSource

_DEFINITION = re.compile(
    r"^(?P<indent>[ \t]*)(?:(?:export|default|public|private|protected|static|async|pub|final|abstract)\s+)*"
    r"(?:function\*?|func|fn|def|class|struct|interface|impl|trait|enum|module)\s+(?:\([^)]*\)\s*)?(?P<name>[A-Za-z_$][\w$]*)"
)


class Symbol(NamedTuple):
    """A definition; lines are zero-based and the last one belongs to it."""

    name: str
    first_line: int
    last_line: int


def parse_python(text: str) -> ast.Module | None:
    """The syntax tree; None for what does not parse. Warnings about the code are its author's, not ours."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def find_symbols(source: AuditSource) -> list[Symbol]:
    """All definitions in order, inner ones after the ones around them."""
    if source.language == "python" and (tree := parse_python(source.plain)) is not None:
        return list(_python(tree, ""))
    return list(_by_indentation(source.lines))


def enclosing(symbols: list[Symbol], line: int) -> str | None:
    """The innermost definition around a zero-based line."""
    around = [symbol for symbol in symbols if symbol.first_line <= line <= symbol.last_line]
    return min(around, key=lambda s: s.last_line - s.first_line).name if around else None


def same_symbol(claimed: str, actual: str | None) -> bool:
    """Whether a model's name for a symbol means this one; it may leave out the outer part or add `()`."""
    claimed = re.sub(r"\(.*|^(?:def|class|function|async def)\s+", "", claimed.strip()).replace("::", ".")
    return bool(claimed) and actual is not None and (actual == claimed or actual.endswith(f".{claimed}"))


def _python(node: ast.AST, outer: str) -> Iterator[Symbol]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            name = f"{outer}.{child.name}" if outer else child.name
            first = min([child.lineno, *(d.lineno for d in child.decorator_list)])
            yield Symbol(name, first - 1, (child.end_lineno or child.lineno) - 1)
            yield from _python(child, name)
        else:
            yield from _python(child, outer)


def _by_indentation(lines: tuple[str, ...]) -> Iterator[Symbol]:
    for number, line in enumerate(lines):
        if (found := _DEFINITION.match(line)) is not None:
            yield Symbol(found["name"], number, _block_end(lines, number, len(found["indent"])))


def _block_end(lines: tuple[str, ...], first: int, indent: int) -> int:
    last = first
    for number in range(first + 1, len(lines)):
        body = lines[number].lstrip()
        if not body:
            continue
        deeper = len(lines[number]) - len(body) > indent
        if not deeper and body[0] not in "{})":
            break
        last = number
        if not deeper and body[0] == "}":
            break
    return last
