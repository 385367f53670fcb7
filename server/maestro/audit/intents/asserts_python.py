"""What a single assertion of a Python test says."""

import ast
from collections.abc import Iterator, Mapping
from typing import TypeAlias

from maestro.audit.intents.checks import HELPERS, Check, Strength, number, squeezed, strengths

_Place: TypeAlias = tuple[int, int]

_EMPTY = frozenset(("[]", "{}", "()", "''", "set()", "0", "None", "False"))
_WRAPPERS = frozenset("len bool list tuple set sorted str repr type dict".split())
_WEAK_CALLS = frozenset("isinstance hasattr callable bool issubclass".split())
_BROAD = frozenset(("Exception", "BaseException"))
_SLACK = frozenset("rel abs delta atol rtol rel_tol abs_tol places".split())

_USUAL: Mapping[str, float] = {"approx": 1e-6, "AlmostEqual": 1e-7, "assert_allclose": 1e-7}

_METHODS = strengths(
    "IsNotNone IsInstance NotIsInstance _called",
    "NotEqual In NotIn Greater GreaterEqual Less LessEqual Regex NotRegex IsNot _called_once",
)
"""Of unittest's `assert…`; all others look at the whole value."""


def asserted(test: ast.expr, place: _Place) -> Iterator[Check]:
    """What `assert test` checks; the parts of an `and` each."""
    if isinstance(test, ast.BoolOp) and isinstance(test.op, ast.And):
        for part in test.values:
            yield from asserted(part, place)
        return
    yield _judged(test, place)


def called(call: ast.Call, place: _Place) -> Iterator[Check]:
    """What a call checks that stands alone, or behind `with`; nothing if it is no check."""
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    if name in ("assertTrue", "assertFalse", "assert_") and call.args:
        yield from asserted(call.args[0] if name != "assertFalse" else ast.UnaryOp(ast.Not(), call.args[0]), place)
    elif name in ("raises", "assertRaises", "assertRaisesRegex", "warns", "assertWarns"):
        yield _raises(call, name, place)
    elif name.startswith("assert"):
        yield _method(call, name.removeprefix("assert"), place)
    elif name.lstrip("_").startswith(HELPERS):
        yield Check(_text(call), *place, Strength.EXACTLY, about=_text(call))


def is_literal(node: ast.expr) -> bool:
    """Whether it is written out what it is."""
    try:
        ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return _text(node) == "set()"
    return True


def _judged(test: ast.expr, place: _Place) -> Check:
    text = _text(test)
    match test:
        case ast.Constant() | ast.Tuple():
            # `assert False` always fails, which is no way to pass.
            cannot_fail = bool(test.elts) if isinstance(test, ast.Tuple) else bool(test.value)
            return Check(text, *place, Strength.NOTHING if cannot_fail else Strength.EXACTLY)
        case ast.BoolOp():
            always = any(isinstance(part, ast.Constant) and part.value for part in test.values)
            about = _about(test.values[0].left if isinstance(test.values[0], ast.Compare) else test.values[0])
            return Check(text, *place, Strength.NOTHING if always else Strength.PARTLY, about)
        case ast.UnaryOp(op=ast.Not(), operand=ast.Compare() as inner) if len(inner.ops) == 1:
            found = _compared(inner, place)
            return found._replace(text=text, strength=min(found.strength, Strength.PARTLY), expected="")
        case ast.UnaryOp(op=ast.Not(), operand=inner):
            return Check(text, *place, Strength.THERE, _about(inner), "False")
        case ast.Compare():
            return _compared(test, place)
        case ast.Call():
            name = getattr(test.func, "id", "")
            about = _about(test.args[0]) if name in _WEAK_CALLS and test.args else text
            return Check(text, *place, Strength.THERE if name in _WEAK_CALLS else Strength.PARTLY, about, "True")
    return Check(text, *place, Strength.THERE, _about(test), "True")


