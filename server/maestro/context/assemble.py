"""The messages of a request: what is sent of a chat, in an order every provider takes."""

from collections.abc import Iterator, Mapping, Sequence

from maestro.context.frame import framed
from maestro.context.pieces import Piece
from maestro_protocol.chat import ChatMessage, ContentPart, ImagePart, ReplayPart, TextPart, ToolCallPart
from maestro_protocol.conversations import Message

REMOVED = "Earlier messages were removed."
"""Stands for the user where an answer would follow nothing."""
_NO_OUTPUT = "(no output)"


def assemble(system: str | None, pieces: Sequence[Piece]) -> list[ChatMessage]:
    """The request's messages.

    The first one that is no system message is the user's, and neighbours of one role are one message. Results stand
    right behind the answer whose calls they answer; a call without a result goes, with the provider's own items of its
    answer, and so does a result without a call. What broke off is sent as text. Nothing empty is sent.
    """
    built = _Request()
    for answer, others in _stretches(pieces):
        results = _results(others)
        if answer is not None:
            built.answer(answer, results)
        for piece in others:
            built.say(_user_parts(piece))
    messages = built.finish()
    return [ChatMessage(role="system", content=system), *messages] if system and system.strip() else messages


class _Request:
    def __init__(self) -> None:
        self._messages: list[ChatMessage] = []
        self._said: list[ContentPart] = []

    def say(self, parts: Sequence[ContentPart]) -> None:
        """The user's part of the conversation; texts that meet become one."""
        for index, part in enumerate(parts):
            last = self._said[-1] if self._said else None
            if index == 0 and isinstance(part, TextPart) and isinstance(last, TextPart):
                self._said[-1] = TextPart(text=f"{last.text}\n\n{part.text}")
            else:
                self._said.append(part)

    def answer(self, message: Message, results: Mapping[str, Message]) -> None:
        parts = _answer_parts(message, results)
        if not parts:
            return
        if not self._said and (not self._messages or self._messages[-1].role == "assistant"):
            self.say([TextPart(text=REMOVED)])
        self._flush()
        self._messages.append(_message("assistant", parts))
        for call in parts:
            if isinstance(call, ToolCallPart):
                content = _visible(results[call.tool_call_id].parts) or [TextPart(text=_NO_OUTPUT)]
                self._messages.append(_message("tool", content, call.tool_call_id))

    def finish(self) -> list[ChatMessage]:
        self._flush()
        return self._messages

    def _flush(self) -> None:
        if self._said:
            self._messages.append(_message("user", self._said))
            self._said = []


def _stretches(pieces: Sequence[Piece]) -> Iterator[tuple[Message | None, list[Piece]]]:
    """Each answer with everything up to the next one; what stands before the first comes with None."""
    answer: Message | None = None
    others: list[Piece] = []
    for piece in pieces:
        if piece.message is not None and piece.message.role == "assistant":
            yield answer, others
            answer, others = piece.message, []
        else:
            others.append(piece)
    yield answer, others


def _results(pieces: Sequence[Piece]) -> dict[str, Message]:
    """The results by their calls; of several the first. The ids of some services are only good for one round."""
    found: dict[str, Message] = {}
    for piece in pieces:
        if piece.message is not None and piece.message.role == "tool":
            found.setdefault(piece.message.tool_call_id or "", piece.message)
    return found


def _answer_parts(message: Message, results: Mapping[str, Message]) -> list[ContentPart]:
    """What is sent of an answer; nothing if it neither says nor calls anything."""
    calls = [part.tool_call_id for part in message.parts if isinstance(part, ToolCallPart)]
    if message.incomplete:
        parts = _visible(message.parts)
    elif len(set(calls)) == len(calls) and set(calls) <= results.keys():
        parts = [part for part in message.parts if not _is_blank(part)]
    else:
        parts = _without_unanswered(message, results)
    return parts if any(isinstance(part, (TextPart, ImagePart, ToolCallPart)) for part in parts) else []


def _without_unanswered(message: Message, results: Mapping[str, Message]) -> list[ContentPart]:
    """The provider's own items hold all calls, and what led to them is signed as a whole: they go altogether."""
    parts: list[ContentPart] = []
    seen: set[str] = set()
    for part in message.parts:
        if isinstance(part, ToolCallPart):
            if part.tool_call_id in seen or part.tool_call_id not in results:
                continue
            seen.add(part.tool_call_id)
        if not isinstance(part, ReplayPart) and not _is_blank(part):
            parts.append(part)
    return parts


def _user_parts(piece: Piece) -> Sequence[ContentPart]:
    """Empty for results of tools, which their answer has taken along."""
    if piece.message is not None:
        return _visible(piece.message.parts) if piece.is_user else []
    if not piece.text.strip():
        return []
    as_said = piece.chunk.source == "message"
    return [TextPart(text=piece.text if as_said else framed(piece.chunk, piece.text))]


def _visible(parts: Sequence[ContentPart]) -> list[ContentPart]:
    return [part for part in parts if isinstance(part, (TextPart, ImagePart)) and not _is_blank(part)]


def _is_blank(part: ContentPart) -> bool:
    return isinstance(part, TextPart) and not part.text.strip()


def _message(role: str, parts: Sequence[ContentPart], call_id: str | None = None) -> ChatMessage:
    """A single text stands as such."""
    only = parts[0] if len(parts) == 1 else None
    content = only.text if isinstance(only, TextPart) else list(parts)
    return ChatMessage.model_validate({"role": role, "content": content, "tool_call_id": call_id})
