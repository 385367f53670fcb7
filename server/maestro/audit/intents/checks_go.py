"""The tests of a Go file: the standard library's, with or without testify."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from maestro.audit.code.syntax import below, field, lines, parsed, words
from maestro.audit.intents.checks import HELPERS, Case, Check, Constant, Strength, number, settled, strengths

if TYPE_CHECKING:
    from tree_sitter import Node

_FAILS = re.compile(r"\w+\.(?:Error|Errorf|Fatal|Fatalf|Fail|FailNow)$")
_SKIPS = re.compile(r"\w+\.(?:Skip|Skipf|SkipNow)$")
_NEVER_BUILT = re.compile(r"^//go:build\s+(?:ignore|never|none)\b", re.M)
_TESTIFY = re.compile(r"(?:assert|require)\.(\w+?)f?$")
_LITERALS = frozenset(
    "int_literal float_literal interpreted_string_literal raw_string_literal rune_literal true false nil".split()
)
_EMPTY = frozenset(("false", '""', "0"))

_METHODS = strengths(
    "True False NotNil NotEmpty Error NotZero IsType Implements NotPanics",
    "Contains NotContains NotEqual Len Greater GreaterOrEqual Less LessOrEqual Regexp Subset ElementsMatch",
)
"""All others look at the whole value."""


def cases(text: str) -> list[Case] | None:
    """Functions that take a test; None if the text does not parse."""
    root = parsed(text, "go")
    if root is None:
        return None
    never = _NEVER_BUILT.search(text)
    skips = (text.count("\n", 0, never.start()),) if never else ()
    return [
        settled(_case(node, body, skips), _constants(body))
        for node in below(root, "function_declaration")
        if "testing.T" in words(field(node, "parameters")) and (body := field(node, "body")) is not None
    ]


def _case(node: "Node", body: "Node", skips: tuple[int, ...]) -> Case:
    name, checks = words(field(node, "name")), (*_rows(body), *_checks(body))
    if not name.startswith("Test"):
        return Case(name, *lines(node), checks, is_helper=True)
    return Case(name, *lines(node), checks, (*skips, *_skipping(body)))


def _constants(body: "Node") -> Mapping[str, Constant]:
    """`want := 12` and `const want = 12`."""
    found = dict[str, Constant]()
    for one in below(body, "short_var_declaration", "const_spec"):
        name, value = field(one, "left") or field(one, "name"), field(one, "right") or field(one, "value")
        literal = value.named_children[0] if value is not None and value.named_child_count == 1 else None
        if literal is not None and _is_literal(literal):
            found[words(name)] = Constant(words(literal), one.start_point[0])
    return found


def _skipping(body: "Node") -> Iterator[int]:
    """What skips in any case: it stands under no condition."""
    for call in below(body, "call_expression", "if_statement"):
        if call.type == "call_expression" and _SKIPS.match(words(field(call, "function"))):
            yield call.start_point[0]
        elif call.type == "call_expression":
            yield from _skipping(call)


def _rows(body: "Node") -> Iterator[Check]:
    """The tables that tests loop over: slices and maps of composite values."""
    for table in below(body, "composite_literal"):
        kind = field(table, "type")
        if kind is None or kind.type not in ("slice_type", "map_type") or (inside := field(table, "body")) is None:
            continue
        for row in inside.named_children:
            value = row.named_children[-1] if row.type == "keyed_element" and row.named_children else row
            found = next(below(row, "literal_value"), None) or (value if value.type == "literal_value" else None)
            if found is not None:
                yield _row(row, [words(part) for part in found.named_children if part.type != "comment"])


def _row(row: "Node", parts: Sequence[str]) -> Check:
    known, expected = (parts[:-1], parts[-1]) if len(parts) > 1 else (parts, "")
    return Check(", ".join(parts), *lines(row), Strength.EXACTLY, ", ".join(known), expected, is_row=True)


def _checks(node: "Node") -> Iterator[Check]:
    """In order, as far as they are reached."""
    for child in node.named_children:
        if child.type == "if_statement" and _fails(field(child, "consequence")):
            yield from _conditions(child)
        elif child.type == "call_expression" and (found := _TESTIFY.match(words(field(child, "function")))):
            yield _testify(child, found[1])
        elif child.type == "call_expression" and words(field(child, "function")).lower().startswith(HELPERS):
            yield Check(words(child), *lines(child), Strength.EXACTLY, words(child))
        elif child.type != "if_statement" or words(field(child, "condition")) != "false":
            yield from _checks(child)
        if child.type == "return_statement":
            return


def _fails(block: "Node | None") -> bool:
    """Whether a test fails where this is run, by its own statements."""
    return block is not None and any(
        _FAILS.match(words(field(call, "function"))) is not None
        for call in below(block, "call_expression", "if_statement", "for_statement")
    )


def _conditions(node: "Node") -> Iterator[Check]:
    condition = field(node, "condition")
    if condition is None:
        return
    made = words(field(node, "initializer"))
    for part in _alternatives(condition):
        check = _condition(part)._replace(first_line=node.start_point[0], last_line=node.end_point[0])
        # `if got := f(1); got != 2` looks at `f(1)`.
        name, _, value = made.partition(" := ")
        yield check._replace(about=value, text=f"{value}: {check.text}") if value and check.about == name else check


def _alternatives(node: "Node") -> "Iterator[Node]":
    """Any of them fails the test, so each is a check."""
    if node.type == "binary_expression" and words(field(node, "operator")) == "||":
        for side in ("left", "right"):
            if (part := field(node, side)) is not None:
                yield from _alternatives(part)
    else:
        yield node


def _condition(node: "Node") -> Check:
    """What a test checks that fails under this condition: the opposite."""
    text, place = words(node), lines(node)
    if node.type == "unary_expression":
        inner = words(field(node, "operand"))
        strength = Strength.EXACTLY if "Equal(" in inner else Strength.THERE
        return Check(text, *place, strength, inner, "" if "Equal(" in inner else "true")
    left, right = field(node, "left"), field(node, "right")
    if node.type != "binary_expression" or left is None or right is None:
        strength = Strength.NOTHING if text == "false" else Strength.THERE
        return Check(text, *place, strength, text, "false")
    operator, about, expected = (
        words(field(node, "operator")),
        words(left),
        words(right) if _is_literal(right) or right.type == "identifier" else "",
    )
    check = Check(text, *place, Strength.PARTLY, about, slack=_bound(operator, expected))
    if operator == "!=":
        strength = Strength.NOTHING if about == words(right) else Strength.EXACTLY
        return check._replace(strength=strength, expected="false" if expected in _EMPTY else expected)
    if operator == "==" and expected in ("nil", '""'):
        return check._replace(strength=Strength.THERE)
    if about.startswith("math.Abs("):
        return check._replace(strength=Strength.EXACTLY)
    return check


def _bound(operator: str, expected: str) -> float | None:
    """It fails above or below it."""
    value = number(expected)
    return None if value is None or operator[0] not in "<>" else value if operator.startswith(">") else -value


def _testify(call: "Node", method: str) -> Check:
    arguments = field(call, "arguments")
    given = [one for one in arguments.named_children if one.type != "comment"] if arguments is not None else []
    values = given[1:]  # behind the test itself
    strength = _METHODS.get(method, Strength.EXACTLY)
    literals = [words(one) for one in values[:2] if _is_literal(one)]
    others = [words(one) for one in values[:2] if not _is_literal(one)]
    if (method in ("True", "False") and literals == [method.lower()]) or (
        method == "Equal" and len(literals) == 2 and literals[0] == literals[1]
    ):
        strength = Strength.NOTHING
    named = [words(one) for one in values[:1] if one.type == "identifier" and len(others) == 2]
    held = (literals or named)[:1] if strength == Strength.EXACTLY else []
    expected = _NAMED.get(method, held[0] if held else "")
    about = (others[-1] if method == "Equal" else others[0]) if others else words(call)
    slack = number(words(values[2])) if method in ("InDelta", "InEpsilon") and len(values) > 2 else None
    return Check(words(call), *lines(call), strength, about, "false" if expected in _EMPTY else expected, slack)


_NAMED: Mapping[str, str] = {"True": "true", "False": "false", "Nil": "nil", "NoError": "nil", "Empty": "false"}


def _is_literal(node: "Node") -> bool:
    if node.type == "unary_expression":
        return all(map(_is_literal, node.named_children))
    return node.type in _LITERALS
