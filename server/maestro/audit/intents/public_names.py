"""What a module offers to others, and what a change takes from them."""

import ast
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from maestro.audit.code.symbols import parse_python
from maestro.audit.code.syntax import below, field, parsed, words
from maestro.audit.intents.checks import family

if TYPE_CHECKING:
    from tree_sitter import Node


class _Parameter(NamedTuple):
    name: str
    is_optional: bool


_Signature: TypeAlias = "tuple[_Parameter, ...] | str | None"
"""Of a function; None for what has none, or for one that is not known."""


def taken(path: str, language: str, before: str, after: str) -> list[str]:
    """The public names that are gone or that can no longer be called as before; nothing where that is not said.

    Public is what `__all__` or a package lists, what an `index` file exports, and what Go exports outside `internal`.
    """
    try:
        was, is_now = _names(path, language, before), _names(path, language, after)
    except RecursionError:
        return []
    if was is None or is_now is None:
        return []
    return [name for name, old in was.items() if name not in is_now or not _fits(old, is_now[name])]


def _names(path: str, language: str, text: str) -> Mapping[str, _Signature] | None:
    folder, _, file = path.rpartition("/")
    match family(language):
        case "python":
            return _python(text, is_package=file == "__init__.py")
        case "go" if not file.endswith("_test.go") and not {"internal", "cmd"} & set(folder.split("/")):
            return _go(text)
        case "script" if file.partition(".")[0] == "index":
            return _script(text, language)
    return None


def _fits(old: _Signature, new: _Signature) -> bool:
    """Whether every call that fitted the old parameters fits the new ones."""
    if old is None or new is None:
        return True
    if isinstance(old, str) or isinstance(new, str):
        return old == new
    same = len(new) >= len(old) and all(
        one.name == other.name and one.is_optional <= other.is_optional for one, other in zip(old, new, strict=False)
    )
    return same and all(one.is_optional for one in new[len(old) :])


def _python(text: str, *, is_package: bool) -> Mapping[str, _Signature] | None:
    tree = parse_python(text)
    if tree is None:
        return None
    there = dict(_defined(tree.body))
    listed = next((names for node in tree.body if (names := _listed(node)) is not None), None)
    if listed is None:
        return {name: of for name, of in there.items() if not name.startswith("_")} if is_package else {}
    return {name: there.get(name) for name in listed}


def _defined(body: list[ast.stmt]) -> Iterator[tuple[str, _Signature]]:
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name, _parameters(node.args)
        elif isinstance(node, ast.ClassDef):
            yield node.name, None
        elif isinstance(node, ast.ImportFrom):
            yield from ((one.asname or one.name, None) for one in node.names)


def _parameters(given: ast.arguments) -> tuple[_Parameter, ...]:
    positional = [*given.posonlyargs, *given.args]
    required = len(positional) - len(given.defaults)
    named = [_Parameter(one.arg, at >= required) for at, one in enumerate(positional)]
    only_named = zip(given.kwonlyargs, given.kw_defaults, strict=True)
    # The order of those that are only named means nothing.
    rest = sorted(_Parameter(one.arg, default is not None) for one, default in only_named)
    return (*named, *sorted(rest, key=lambda one: one.is_optional))


def _listed(node: ast.stmt) -> list[str] | None:
    """What `__all__` lists."""
    target = node.targets[0] if isinstance(node, ast.Assign) else getattr(node, "target", None)
    value = getattr(node, "value", None)
    if not isinstance(target, ast.Name) or target.id != "__all__" or not isinstance(value, ast.List | ast.Tuple):
        return None
    return [one.value for one in value.elts if isinstance(one, ast.Constant) and isinstance(one.value, str)]


def _go(text: str) -> Mapping[str, _Signature] | None:
    root = parsed(text, "go")
    if root is None or any(words(one) == "package main" for one in root.named_children):
        return None
    found = dict[str, _Signature]()
    for node in below(root, "function_declaration", "method_declaration", "type_spec"):
        name, receiver = words(field(node, "name")), words(field(node, "receiver"))
        if name[:1].isupper():
            of = f"{words(field(node, 'parameters'))} {words(field(node, 'result'))}"
            found[f"{receiver.strip('()').split(' ')[-1]}.{name}".lstrip(".")] = (
                None if node.type == "type_spec" else of
            )
    return found


def _script(text: str, language: str) -> Mapping[str, _Signature] | None:
    root = parsed(text, language)
    if root is None:
        return None
    return {name: None for node in below(root, "export_statement") for name in _exported(node)}


def _exported(node: "Node") -> Iterator[str]:
    declaration, source = field(node, "declaration"), field(node, "source")
    if declaration is not None:
        name = field(declaration, "name")
        named = [name] if name is not None else [field(one, "name") for one in declaration.named_children]
        yield from (words(one) for one in named if one is not None)
    for clause in below(node, "export_clause"):
        for one in clause.named_children:
            yield words(field(one, "alias") or field(one, "name"))
    if source is not None and not any(below(node, "export_clause")):
        yield f"* from {words(source)}"
