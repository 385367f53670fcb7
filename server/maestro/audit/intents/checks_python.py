"""The tests of a Python file: pytest's and unittest's."""

import ast
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import TypeAlias

from maestro.audit.code.symbols import parse_python
from maestro.audit.intents.asserts_python import asserted, called, is_literal
from maestro.audit.intents.checks import Case, Check, Constant, Strength, settled, squeezed

_Function: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef
_SKIPS = frozenset("skip xfail expectedFailure skipTest SkipTest".split())
_CONDITIONAL = frozenset("skipif skipIf skipUnless".split())
_CAUGHT = frozenset(("Exception", "BaseException", "AssertionError"))


def cases(text: str) -> list[Case] | None:
    """Functions and methods, those called `test…` and their helpers; None if the text does not parse."""
    tree = parse_python(text)
    if tree is None:
        return None
    constants = _constants(tree.body)
    return [settled(case, {**constants, **own}) for case, own in _cases(tree.body, "", _module_skips(tree.body))]


def _cases(
    body: Sequence[ast.stmt], outer: str, skips: tuple[int, ...]
) -> Iterator[tuple[Case, Mapping[str, Constant]]]:
    """Each with its own constants."""
    for node in body:
        if isinstance(node, ast.ClassDef):
            yield from _cases(node.body, f"{outer}{node.name}.", (*skips, *_decorated(node)))
        elif isinstance(node, _Function):
            yield _case(node, outer, skips), _constants(node.body)
        elif isinstance(node, ast.If | ast.Try):
            yield from _cases(node.body, outer, skips)


def _case(node: _Function, outer: str, skips: tuple[int, ...]) -> Case:
    name, is_helper = f"{outer}{node.name}", not node.name.startswith("test")
    checks = (*_rows(node), *_checks(node.body, hushed=False))
    own = () if is_helper else (*skips, *_decorated(node), *_skipping(node.body))
    return Case(name, _first(node), _last(node), checks, own, is_helper=is_helper)


def _constants(body: Sequence[ast.stmt]) -> Mapping[str, Constant]:
    """Names that are given a literal, and given it once."""
    assigned = [
        (node.targets[0].id, node)
        for node in body
        if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name)
    ]
    times = Counter(name for name, _ in assigned)
    return {
        name: Constant(squeezed(ast.unparse(node.value)), node.lineno - 1)
        for name, node in assigned
        if times[name] == 1 and is_literal(node.value)
    }


def _first(node: _Function) -> int:
    return min([node.lineno, *(one.lineno for one in node.decorator_list)]) - 1


def _last(node: ast.stmt | ast.expr) -> int:
    return (node.end_lineno or node.lineno) - 1


def _module_skips(body: Sequence[ast.stmt]) -> tuple[int, ...]:
    marks = [
        line
        for node in body
        if isinstance(node, ast.Assign) and any(ast.unparse(one) == "pytestmark" for one in node.targets)
        for line in _marks(node.value)
    ]
    return (*marks, *_skipping(body))


def _decorated(node: _Function | ast.ClassDef) -> Iterator[int]:
    return (line for one in node.decorator_list for line in _marks(one))


def _marks(node: ast.expr) -> Iterator[int]:
    """Marks that skip without a condition, also those of single rows."""
    inside_call = {id(one.func) for one in ast.walk(node) if isinstance(one, ast.Call)}
    for one in ast.walk(node):
        if isinstance(one, ast.Call) and (_name(one.func) in _SKIPS or _is_always(one)):
            if not _has_condition(one):
                yield one.lineno - 1
        elif isinstance(one, ast.Attribute | ast.Name) and _name(one) in _SKIPS and id(one) not in inside_call:
            yield one.lineno - 1


def _has_condition(call: ast.Call) -> bool:
    """`xfail(condition, …)`; the first argument of `skip` is its reason."""
    first = call.args[0] if call.args else next((one.value for one in call.keywords if one.arg == "condition"), None)
    return _name(call.func) == "xfail" and first is not None and not isinstance(first, ast.Constant)


def _is_always(call: ast.Call) -> bool:
    """A condition that is none: `skipif(True)`, `skipUnless(False)`."""
    name = _name(call.func)
    if name not in _CONDITIONAL or not call.args or not isinstance(call.args[0], ast.Constant):
        return False
    return bool(call.args[0].value) is (name != "skipUnless")


