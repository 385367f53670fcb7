"""The source as syntax trees, for the tests that look at its shape."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
SERVER = ROOT / "server" / "maestro"
VOCABULARY = ROOT / "protocol" / "maestro_protocol"

Function = ast.FunctionDef | ast.AsyncFunctionDef


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def modules() -> list[Path]:
    """Every module of both packages."""
    return sorted([*SERVER.rglob("*.py"), *VOCABULARY.rglob("*.py")])


def imports(path: Path) -> Iterator[str]:
    """Every module name an import statement gives, wherever it stands; `from a import b` gives `a` and `a.b`."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def functions(path: Path) -> list[Function]:
    return [node for node in ast.walk(tree(path)) if isinstance(node, Function)]


def public_annotations(path: Path) -> Iterator[tuple[str, ast.expr]]:
    """`name`, annotation: parameters, results and attributes of what a module offers to others."""
    yield from _public(tree(path).body, "")


def _public(body: list[ast.stmt], prefix: str) -> Iterator[tuple[str, ast.expr]]:
    for node in body:
        match node:
            case ast.ClassDef(name=name) if not name.startswith("_"):
                yield from _public(node.body, f"{name}.")
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) if _is_public(name):
                yield from ((f"{prefix}{name}", annotation) for annotation in _signature(node))
            case ast.AnnAssign(target=ast.Name(id=name), annotation=annotation) if _is_public(name):
                yield f"{prefix}{name}", annotation


def _is_public(name: str) -> bool:
    return not name.startswith("_") or (name.startswith("__") and name.endswith("__"))


def _signature(node: Function) -> Iterator[ast.expr]:
    spec = node.args
    arguments = [*spec.posonlyargs, *spec.args, *spec.kwonlyargs, spec.vararg, spec.kwarg]
    yield from (argument.annotation for argument in arguments if argument and argument.annotation)
    if node.returns:
        yield node.returns
