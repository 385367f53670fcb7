"""Gemini generateContent: chunks with candidates and parts, ended by the end of the bytes after a `finishReason`."""

from collections.abc import Sequence

from pydantic import JsonValue

from maestro.failures import Failure, classify_error
from maestro.streaming.messages import FunctionCall, Message, UsageReport
from maestro.streaming.wire.calls import OpenCall, made_up_id, raw_arguments
from maestro.streaming.wire.decoder import INTERRUPTED, NOTHING, WireDecoder, usage_of
from maestro.streaming.wire.partial_args import PartialArgs
from maestro.streaming.wire.values import count_of, object_of, objects_of, text_of
from maestro_protocol.base import JsonObject
from maestro_protocol.chat import StopReason, Usage

_ENDED = ("STOP", "FINISH_REASON_UNSPECIFIED")
_CUT = ("MAX_TOKENS", "CONTINUATION")
"""There would be more of the answer, for the asking."""
_MALFORMED = (
    "MALFORMED_FUNCTION_CALL",
    "MALFORMED_RESPONSE",
    "UNEXPECTED_TOOL_CALL",
    "TOO_MANY_TOOL_CALLS",
    "MISSING_THOUGHT_SIGNATURE",
)


class GeminiDecoder(WireDecoder):
    """Only the first candidate is read: we never ask for several."""

    wire = "gemini"

    def __init__(self) -> None:
        super().__init__()
        self._finish_reason: str | None = None
        self._finish_message = ""
        self._blocked: str | None = None
        self._raw_usage: JsonObject = {}
        self._parts: list[JsonObject] = []
        self._partial: PartialArgs | None = None
        self._partial_call: OpenCall | None = None
        self._call_count = 0

    def decode(self, event: JsonObject) -> Sequence[Message]:
        if self.response_id is None:
            self.response_id = text_of(event.get("responseId")) or None
        candidates = event.get("candidates")
        if not candidates:
            return self._without_candidates(event)
        usage = event.get("usageMetadata")
        if isinstance(usage, dict):
            self._raw_usage = usage
        candidate = candidates[0] if isinstance(candidates, list) else None
        if not isinstance(candidate, dict) or candidate.get("index"):
            return NOTHING
        if "finishReason" in candidate:
            self._finish_reason = text_of(candidate["finishReason"]) or self._finish_reason
            self._finish_message = text_of(candidate.get("finishMessage"))
        content = candidate.get("content")
        parts = content.get("parts") if isinstance(content, dict) else None
        if not isinstance(parts, list):
            return NOTHING
        return self._part(parts[0]) if len(parts) == 1 else [m for part in parts for m in self._part(part)]

    def close(self, *, clean: bool) -> list[Message]:
        """The end of the bytes is the end of the answer, if a reason for it was given."""
        if self.finished or self.failed:
            return []
        if self._blocked is None and (self._finish_reason is None or not clean):
            return self.fail(INTERRUPTED)
        messages: list[Message] = []
        reason = self._finish_reason or self._blocked
        if reason in _MALFORMED:
            text = self._finish_message or "The model wrote a tool call that cannot be read."
            messages = self.fail(Failure("malformed", text, reason))
        self._report_usage()
        return messages + self._finish(_stop(reason, blocked=self._blocked is not None), reason)

    def fail(self, failure: Failure) -> list[Message]:
        self._report_usage()
        return super().fail(failure)

    def _without_candidates(self, event: JsonObject) -> Sequence[Message]:
        """An error, a blocked prompt, usage alone, or the chunk inside Code Assist's `response`."""
        wrapped = event.get("response")
        if isinstance(wrapped, dict):
            return self.decode(wrapped)
        if event.get("error") or "detail" in event:
            return self.fail(classify_error(event))
        feedback = object_of(event.get("promptFeedback"))
        self._blocked = text_of(feedback.get("blockReason")) or self._blocked
        self._raw_usage = object_of(event.get("usageMetadata")) or self._raw_usage
        return NOTHING

    def _part(self, part: JsonValue) -> Sequence[Message]:
        if not isinstance(part, dict):
            return NOTHING
        call = part.get("functionCall")
        if isinstance(call, dict):
            return self._call(call, part)
        self._parts.append(part)
        text = part.get("text")
        if not isinstance(text, str) or not text:
            return NOTHING
        return self._reasoning(text) if part.get("thought") else self._content(text)

    # Calls: whole in one part, or begun by a name, grown by `partialArgs`, closed by a part that will not continue

    def _call(self, call: JsonObject, part: JsonObject) -> list[Message]:
        messages: list[Message] = []
        if call.get("name"):
            messages += [*self._open_calls(ended=False, cut=False), self._begin(call, part)]
        if self._partial_call is None or self._partial is None:
            return messages  # the rest of a call that never began
        if "args" in call:
            self._partial.whole = object_of(call["args"])
            messages.append(self._partial_call.add(raw_arguments(call["args"])))
        for row in objects_of(call.get("partialArgs")):
            messages.append(self._partial_call.add(self._partial.add(row)))
        if not call.get("willContinue"):
            messages.append(self._close_call(complete=True))
        return messages

    def _begin(self, call: JsonObject, part: JsonObject) -> Message:
        self._call_count += 1
        identity = text_of(call.get("id")) or made_up_id(self._call_count, self.response_id)
        self._partial_call, self._partial = OpenCall(identity, text_of(call["name"])), PartialArgs(part)
        self._parts.append(self._partial.part)
        self._call_seen = self.shown = True
        return self._partial_call.begin()

    def _close_call(self, *, complete: bool) -> FunctionCall:
        call, partial = self._partial_call, self._partial
        assert call is not None and partial is not None
        self._partial_call = self._partial = None
        message = call.close(partial.close(), complete=complete and partial.readable)
        if not message.complete:
            self._parts.remove(partial.part)
        return message

    def _open_calls(self, *, ended: bool, cut: bool) -> Sequence[Message]:
        return [] if self._partial_call is None else [self._close_call(complete=False)]

    # The end

    def _report_usage(self) -> None:
        """Usage comes with every chunk and is cumulative: one report, of the last."""
        if self._raw_usage:
            self._usage = UsageReport(_usage(self._raw_usage), self._raw_usage)
            self._raw_usage = {}

    def _replay(self, raw_stop: str | None) -> list[JsonObject]:
        """All parts where one is signed, but for calls that are not complete and text that is empty."""
        return _merged(self._parts) if any("thoughtSignature" in part for part in self._parts) else []