def _skipping(body: Sequence[ast.stmt]) -> Iterator[int]:
    """What skips the rest of a test in any case."""
    for node in body:
        thrown = node.exc if isinstance(node, ast.Raise) else node.value if isinstance(node, ast.Expr) else None
        name = _name(thrown.func) if isinstance(thrown, ast.Call) else _name(thrown)
        if name in _SKIPS:
            yield node.lineno - 1


def _name(node: ast.expr | None) -> str:
    """The last part of a dotted name."""
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def _checks(body: Sequence[ast.stmt], *, hushed: bool) -> Iterator[Check]:
    """In order, as far as they are reached."""
    for node in body:
        if isinstance(node, ast.Return | ast.Raise | ast.Continue | ast.Break):
            return
        for check in _of_statement(node):
            yield check._replace(is_hushed=hushed)
        for inner in _inside(node):
            yield from _checks(inner, hushed=hushed or (_is_hushing(node) and inner is _body(node)))


def _of_statement(node: ast.stmt) -> Iterator[Check]:
    place = (node.lineno - 1, _last(node))
    if isinstance(node, ast.Assert):
        yield from asserted(node.test, place)
    elif isinstance(node, ast.Expr):
        value = node.value.value if isinstance(node.value, ast.Await) else node.value
        if isinstance(value, ast.Call):
            yield from called(value, place)
    elif isinstance(node, ast.With | ast.AsyncWith):
        for item in node.items:
            if isinstance(item.context_expr, ast.Call):
                line = item.context_expr.lineno - 1
                yield from called(item.context_expr, (line, line))


def _body(node: ast.stmt) -> object:
    return getattr(node, "body", None)


def _inside(node: ast.stmt) -> Iterator[Sequence[ast.stmt]]:
    """The blocks of a statement that can run."""
    if isinstance(node, _Function | ast.ClassDef):
        return
    never = isinstance(node, ast.If | ast.While) and isinstance(node.test, ast.Constant) and not node.test.value
    if not never and isinstance(body := _body(node), list):
        yield body
    for name in ("orelse", "finalbody"):
        if isinstance(block := getattr(node, name, None), list):
            yield block


def _is_hushing(node: ast.stmt) -> bool:
    if isinstance(node, ast.With | ast.AsyncWith):
        calls = [item.context_expr for item in node.items if isinstance(item.context_expr, ast.Call)]
        return any(_name(call.func) == "suppress" and any(_name(one) in _CAUGHT for one in call.args) for call in calls)
    return isinstance(node, ast.Try) and any(map(_catches, node.handlers))


def _catches(handler: ast.ExceptHandler) -> bool:
    """Whether a failed assertion ends here, and nothing is said about it."""
    kinds = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    if handler.type is not None and not any(_name(kind) in _CAUGHT for kind in kinds):
        return False
    inside = [node for statement in handler.body for node in ast.walk(statement)]
    says = (isinstance(node, ast.Raise | ast.Assert) or _fails(node) for node in inside)
    return not any(says)


def _fails(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and (
        _name(node.func).startswith("assert") or _name(node.func) in ("fail", "exit")
    )


def _rows(node: _Function) -> Iterator[Check]:
    """The cases of `parametrize`."""
    for one in node.decorator_list:
        if isinstance(one, ast.Call) and _name(one.func) == "parametrize" and len(one.args) > 1:
            table = one.args[1]
            for row in table.elts if isinstance(table, ast.List | ast.Tuple) else ():
                yield _row(row)


def _row(row: ast.expr) -> Check:
    if isinstance(row, ast.Call) and _name(row.func) == "param":
        parts: Sequence[ast.expr] = row.args
    else:
        parts = row.elts if isinstance(row, ast.Tuple | ast.List) else [row]
    texts = [squeezed(ast.unparse(part)) for part in parts]
    known, expected = (texts[:-1], texts[-1]) if len(texts) > 1 else (texts, "")
    return Check(
        ", ".join(texts), row.lineno - 1, _last(row), Strength.EXACTLY, ", ".join(known), expected, is_row=True
    )
