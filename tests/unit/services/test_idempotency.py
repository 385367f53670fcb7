"""The same `clientRequestId` runs once, also at the same time, and never with other parameters."""

import asyncio

import pytest

from maestro.errors import MaestroError
from maestro.services.idempotency import Idempotency
from maestro_protocol.chat import ChatSendParams
from maestro_protocol.sessions import SessionCreateParams

pytestmark = pytest.mark.asyncio


class _Run:
    def __init__(self) -> None:
        self.times = 0
        self.go = asyncio.Event()

    async def __call__(self) -> int:
        self.times += 1
        await self.go.wait()
        return self.times


async def test_two_at_once_share_one_run() -> None:
    once, run = Idempotency[int](), _Run()
    params = ChatSendParams(input="hi", client_request_id="r1")
    both = asyncio.gather(once.once("r1", params, run), once.once("r1", params, run))
    await asyncio.sleep(0)
    run.go.set()
    assert await both == [1, 1]
    progress = params.model_copy(update={"partial_result_token": "other"})
    assert await once.once("r1", progress, run) == 1


async def test_other_parameters_are_refused() -> None:
    once, run = Idempotency[int](), _Run()
    run.go.set()
    await once.once("r1", ChatSendParams(input="hi"), run)
    with pytest.raises(MaestroError) as caught:
        await once.once("r1", ChatSendParams(input="ho"), run)
    assert caught.value.kind == "invalidParams"


async def test_another_secret_is_another_request() -> None:
    once, run = Idempotency[int](), _Run()
    run.go.set()
    create = {"provider": "openai", "authType": "api_key", "name": "work"}
    await once.once("r1", SessionCreateParams.from_wire({**create, "apiKey": "one"}), run)
    with pytest.raises(MaestroError):
        await once.once("r1", SessionCreateParams.from_wire({**create, "apiKey": "two"}), run)


async def test_a_failure_is_forgotten_and_told_to_those_who_waited() -> None:
    once, go = Idempotency[int](), asyncio.Event()
    params = ChatSendParams(input="hi")

    async def fail() -> int:
        await go.wait()
        raise MaestroError("overloaded", "Busy.")

    first = asyncio.create_task(once.once("r1", params, fail))
    await asyncio.sleep(0)
    second = asyncio.create_task(once.once("r1", params, fail))
    await asyncio.sleep(0)
    go.set()
    for task in (first, second):
        with pytest.raises(MaestroError, match="Busy"):
            await task
    run = _Run()
    run.go.set()
    assert await once.once("r1", params, run) == 1


async def test_without_an_id_nothing_is_remembered() -> None:
    once, run = Idempotency[int](), _Run()
    run.go.set()
    params = ChatSendParams(input="hi")
    assert [await once.once(None, params, run), await once.once(None, params, run)] == [1, 2]
