"""Claims about Python that its syntax tree refutes: a name is used, is bound, a call is awaited, the text parses."""

import ast
import builtins
import keyword
import re
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from maestro.audit.asking.wire import WireFinding
from maestro.audit.code.scopes import Scope, build_scopes, scope_at
from maestro.audit.code.symbols import parse_python
from maestro.audit.source import AuditSource, Span

_NAME = r"[`'\"]?(?P<name>[A-Za-z_][\w.]*)(?:\(\))?[`'\"]?"
_KIND = r"(?:import|variable|name|argument|parameter|function|class|constant|local|symbol|module)"
_UNUSED = (
    rf"(?:unused|unreferenced)\s+(?:(?:local|function|imported)\s+)*(?:{_KIND}\s*:?\s+)?(?:of\s+)?{_NAME}",
    rf"{_NAME}\s+(?:{_KIND}\s+)?(?:is|was)\s+(?:(?:imported|defined|assigned|declared)(?:\s+to)?,?\s+(?:but|and)\s+)?"
    r"(?:is\s+)?(?:(?:never|not)\s+|un)(?:used|referenced|read)",
)
_UNDEFINED = (
    rf"(?:undefined|undeclared|unimported)\s+(?:{_KIND}\s*:?\s+)?(?:reference\s+to\s+)?{_NAME}",
    rf"{_NAME}\s+(?:is|was)\s+(?:used\s+but\s+)?(?:(?:never|not)\s+(?:defined|imported|declared)|undefined)",
    rf"missing\s+import\s+(?:of|for)?\s*:?\s*(?:{_KIND}\s+)?{_NAME}",
    rf"{_NAME}\s+is\s+used\s+without\s+(?:being\s+)?(?:imported|defined|an import)",
)
_MISSING_AWAIT = (
    rf"missing\s+await\s+(?:on|for|before|of|in)?\s*(?:call\s+to\s+|the\s+call\s+to\s+)?{_NAME}",
    rf"{_NAME}\s+is\s+(?:never|not)\s+awaited",
)
_MISSING_RETURN = (
    rf"missing\s+return\s+(?:statement\s+|value\s+)?(?:in|from|of)\s+(?:function\s+|method\s+)?{_NAME}",
    rf"{_NAME}\s+(?:does\s+not|never)\s+returns?\s+(?:anything|a\s+value)",
)
_SYNTAX = re.compile(r"(?i)\bsyntax\s*error\b|\bdoes not parse\b|\bfails to parse\b")
_BARE_EXCEPT = re.compile(r"(?i)\bbare except\b")
# Behind "x is not used" a title may go on "in the fallback": then it says something else.
_NOTHING_ELSE = re.compile(
    r"(?i)\s*(?:\Z|[.;:,(]|anywhere|in (?:this|the) (?:file|module|function|scope)\b"
    r"|in (?:function|method|class|module) )"
)
# Words that stand where a name could.
_FILLERS = frozenset(
    "import imports variable variables name names argument arguments parameter parameters function functions class "
    "value values it this that which result code here local symbol module constant and".split()
)


@dataclass(frozen=True, slots=True)
class Facts:
    """What is certain about one text."""

    tree: ast.Module
    scopes: list[Scope]
    compiles: bool


def facts(source: AuditSource) -> Facts | None:
    """What the syntax tree knows; None for another language or a text that does not parse."""
    tree = parse_python(source.plain.removeprefix("\ufeff")) if source.language == "python" else None
    return None if tree is None else Facts(tree, build_scopes(tree), _compiles(tree))


def is_checkable(claim: WireFinding) -> bool:
    """Whether the syntax tree can have a say at all: to read it takes long."""
    if claim.rule in ("syntax-error", "mutable-default"):
        return True
    if _SYNTAX.search(claim.title) or _BARE_EXCEPT.search(claim.title):
        return True
    return any(_named(patterns, claim.title) is not None for patterns, _ in _CHECKS)


def refuted(known: Facts, claim: WireFinding, span: Span) -> bool:
    """Whether the claim, whose quote stands at the span, is certainly false. What is not certain is no."""
    if claim.rule == "syntax-error" or _SYNTAX.search(claim.title):
        return known.compiles
    if _BARE_EXCEPT.search(claim.title):
        return _no_bare_except(known, span)
    if claim.rule == "mutable-default" and (functions := list(_functions_at(known, span))):
        return all(_has_constant_defaults(function) for function in functions)
    return any(
        (name := _named(patterns, claim.title)) is not None and is_false(known, name, span)
        for patterns, is_false in _CHECKS
    )


