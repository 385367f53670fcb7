"""OpenRouter's `reasoning_details`: signed and encrypted thinking that must be sent back as it came."""

from maestro.streaming.wire.values import text_of
from maestro_protocol.base import JsonObject

_STREAMED = ("text", "summary", "data")


class ReasoningDetails:
    """Fragments of the same index and type are one detail: its text appends, its other fields are set."""

    def __init__(self) -> None:
        self._details: list[JsonObject] = []
        self._pieces: list[dict[str, list[str]]] = []
        self._slots: dict[tuple[str, str], int] = {}

    def add(self, details: list[JsonObject]) -> None:
        for detail in details:
            key = (str(detail.get("type")), str(detail.get("index", detail.get("id"))))
            slot = self._slots.setdefault(key, len(self._details))
            if slot == len(self._details):
                self._details.append({})
                self._pieces.append({})
            for name, value in detail.items():
                if name in _STREAMED and isinstance(value, str):
                    self._pieces[slot].setdefault(name, []).append(value)
                elif value not in (None, ""):
                    self._details[slot][name] = value

    def joined(self) -> list[JsonObject]:
        return [
            {**detail, **{name: "".join(pieces) for name, pieces in parts.items()}}
            for detail, parts in zip(self._details, self._pieces, strict=True)
        ]

    @staticmethod
    def text(details: list[JsonObject]) -> str:
        """What a reader may see of them."""
        return "".join(text_of(detail.get("text")) or text_of(detail.get("summary")) for detail in details)
