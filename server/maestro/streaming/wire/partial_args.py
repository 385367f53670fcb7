"""Arguments that Gemini streams leaf by leaf: a JSON path and a piece of the value that stands there."""

import json
import re
from typing import Final

from pydantic import JsonValue

from maestro.streaming.text import join_surrogates
from maestro.streaming.wire.values import object_of, text_of
from maestro_protocol.base import JsonObject

_STEP = re.compile(r"\.([^.\[\]]+)|\[(\d+)\]|\[\s*'([^']*)'\s*\]|\[\s*\"([^\"]*)\"\s*\]")
_MOST_ITEMS: Final = 10_000
"""An index beyond it is no argument list."""


class PartialArgs:
    """The arguments of one call while they grow, and the part that must be sent back for it."""

    def __init__(self, part: JsonObject) -> None:
        call = {
            name: value for name, value in object_of(part["functionCall"]).items() if name in ("id", "name", "args")
        }
        self.part: JsonObject = {**part, "functionCall": call}
        self.whole: JsonObject = {}
        self.readable = True
        """False once a path made no sense: such a call must not be run."""
        self._call = call
        self._strings: dict[str, list[str]] = {}

    def add(self, row: JsonObject) -> str:
        """Take one piece; returns it as text, for display."""
        path = text_of(row.get("jsonPath"))
        if "stringValue" in row:
            pieces = self._strings.setdefault(path, [])
            piece = text_of(row["stringValue"])
            if not pieces:
                self._put(path, "")
            pieces.append(piece)
            return piece
        value = row.get("numberValue", row.get("boolValue"))
        self._put(path, value)
        return json.dumps(value)

    def close(self) -> str:
        """The raw arguments."""
        for path, pieces in self._strings.items():
            self._put(path, join_surrogates("".join(pieces)))
        self._call["args"] = self.whole
        return json.dumps(self.whole, ensure_ascii=False, separators=(",", ":"))

    def _put(self, path: str, value: JsonValue) -> None:
        steps = _steps(path)
        if not steps or not _set(self.whole, steps, value):
            self.readable = False


def _steps(path: str) -> list[str | int]:
    """`$.a[0].b` as `["a", 0, "b"]`; nothing where it is no such path."""
    steps: list[str | int] = []
    position = 1
    while path.startswith("$") and position < len(path):
        found = _STEP.match(path, position)
        if found is None:
            return []
        name, index, *quoted = found.groups()
        steps.append(int(index) if index else name if name is not None else next(q for q in quoted if q is not None))
        position = found.end()
    return steps


def _set(target: JsonValue, steps: list[str | int], value: JsonValue) -> bool:
    """Puts the value where the steps lead, making what is missing on the way; False where they lead nowhere."""
    for step, following in zip(steps, [*steps[1:], None], strict=True):
        empty: JsonValue = value if following is None else [] if isinstance(following, int) else {}
        if isinstance(target, dict) and isinstance(step, str):
            if following is None or step not in target:
                target[step] = empty
            target = target[step]
        elif isinstance(target, list) and isinstance(step, int) and step < _MOST_ITEMS:
            target.extend([None] * (step + 1 - len(target)))
            if following is None or target[step] is None:
                target[step] = empty
            target = target[step]
        else:
            return False
    return True
