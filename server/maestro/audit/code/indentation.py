"""Definitions in languages without a grammar here, and in broken code: by their keywords and their indentation."""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from maestro.audit.code.definitions import Symbol
from maestro.audit.code.lexer import blank_pieces
from maestro.audit.source import AuditSource

_CLASSES = "class|struct|interface|impl|trait|enum|module|namespace|object|protocol|extension|record|union"
_FUNCTIONS = r"function\*?|func|fun|fn|def|defp|defmacro|sub|proc"
_MODIFIERS = (
    "export|default|public|private|protected|internal|static|async|pub|final|abstract|override|virtual|sealed|partial"
    "|open|data|unsafe|extern|const|inline|suspend|local|case|mutating|readonly|typedef|declare|defer"
)
_DEFINITION = re.compile(
    rf"^(?P<indent>[ \t]*)(?:(?:{_MODIFIERS})(?:\([^)]*\))?\s+)*"
    rf"(?:(?P<class>{_CLASSES})|{_FUNCTIONS})\s+(?:\([^)]*\)\s*)?(?:self\.)?(?P<name>[A-Za-z_$][\w$]*)"
)
# Types whose name does not follow a keyword.
_GO_TYPE = re.compile(r"^(?P<indent>[ \t]*)type\s+(?P<name>\w+)(?:\[.*\])?\s+(?:struct|interface)\b")
_RUST_IMPL = re.compile(r"^(?P<indent>[ \t]*)(?:unsafe\s+)?impl\b(?:<.*?>)?\s+(?:.*\bfor\s+)?&?(?:\w+::)*(?P<name>\w+)")
_TYPES = {"go": _GO_TYPE, "rust": _RUST_IMPL}
# A type and a name before a parenthesis, where functions have no keyword.
_TYPED = re.compile(
    r"^(?P<indent>[ \t]*)(?=[\w\[~])"
    r"(?!(?:return|else|if|for|while|switch|catch|new|throw|case|do|using|await|delete|goto|lock)\b)"
    r"(?:(?:[\w<>\[\],.?*&:]++[ \t]++){1,8}[*&]*(?P<outer>(?:\w+::)*)|(?P<owner>(?:\w+::)+))"
    r"(?P<name>~?[A-Za-z_]\w*)(?:<[^()]*>)?[ \t]*\([^;]*$"
)
# Methods and arrow functions, which have no keyword either.
_SCRIPT = re.compile(
    r"^(?P<indent>[ \t]*)(?!(?:return|else|if|for|while|switch|catch|new|throw|case|do|await|function|with)\b)"
    r"(?:(?:export|default)[ \t]+)*(?:(?:const|let|var)[ \t]+(?P<name>[\w$]+)[^=;]*=[^=;]*(?:=>|\bfunction\b)"
    r"|(?:(?:public|private|protected|static|async|override|readonly|get|set)[ \t]+|\*[ \t]*)*"
    r"(?P<method>#?[\w$]+)(?:<[^()]*>)?\((?:[^;]*\{|[^;)]*$))"
)
_SCRIPT_LANGUAGES = frozenset(["javascript", "javascriptreact", "typescript", "typescriptreact"])
_TYPED_LANGUAGES = frozenset(
    {"c", "cpp", "csharp", "java", "dart", "objective-c", "objective-cpp", "groovy", "solidity"}
)
_BRACED = _TYPED_LANGUAGES | _SCRIPT_LANGUAGES | frozenset("go rust kotlin swift php scala zig d proto proto3".split())
_BODY = re.compile(r"[{;]")
_LONGEST_HEAD = 4_000
"""Characters between a name and its body."""
_DECORATION = re.compile(r"[ \t]*(?:@|#?\[|template\b)")
_CLOSING = re.compile(r"(?:[{}\])]|end\b)")


class _Head(NamedTuple):
    name: str
    is_class: bool
    indent: int
    end: int
    """The column where its name ends."""
    needs_body: bool
    """Whether it is a definition only if braces follow."""


def find_by_indentation(source: AuditSource) -> Iterator[Symbol]:
    """What looks like a definition, with its qualified name."""
    text = blank_pieces(source)
    lines = text.split("\n")
    ends = _brace_ends(text) if source.language in _BRACED else {}
    around: list[Symbol] = []
    for number, line in enumerate(lines):
        head = _head(line, source.language)
        if head is None:
            continue
        last = _body_end(source, text, ends, source.offset(number, head.end))
        if last is None and head.needs_body:
            continue
        if last is None:
            last = _block_end(lines, number, head.indent)
        while around and around[-1].last_line < number:
            around.pop()
        name = f"{around[-1].name}.{head.name}" if around else head.name
        around.append(Symbol(name, _first_line(lines, number), last, "class" if head.is_class else "function", number))
        yield around[-1]


def _head(line: str, language: str) -> _Head | None:
    if language in _TYPES and (found := _TYPES[language].match(line)) is not None:
        return _Head(found["name"], True, len(found["indent"]), found.end("name"), False)
    if (found := _DEFINITION.match(line)) is not None:
        return _Head(found["name"], bool(found["class"]), len(found["indent"]), found.end("name"), False)
    if language in _TYPED_LANGUAGES and (found := _TYPED.match(line)) is not None:
        name = f"{found['outer'] or found['owner'] or ''}{found['name']}".replace("::", ".")
        return _Head(name, False, len(found["indent"]), found.end("name"), True)
    if language in _SCRIPT_LANGUAGES and (found := _SCRIPT.match(line)) is not None:
        group = "name" if found["name"] else "method"
        return _Head(found[group], False, len(found["indent"]), found.end(group), True)
    return None


def _brace_ends(text: str) -> dict[int, int]:
    """Where the brace ends that begins at an offset."""
    ends: dict[int, int] = {}
    open_: list[int] = []
    for brace in re.finditer(r"[{}]", text):
        if brace[0] == "{":
            open_.append(brace.start())
        elif open_:
            ends[open_.pop()] = brace.start()
    return ends


def _body_end(source: AuditSource, text: str, ends: dict[int, int], start: int) -> int | None:
    """The last line of the body in braces that follows a name; None if none does."""
    if not ends:
        return None
    begin = _BODY.search(text, start, start + _LONGEST_HEAD)
    end = ends.get(begin.start()) if begin is not None else None
    return source.span(end, end).start_line if end is not None else None


def _first_line(lines: Sequence[str], number: int) -> int:
    while number and _DECORATION.match(lines[number - 1]) is not None:
        number -= 1
    return number


def _block_end(lines: Sequence[str], first: int, indent: int) -> int:
    last = first
    for number in range(first + 1, len(lines)):
        body = lines[number].lstrip()
        if not body:
            continue
        deeper = len(lines[number]) - len(body) > indent
        if not deeper and not _CLOSING.match(body):
            break
        last = number
        if not deeper and body[0] in "}e":
            break
    return last
