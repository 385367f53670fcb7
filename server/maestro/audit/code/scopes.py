"""Which names a Python text binds where, and where they are read."""

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

_Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
_Comprehension = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp


class Binding(NamedTuple):
    """Lines count from 1. `sure` says that it happens whenever its scope runs past it."""

    line: int
    last_line: int
    sure: bool


@dataclass(slots=True)
class Scope:
    """A module, class, function or comprehension, with the names it binds and the lines that read them."""

    first_line: int
    last_line: int
    outer: "Scope | None" = None
    is_class: bool = False
    is_inline: bool = False
    bindings: dict[str, list[Binding]] = field(default_factory=dict)
    reads: dict[str, list[int]] = field(default_factory=dict)
    aliases: dict[str, str] = field(default_factory=dict)
    unsettled: set[str] = field(default_factory=set)
    """Names that are deleted, or rebound from elsewhere."""

    def alias(self, name: str) -> str:
        """The name that an import, called by what it imports, goes by here."""
        return self.aliases.get(name, name)

    def is_read(self, name: str) -> bool:
        """Outside of what binds it: a function that only calls itself is not used."""
        spans = [(binding.line, binding.last_line) for binding in self.bindings.get(name, ())]
        return any(not any(first <= line <= last for first, last in spans) for line in self.reads.get(name, ()))

    def surely_binds(self, name: str, before: int | None) -> bool:
        """Whether it is bound on every way; in the scope itself, before a line."""
        if name in self.unsettled:
            return False
        return any(b.sure and (before is None or b.line < before) for b in self.bindings.get(name, ()))


def build_scopes(tree: ast.Module) -> list[Scope]:
    """All scopes, the module first."""
    builder = _Builder()
    builder.read(tree)
    return builder.scopes


def scope_at(scopes: list[Scope], line: int) -> Scope:
    """The innermost one around a line, comprehensions and lambdas left out."""
    around = [scope for scope in scopes[1:] if not scope.is_inline and scope.first_line <= line <= scope.last_line]
    return min(around, key=lambda scope: scope.last_line - scope.first_line, default=scopes[0])


