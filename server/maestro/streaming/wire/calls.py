"""A tool call while it arrives, and what its arguments are once it is closed."""

import json
import math
from dataclasses import dataclass, field
from typing import NoReturn

from pydantic import JsonValue

from maestro.streaming.messages import FunctionCall, FunctionCallDelta
from maestro.streaming.text import SurrogateJoiner, join_surrogates
from maestro_protocol.base import JsonObject


@dataclass(slots=True)
class OpenCall:
    """`id` is the one the answer to the call must carry; `pieces` are the raw arguments so far."""

    id: str
    name: str = ""
    pieces: list[str] = field(default_factory=list)
    closed: bool = False
    """The provider said that the arguments are all there."""
    _display: SurrogateJoiner = field(default_factory=SurrogateJoiner)

    def begin(self) -> FunctionCallDelta:
        """Announces the call: it precedes every other message about it."""
        return FunctionCallDelta(self.id, self.name, "")

    def add(self, text: str) -> FunctionCallDelta:
        """A fragment of the arguments."""
        self.pieces.append(text)
        return FunctionCallDelta(self.id, self.name, self._display.push(text) if text else text)

    def close(self, raw: str | None = None, *, complete: bool = True) -> FunctionCall:
        """The call. `raw` is the provider's own last word on the arguments, where it has one."""
        text = join_surrogates("".join(self.pieces) if raw is None else raw)
        arguments = parse_arguments(text) if complete else None
        return FunctionCall(self.id, self.name, arguments, text, arguments is not None)


def parse_arguments(raw: str) -> JsonObject | None:
    """The arguments as an object, `{}` for none at all; None for anything that is not one whole JSON object.

    Nothing is repaired: arguments that a guess completed are not what the model asked for. Control characters inside
    strings are taken literally, since they leave no doubt.
    """
    if raw.strip() in ("", "null"):
        return {}
    try:
        value: JsonValue = json.loads(raw, strict=False, parse_constant=_no_constant, parse_float=_finite)
    except (ValueError, RecursionError):
        return None
    return _encodable(value) if isinstance(value, dict) else None


def raw_arguments(value: JsonValue) -> str:
    """Arguments as text, from a provider that sends an object, a string or nothing."""
    if isinstance(value, str):
        return value
    return "" if value is None else json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def made_up_id(number: int, response_id: str | None) -> str:
    """An id for a call whose provider gave none: the same at every decoding, different in every answer."""
    tail = "".join(char for char in (response_id or "")[-24:] if char.isalnum() or char in "_-")
    return f"call_{number}_{tail}" if tail else f"call_{number}"


def _finite(digits: str) -> float:
    value = float(digits)
    return value if math.isfinite(value) else _no_constant(digits)


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)  # NaN and infinities are not JSON; nobody downstream could encode them


def _encodable(value: JsonObject) -> JsonObject:
    """The same with lone surrogates, which JSON can spell and UTF-8 cannot, replaced."""
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        escaped = join_surrogates(json.dumps(value, ensure_ascii=False))
        value = json.loads(escaped)
    return value
