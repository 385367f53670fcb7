"""The browser and the paste at the same time: one exchange, one end."""

import asyncio

import pytest

from maestro.errors import MaestroError
from maestro.providers.oauth import CodeGrant, Granted
from tests.unit.auth.service import CODE, Gate, Service, begun, browse, granted, grants, pasted, refuses

TURNS = range(50)


@pytest.mark.asyncio
@pytest.mark.parametrize("codes", [(CODE, CODE), (CODE, "another-code")], ids=["same", "different"])
@pytest.mark.parametrize("first", ["browser", "paste"])
async def test_whoever_is_first_both_get_the_same_end(first: str, codes: tuple[str, str]) -> None:
    for _ in TURNS:
        gate = Gate()
        service = Service(exchanges=[gate, grants])
        async with begun(service) as (login, visit):
            if first == "browser":
                page = asyncio.create_task(browse(visit.address(codes[0])))
                await gate.reached.wait()
                answer = asyncio.create_task(login.answer(pasted(codes[1])))
            else:
                answer = asyncio.create_task(login.answer(pasted(codes[1])))
                await gate.reached.wait()
                page = asyncio.create_task(browse(visit.address(codes[0])))
                await _arrived(visit.address(codes[0]))
            gate.go.set()
            assert "You are signed in" in (await page).text
            assert await answer is await login.granted()
        assert service.codes == [codes[0] if first == "browser" else codes[1]]


async def _arrived(address: str) -> None:
    """Once a visit with another state was answered, so was the accept of the one before it."""
    assert (await browse(address.replace("state=", "state=x"))).status_code == 400


@pytest.mark.asyncio
async def test_unarranged_races_exchange_once_too() -> None:
    for turn in TURNS:
        service = Service()
        async with begun(service) as (login, visit):
            works = [browse(visit.address()), login.answer(pasted(CODE)), login.answer(pasted("another-code"))]
            results = await asyncio.gather(*(works if turn % 2 else reversed(works)), return_exceptions=True)
            result = await login.granted()
            assert sum(one is result for one in results) == 2
        assert len(service.codes) == 1


@pytest.mark.asyncio
async def test_a_refusal_is_shared_by_both_who_brought_the_code() -> None:
    gate = Gate(then=refuses("auth_invalid", "wrong"))
    service = Service(exchanges=[gate])
    async with begun(service) as (login, visit):
        page = asyncio.create_task(browse(visit.address()))
        await gate.reached.wait()
        paste = asyncio.create_task(login.answer(pasted(CODE)))
        await asyncio.sleep(0)
        gate.go.set()
        assert "did not succeed" in (await page).text
        for waiting in (paste, asyncio.create_task(login.granted())):
            with pytest.raises(MaestroError) as caught:
                await waiting
            assert caught.value.code == 4004
    assert service.codes == [CODE]


@pytest.mark.asyncio
async def test_a_wrong_paste_does_not_spoil_the_browsers_code() -> None:
    gate = Gate(then=refuses("auth_invalid", "wrong"))
    right = Gate()
    service = Service(exchanges=[gate, right])
    async with begun(service) as (login, visit):
        paste = asyncio.create_task(login.answer(pasted("wrong-code")))
        await gate.reached.wait()
        page = asyncio.create_task(browse(visit.address()))
        await _arrived(visit.address())
        gate.go.set()
        with pytest.raises(MaestroError, match="wrong"):
            await paste
        right.go.set()
        assert "You are signed in" in (await page).text
        assert await login.granted() == granted()
    assert service.codes == ["wrong-code", CODE]


@pytest.mark.asyncio
async def test_cancel_and_grant_at_once_give_one_end() -> None:
    for turn in TURNS:
        gate = Gate()

        async def slow(grant: CodeGrant, gate: Gate = gate) -> Granted:
            return await gate(grant)

        async with begun(Service(exchanges=[slow])) as (login, _):
            paste = asyncio.create_task(login.answer(pasted(CODE)))
            await gate.reached.wait()
            gate.go.set()
            if turn % 2:
                await asyncio.sleep(0)
            cancelled = await login.cancel()
            results = list(await asyncio.gather(paste, login.granted(), return_exceptions=True))
            if cancelled:
                assert [isinstance(one, MaestroError) and one.code for one in results] == [4005, 4005]
            else:
                assert results == [granted(), granted()]
