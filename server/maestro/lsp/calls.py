"""Requests to the editor: each has a deadline, and an answer that comes later is nobody's."""

import asyncio
from itertools import count
from typing import TYPE_CHECKING

from maestro.lsp.messages import INTERNAL_ERROR, RequestId, RpcError, encode, frame, notification, request
from maestro.lsp.writer import Outbox

if TYPE_CHECKING:
    from pydantic import JsonValue

    from maestro_protocol.base import JsonObject


class Calls:
    """The table of requests under way; its ids have nothing to do with the editor's."""

    def __init__(self, outbox: Outbox) -> None:
        self._outbox = outbox
        self._ids = count(1)
        self._waiting: dict[str, asyncio.Future[JsonValue]] = {}

    async def call(self, method: str, params: bytes, timeout: float | None) -> "JsonValue":
        """Ask the editor and wait at most `timeout` seconds.

        Raises:
            TimeoutError: no answer in time; the editor is told that nobody waits any more.
            RpcError: the editor refused.
        """
        call_id = f"maestro-{next(self._ids)}"
        answer: asyncio.Future[JsonValue] = asyncio.get_running_loop().create_future()
        self._waiting[call_id] = answer
        self._outbox.push(frame(request(call_id, method, params)))
        try:
            async with asyncio.timeout(timeout):
                return await answer
        finally:
            if self._waiting.pop(call_id, None):
                self._outbox.push(frame(notification("$/cancelRequest", encode({"id": call_id}))))

    def is_waiting(self, call_id: RequestId | None) -> bool:
        """Whether an answer with this id is expected."""
        return call_id in self._waiting

    @property
    def waiting(self) -> bool:
        """Whether anything was asked and not answered yet."""
        return bool(self._waiting)

    def give_up(self) -> None:
        """The editor is gone: nothing will be answered."""
        for call_id in list(self._waiting):
            self.resolve({"id": call_id, "error": {"code": INTERNAL_ERROR}})

    def resolve(self, message: "JsonObject") -> None:
        """Hand an answer to whoever waits for it; others are dropped."""
        call_id = message.get("id")
        answer = self._waiting.pop(call_id, None) if isinstance(call_id, str) else None
        if answer is None or answer.done():
            return
        if "error" in message:
            answer.set_exception(RpcError(_code(message["error"]), "The editor refused the request."))
        else:
            answer.set_result(message.get("result"))


def _code(error: "JsonValue") -> int:
    code = error.get("code") if isinstance(error, dict) else None
    return code if isinstance(code, int) else INTERNAL_ERROR
