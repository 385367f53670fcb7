"""Puts tool calls of the chat wire together: which call a fragment belongs to, service by service."""

from collections.abc import Iterator

from pydantic import JsonValue

from maestro.streaming.messages import FunctionCall, FunctionCallDelta
from maestro.streaming.wire.calls import OpenCall, made_up_id, parse_arguments, raw_arguments
from maestro.streaming.wire.values import integer_of, object_of, text_of
from maestro_protocol.base import JsonObject


class ChatCalls:
    """The calls of one answer, in the order they were begun.

    A fragment belongs to the call of its `index`, unless it brings a different id: then it begins a new one. So it does
    without an id, if it brings a name where the arguments are whole already. Without an index the id tells, and
    without either the position. Ids and names that repeat are not appended, empty ones are ignored.
    """

    def __init__(self) -> None:
        self._calls: list[OpenCall] = []
        self._by_index: dict[int, OpenCall] = {}
        self._anonymous: dict[int, OpenCall] = {}
        """Those of an index that have brought no id yet."""
        self._by_id: dict[tuple[int | None, str], OpenCall] = {}

    def add(self, fragments: list[JsonObject], response_id: str | None) -> Iterator[FunctionCallDelta]:
        for position, fragment in enumerate(fragments):
            function = object_of(fragment.get("function"))
            name = text_of(function.get("name"))
            index, identity = integer_of(fragment.get("index")), text_of(fragment.get("id"))
            call = self._find(index, identity, name, position if len(fragments) > 1 else -1)
            if call is not None and not identity and _follows(call, name, function.get("arguments")):
                call = None
            if call is None:
                call = self._begin(index, identity, name, response_id)
                yield call.begin()
            elif name and not call.name:
                call.name = name
                yield call.begin()
            if index is not None:
                self._by_index[index] = call
            text = self._arguments(call, function.get("arguments"))
            if text:
                yield call.add(text)

    def close(self, *, ended: bool, cut: bool) -> Iterator[FunctionCall]:
        """All calls. `ended`: the answer is over; `cut`: at a limit, so that no arguments do not mean `{}`."""
        calls, self._calls = self._calls, []
        for call in calls:
            has_text = any(piece.strip() for piece in call.pieces)
            yield call.close(complete=ended and bool(call.name) and (has_text or not cut))

    def _find(self, index: int | None, identity: str, name: str, position: int) -> OpenCall | None:
        if identity:
            known = self._by_id.get((index, identity))
            if known is not None or index is None:
                return known
            call = self._anonymous.pop(index, None)
            if call is not None:
                self._by_id[index, identity] = call
            return call
        if index is not None:
            return self._by_index.get(index)
        if name or not self._calls:
            return None
        return self._calls[position if -len(self._calls) <= position < len(self._calls) else -1]

    def _begin(self, index: int | None, identity: str, name: str, response_id: str | None) -> OpenCall:
        call = OpenCall(identity or made_up_id(len(self._calls), response_id), name)
        self._calls.append(call)
        if identity:
            self._by_id[index, identity] = call
        elif index is not None:
            self._anonymous[index] = call
        return call

    @staticmethod
    def _arguments(call: OpenCall, value: JsonValue) -> str:
        return raw_arguments(value) if value != {} or not call.pieces else ""


def _follows(call: OpenCall, name: str, arguments: JsonValue) -> bool:
    """Whether a fragment with this name begins the next call: some services give all calls one index and no id."""
    if not name or not call.name or not call.pieces or not call.pieces[-1].rstrip().endswith("}"):
        return False  # the last brace is looked for first, since some repeat the name in every fragment
    repeated = name == call.name and not raw_arguments(arguments).strip()
    return not repeated and parse_arguments("".join(call.pieces)) is not None
