"""What can go wrong with a service, as data: each persona rewrites the reply, the answer, or refuses outright."""

import gzip
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

from tests.simulators import audits, chatgpt, gemini_batch
from tests.simulators.replies import Script, cut, numbered
from tests.simulators.service import Context, Delay, Persona
from tests.simulators.wire import Answer, Hangup, Paced, Pause, Reset, Stall, Step, dump

_BLOCK = 64 * 1024


def _parts(answer: Answer) -> tuple[bytes, ...]:
    return tuple(step for step in answer.steps if isinstance(step, bytes))


def _cut_at(answer: Answer, after: int) -> int:
    """The index right behind the `after`th content part, and always before the last part."""
    return max(0, min(answer.first + after, len(answer.steps) - 1))


def delay_headers(delay: Delay | None) -> dict[str, str]:
    """The header in which a service tells how long to wait; the spellings that live in bodies give none."""
    if delay is None:
        return {}
    match delay.spelling:
        case "seconds":
            return {"retry-after": f"{delay.seconds:g}"}
        case "ms":
            return {"retry-after-ms": f"{delay.seconds * 1000:g}"}
        case "date":
            moment = datetime.now(UTC) + timedelta(seconds=delay.seconds)
            return {"retry-after": format_datetime(moment, usegmt=True)}
        case _:
            return {}


# --- speed


def drip(seconds: float = 0.05) -> Persona:
    """A pause before every part."""

    def change(answer: Answer, _: Context) -> Answer:
        steps = tuple(step for part in answer.steps for step in (Pause(seconds), part))
        return replace(answer, steps=steps, first=answer.first * 2)

    return Persona("drip", answer=change)


def paced(rate: float = 50, count: int | None = None, *, stamped: bool = False) -> Persona:
    """`rate` parts per second from a timer that all streams share; `stamped` deltas carry the time of sending."""

    def change(answer: Answer, _: Context) -> Answer:
        return replace(answer, steps=(Paced(_parts(answer), rate, stamped),), first=0) if answer.is_stream else answer

    script = (lambda _: numbered(count, stamped=stamped)) if count is not None else None
    return Persona("paced", answer=change, script=script, prebuilt=count is not None)


def burst(count: int = 20_000, block: int = _BLOCK) -> Persona:
    """`count` deltas at once, in large blocks that were built before."""

    def change(answer: Answer, _: Context) -> Answer:
        whole = b"".join(_parts(answer))
        blocks = tuple(whole[start : start + block] for start in range(0, len(whole), block))
        return replace(answer, steps=blocks, first=0) if answer.is_stream else answer

    return Persona("burst", script=lambda _: numbered(count), answer=change, prebuilt=True)


# --- silence and broken connections


def late(seconds: float = 1) -> Persona:
    """Silence before the status line; what the request changes has happened by then."""
    return Persona("late", answer=lambda answer, _: replace(answer, before=(Pause(seconds),)))


def unheard() -> Persona:
    """The request gets lost: nothing is done about it, and nothing comes back."""
    return Persona("unheard", refuse=lambda _: Answer(503, before=(Stall(),)))


def stall_headers() -> Persona:
    """The request is taken, and no status line ever comes."""
    return Persona("stall-headers", answer=lambda answer, _: replace(answer, before=(Stall(),)))


def stall(after: int = 2) -> Persona:
    """Silence after some content."""
    return _ending("stall", lambda answer, index: (*answer.steps[:index], Stall()), after)


def keepalive(after: int = 2, every: float = 0.05) -> Persona:
    """After some content only comments: the connection lives, the generation does not."""
    comment = Stall(b": keep-alive\n\n", every)
    return _ending("keepalive", lambda answer, index: (*answer.steps[:index], comment), after)


def reset(after: int = 2) -> Persona:
    """A TCP reset in the middle of an event."""
    return _ending("reset", lambda answer, index: (*answer.steps[:index], *_half(answer, index), Reset()), after)


def cut_off(after: int = 2) -> Persona:
    """The body ends in good order, but without the event that ends a stream."""
    return _ending("cut", lambda answer, index: answer.steps[:index], after)


def hangup(after: int = 2) -> Persona:
    """The connection is closed in the middle of a chunked body."""
    return _ending("hangup", lambda answer, index: (*answer.steps[:index], *_half(answer, index), Hangup()), after)


