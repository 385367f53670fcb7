"""What can be said of a piece of code without understanding it: its size, its definitions, its imports."""

import re
from typing import NamedTuple

from maestro.audit.code.symbols import find_symbols
from maestro.audit.source import AuditSource

_BLOCK = re.compile(
    r"^(?:(?P<label>\S[^\n]*):\n)?(?P<fence>```+)(?P<language>[\w+#-]*)[^\n]*\n(?P<code>.*?)\n?^(?P=fence)[ \t]*$",
    re.S | re.M,
)
_IMPORT = re.compile(
    r"^\s*(?:from\s+(?P<module>[\w.]+)\s+import\b|import\s+(?P<name>[\w.]+)|use\s+(?P<path>[\w:]+)"
    r"|#include\s*[<\"](?P<header>[^>\"]+)|.*\b(?:from|require\()\s*[\"'](?P<package>[^\"']+)[\"'])"
)
_SHOWN = 8


class Block(NamedTuple):
    """A fenced piece of a message; `label` is the line before it, such as a file's name."""

    label: str
    language: str
    code: str


def find_blocks(text: str) -> list[Block]:
    """The fenced pieces of a message, in order."""
    return [
        Block((found["label"] or "a piece of code").strip(), found["language"], found["code"])
        for found in _BLOCK.finditer(text)
    ]


def without_blocks(text: str) -> str:
    """What a message says around its fenced pieces."""
    return _BLOCK.sub("", text).strip()


def describe(block: Block) -> str:
    """One line of facts."""
    source = AuditSource(block.label, block.code, block.language)
    parts = [_count(len(source.lines), "line")]
    if symbols := list(dict.fromkeys(symbol.name for symbol in find_symbols(source))):
        parts.append(f"{_count(len(symbols), 'definition')} ({_some(symbols)})")
    if imports := _imports(source):
        parts.append(f"{_count(len(imports), 'import')} ({_some(imports)})")
    language = f", {block.language}" if block.language else ""
    return f"{block.label}{language}: {', '.join(parts)}."


def _imports(source: AuditSource) -> list[str]:
    found = [match for line in source.lines if len(line) < 500 and (match := _IMPORT.match(line))]
    return list(dict.fromkeys(next(filter(None, match.groups())) for match in found))


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _some(names: list[str]) -> str:
    shown = ", ".join(f"`{name}`" for name in names[:_SHOWN])
    return f"{shown}, …" if len(names) > _SHOWN else shown
