"""A provider under a test's control: what it says, when it says it, and when it notices that nobody listens any more.

The simulators behave as the real services do; this one does what a single test needs, no matter how wrong. It speaks
Gemini's wire, the plainest of the four.
"""

import json
import select
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self

from pydantic import JsonValue

from maestro_protocol.base import JsonObject

MODEL = "gemini/gemini-scripted"
MODELS: JsonObject = {
    "models": [
        {
            "name": "models/gemini-scripted",
            "displayName": "Scripted",
            "inputTokenLimit": 1_048_576,
            "outputTokenLimit": 65_536,
            "supportedGenerationMethods": ["generateContent", "streamGenerateContent"],
        }
    ]
}


@dataclass
class Exchange:
    """One request, and the way to answer it. `gone` is set when the peer has closed the socket."""

    handler: BaseHTTPRequestHandler = field(repr=False)
    path: str
    headers: Mapping[str, str]
    body: bytes
    gone: threading.Event = field(default_factory=threading.Event)

    @property
    def json(self) -> JsonObject:
        return json.loads(self.body)

    def answer(self, status: int, body: JsonValue | bytes, headers: Mapping[str, str] | None = None) -> None:
        """Answer whole."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.handler.send_response(status)
        for name, value in {"Content-Type": "application/json", **(headers or {})}.items():
            self.handler.send_header(name, value)
        self.handler.send_header("Content-Length", str(len(data)))
        self.handler.end_headers()
        self.handler.wfile.write(data)

    def open_stream(self) -> None:
        """Promise an event stream."""
        self.handler.send_response(200)
        self.handler.send_header("Content-Type", "text/event-stream")
        self.handler.send_header("Transfer-Encoding", "chunked")
        self.handler.end_headers()

    def write(self, data: bytes) -> None:
        """Send a piece of the stream. Raises ConnectionError when the peer is gone."""
        self.handler.wfile.write(b"%x\r\n%b\r\n" % (len(data), data))

    def close_stream(self) -> None:
        self.handler.wfile.write(b"0\r\n\r\n")

    def stream(self, *events: JsonObject) -> None:
        """A whole stream."""
        self.open_stream()
        for value in events:
            self.write(event(value))
        self.close_stream()

    def wait_gone(self, timeout: float = 30.0) -> bool:
        """Say nothing more until the peer closes the socket."""
        connection = self.handler.connection
        readable, _, _ = select.select([connection], [], [], timeout)
        with suppress(ConnectionError):
            if readable and connection.recv(1):
                return False
        if readable:
            self.gone.set()
        return bool(readable)


Script = Callable[[Exchange], None]


class Upstream:
    """A loopback server that answers each generation request as `script` says, and each GET as `models` says."""

    def __init__(self, script: Script) -> None:
        self.script = script
        self.models: Script = lambda exchange: exchange.answer(200, MODELS)
        self.exchanges: list[Exchange] = []
        self._changed = threading.Condition()
        self._server = _server(self._serve)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        """`http://127.0.0.1:port`, as `GOOGLE_GEMINI_BASE_URL` wants it."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def wait(self, count: int = 1, timeout: float = 30.0) -> Exchange:
        """The `count`-th generation request, as soon as it has come."""
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.exchanges) >= count, timeout), "no request came"
            return self.exchanges[count - 1]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _serve(self, exchange: Exchange) -> None:
        if exchange.handler.command == "GET":
            self.models(exchange)
            return
        with self._changed:
            self.exchanges.append(exchange)
            self._changed.notify_all()
        self.script(exchange)


def _server(serve: Callable[[Exchange], None]) -> ThreadingHTTPServer:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            headers = {name.lower(): value for name, value in self.headers.items()}
            body = self.rfile.read(int(headers.get("content-length", 0)))
            exchange = Exchange(self, self.path, headers, body)
            try:
                serve(exchange)
            except ConnectionError:
                exchange.gone.set()
                self.close_connection = True

        do_GET = do_POST

        def log_message(self, *_: object) -> None:
            """Stay quiet."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 128

        def handle_error(self, *_: object) -> None:
            """A peer that goes away is no news here."""

    return Server(("127.0.0.1", 0), Handler)


USAGE: JsonObject = {"promptTokenCount": 3, "candidatesTokenCount": 5, "totalTokenCount": 8}


def event(value: JsonObject) -> bytes:
    """One server-sent event."""
    return b"data: %b\r\n\r\n" % json.dumps(value).encode()


def text(content: str) -> JsonObject:
    """A chunk of Gemini's answer."""
    return {"candidates": [{"index": 0, "content": {"role": "model", "parts": [{"text": content}]}}]}


def end(reason: str = "STOP") -> JsonObject:
    """Gemini's last chunk."""
    return {
        "candidates": [{"index": 0, "content": {"role": "model", "parts": []}, "finishReason": reason}],
        "usageMetadata": USAGE,
        "modelVersion": "gemini-scripted",
        "responseId": "scripted",
    }


def saying(*texts: str) -> Script:
    """A script that answers every request with these deltas."""
    return lambda exchange: exchange.stream(*map(text, texts), end())


def never_ending(first: str = "hello") -> Script:
    """A script that says one word and then nothing until the peer leaves."""

    def script(exchange: Exchange) -> None:
        exchange.open_stream()
        exchange.write(event({**text(first), "usageMetadata": USAGE}))
        exchange.wait_gone()
        exchange.handler.close_connection = True

    return script