def disconnect() -> Persona:
    """The connection is closed before the status line."""
    return Persona("disconnect", answer=lambda answer, _: replace(answer, before=(Hangup(),)))


def until_close() -> Persona:
    """Neither a length nor chunks: the end of the connection is the end of the body."""
    return Persona("until-close", answer=lambda answer, _: replace(answer, framing="close"))


def truncated_gzip(after: int = 2) -> Persona:
    """A gzip body whose tail is missing, in good order as far as HTTP can tell."""

    def change(answer: Answer, _: Context) -> Answer:
        packed = gzip.compress(b"".join(_parts(answer)[: _cut_at(answer, after)]))
        headers = {**answer.headers, "content-encoding": "gzip"}
        return replace(answer, headers=headers, steps=(packed[:-12],), first=0)

    return Persona("truncated-gzip", answer=change)


def _half(answer: Answer, index: int) -> tuple[Step, ...]:
    part = answer.steps[index] if index < len(answer.steps) else b""
    return (part[: len(part) // 2],) if isinstance(part, bytes) else ()


def _ending(name: str, steps: Callable[[Answer, int], tuple[Step, ...]], after: int) -> Persona:
    def change(answer: Answer, _: Context) -> Answer:
        return replace(answer, steps=steps(answer, _cut_at(answer, after))) if answer.steps else answer

    return Persona(name, answer=change)


# --- refusals


def status(code: int, *, delay: Delay | None = None, kind: str = "", message: str = "") -> Persona:
    """An HTTP error in the service's own shape."""

    def refuse(context: Context) -> Answer:
        return context.service.refusal(code, delay=delay, kind=kind, message=message)

    return Persona(f"status-{code}", refuse=refuse)


def html(code: int = 502) -> Persona:
    """A proxy's error page."""
    page = b"<!DOCTYPE html><html><head><title>Bad gateway</title></head><body>cloudflare</body></html>"
    headers = {"content-type": "text/html; charset=UTF-8", "cf-ray": "8f00ba4-AMS", "server": "cloudflare"}
    return Persona("html", refuse=lambda _: Answer(code, headers, (page,)))


def empty(code: int = 503) -> Persona:
    """A status and nothing else."""
    return Persona("empty", refuse=lambda _: Answer(code))


def error_in_stream(after: int = 2, kind: str = "") -> Persona:
    """A 200 stream that fails on the way, as the service tells it; 0 lets it fail before any content."""

    def change(answer: Answer, context: Context) -> Answer:
        if not answer.is_stream:
            return answer
        index = _cut_at(answer, after)
        return replace(answer, steps=answer.steps[:index] + context.service.stream_error(answer, index, kind))

    return Persona("error-in-stream", answer=change)


def schema_400() -> Persona:
    """Every request with a schema is refused as too complex; without one it works."""

    def refuse(context: Context) -> Answer | None:
        if b'Schema"' not in context.request.body and b'json_schema"' not in context.request.body:
            return None
        return context.service.refusal(
            400, message="The specified schema produces a constraint that has too many states for serving."
        )

    return Persona("schema-400", refuse=refuse)


# --- odd bytes


def content_type(value: str = "text/html") -> Persona:
    """The right bytes under a wrong label."""
    return Persona("content-type", answer=lambda answer, _: replace(answer, headers=_labelled(answer, value)))


def _labelled(answer: Answer, value: str) -> dict[str, str]:
    return {**answer.headers, "content-type": value}


def json_in_200(kind: str = "") -> Persona:
    """A 200 that is no stream but one JSON error."""
    return Persona("json-in-200", refuse=lambda context: replace(context.service.refusal(500, kind=kind), status=200))


def duplicates() -> Persona:
    """Every content part twice; the parts before and the last one once."""

    def change(answer: Answer, _: Context) -> Answer:
        head, body, tail = answer.steps[: answer.first], answer.steps[answer.first : -1], answer.steps[-1:]
        return replace(answer, steps=(*head, *(step for part in body for step in (part, part)), *tail))

    return Persona("duplicates", answer=change)


def split_bytes(size: int = 1) -> Persona:
    """Chunks of a few bytes, which cut through lines and UTF-8 sequences."""

    def change(answer: Answer, _: Context) -> Answer:
        whole = b"".join(_parts(answer))
        return replace(answer, steps=tuple(whole[at : at + size] for at in range(0, len(whole), size)), first=0)

    return Persona("split-bytes", answer=change)


def split_surrogates(text: str = "Grüße 🎉🚀 done") -> Persona:
    """Deltas of UTF-16 units: an emoji comes as two halves, each in a delta of its own."""
    units = text.encode("utf-16-be", "surrogatepass")
    deltas = tuple(chr(int.from_bytes(units[at : at + 2])) for at in range(0, len(units), 2))
    return Persona("split-surrogates", script=lambda _: Script(text=text, deltas=deltas))


def huge_event(size: int = 8 * 1024 * 1024) -> Persona:
    """One delta of many bytes."""
    text = "x" * size
    return Persona("huge-event", script=lambda _: Script(text=text, deltas=(text,)))


def essay(words: int = 2000) -> Persona:
    """A long answer."""
    text = " ".join(f"word{number}" for number in range(words))
    return Persona("essay", script=lambda _: Script(text=text, deltas=cut(text)))


def junk_events(after: int = 1) -> Persona:
    """Events that no parser can read, and one of an unknown type, between good ones."""
    unknown = b"event: shiny.new.thing\ndata: " + dump({"type": "shiny.new.thing", "x": 1}) + b"\n\n"

    def change(answer: Answer, _: Context) -> Answer:
        index = _cut_at(answer, after)
        return replace(answer, steps=(*answer.steps[:index], b"data: {not json\n\n", unknown, *answer.steps[index:]))

    return Persona("junk-events", answer=change)


def audit(flaw: str) -> Persona:
    """An audit answered wrongly, one of `audits.FLAWS`."""
    return Persona(f"audit-{flaw}", audit=audits.FLAWS[flaw])


PERSONAS: dict[str, Callable[..., Persona]] = {
    "drip": drip,
    "paced": paced,
    "burst": burst,
    "late": late,
    "unheard": unheard,
    "stall-headers": stall_headers,
    "stall": stall,
    "keepalive": keepalive,
    "reset": reset,
    "cut": cut_off,
    "hangup": hangup,
    "disconnect": disconnect,
    "until-close": until_close,
    "truncated-gzip": truncated_gzip,
    "html": html,
    "empty": empty,
    "error-in-stream": error_in_stream,
    "schema-400": schema_400,
    "usage-limit": chatgpt.usage_limit,
    "usage-not-included": chatgpt.usage_not_included,
    "content-type": content_type,
    "json-in-200": json_in_200,
    "duplicates": duplicates,
    "split-bytes": split_bytes,
    "split-surrogates": split_surrogates,
    "huge-event": huge_event,
    "essay": essay,
    "junk-events": junk_events,
    **gemini_batch.PERSONAS,
}


def parse(text: str) -> Persona:
    """A persona by name: `drip=0.1`, `429=2`, `429-date=2`, `audit-prose`, each with `*N` for the first N requests.

    Raises:
        ValueError: there is none of this name.
    """
    head, _, times = text.partition("*")
    name, _, value = head.partition("=")
    persona = _named(name, value)
    return persona.first(int(times)) if times else persona


def _named(name: str, value: str) -> Persona:
    code, _, spelling = name.partition("-")
    if code.isdigit():
        seconds = float(value or 0) / (1000 if spelling == "ms" else 1)
        return status(int(code), delay=Delay(seconds, spelling or "seconds") if value else None)
    if name.removeprefix("audit-") in audits.FLAWS and name.startswith("audit-"):
        return audit(name.removeprefix("audit-"))
    if name not in PERSONAS:
        raise ValueError(f"There is no persona of this name; known: {', '.join(names())}.")
    make = PERSONAS[name]
    if not value:
        return make()
    return make(value if name in ("content-type", "json-in-200") else float(value) if "." in value else int(value))


def names() -> list[str]:
    """All names `parse` knows; an HTTP status such as `503` is one too."""
    return [*PERSONAS, *(f"audit-{flaw}" for flaw in audits.FLAWS), "<status>[-seconds|-ms|-date|-retryinfo|-text]"]
