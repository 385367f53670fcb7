"""Every function of the universal interface, with every provider and every way of signing in."""

import inspect
from typing import Any

import pytest

from maestro import provider
from maestro.errors import MaestroError
from maestro_protocol.sessions import AuthType
from tests.conformance.calls import CALLS, HELLO
from tests.conformance.subjects import CASES, SESSION, prepared

PLUMBING = {"use", "current", "new_runtime"}
FUNCTIONS = {
    name
    for name, value in vars(provider).items()
    if inspect.isfunction(value) and value.__module__ == provider.__name__ and not name.startswith("_")
} - PLUMBING


def test_every_function_is_called() -> None:
    assert set(CALLS) == FUNCTIONS


@pytest.mark.asyncio
@pytest.mark.parametrize("function", sorted(CALLS))
@pytest.mark.parametrize(("name", "auth_type"), CASES)
async def test_conforms(name: str, auth_type: AuthType, function: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async with prepared(name, auth_type) as subject:
        real = getattr(provider, function)
        called: list[Any] = []

        def recorded(*args: Any, **kwargs: Any) -> Any:
            called.append(args)
            return real(*args, **kwargs)

        monkeypatch.setattr(provider, function, recorded)
        await CALLS[function](subject)
        assert called, f"`{function}` was not called"


NETWORKED = sorted({name for name, _ in CASES} - {"offline"})


@pytest.mark.asyncio
@pytest.mark.parametrize("name", NETWORKED)
@pytest.mark.parametrize(
    ("persona", "code"), [("401", 4002), ("403", 4002), ("500", 4203), ("reset", 4205), ("cut", 4205)]
)
async def test_failures_have_the_same_code_everywhere(name: str, persona: str, code: int) -> None:
    async with prepared(name, "api_key") as subject:
        model = await subject.model()
        assert subject.service is not None
        subject.service.play(persona)
        with pytest.raises(MaestroError) as caught:
            await provider.complete_text(name, SESSION, HELLO, model=model)
        assert caught.value.code in {code, 4204 if code == 4205 else code}
        assert caught.value.data.provider == name


@pytest.mark.asyncio
@pytest.mark.parametrize("name", NETWORKED)
async def test_a_busy_service_is_asked_again(name: str) -> None:
    async with prepared(name, "api_key") as subject:
        model = await subject.model()
        assert subject.service is not None
        subject.service.play("503*1")
        assert (await provider.complete_text(name, SESSION, HELLO, model=model)).text
        (row,) = [row for row in provider.current().counters.rows() if row.class_ != "ok"]
        assert (row.provider, row.class_, row.attempts, row.successes) == (name, "overloaded", 2, 1)
        assert row.session_id
