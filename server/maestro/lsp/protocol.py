"""Standard LSP through pygls: its types, its workspace and its table of features; none of its input or output."""

import asyncio
import inspect
import json
from collections.abc import Callable, Generator, Mapping, Sequence
from typing import Any, TypeAlias, cast

from lsprotocol import types
from pydantic import JsonValue
from pygls.lsp.server import LanguageServer
from pygls.protocol import LanguageServerProtocol, default_converter, lsp_method
from pygls.uris import from_fs_path
from pygls.workspace import PositionCodec, TextDocument, Workspace

from maestro import __version__
from maestro.lsp.connection import Connection
from maestro.lsp.handshake import Handshake
from maestro.lsp.initialize import structure_initialize
from maestro.lsp.logs import describe, logger
from maestro.lsp.messages import METHOD_NOT_FOUND, RpcError, frame, invalid_params
from maestro.lsp.writer import Outbox
from maestro.positions import split_lines
from maestro_protocol.base import JsonObject

_Handler: TypeAlias = Callable[..., Any]


class StandardProtocol(LanguageServerProtocol):
    """The codec of standard methods. Requests come from and answers go to a `Connection`."""

    connection: Connection
    outbox: Outbox
    commands: Mapping[str, Callable[[Sequence[JsonValue]], None]]

    def structure_message(self, data: JsonObject) -> JsonObject:
        """Leave it as it is: what looks like a message may be an argument."""
        return data

    def handle_message(self, message: object) -> None:
        """Messages arrive at the `Connection`, which gates and answers them."""
        raise AssertionError("messages do not come this way")

    def _send_data(self, data: object) -> None:
        """Every message of pygls leaves here."""
        self.outbox.push_when_room(frame(self._json(data)))

    def send_request_async(self, method: str, params: object = None, msg_id: object = None) -> "asyncio.Future[Any]":
        """Ask the editor, in our own table of requests."""
        return asyncio.ensure_future(self.connection.calls.call(method, self._json(params), None))

    @lsp_method(types.WORKSPACE_EXECUTE_COMMAND)
    def lsp_workspace__execute_command(self, params: types.ExecuteCommandParams) -> None:  # type: ignore[override]
        """Start a command of ours."""
        if (command := self.commands.get(params.command)) is None:
            raise invalid_params("command", "is none of this server's commands")
        command(cast("Sequence[JsonValue]", params.arguments or ()))

    def open_workspace(self, handshake: Handshake) -> None:
        """What pygls's `initialize` would do, for a handshake that is already answered."""
        params = structure_initialize(handshake.params, self._converter)
        self.client_capabilities = params.capabilities
        root = params.root_uri or (from_fs_path(params.root_path) if params.root_path else None)
        self._workspace = ExactWorkspace(
            root,
            types.TextDocumentSyncKind.Incremental,
            params.workspace_folders or [],
            handshake.position_encoding,
        )

    async def answer(self, method: str, params: JsonValue) -> bytes:
        """The result of a standard request as JSON.

        Raises:
            RpcError: -32601, -32602.
        """
        if (handler := self._handler(method, "request")) is None:
            raise RpcError(METHOD_NOT_FOUND, "There is no such method.")
        result = await _run(handler, self._structure(method, params, request=True))
        return self._json(result)

    async def notice(self, method: str, params: JsonValue) -> None:
        """Take a standard notification; unknown ones are ignored."""
        if (handler := self._handler(method, "notification")) is not None:
            await _run(handler, self._structure(method, params, request=False))

    def to_json(self, value: object) -> JsonObject:
        """A value of the standard's types as an object of JSON."""
        return cast("JsonObject", json.loads(self._json(value)))

    def _json(self, value: object) -> bytes:
        return json.dumps(value, default=self._serialize_message, allow_nan=False).encode()

    def _handler(self, method: str, kind: str) -> _Handler | None:
        message_type = self.get_message_type(method)
        if message_type is None or (kind == "request") != ("id" in message_type.__annotations__):
            return None
        return cast("_Handler | None", self.fm.builtin_features.get(method) or self.fm.features.get(method))

    def _structure(self, method: str, params: JsonValue, *, request: bool) -> object:
        envelope: JsonObject = {"jsonrpc": "2.0", "method": method, "params": params, **({"id": 0} if request else {})}
        try:
            structured = self._converter.structure(envelope, cast("type[Any]", self.get_message_type(method)))
        except Exception as error:
            logger.info("params of %s do not fit: %s", method, describe(error))
            raise invalid_params("", "does not fit the LSP specification") from None
        return structured.params


class StandardServer(LanguageServer):
    """pygls's server object, of which only the tables are used."""

    protocol: StandardProtocol  # pyright: ignore[reportIncompatibleVariableOverride]  # set once, from `protocol_cls`

    def __init__(self) -> None:
        super().__init__("maestro", __version__, protocol_cls=StandardProtocol, converter_factory=default_converter)

    def report_server_error(self, error: Exception, source: object) -> None:
        """To the log; an exception's text is not for the user's eyes."""
        logger.error("pygls: %s", describe(error))


class ExactDocument(TextDocument):
    """A document whose lines end where LSP says: a form feed or U+2028 ends none."""

    @property
    def lines(self) -> Sequence[str]:
        return tuple(split_lines(self.source))


class ExactWorkspace(Workspace):
    """A workspace of `ExactDocument`s."""

    def _create_text_document(
        self,
        doc_uri: str,
        source: str | None = None,
        version: int | None = None,
        language_id: str | None = None,
    ) -> ExactDocument:
        codec: PositionCodec = self.position_codec
        return ExactDocument(
            doc_uri,
            source=source,
            version=version,
            language_id=language_id,
            sync_kind=types.TextDocumentSyncKind.Incremental,
            position_codec=codec,
        )


async def _run(handler: _Handler, *arguments: object) -> object:
    """Call a handler of any of pygls's shapes: plain, coroutine, or a generator that yields further calls."""
    result = handler(*arguments)
    if inspect.isgenerator(result):
        return await _drive(result)
    return await result if inspect.isawaitable(result) else result


async def _drive(steps: Generator[Any, Any, Any]) -> object:
    value: object = None
    try:
        while True:
            handler, arguments, _ = steps.send(value)
            value = await _run(handler, *arguments)
    except StopIteration as end:
        return cast("object", end.value)