class _Builder(ast.NodeVisitor):
    def __init__(self) -> None:
        self.scopes = [Scope(1, 2**31)]
        self._here = self.scopes[0]
        self._sure: set[int] = set()
        self._read: list[tuple[Scope, str, int]] = []

    def read(self, tree: ast.Module) -> None:
        self._body(tree.body)
        for scope, name, line in self._read:
            if (home := _resolve(scope, name)) is not None:
                home.reads.setdefault(name, []).append(line)

    def visit_Name(self, node: ast.Name) -> None:
        if isinstance(node.ctx, ast.Load):
            self._read.append((self._here, node.id, node.lineno))
            return
        self._bind(node.id, node)
        if isinstance(node.ctx, ast.Del):
            self._here.unsettled.add(node.id)

    def visit_NamedExpr(self, node: ast.NamedExpr) -> None:
        self.visit(node.value)
        home = self._here
        while home.is_inline and home.outer is not None:
            home = home.outer
        self._bind(node.target.id, node, home)

    def visit_Assign(self, node: ast.Assign) -> None:
        self._assign(node, node.targets)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        if node.value is None:
            self.visit(node.annotation)
        else:
            self._assign(node, [node.target])

    def visit_Import(self, node: ast.Import | ast.ImportFrom) -> None:
        for alias in node.names:
            bound = alias.asname or alias.name.partition(".")[0]
            self._bind(bound, node, sure=id(node) in self._sure)
            self._here.aliases.setdefault(alias.name, bound)
            if isinstance(node, ast.ImportFrom) and node.module:
                self._here.aliases.setdefault(f"{node.module}.{alias.name}", bound)

    visit_ImportFrom = visit_Import

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> None:
        if node.name:
            self._bind(node.name, node)
            self._here.unsettled.add(node.name)
        self.generic_visit(node)

    def visit_Global(self, node: ast.Global | ast.Nonlocal) -> None:
        scope: Scope | None = self._here
        while scope is not None:
            scope.unsettled.update(node.names)
            scope = scope.outer

    visit_Nonlocal = visit_Global

    def visit_MatchAs(self, node: ast.MatchAs | ast.MatchStar) -> None:
        if node.name:
            self._bind(node.name, node)
        self.generic_visit(node)

    visit_MatchStar = visit_MatchAs

    def visit_MatchMapping(self, node: ast.MatchMapping) -> None:
        if node.rest:
            self._bind(node.rest, node)
        self.generic_visit(node)

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        self._visit_all([*node.decorator_list, *node.bases, *node.keywords])
        self._bind(node.name, node, sure=id(node) in self._sure)
        with_outer = self._enter(node, is_class=True)
        self._body(node.body)
        self._here = with_outer

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        self._visit_all([*node.decorator_list, *([node.returns] if node.returns else [])])
        self._bind(node.name, node, sure=id(node) in self._sure)
        self._function(node, node.body)

    visit_AsyncFunctionDef = visit_FunctionDef

    def visit_Lambda(self, node: ast.Lambda) -> None:
        self._function(node, [node.body])

    def visit_ListComp(self, node: _Comprehension) -> None:
        outer = self._enter(node, is_inline=True)
        self.generic_visit(node)
        self._here = outer

    visit_SetComp = visit_DictComp = visit_GeneratorExp = visit_ListComp

    def _function(self, node: _Function, body: Iterable[ast.AST]) -> None:
        arguments = node.args
        named = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
        named += [argument for argument in (arguments.vararg, arguments.kwarg) if argument is not None]
        annotations = [argument.annotation for argument in named if argument.annotation is not None]
        self._visit_all([*arguments.defaults, *(d for d in arguments.kw_defaults if d is not None), *annotations])
        outer = self._enter(node, is_inline=isinstance(node, ast.Lambda))
        for argument in named:
            self._bind(argument.arg, argument, sure=True)
        self._body(body)
        self._here = outer

    def _assign(self, node: ast.Assign | ast.AnnAssign, targets: list[ast.expr]) -> None:
        if isinstance(node, ast.AnnAssign):
            self.visit(node.annotation)
        if node.value is not None:
            self.visit(node.value)
        for target in targets:
            if isinstance(target, ast.Name):
                self._bind(target.id, node, sure=id(node) in self._sure)
                if target.id == "__all__" and node.value is not None:
                    self._read += [(self._here, name, 0) for name in _strings(node.value)]
            else:
                self.visit(target)

    def _body(self, body: Iterable[ast.AST]) -> None:
        statements = list(body)
        self._sure.update(map(id, statements))
        self._visit_all(statements)

    def _visit_all(self, nodes: Iterable[ast.AST]) -> None:
        for node in nodes:
            self.visit(node)

    def _enter(self, node: ast.expr | ast.stmt, *, is_class: bool = False, is_inline: bool = False) -> Scope:
        """Go into a new scope; what is given back is the one to go back to."""
        outer = self._here
        self._here = Scope(node.lineno, node.end_lineno or node.lineno, outer, is_class, is_inline)
        self.scopes.append(self._here)
        return outer

    def _bind(self, name: str, node: ast.AST, scope: Scope | None = None, *, sure: bool = False) -> None:
        line: int = getattr(node, "lineno", 0)
        whole = isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef | ast.Assign | ast.AnnAssign)
        last = getattr(node, "end_lineno", line) if whole else line
        (scope or self._here).bindings.setdefault(name, []).append(Binding(line, last, sure))


def _resolve(scope: Scope, name: str) -> Scope | None:
    at: Scope | None = scope
    while at is not None:
        if name in at.bindings and (at is scope or not at.is_class):
            return at
        at = at.outer
    return None


def _strings(value: ast.expr) -> Iterator[str]:
    for node in ast.walk(value):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
