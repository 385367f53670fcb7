"""Chat Completions of OpenAI and the services that imitate it: chunks with `choices`, ended by `[DONE]`."""

from collections.abc import Sequence

from pydantic import JsonValue

from maestro.failures import Failure, classify_error
from maestro.streaming.messages import Message, UsageReport
from maestro.streaming.wire.chat_calls import ChatCalls
from maestro.streaming.wire.chat_reasoning import ReasoningDetails
from maestro.streaming.wire.decoder import INTERRUPTED, NOTHING, WireDecoder, usage_of
from maestro.streaming.wire.reasoning_json import ReasoningJson
from maestro.streaming.wire.values import count_of, object_of, objects_of, text_of
from maestro_protocol.base import JsonObject
from maestro_protocol.chat import StopReason, Usage

_STOPS: dict[str, StopReason] = {
    "stop": "endTurn",
    "eos": "endTurn",
    "tool_calls": "endTurn",  # `toolUse` where there are calls
    "function_call": "endTurn",
    "length": "maxTokens",
    "model_length": "maxTokens",
    "content_filter": "contentFilter",
}
_FAILED: dict[str, Failure] = {
    "error": Failure("server", "The provider reported an error without saying which.", "error"),
    "insufficient_system_resource": Failure(
        "overloaded", "The provider had no capacity to finish the answer.", "insufficient_system_resource"
    ),
}


