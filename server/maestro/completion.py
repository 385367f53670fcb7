"""A stream read to its end: the whole answer at once."""

from contextlib import aclosing
from dataclasses import dataclass, field

from maestro.chat_stream import ChatStream
from maestro.streaming.messages import Content, Done, FunctionCall, Reasoning, UsageReport
from maestro_protocol.chat import ReplayPart, StopReason, Usage


@dataclass(slots=True)
class Completion:
    """`text` is for the reader, a refusal included; `stop_reason` says whether it is whole."""

    text: str = ""
    reasoning: str = ""
    calls: list[FunctionCall] = field(default_factory=list)
    stop_reason: StopReason = "interrupted"
    usage: Usage = field(default_factory=Usage)
    replay: ReplayPart | None = None
    """To be sent back verbatim with this answer, where the provider insists."""


async def read_completion(stream: ChatStream) -> Completion:
    """Read to the end. Raises MaestroError."""
    completion = Completion()
    texts: list[str] = []
    thoughts: list[str] = []
    async with aclosing(stream):
        async for message in stream:
            match message:
                case Content(text=text):
                    texts.append(text)
                case Reasoning(text=text):
                    thoughts.append(text)
                case FunctionCall():
                    completion.calls.append(message)
                case UsageReport(usage=usage):
                    completion.usage = usage
                case Done(stop_reason=stop_reason, replay=replay):
                    completion.stop_reason, completion.replay = stop_reason, replay
                case _:
                    pass  # fragments for display, and repetitions of the request
    completion.text, completion.reasoning = "".join(texts), "".join(thoughts)
    return completion
