"""Attribute docstrings, read from the source so that the models need not carry them at run time."""

import ast
import inspect
from itertools import pairwise
from types import ModuleType


def attribute_docs(module: ModuleType) -> dict[str, str]:
    """`Class.attribute` (or `Alias`, at module level) -> the string literal that stands below it, on one line."""
    tree = ast.parse(inspect.getsource(module))
    docs = _docs(tree.body, "")
    for node in tree.body:
        if isinstance(node, ast.ClassDef):
            docs |= _docs(node.body, f"{node.name}.")
    return docs


def one_line(text: str | None) -> str:
    """A docstring without its line breaks."""
    return " ".join((text or "").split())


def _docs(body: list[ast.stmt], prefix: str) -> dict[str, str]:
    docs = {}
    for node, below in pairwise(body):
        name = _assigned_name(node)
        if name and isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant):
            docs[prefix + name] = one_line(str(below.value.value))
    return docs


def _assigned_name(node: ast.stmt) -> str | None:
    match node:
        case ast.AnnAssign(target=ast.Name(id=name)) | ast.Assign(targets=[ast.Name(id=name)]):
            return name
    return None
