"""JSON-RPC bodies as bytes, built around results and events that are JSON already."""

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeAlias

from maestro_protocol.codes import BY_CODE

if TYPE_CHECKING:
    from pydantic import JsonValue

    from maestro_protocol.base import JsonObject, WireModel

RequestId: TypeAlias = str | int | float
Token: TypeAlias = str | int

PARSE_ERROR = -32700
INVALID_REQUEST = -32600
METHOD_NOT_FOUND = -32601
INVALID_PARAMS = -32602
INTERNAL_ERROR = -32603
NOT_INITIALIZED = -32002
REQUEST_CANCELLED = -32800
MESSAGE_TOO_LARGE = 4702
UNSUPPORTED_VERSION = 4704


class RpcError(Exception):
    """An error answer. `message` is a sentence for people; `data` extends the fixed shape of `error.data`."""

    def __init__(self, code: int, message: str, data: "JsonObject | None" = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        row = BY_CODE.get(code)
        kind, retryable = (row.kind, row.retryable) if row else ("requestFailed", False)
        self.data: JsonObject = {"kind": kind, "retryable": retryable, **(data or {})}


def invalid_params(path: str, message: str) -> RpcError:
    """-32602 for one parameter; `message` ends the sentence that begins with its path."""
    subject = f"`{path}`" if path else "The params object"
    issues: Sequence[JsonValue] = [{"path": path, "message": message}]
    return RpcError(INVALID_PARAMS, f"{subject} {message}.", {"issues": list(issues)})


def encode(value: "JsonValue") -> bytes:
    """JSON in ASCII, which carries lone surrogates that UTF-8 cannot.

    Raises:
        ValueError: the value holds a number JSON does not have.
    """
    return json.dumps(value, separators=(",", ":"), allow_nan=False).encode()


def dump(model: "WireModel") -> bytes:
    """A wire type as JSON."""
    try:
        return model.model_dump_json(by_alias=True, exclude_none=True).encode()
    except ValueError:  # a lone surrogate
        return encode(model.to_wire())


def frame(body: bytes) -> bytes:
    return b"Content-Length: %d\r\n\r\n%b" % (len(body), body)


def response(request_id: RequestId, result: bytes) -> bytes:
    return b'{"jsonrpc":"2.0","id":%b,"result":%b}' % (encode(request_id), result)


def refusal(request_id: RequestId | None, error: RpcError) -> bytes:
    """An error answer; without an id where the request's cannot be told."""
    return encode(
        {
            "jsonrpc": "2.0",
            "id": request_id,
            "error": {"code": error.code, "message": error.message, "data": error.data},
        }
    )


def request(request_id: Token, method: str, params: bytes) -> bytes:
    """A request; without params if they are empty."""
    rest = b',"params":%b' % params if params else b""
    return b'{"jsonrpc":"2.0","id":%b,"method":%b%b}' % (encode(request_id), encode(method), rest)


def notification(method: str, params: bytes) -> bytes:
    return b'{"jsonrpc":"2.0","method":%b,"params":%b}' % (encode(method), params)


def progress(token: Token, value: bytes) -> bytes:
    """A value on a work-done or partial-result token."""
    return notification("$/progress", b'{"token":%b,"value":%b}' % (encode(token), value))
