"""The reference of the editors' chat reducer, a view and an event in, the next view out; `tests/fixtures/reducers`."""

from collections.abc import Callable, Mapping
from typing import Any

from maestro_protocol.base import JsonObject

Turn = JsonObject
Part = JsonObject

STARTED = ("model", "sessionId")
COMPLETED = ("stopReason", "limit", "usage", "cost", "error")
READY = ("name", "input", "complete", "intent", "risk")
ENDED = ("status", "content", "durationMs", "intentId", "observed")
PERMISSIONS = {"pending": "waiting", "denied": "denied", "granted": "running", "notNeeded": "running"}


def reduce(view: JsonObject, event: JsonObject) -> JsonObject:
    """The view after the event; `view` itself stays as it is."""
    if view.get("chatId", event.get("chatId")) != event.get("chatId"):
        return view
    last, seq = view.get("lastSeq", event["seq"] - 1), event["seq"]
    if seq <= last:
        return view
    if seq > last + 1:
        return {**view, "behind": max(seq, view.get("behind", 0))}
    seen = {**view, "lastSeq": seq, **_some(event, "chatId")}
    if seen.get("behind", seq + 1) <= seq:
        del seen["behind"]
    return {**seen, "turns": _turns(view["turns"], event)}


def _turns(turns: list[Turn], event: JsonObject) -> list[Turn]:
    if event["type"] == "chat.reverted":
        return _reverted(turns, event["throughMessageId"])
    if (take := TAKEN.get(event["type"])) is None:
        return turns
    turn: Turn = next((turn for turn in turns if turn["id"] == event["turnId"]), {"id": event["turnId"], "parts": []})
    after = take(_without(turn, "retry"), event)
    others = [other for other in turns if other is not turn]
    return [after if other is turn else other for other in turns] if len(others) < len(turns) else [*turns, after]


def _started(turn: Turn, event: JsonObject) -> Turn:
    user = {
        **({"id": event["userMessageId"]} if "userMessageId" in event else {}),
        **_some(event, "text", "attachments"),
    }
    return {**turn, **_some(event, *STARTED), **({"user": user} if user else {})}


def _delta(turn: Turn, event: JsonObject) -> Turn:
    new = {"type": event["type"].removesuffix(".delta"), **_some(event, "messageId", "partId"), "text": ""}
    return _with_part(turn, new, lambda part: {**part, "text": part["text"] + event["text"]})


def _tool_started(turn: Turn, event: JsonObject) -> Turn:
    return _with_part(turn, _tool(event), lambda part: {**part, "name": event["name"]})


def _tool_input(turn: Turn, event: JsonObject) -> Turn:
    return _with_part(turn, _tool(event), lambda part: {**part, "arguments": part.get("arguments", "") + event["text"]})


def _tool_ready(turn: Turn, event: JsonObject) -> Turn:
    told = {**_some(event, *READY), "status": PERMISSIONS.get(event.get("permission", ""), "ready")}
    return _with_part(turn, _tool(event), lambda part: {**_without(part, "arguments"), **told})


def _tool_output(turn: Turn, event: JsonObject) -> Turn:
    grown = event["text"]
    return _with_part(
        turn, _tool(event), lambda part: {**part, "status": "running", "output": part.get("output", "") + grown}
    )


def _tool_completed(turn: Turn, event: JsonObject) -> Turn:
    told = _some(event, *ENDED)
    return _with_part(turn, _tool(event), lambda part: {**_without(part, "arguments", "output"), **told})


def _usage(turn: Turn, event: JsonObject) -> Turn:
    return {**turn, **_some(event, "usage", "cost", "context")}


def _retrying(turn: Turn, event: JsonObject) -> Turn:
    return {**turn, "retry": _some(event, "attempt", "delayMs", "error")}


def _restarted(turn: Turn, event: JsonObject) -> Turn:
    """Without the answer so far: its texts, and the calls that have not ended, which can only be its own."""
    return {**turn, "parts": [part for part in turn["parts"] if not _is_of_attempt(part, event["messageId"])]}


def _is_of_attempt(part: Part, message_id: str) -> bool:
    if part["type"] == "tool":
        return part["status"] in ("writing", "ready", "waiting", "running")
    return bool(part.get("messageId") == message_id)


def _rerouted(turn: Turn, event: JsonObject) -> Turn:
    part = {"type": "rerouted", **_some(event, "from", "to", "reason")}
    moved = {**_without(turn, "sessionId"), "model": event["to"], **_some(event, "sessionId")}
    return {**moved, "parts": [*turn["parts"], part]}


def _notice(turn: Turn, event: JsonObject) -> Turn:
    return {**turn, "parts": [*turn["parts"], {"type": "notice", **_some(event, "severity", "message")}]}


def _completed(turn: Turn, event: JsonObject) -> Turn:
    return {**turn, **_some(event, *COMPLETED)}


TAKEN: Mapping[str, Callable[[Turn, JsonObject], Turn]] = {
    "turn.started": _started,
    "text.delta": _delta,
    "reasoning.delta": _delta,
    "tool.started": _tool_started,
    "tool.inputDelta": _tool_input,
    "tool.ready": _tool_ready,
    "tool.outputDelta": _tool_output,
    "tool.completed": _tool_completed,
    "usage.updated": _usage,
    "retrying": _retrying,
    "restarted": _restarted,
    "rerouted": _rerouted,
    "notice": _notice,
    "turn.completed": _completed,
}


def _reverted(turns: list[Turn], message_id: str) -> list[Turn]:
    """What stays: all through the message. Nothing of a view that begins after it."""
    for index in reversed(range(len(turns))):
        if (kept := _parts_kept(turns[index], message_id)) is not None:
            return [*turns[:index], {**turns[index], "parts": turns[index]["parts"][:kept]}]
    return []


def _parts_kept(turn: Turn, message_id: str) -> int | None:
    """How many of the turn's parts stay; None if the message is none of its.

    A message may have no part of its name, as one that only calls tools: then the turn stays whole.
    """
    parts = turn["parts"]
    if turn.get("user", {}).get("id") == message_id:
        return 0
    named = [index for index, part in enumerate(parts) if part.get("messageId") == message_id]
    called = [index for index, part in enumerate(parts) if message_id == f"{turn['id']}.call.{part.get('toolCallId')}"]
    if named:
        return named[-1] + 1
    if called:
        return next((i for i in range(called[0], len(parts)) if parts[i]["type"] != "tool"), len(parts))
    return len(parts) if message_id.startswith(f"{turn['id']}.") else None


def _with_part(turn: Turn, new: Part, change: Callable[[Part], Part]) -> Turn:
    """The turn with one part changed: the one that `new` names, or `new` itself at the end."""
    parts = turn["parts"]
    for index in reversed(range(len(parts))):
        if _key(parts[index]) == _key(new):
            return {**turn, "parts": [*parts[:index], change(parts[index]), *parts[index + 1 :]]}
    return {**turn, "parts": [*parts, change(new)]}


def _key(part: Part) -> tuple[Any, ...]:
    return tuple(part.get(name) for name in ("type", "messageId", "partId", "toolCallId"))


def _tool(event: JsonObject) -> Part:
    return {"type": "tool", **_some(event, "toolCallId", "name"), "status": "writing"}


def _some(source: JsonObject, *names: str) -> JsonObject:
    return {name: source[name] for name in names if name in source}


def _without(source: JsonObject, *names: str) -> JsonObject:
    return {name: value for name, value in source.items() if name not in names}