def _stop(reason: str | None, *, blocked: bool) -> StopReason:
    if blocked:
        return "contentFilter"
    if reason in _CUT:
        return "maxTokens"
    return "endTurn" if reason in _ENDED or reason in _MALFORMED else "contentFilter"


def _merged(parts: list[JsonObject]) -> list[JsonObject]:
    """The parts, runs of plain text as one part each; a signed part stays alone, since the signature is its own."""
    merged: list[JsonObject] = []
    pieces: list[str] = []
    for part in parts:
        if part == {"text": ""}:
            continue
        plain = part.keys() <= {"text", "thought"} and isinstance(part.get("text"), str)
        if plain and pieces and merged[-1].get("thought") == part.get("thought"):
            pieces.append(text_of(part["text"]))
            merged[-1]["text"] = "".join(pieces)
            continue
        pieces = [text_of(part["text"])] if plain else []
        merged.append(dict(part))
    return merged


def _usage(raw: JsonObject) -> Usage:
    """Cached tokens are counted inside the prompt; thoughts and the answer apart."""
    read, thoughts = count_of(raw.get("cachedContentTokenCount")), count_of(raw.get("thoughtsTokenCount"))
    prompt = count_of(raw.get("promptTokenCount")) + count_of(raw.get("toolUsePromptTokenCount"))
    return usage_of(
        input=max(0, prompt - read),
        cache_read=read,
        output=count_of(raw.get("candidatesTokenCount")) + thoughts,
        reasoning=thoughts,
    )