def _named(patterns: tuple[str, ...], title: str) -> str | None:
    for pattern in patterns:
        for found in re.finditer(rf"(?i)(?<![\w.]){pattern}(?!\w|\.\w)", title):
            name = found["name"].rstrip(".")
            told = _NOTHING_ELSE.match(title, found.end()) is not None
            if told and name.lower() not in _FILLERS and not keyword.iskeyword(name):
                return name
    return None


def _is_used(known: Facts, name: str, span: Span) -> bool:
    """Whether the one binding the claim can mean is read somewhere outside of itself."""
    scope = _home(known, name, span)
    if scope is None:
        return False
    local = scope.alias(name)
    return len(scope.bindings.get(local, ())) == 1 and scope.is_read(local)


def _is_bound(known: Facts, name: str, span: Span) -> bool:
    """Whether the name is there whenever the quoted lines run."""
    scope: Scope | None = scope_at(known.scopes, span.start_line + 1)
    inner = scope
    while scope is not None:
        if name in scope.bindings and (scope is inner or not scope.is_class):
            return scope.surely_binds(name, before=span.start_line + 1 if scope is inner else None)
        scope = scope.outer
    return hasattr(builtins, name)


def _is_awaited(known: Facts, name: str, span: Span) -> bool:
    """Whether the lines call it, and every such call is awaited."""
    awaited = {id(node.value) for node in ast.walk(known.tree) if isinstance(node, ast.Await)}
    calls = [node for node in _nodes_at(known, span) if isinstance(node, ast.Call) and _last(node.func) == _tail(name)]
    return bool(calls) and all(id(call) in awaited for call in calls)


def _returns(known: Facts, name: str, span: Span) -> bool:
    """Whether every way through the one function of that name ends in a `return` with a value, or raises."""
    functions = [
        node
        for node in ast.walk(known.tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name == _tail(name)
    ]
    return len(functions) == 1 and _leaves(functions[0].body) and not any(map(_is_empty_return, ast.walk(functions[0])))


_CHECKS: tuple[tuple[tuple[str, ...], Callable[[Facts, str, Span], bool]], ...] = (
    (_UNUSED, _is_used),
    (_UNDEFINED, _is_bound),
    (_MISSING_AWAIT, _is_awaited),
    (_MISSING_RETURN, _returns),
)


def _home(known: Facts, name: str, span: Span) -> Scope | None:
    """The scope whose binding of the name the quoted lines hold; nowhere else is it sure which one is meant."""
    lines = range(span.start_line + 1, span.end_line + 2)
    homes = [
        scope
        for scope in known.scopes
        if any(binding.line in lines for binding in scope.bindings.get(scope.alias(name), ()))
    ]
    return homes[0] if len(homes) == 1 else None


def _leaves(body: list[ast.stmt]) -> bool:
    """Whether every way to the end of these statements is a `return` with a value, or an error."""
    match body[-1]:
        case ast.Return(value=value):
            return value is not None
        case ast.Raise():
            return True
        case ast.If(body=then, orelse=otherwise):
            return bool(otherwise) and _leaves(then) and _leaves(otherwise)
        case ast.With(body=inner) | ast.AsyncWith(body=inner):
            return _leaves(inner)
    return False


def _is_empty_return(node: ast.AST) -> bool:
    return isinstance(node, ast.Return) and (
        node.value is None or (isinstance(node.value, ast.Constant) and node.value.value is None)
    )


def _no_bare_except(known: Facts, span: Span) -> bool:
    handlers = [node for node in _nodes_at(known, span) if isinstance(node, ast.ExceptHandler)]
    return bool(handlers) and all(handler.type is not None for handler in handlers)


def _functions_at(known: Facts, span: Span) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda]:
    for node in _nodes_at(known, span):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            yield node


def _has_constant_defaults(function: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) -> bool:
    defaults = [*function.args.defaults, *(default for default in function.args.kw_defaults if default is not None)]
    return all(isinstance(default, ast.Constant) for default in defaults)


def _nodes_at(known: Facts, span: Span) -> Iterator[ast.AST]:
    """The nodes that begin in the quoted lines."""
    lines = range(span.start_line + 1, span.end_line + 2)
    for node in ast.walk(known.tree):
        if getattr(node, "lineno", 0) in lines:
            yield node


def _last(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def _tail(name: str) -> str:
    return name.rpartition(".")[2]


def _compiles(tree: ast.Module) -> bool:
    """Whether it passes what the parser leaves to the compiler, as a `return` outside a function."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compile(tree, "<audited>", "exec", dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True
