"""Spans of turns and tool calls by OpenTelemetry's GenAI conventions; nothing at all unless they are turned on.

What happens is noted here as plain data. A thread of our own makes spans of it and hands them to the SDK, whose own
thread exports them to where the `OTEL_` variables say: nothing is imported, and nobody waits, on the event loop.
"""

import asyncio
import json
import queue
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from contextvars import ContextVar, Token
from dataclasses import dataclass, field
from types import TracebackType
from typing import TYPE_CHECKING, Literal, Self, TypeAlias

from maestro import __version__
from maestro.errors import MaestroError
from maestro.redact import redact
from maestro_protocol.base import JsonObject
from maestro_protocol.chat import Usage
from maestro_protocol.settings import Settings, TelemetrySettings

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SpanExporter
    from opentelemetry.trace import Tracer

_Attribute: TypeAlias = str | int | list[str]

_BACKLOG = 1_000
"""Turns and calls that wait for the thread; more are dropped."""

_PROVIDERS = {"gemini": "gcp.gemini", "xai": "x_ai", "mistral": "mistral_ai"}
"""What the conventions call a provider, where that is not its id here."""

_MISSING = "OpenTelemetry is turned on and not installed. Install the extra: pip install 'the-maestro[otel]'"
_UNUSABLE = "OpenTelemetry is turned on and cannot be set up; check the OTEL_ variables of the environment."


@dataclass(slots=True)
class _Record:
    """A span to be: times in nanoseconds since 1970."""

    name: str
    kind: Literal["client", "internal"]
    attributes: dict[str, _Attribute]
    content: dict[str, str] = field(default_factory=dict, repr=False)
    capture: bool = False
    parent: "_Record | None" = None
    children: "list[_Record]" = field(default_factory=list)
    start: int = field(default_factory=time.time_ns)
    end: int = 0


_turn: ContextVar[_Record | None] = ContextVar("_turn", default=None)
"""The turn that the tools of this task and of those it starts belong to."""


class Span:
    """Notes what becomes of something while the block runs. Without a record it notes nothing."""

    def __init__(self, record: _Record | None = None, done: Callable[[_Record], None] = lambda record: None) -> None:
        self._record = record
        self._done = done

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        record = self._record
        if record is None:
            return
        if error is not None:
            record.attributes.setdefault("error.type", _error_type(error))
        record.end = time.time_ns()
        self._done(record)

    def _keep(self, name: str, value: Callable[[], str]) -> None:
        """Content, if it may be captured."""
        if self._record is not None and self._record.capture:
            self._record.content[name] = value()


class TurnSpan(Span):
    """A turn, from the question to the end of the answer."""

    _token: Token[_Record | None] | None = None

    def __enter__(self) -> Self:
        if self._record is not None:
            self._token = _turn.set(self._record)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._token is not None:
            with suppress(ValueError):  # it ends in another task than it began in
                _turn.reset(self._token)
        super().__exit__(kind, error, trace)

    def asked(self, text: str) -> None:
        """What the user said."""
        self._keep("gen_ai.input.messages", lambda: _messages("user", text))

    def answered(self, text: str) -> None:
        """What the model said."""
        self._keep("gen_ai.output.messages", lambda: _messages("assistant", text))

    def went_to(self, provider: str, model: str) -> None:
        """Who answered, wherever the turn began."""
        if self._record is not None:
            self._record.name = f"chat {model}"
            self._record.attributes |= _model(provider, model)

    def ended(self, stop_reason: str, usage: Usage | None = None, error: str | None = None) -> None:
        """How the turn ended; `error` is one of the kinds of `maestro_protocol.codes`."""
        if self._record is None:
            return
        attributes = self._record.attributes
        attributes["gen_ai.response.finish_reasons"] = [stop_reason]
        if usage is not None:
            cached = usage.cache_read_tokens + usage.cache_write_tokens
            attributes["gen_ai.usage.input_tokens"] = usage.input_tokens + cached
            attributes["gen_ai.usage.output_tokens"] = usage.output_tokens
            attributes["gen_ai.usage.cache_read.input_tokens"] = usage.cache_read_tokens
            attributes["gen_ai.usage.cache_creation.input_tokens"] = usage.cache_write_tokens
        if error is not None:
            attributes["error.type"] = error


class ToolSpan(Span):
    """One call of a tool."""

    def asked(self, arguments: JsonObject) -> None:
        """What it was called with."""
        self._keep("gen_ai.tool.call.arguments", lambda: json.dumps(arguments, ensure_ascii=False))

    def ended(self, content: str, *, failed: bool = False) -> None:
        """What it returned."""
        self._keep("gen_ai.tool.call.result", lambda: content)
        if failed and self._record is not None:
            self._record.attributes["error.type"] = "toolFailed"


_NO_TURN, _NO_TOOL = TurnSpan(), ToolSpan()


