"""A model's whole answer as an audit takes it, read from a stream or from one object."""

import asyncio
from collections.abc import Iterable

from maestro.failures import Failure, UpstreamError
from maestro.providers.base import ByteStream, RawReply
from maestro.streaming.messages import Content, Done, Message, StreamError, UsageReport
from maestro.streaming.parser import StreamOptions, StreamParser
from maestro.transport import HttpStream

UNREADABLE = "The model's answer did not end as answers do; run the audit again."
_SILENCE = "No content came for longer than `transport.idleTimeoutMs`."
_FILTERED = ("contentFilter", "refusal")


async def read_to_end(stream: ByteStream, patience: float) -> RawReply:
    """The answer, once its end was seen. `patience` is the longest time without content, in seconds.

    Raises:
        UpstreamError: it broke off, or is no answer.
    """
    try:
        messages = await _read(stream, patience)
    except TimeoutError:
        failure = Failure("network", _SILENCE)
    else:
        return raw_reply(messages, stream.request_id)
    finally:
        await (stream.drain() if isinstance(stream, HttpStream) else stream.aclose())
    raise UpstreamError(failure, request_id=stream.request_id)


def raw_reply(messages: Iterable[Message], request_id: str | None = None) -> RawReply:
    """The messages of an answer as one. One without an end is none, however much of it is there."""
    found = list(messages)
    error = next((message for message in found if isinstance(message, StreamError)), None)
    if error is not None:
        failure = Failure(error.kind, error.message, error.code, error.retry_after)
        raise UpstreamError(failure, request_id=request_id)
    done = next(message for message in found if isinstance(message, Done))
    truncated, filtered = done.stop_reason in ("maxTokens", "limit"), done.stop_reason in _FILTERED
    if done.stop_reason != "endTurn" and not truncated and not filtered:
        raise UpstreamError(Failure("malformed", UNREADABLE, done.raw_stop_reason), request_id=request_id)
    usage = [message.usage for message in found if isinstance(message, UsageReport)]
    return RawReply(
        text="".join(message.text for message in found if isinstance(message, Content) and not message.refusal),
        finish_reason=done.raw_stop_reason,
        truncated=truncated,
        filtered=filtered,
        usage=usage[-1] if usage else None,
    )


async def _read(stream: ByteStream, patience: float) -> list[Message]:
    """Up to the message that ends it. Raises TimeoutError."""
    parser, messages, clock = StreamParser("", StreamOptions(stream.wire)), list[Message](), asyncio.get_running_loop()
    try:
        async with asyncio.timeout(patience) as limit:
            async for chunk in stream:
                found = parser.feed(chunk)
                messages += found
                if any(isinstance(message, Done | StreamError) for message in found):
                    return messages
                if any(not isinstance(message, UsageReport) for message in found):
                    limit.reschedule(clock.time() + patience)
    except UpstreamError as error:
        return messages + parser.fail(error.failure)
    return messages + parser.close()
