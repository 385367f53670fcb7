"""What compatible services refuse: each complains about what it does not take, in words that name it."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from tests.simulators.gateways import Quirks
from tests.simulators.wire import Json


class Complaint(NamedTuple):
    status: int
    text: str
    kind: str = ""


def complaint(body: Json, quirks: Quirks) -> Complaint | None:
    """The first thing that is wrong with the body of a chat, or nothing."""
    checks = (_unknown(body, quirks), _refused(body, quirks), _words(body, quirks), _conversation(body, quirks))
    return next((found for check in checks for found in check), None)


def _unknown(body: Json, quirks: Quirks) -> Iterator[Complaint]:
    strange = [name for name in body if quirks.fields is not None and name not in quirks.fields]
    if "stream_options" in body and not quirks.stream_options:
        strange.append("stream_options")
    for name in strange:
        if quirks.errors == "mistral":
            yield Complaint(422, "Extra inputs are not permitted", name)
        yield Complaint(400, f"property '{name}' is unsupported")


def _refused(body: Json, quirks: Quirks) -> Iterator[Complaint]:
    for name in quirks.refuses:
        if name in body:
            yield Complaint(400, f"Unsupported parameter: '{name}' is not supported with this model.")


def _words(body: Json, quirks: Quirks) -> Iterator[Complaint]:
    kind = (body.get("response_format") or {}).get("type", "text")
    if kind not in quirks.formats:
        taken = " or ".join(f"'{name}'" for name in quirks.formats)
        yield Complaint(400, f"'response_format.type' must be {taken}")
    effort = body.get("reasoning_effort")
    if effort is not None and quirks.efforts is not None and effort not in quirks.efforts:
        yield Complaint(400, f"`reasoning_effort` must be one of {', '.join(quirks.efforts)}")


def _conversation(body: Json, quirks: Quirks) -> Iterator[Complaint]:
    messages = body.get("messages")
    for index, message in enumerate(messages if isinstance(messages, list) else []):
        calls = message.get("tool_calls") or []
        for name in [*(call.get("id") for call in calls), message.get("tool_call_id")]:
            if quirks.call_ids and name is not None and not re.fullmatch(rf"[a-zA-Z0-9]{{{quirks.call_ids}}}", name):
                yield Complaint(400, f"Tool call id was {name} but must be a-z, A-Z, 0-9, of length {quirks.call_ids}.")
        if calls and quirks.wants_reasoning and "reasoning_content" not in message:
            where = f"in assistant tool call message at index {index}"
            yield Complaint(400, f"thinking is enabled but reasoning_content is missing {where}")
        if quirks.refuses_reasoning and "reasoning_content" in message:
            yield Complaint(400, f"'messages.{index}': property 'reasoning_content' is unsupported")
