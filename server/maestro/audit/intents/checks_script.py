"""The tests of a JavaScript or TypeScript file: jest's, vitest's, mocha's."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from maestro.audit.code.syntax import below, field, lines, parsed, words
from maestro.audit.intents.checks import HELPERS, Case, Check, Constant, Strength, number, settled, strengths

if TYPE_CHECKING:
    from tree_sitter import Node

_TESTS = frozenset("it test specify fit xit xtest".split())
_GROUPS = frozenset("describe context suite fdescribe xdescribe".split())
_SKIPPED = frozenset("skip todo failing fails".split())
_LITERALS = frozenset("number string true false null undefined template_string".split())
_EMPTY = frozenset(("false", "''", '""', "0", "[]"))

_MATCHERS = strengths(
    "toBeTruthy toBeFalsy toBeDefined toBeInstanceOf toHaveBeenCalled toBeCalled toBeTypeOf",
    "toMatchObject toContain toContainEqual toHaveLength toHaveProperty toMatch toHaveBeenCalledTimes toMatchSnapshot "
    "toMatchInlineSnapshot toBeGreaterThan toBeGreaterThanOrEqual toBeLessThan toBeLessThanOrEqual",
)
"""All others look at the whole value."""
_BOUNDS: Mapping[str, int] = {
    "toBeGreaterThan": -1,
    "toBeGreaterThanOrEqual": -1,
    "toBeLessThan": 1,
    "toBeLessThanOrEqual": 1,
}


def cases(text: str, language: str) -> list[Case] | None:
    """Calls of `it` and `test` by the names of the groups around them; None if the text does not parse."""
    root = parsed(text, language)
    if root is None:
        return None
    found = list(_cases(root, "", ()))
    only = [case for case, is_only in found if is_only]
    # Where one test is the only one, the others do not count.
    silenced = (only[0].first_line,) if only else ()
    return [case if is_only else case._replace(skips=(*case.skips, *silenced)) for case, is_only in found]


def _cases(node: "Node", outer: str, skips: tuple[int, ...], only: bool = False) -> Iterator[tuple[Case, bool]]:
    for call in below(node, "call_expression"):
        name, modifiers = _callee(call)
        arguments = _arguments(call)
        if name not in _TESTS | _GROUPS or not arguments:
            yield from _cases(call, outer, skips, only)
            continue
        own = (*skips, *((call.start_point[0],) if name.startswith("x") or modifiers & _SKIPPED else ()))
        title, is_only = outer + words(arguments[0]).strip("'\"`"), only or name.startswith("f") or "only" in modifiers
        if name in _GROUPS:
            yield from _cases(arguments[-1], f"{title} > ", own, is_only)
        else:
            checks = (*_rows(call), *_checks(arguments[-1], hushed=False))
            yield settled(Case(title, *lines(call), checks, own), _constants(arguments[-1])), is_only


def _constants(function: "Node") -> Mapping[str, Constant]:
    """What is declared in a function as `const` and is a literal."""
    return {
        words(field(one, "name")): Constant(words(value), one.start_point[0])
        for one in below(function, "variable_declarator")
        if (value := field(one, "value")) is not None and _is_literal(value)
    }


def _callee(call: "Node") -> tuple[str, set[str]]:
    """`it.skip.each(…)(…)` as `it` with `skip` and `each`."""
    node, modifiers = field(call, "function"), set[str]()
    while node is not None and node.type in ("member_expression", "call_expression"):
        if node.type == "member_expression":
            modifiers.add(words(field(node, "property")))
        node = field(node, "object" if node.type == "member_expression" else "function")
    return (words(node) if node is not None and node.type == "identifier" else ""), modifiers


def _arguments(call: "Node | None") -> "Sequence[Node]":
    found = field(call, "arguments")
    return [one for one in found.named_children if one.type != "comment"] if found is not None else ()


def _rows(call: "Node") -> Iterator[Check]:
    """The table of `it.each([…])`."""
    table = _arguments(field(call, "function"))
    for row in table[0].named_children if table and table[0].type == "array" else ():
        parts = [words(part) for part in row.named_children] if row.type == "array" else [words(row)]
        known, expected = (parts[:-1], parts[-1]) if len(parts) > 1 else (parts, "")
        yield Check(", ".join(parts), *lines(row), Strength.EXACTLY, ", ".join(known), expected, is_row=True)


def _checks(node: "Node", *, hushed: bool) -> Iterator[Check]:
    """In order, as far as they are reached."""
    for child in node.named_children:
        if child.type == "call_expression" and (check := _check(child)) is not None:
            yield check._replace(is_hushed=hushed)
        elif child.type == "try_statement" and (body := field(child, "body")) is not None:
            yield from _checks(body, hushed=hushed or _is_hushing(child))
            for part in ("handler", "finalizer"):
                if (other := field(child, part)) is not None:
                    yield from _checks(other, hushed=hushed)
        elif child.type != "if_statement" or words(field(child, "condition")) not in ("(false)", "(0)"):
            yield from _checks(child, hushed=hushed)
        if child.type in ("return_statement", "throw_statement"):
            return


def _is_hushing(node: "Node") -> bool:
    """Whether a failed assertion ends in `catch`, and nothing is said about it."""
    handler = words(field(node, "handler"))
    return bool(handler) and not any(
        word in handler for word in ("throw", "expect", "assert", "fail", "reject", "done")
    )


def _check(call: "Node") -> Check | None:
    """`expect(x).not.toBe(y)` or `assert.equal(x, y)`."""
    function = field(call, "function")
    if function is None:
        return None
    if words(function).split(".")[0] == "assert":
        return _assert(call, words(function).partition(".")[2])
    node: Node | None = function
    chain = list[str]()
    while node is not None and node.type == "member_expression":
        chain.append(words(field(node, "property")))
        node = field(node, "object")
    if node is not None and node.type == "identifier" and words(node) != "expect" and not chain:
        is_helper = words(node).lower().startswith(HELPERS)
        return Check(words(call), *lines(call), Strength.EXACTLY, words(call)) if is_helper else None
    if node is None or node.type != "call_expression" or words(field(node, "function")) != "expect" or not chain:
        return None
    return _expect(call, _arguments(node), chain)


def _expect(call: "Node", looked_at: "Sequence[Node]", chain: list[str]) -> Check:
    matcher, given = chain[0], _arguments(call)
    about = words(looked_at[0]) if looked_at else ""
    first = words(given[0]) if given else ""
    expected = first if given and (_is_literal(given[0]) or given[0].type == "identifier") else _NAMED.get(matcher, "")
    strength = _MATCHERS.get(matcher, Strength.EXACTLY)
    if matcher == "toThrow":
        strength, expected = (Strength.EXACTLY, first) if first else (Strength.PARTLY, "")
    elif first.startswith("expect.any") or expected == "true":
        strength = Strength.THERE
    if "not" in chain:
        missing = matcher in ("toBeNull", "toBeUndefined") or first in ("null", "undefined")
        strength, expected = min(strength, Strength.THERE if missing else Strength.PARTLY), ""
    check = Check(words(call), *lines(call), strength, about, "false" if expected in _EMPTY else expected)
    if looked_at and _is_literal(looked_at[0]) and about == first:
        return check._replace(strength=Strength.NOTHING)
    return check._replace(slack=_slack(matcher, [words(one) for one in given]))


_NAMED: Mapping[str, str] = {
    "toBeTruthy": "true",
    "toBeFalsy": "false",
    "toBeNull": "null",
    "toBeUndefined": "undefined",
    "toBeNaN": "NaN",
}


def _slack(matcher: str, given: Sequence[str]) -> float | None:
    value = number(given[-1]) if given else None
    if value is None:
        return None
    if matcher == "toBeCloseTo":
        return 10 ** -(value if len(given) > 1 else 2)
    return _BOUNDS[matcher] * value if matcher in _BOUNDS else None


def _assert(call: "Node", method: str) -> Check:
    """Of node's `assert` and chai's."""
    given = _arguments(call)
    about = words(given[0]) if given else ""
    other = given[1] if len(given) > 1 else None
    if method in ("", "ok", "isOk", "isTrue"):
        always = bool(given) and given[0].type in ("true", "number", "string") and about not in _EMPTY
        return Check(words(call), *lines(call), Strength.NOTHING if always else Strength.THERE, about, "true")
    weak = method.startswith(("not", "isNot", "exists", "isDefined", "match", "include"))
    expected = words(other) if other is not None and _is_literal(other) and not weak else ""
    strength = Strength.PARTLY if weak else Strength.EXACTLY
    if given and other is not None and _is_literal(given[0]) and about == expected:
        strength = Strength.NOTHING
    return Check(words(call), *lines(call), strength, about, expected)


def _is_literal(node: "Node") -> bool:
    if node.type in ("array", "object", "unary_expression", "pair"):
        return all(map(_is_literal, node.named_children))
    return node.type in _LITERALS or node.type == "property_identifier"
