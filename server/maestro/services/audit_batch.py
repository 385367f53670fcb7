"""Audits through a provider's batches: requests are collected until no more come, and answered together."""

import asyncio
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import NamedTuple, Self

from maestro import provider
from maestro.audit.asking.exchange import Compose, Generate, RawReply, StructuredRequest
from maestro.cancelling import cancel_once
from maestro.errors import MaestroError
from maestro.explain import to_maestro_error
from maestro.failures import Failure, UpstreamError
from maestro.providers.base import BatchState
from maestro.services.audit_means import Means
from maestro.services.models import Target

_AT_ONCE = 2_000
"""Documents whose requests may wait for each other."""
_QUIET = 1.0
"""Seconds without another request, after which those that wait are handed in."""
_MOST_BYTES = 18_000_000
"""Of the 20 MB a service takes; what it puts around the texts is estimated."""
_AROUND = 6_000
_MOST_REQUESTS = 1_000
_FIRST_POLL, _LONGEST_POLL, _SLOWER = 5.0, 60.0, 1.5
"""Seconds between two looks at a batch, and by how much they grow."""
_MOST_FAILURES = 20
"""Looks in a row that may fail: a day is long, and networks come back."""
_CLOSING = 10.0
"""Seconds for a batch to be called off in."""
_MISSING = Failure("malformed", "The batch has no answer to this request.")


class Waiting(NamedTuple):
    """A request and where its answer is awaited."""

    request: StructuredRequest
    reply: "asyncio.Future[RawReply]"


class Batches:
    """To be entered; on leaving, batches that are under way are cancelled. `told` hears how they are."""

    def __init__(self, told: Callable[[str], None], first_poll: float = _FIRST_POLL) -> None:
        self._told = told
        self._first_poll = first_poll
        self._waiting: list[Waiting] = []
        self._arrived = asyncio.Event()
        self._target: Target | None = None

    @property
    def means(self) -> Means:
        return Means(_AT_ONCE, self._generate_for, batched=True)

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._run())
        return self

    async def __aexit__(self, *_: object) -> None:
        cancel_once(self._task)
        await asyncio.wait([self._task])

    def _generate_for(self, target: Target) -> Generate:
        """Raises 4104 where the provider takes no batches."""
        rows = {row.id: row for row in provider.list_providers()}
        if target.provider not in rows or "batch" not in rows[target.provider].roles:
            takers = sorted(row.id for row in rows.values() if "batch" in row.roles)
            message = f"{target.provider} takes no batches; leave --batch out, or use {' or '.join(takers)}."
            raise MaestroError("unsupported", message, provider=target.provider)
        self._target = target
        return self._generate

    async def _generate(self, compose: Compose) -> RawReply:
        waiting = Waiting(compose(), asyncio.get_running_loop().create_future())
        self._waiting.append(waiting)
        self._arrived.set()
        return await waiting.reply

    async def _run(self) -> None:
        """Hand in what waits whenever nothing came for a while: the requests, and those their answers lead to."""
        async with asyncio.TaskGroup() as group:
            while True:
                await self._arrived.wait()
                while self._arrived.is_set():
                    self._arrived.clear()
                    await asyncio.sleep(_QUIET)
                waiting, self._waiting = self._waiting, []
                for part in portions([one for one in waiting if not one.reply.done()]):
                    group.create_task(self._carry_out(part))

    async def _carry_out(self, part: Sequence[Waiting]) -> None:
        """One batch from its beginning to its end: every request of it gets an answer or an error."""
        assert self._target is not None
        provider_id, session = self._target.provider, self._target.session_id
        submission = asyncio.create_task(provider.submit_batch(provider_id, session, [one.request for one in part]))
        try:
            state = await self._state(part, await asyncio.shield(submission))
            for place, one in enumerate(part):
                self._answer(one, state.replies[place] if place < len(state.replies) else state.failure or _MISSING)
        except MaestroError as error:
            _fail(part, error)
        except asyncio.CancelledError:
            with suppress(MaestroError, TimeoutError):
                async with asyncio.timeout(_CLOSING):
                    await provider.cancel_batch(provider_id, session, await submission)
            raise
        except Exception as fault:
            _fail(part, fault)

    async def _state(self, part: Sequence[Waiting], name: str) -> BatchState:
        """The batch's end, however long that takes."""
        assert self._target is not None
        delay, failures = self._first_poll, 0
        while True:
            self._told(f"waiting for a batch of {len(part)}")
            await asyncio.sleep(delay)
            delay = min(delay * _SLOWER, _LONGEST_POLL)
            try:
                state = await provider.poll_batch(self._target.provider, self._target.session_id, name)
            except MaestroError as error:
                failures += 1
                if not error.data.retryable or failures > _MOST_FAILURES:
                    raise
                continue
            failures = 0
            if state.done:
                return state

    def _answer(self, one: Waiting, reply: RawReply | Failure) -> None:
        assert self._target is not None
        if one.reply.done():
            return
        if isinstance(reply, RawReply):
            one.reply.set_result(reply)
        else:
            connection = provider.connection(self._target.provider, self._target.session_id)
            one.reply.set_exception(to_maestro_error(UpstreamError(reply), connection, self._target.model))


def portions(
    waiting: Sequence[Waiting], most_bytes: int = _MOST_BYTES, most_requests: int = _MOST_REQUESTS
) -> Iterator[Sequence[Waiting]]:
    """Parts that a service takes in one batch, in order."""
    part: list[Waiting] = []
    size = 0
    for one in waiting:
        needed = _AROUND + len(json.dumps([one.request.system, one.request.user], ensure_ascii=False).encode())
        if part and (size + needed > most_bytes or len(part) == most_requests):
            yield part
            part, size = [], 0
        part.append(one)
        size += needed
    if part:
        yield part


def _fail(part: Sequence[Waiting], error: Exception) -> None:
    for one in part:
        if not one.reply.done():
            one.reply.set_exception(error)