class ChatDecoder(WireDecoder):
    """Only the first choice is read: we never ask for several."""

    wire = "chat"

    def __init__(self) -> None:
        super().__init__()
        self._sniffer = ReasoningJson()
        self._finish_reason: str | None = None
        self._raw_usage: JsonObject = {}
        self._calls = ChatCalls()
        self._details = ReasoningDetails()
        self._reasoning_content: list[str] = []

    def decode(self, event: JsonObject) -> Sequence[Message]:
        if self.finished:
            return NOTHING
        if self.response_id is None:
            self.response_id = text_of(event.get("id")) or None
        choices = event.get("choices")
        usage = event.get("usage")
        if isinstance(usage, dict):
            self._raw_usage = usage
        if not isinstance(choices, list) or not choices or event.get("error"):
            return self._other(event)
        choice = choices[0]
        if not isinstance(choice, dict) or choice.get("index"):
            return NOTHING
        delta = choice.get("delta")
        messages = self._delta(delta if isinstance(delta, dict) else object_of(choice.get("message")))
        if choice.get("finish_reason") or "usage" in choice or "x_groq" in event or "error" in choice:
            messages = [*messages, *self._rest(event, choice)]
        return messages

    def close(self, *, clean: bool) -> list[Message]:
        """A service that sends no `[DONE]` has finished when it gave a reason and the bytes end between events."""
        if self.finished or self.failed:
            return []
        if self._finish_reason is None or not clean:
            return self.fail(INTERRUPTED)
        return self._end()

    def end_marker(self) -> list[Message]:
        return [] if self.finished else self._end()

    def fail(self, failure: Failure) -> list[Message]:
        self._report_usage()
        return super().fail(failure)

    def _delta(self, delta: JsonObject) -> Sequence[Message]:
        content = delta.get("content")
        if isinstance(content, str) and len(delta) == 1:
            return self._answer(content) if content else NOTHING
        messages = list(self._thinking(delta))
        if isinstance(content, str):
            if content:
                messages.extend(self._answer(content))
        elif isinstance(content, list):
            messages.extend(self._parts(objects_of(content)))
        if refusal := text_of(delta.get("refusal")):
            messages.extend(self._refuse(refusal))
        if fragments := delta.get("tool_calls"):
            messages.extend(self._call_fragments(objects_of(fragments)))
        if isinstance(call := delta.get("function_call"), dict):
            messages.extend(self._call_fragments([{"index": -1, "function": call}]))
        return messages

    def _thinking(self, delta: JsonObject) -> Sequence[Message]:
        """The first of `reasoning_content`, `reasoning` that says something; they repeat each other."""
        details = objects_of(delta.get("reasoning_details"))
        self._details.add(details)
        text = text_of(delta.get("reasoning_content"))
        if text:
            self._reasoning_content.append(text)
        text = text or text_of(delta.get("reasoning")) or ReasoningDetails.text(details)
        return self._reasoning(text) if text else NOTHING

    def _parts(self, parts: list[JsonObject]) -> list[Message]:
        """Mistral: content as a list of typed parts."""
        messages: list[Message] = []
        for part in parts:
            if part.get("type") == "thinking":
                thinking = part.get("thinking")
                texts = [thinking] if isinstance(thinking, str) else [p.get("text") for p in objects_of(thinking)]
                for text in texts:
                    messages.extend(self._reasoning(text) if isinstance(text, str) and text else NOTHING)
            elif text := text_of(part.get("text")):
                messages.extend(self._answer(text))
        return messages

    def _call_fragments(self, fragments: list[JsonObject]) -> list[Message]:
        messages: list[Message] = list(self._calls.add(fragments, self.response_id))
        self._call_seen = self._call_seen or bool(messages)
        self.shown = self.shown or bool(messages)
        return messages

    def _rest(self, event: JsonObject, choice: JsonObject) -> Sequence[Message]:
        """The fields few chunks have."""
        self._finish_reason = text_of(choice.get("finish_reason")) or self._finish_reason
        for usage in (choice.get("usage"), object_of(event.get("x_groq")).get("usage")):
            self._raw_usage = object_of(usage) or self._raw_usage
        error = choice.get("error")
        return self.fail(classify_error(error)) if error else NOTHING

    def _other(self, event: JsonObject) -> Sequence[Message]:
        """Chunks without choices: usage, a filter's report, or an error in one of its shapes."""
        error = event.get("error") or object_of(event.get("x_groq")).get("error")
        if error:
            return self.fail(classify_error(event if event.get("error") else error))
        if "choices" not in event and ("detail" in event or ("message" in event and _is_error(event))):
            return self.fail(classify_error(event))
        return NOTHING

    def _end(self) -> list[Message]:
        reason = self._finish_reason
        failure = _FAILED.get(reason or "")
        messages = self.fail(failure) if failure is not None else []
        self._report_usage()
        stop = _STOPS.get(reason or "", "endTurn")
        return [*messages, *self._finish(stop, reason)]

    def _report_usage(self) -> None:
        if self._raw_usage:
            self._usage = UsageReport(_usage(self._raw_usage), self._raw_usage)
            self._raw_usage = {}

    def _open_calls(self, *, ended: bool, cut: bool) -> Sequence[Message]:
        return list(self._calls.close(ended=ended, cut=cut))

    def _replay(self, raw_stop: str | None) -> list[JsonObject]:
        """One item: the fields to add to the assistant message when it is sent back."""
        item: JsonObject = {}
        if self._reasoning_content:
            item["reasoning_content"] = "".join(self._reasoning_content)
        if details := self._details.joined():
            item["reasoning_details"] = [*details]
        return [item] if item else []


def _is_error(event: JsonObject) -> bool:
    return event.get("object") == "error" or event.get("type") == "error" or "code" in event or "object" not in event


def _usage(raw: JsonObject) -> Usage:
    """Cached tokens are counted inside the prompt. xAI counts reasoning beside the completion, as its total tells."""
    prompt, output = count_of(raw.get("prompt_tokens")), count_of(raw.get("completion_tokens"))
    prompt_details = object_of(raw.get("prompt_tokens_details"))
    read = count_of(
        _first(prompt_details.get("cached_tokens"), raw.get("prompt_cache_hit_tokens"), raw.get("cached_tokens"))
    )
    write = count_of(prompt_details.get("cache_write_tokens"))
    reasoning = count_of(object_of(raw.get("completion_tokens_details")).get("reasoning_tokens"))
    if reasoning and count_of(raw.get("total_tokens")) == prompt + output + reasoning:
        output += reasoning
    usage = usage_of(
        input=max(0, prompt - read - write), cache_read=read, cache_write=write, output=output, reasoning=reasoning
    )
    return usage.model_copy(update={"raw": raw}) if "cost" in raw else usage


def _first(*values: JsonValue) -> JsonValue:
    return next((value for value in values if value is not None), None)
