"""A `clientRequestId` runs once: the same request again gets the same answer."""

import asyncio
import hashlib
import hmac
import json
import secrets
import time
from collections.abc import Awaitable, Callable
from typing import Generic, NamedTuple, TypeVar

from maestro.errors import MaestroError
from maestro_protocol.base import Params
from maestro_protocol.errors import Issue

_Result = TypeVar("_Result")
_LIFETIME = 24 * 3600.0
_PROGRESS = {"work_done_token", "partial_result_token", "meta"}


class _Entry(NamedTuple, Generic[_Result]):
    digest: bytes
    expires: float
    answer: "asyncio.Future[_Result]"


class Idempotency(Generic[_Result]):
    """The answers of one method by `clientRequestId`, for 24 hours. A failure is forgotten: it can be retried."""

    def __init__(self) -> None:
        self._entries: dict[str, _Entry[_Result]] = {}
        self._key = secrets.token_bytes(32)

    async def once(self, request_id: str | None, params: Params, run: Callable[[], Awaitable[_Result]]) -> _Result:
        """The remembered answer, or that of `run`.

        Raises:
            MaestroError: -32602 if the id came with other parameters before; whatever `run` raises.
        """
        if request_id is None:
            return await run()
        self._forget_old()
        digest = self._digest(params)
        if entry := self._entries.get(request_id):
            if not hmac.compare_digest(entry.digest, digest):
                raise MaestroError(
                    "invalidParams",
                    "This `clientRequestId` was used before with other parameters; use a new one.",
                    issues=[Issue(path="clientRequestId", message="was used with other parameters")],
                )
            return await asyncio.shield(entry.answer)
        return await self._run(request_id, digest, run)

    async def _run(self, request_id: str, digest: bytes, run: Callable[[], Awaitable[_Result]]) -> _Result:
        answer = asyncio.get_running_loop().create_future()
        answer.add_done_callback(lambda done: done.cancelled() or done.exception())  # seen, also if nobody waits
        self._entries[request_id] = _Entry(digest, time.monotonic() + _LIFETIME, answer)
        try:
            result = await run()
        except BaseException as error:
            del self._entries[request_id]
            answer.set_exception(
                error
                if isinstance(error, MaestroError)
                else MaestroError("requestCancelled", "The request ended early.")
            )
            raise
        answer.set_result(result)
        return result

    def _digest(self, params: Params) -> bytes:
        # Keyed, because parameters may hold a secret and digests of short secrets can be guessed.
        wire = params.model_dump(exclude=_PROGRESS)
        return hmac.digest(self._key, json.dumps(wire, sort_keys=True, default=_reveal).encode(), hashlib.sha256)

    def _forget_old(self) -> None:
        now = time.monotonic()
        for request_id in [key for key, entry in self._entries.items() if entry.expires < now]:
            del self._entries[request_id]


def _reveal(value: object) -> str:
    reveal = getattr(value, "get_secret_value", None)
    return str(reveal()) if reveal else str(value)
