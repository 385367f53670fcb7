"""A diagnostic in its source, as a person reads it: the line, a squiggle under it, the message beside it."""

from pydantic import JsonValue

from maestro.cli.terminal import styled
from maestro_protocol.base import JsonObject

_COLOUR = {1: 31, 2: 33, 3: 34, 4: 90}
_WIDEST = 160
"""Characters of a line that are drawn."""
_NAME = {1: "error", 2: "warning", 3: "info", 4: "hint"}


def draw(name: str, text: str, diagnostic: JsonObject) -> str:
    """The frame of an LSP diagnostic whose positions count code points or ASCII."""
    line, start = _position(diagnostic, "start")
    end_line, end = _position(diagnostic, "end")
    source = text.split("\n")[line]
    width = (min(end, _WIDEST) if end_line == line else len(source[:_WIDEST])) - start
    severity = diagnostic.get("severity")
    level = severity if isinstance(severity, int) else 2
    margin = " " * len(str(line + 1))
    squiggle = styled("~" * max(1, width), _COLOUR[level])
    head = f"  {name}:{line + 1}:{start + 1} {styled(_NAME[level], _COLOUR[level])} [{diagnostic.get('code')}]"
    message, *notes = str(diagnostic.get("message")).splitlines() or [""]
    before = "".join("\t" if character == "\t" else " " for character in source[:start])
    frame = [head, f"    {line + 1} | {source[:_WIDEST]}", f"    {margin} | {before}{squiggle} {message}"]
    return "\n".join([*frame, *(f"    {margin} = {note}" for note in notes), ""])


def _position(diagnostic: JsonObject, end: str) -> tuple[int, int]:
    where: JsonValue = diagnostic
    for key in ("range", end):
        where = where.get(key) if isinstance(where, dict) else None
    found = where if isinstance(where, dict) else {}
    line, character = found.get("line"), found.get("character")
    return (line if isinstance(line, int) else 0), (character if isinstance(character, int) else 0)