def _compared(test: ast.Compare, place: _Place) -> Check:
    left, right, operator = test.left, test.comparators[0], test.ops[0]
    if len(test.ops) > 1:
        return Check(_text(test), *place, Strength.PARTLY, _about(right))
    if is_literal(left) and not is_literal(right):
        left, right = right, left
        operator = _TURNED.get(type(operator), type(operator))()
    text, expected = _text(test), _text(right) if is_literal(right) or isinstance(right, ast.Name) else ""
    match operator:
        case ast.Eq() | ast.Is():
            if _text(left) == _text(right) and not is_literal(left) and not _has_call(left):
                return Check(text, *place, Strength.NOTHING, _about(left))
            if is_literal(left) and is_literal(right):
                same = _text(left) == _text(right)
                return Check(text, *place, Strength.NOTHING if same else Strength.EXACTLY)
            return _equal(Check(text, *place, Strength.EXACTLY, _about(left), expected), left, right)
        case ast.IsNot() | ast.NotEq() if expected == "None":
            return Check(text, *place, Strength.THERE, _about(left), "True")
        case ast.Lt() | ast.LtE() | ast.Gt() | ast.GtE() if (bound := number(expected)) is not None:
            upper = isinstance(operator, ast.Lt | ast.LtE)
            close = isinstance(left, ast.Call) and _text(left.func) in ("abs", "math.fabs")
            strength = Strength.EXACTLY if close else Strength.PARTLY
            return Check(text, *place, strength, _about(left), slack=bound if upper else -bound)
    inside = isinstance(operator, ast.In | ast.NotIn) and not is_literal(right)
    return Check(text, *place, Strength.PARTLY, _about(right if inside else left))


_TURNED: Mapping[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.Gt,
    ast.LtE: ast.GtE,
    ast.Gt: ast.Lt,
    ast.GtE: ast.LtE,
}


def _equal(check: Check, left: ast.expr, right: ast.expr) -> Check:
    """An equality, whose other side may be `approx(…)`; that something is empty is said in several ways."""
    for one, other in ((left, right), (right, left)):
        if isinstance(other, ast.Call) and _text(other.func).endswith(("approx", "ANY")):
            value = _text(other.args[0]) if other.args and is_literal(other.args[0]) else ""
            return check._replace(about=_about(one), expected=value, slack=_slack(other))
    if check.expected == "True":
        return check._replace(strength=Strength.THERE)
    if check.expected in _EMPTY and check.expected != "None":
        return check._replace(expected="False")
    return check


def _method(call: ast.Call, name: str, place: _Place) -> Check:
    """`self.assertX(…)`, `mock.assert_x(…)`, `assert_x(…)` of a library or of the project."""
    text = _text(call)
    if name.startswith("_called") and isinstance(call.func, ast.Attribute):
        strength = _METHODS.get(name, Strength.EXACTLY)
        return Check(text, *place, strength, _about(call.func.value))
    literals = [arg for arg in call.args[:2] if is_literal(arg)]
    others = [arg for arg in call.args[:2] if not is_literal(arg)]
    strength = _METHODS.get(name, Strength.EXACTLY)
    if not name.startswith("_") and len(literals) == 2 and name == "Equal":
        strength = Strength.NOTHING if _text(literals[0]) == _text(literals[1]) else strength
    about = _about(others[-1 if name == "In" else 0]) if others else text
    named = [arg for arg in others[1:] if isinstance(arg, ast.Name)]
    expected = _text((literals or named)[0]) if (literals or named) and strength == Strength.EXACTLY else ""
    if name == "IsNone":
        expected = "None"
    return Check(text, *place, strength, about, "False" if expected in _EMPTY - {"None"} else expected, _slack(call))


def _raises(call: ast.Call, name: str, place: _Place) -> Check:
    kind = _text(call.args[0]) if call.args else ""
    closer = name == "assertRaisesRegex" or any(one.arg == "match" for one in call.keywords)
    broad = kind in _BROAD and not closer
    strength = Strength.THERE if broad else Strength.CLOSER if closer else Strength.EXACTLY
    return Check(_text(call), *place, strength, name.lower().removeprefix("assert").removesuffix("regex"), kind)


def _slack(call: ast.Call) -> float | None:
    """The widest tolerance named; of `places` the unit that is left."""
    found = list[float]()
    for one in call.keywords:
        if one.arg in _SLACK and (value := number(_text(one.value))) is not None:
            found.append(10**-value if one.arg == "places" else value)
    name = _text(call.func)
    if name.endswith("AlmostEqual") and len(call.args) > 2 and (value := number(_text(call.args[2]))) is not None:
        found.append(10**-value)
    return max(found, default=next((slack for end, slack in _USUAL.items() if name.endswith(end)), None))


def _about(node: ast.expr) -> str:
    """What is looked at, without what only looks at its length or its type."""
    while isinstance(node, ast.Call) and getattr(node.func, "id", "") in _WRAPPERS and len(node.args) == 1:
        node = node.args[0]
    return _text(node)


def _has_call(node: ast.expr) -> bool:
    """`f(1) == f(1)` says that it is the same every time."""
    return any(isinstance(one, ast.Call) for one in ast.walk(node))


def _text(node: ast.expr) -> str:
    return squeezed(ast.unparse(node))