class Telemetry:
    """Where turns and calls are told. `warn` hears, once, what keeps them from being exported at all.

    `exporter` makes the exporter; the OTLP one over HTTP unless given.
    """

    def __init__(
        self,
        settings: Callable[[], Settings],
        warn: Callable[[str], None],
        exporter: "Callable[[], SpanExporter] | None" = None,
    ) -> None:
        self._settings = settings
        self._warn = warn
        self._exporter = exporter
        self._records: queue.Queue[_Record | None] = queue.Queue(_BACKLOG)
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ended = asyncio.Event()
        self._usable = True

    def turn(self, provider: str, model: str, chat_id: str | None = None) -> TurnSpan:
        """To be entered around a turn; `provider` is an id, `model` its own name of the model."""
        telemetry = self._settings().telemetry
        if not telemetry.open_telemetry:
            return _NO_TURN
        attributes: dict[str, _Attribute] = {"gen_ai.operation.name": "chat", **_model(provider, model)}
        if chat_id is not None:
            attributes["gen_ai.conversation.id"] = chat_id
        record = self._begin(_Record(f"chat {model}", "client", attributes), telemetry)
        return TurnSpan(record, self._put) if record else _NO_TURN

    def tool(self, name: str, call_id: str | None = None) -> ToolSpan:
        """To be entered around a call of a tool; it belongs to the turn that its task is part of."""
        telemetry = self._settings().telemetry
        if not telemetry.open_telemetry:
            return _NO_TOOL
        attributes: dict[str, _Attribute] = {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": name}
        if call_id is not None:
            attributes["gen_ai.tool.call.id"] = call_id
        record = self._begin(_Record(f"execute_tool {name}", "internal", attributes, parent=_turn.get()), telemetry)
        return ToolSpan(record, self._put) if record else _NO_TOOL

    async def aclose(self, seconds: float = 2.0) -> None:
        """Export what is left, for so long at most."""
        if self._thread is None:
            return
        with suppress(TimeoutError, queue.Full):
            self._records.put_nowait(None)
            async with asyncio.timeout(seconds):
                await self._ended.wait()
        self._usable = False

    def _begin(self, record: _Record, telemetry: TelemetrySettings) -> _Record | None:
        """The record, and a thread that will take it; None where it cannot be exported."""
        if self._thread is None:
            self._loop = asyncio.get_running_loop()
            self._thread = threading.Thread(target=self._run, name="telemetry", daemon=True)
            self._thread.start()
        record.capture = telemetry.capture_content
        return record if self._usable else None

    def _put(self, record: _Record) -> None:
        """A call goes along with its turn, unless that is over."""
        if record.parent is not None and not record.parent.end:
            record.parent.children.append(record)
            return
        with suppress(queue.Full):
            self._records.put_nowait(record)

    def _run(self) -> None:
        """The thread: spans of records, until told to end."""
        try:
            provider = _provider(self._exporter)
            tracer = provider.get_tracer("maestro", __version__)
        except ImportError:
            self._give_up(_MISSING)
            return
        except Exception:  # whatever the variables hold, the product goes on
            self._give_up(_UNUSABLE)
            return
        while (record := self._records.get()) is not None:
            with suppress(Exception):  # a span less, and nothing else
                _emit(tracer, record)
        with suppress(Exception):
            provider.shutdown()
        self._tell(self._ended.set)

    def _give_up(self, why: str) -> None:
        self._usable = False
        self._tell(self._warn, why)
        self._tell(self._ended.set)

    def _tell(self, call: Callable[..., None], *arguments: str) -> None:
        assert self._loop is not None
        with suppress(RuntimeError):  # the loop has ended
            self._loop.call_soon_threadsafe(call, *arguments)


def _provider(exporter: "Callable[[], SpanExporter] | None") -> "TracerProvider":
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    resource = Resource.create()
    if str(resource.attributes["service.name"]).startswith("unknown_service"):
        resource = resource.merge(Resource({"service.name": "maestro", "service.version": __version__}))
    provider = TracerProvider(resource=resource, shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor((exporter or _otlp)()))
    return provider


def _otlp() -> "SpanExporter":
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

    return OTLPSpanExporter()


def _emit(tracer: "Tracer", record: _Record, around: "Context | None" = None) -> None:
    """A span and those inside it, at the times they had."""
    from opentelemetry.context import Context
    from opentelemetry.trace import SpanKind, Status, StatusCode, set_span_in_context

    content = {name: redact(text) for name, text in record.content.items()}
    span = tracer.start_span(
        record.name,
        context=around or Context(),
        kind=SpanKind.CLIENT if record.kind == "client" else SpanKind.INTERNAL,
        attributes={**record.attributes, **content},
        start_time=record.start,
    )
    for child in record.children:
        _emit(tracer, child, set_span_in_context(span, Context()))
    if "error.type" in record.attributes:
        span.set_status(Status(StatusCode.ERROR))
    span.end(record.end)


def _model(provider: str, model: str) -> dict[str, str]:
    return {"gen_ai.provider.name": _PROVIDERS.get(provider, provider), "gen_ai.request.model": model}


def _messages(role: str, text: str) -> str:
    return json.dumps([{"role": role, "parts": [{"type": "text", "content": text}]}], ensure_ascii=False)


def _error_type(error: BaseException) -> str:
    """A word for what went wrong, never its text."""
    if isinstance(error, asyncio.CancelledError):
        return "cancelled"
    return error.kind if isinstance(error, MaestroError) else type(error).__qualname__
