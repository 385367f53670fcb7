"""A login is a dialogue: it asks for what is missing, ends once, and a refused key leaves nothing behind."""

from pathlib import Path

import pytest
from pydantic import SecretStr

from maestro.app import Services
from maestro.errors import MaestroError
from maestro_protocol.sessions import SessionCreateParams, StepDone, StepInput
from tests.unit.services.product import product

pytestmark = pytest.mark.asyncio

KEY = SecretStr("sk-a-good-key-123456")


def _create(**more: object) -> SessionCreateParams:
    return SessionCreateParams.from_wire({"provider": "openai", "authType": "api_key", "name": "work", **more})  # type: ignore[dict-item]


async def _refusal(work: object) -> MaestroError:
    with pytest.raises(MaestroError) as caught:
        await work  # type: ignore[misc]
    return caught.value


def _names(services: Services) -> list[str]:
    return [session.name for session in services.runtime.sessions.list("openai") if session.source != "env"]


async def test_without_a_key_the_login_asks_for_it(tmp_path: Path) -> None:
    async with product(tmp_path, "openai", signed_in=False) as (services, _):
        step = await services.logins.create(_create())
        assert isinstance(step, StepInput)
        assert [(field.key, field.secret) for field in step.fields] == [("apiKey", True)]
        assert _names(services) == []
        error = await _refusal(services.logins.proceed(step.login_id, {"code": KEY}))
        assert [issue.path for issue in error.data.issues or []] == ["inputs.apiKey"]
        done = await services.logins.proceed(step.login_id, {"apiKey": KEY})
        assert isinstance(done, StepDone)
        assert (done.session.name, done.session.key_hint) == ("work", "3456")
        assert (await _refusal(services.logins.proceed(step.login_id, {"apiKey": KEY}))).kind == "loginFailed"


async def test_a_login_is_given_up_once(tmp_path: Path) -> None:
    async with product(tmp_path, "openai", signed_in=False) as (services, _):
        step = await services.logins.create(_create())
        assert isinstance(step, StepInput)
        assert [await services.logins.cancel(step.login_id) for _ in range(2)] == [True, False]
        assert (await _refusal(services.logins.proceed(step.login_id, {"apiKey": KEY}))).kind == "loginFailed"


async def test_a_key_the_provider_refuses_is_not_kept(tmp_path: Path) -> None:
    async with product(tmp_path, "openai", signed_in=False) as (services, _):
        refused = _create(apiKey="sk-revoked-123456789", validate=True)
        error = await _refusal(services.logins.create(refused))
        assert error.kind == "authRejected"
        assert "revoked" not in error.message
        assert _names(services) == []
        accepted = await services.logins.create(_create(apiKey=KEY.get_secret_value(), validate=True))
        assert isinstance(accepted, StepDone)
        assert accepted.session.status == "active"


async def test_asking_the_provider_shows_in_the_status(tmp_path: Path) -> None:
    async with product(tmp_path, "openai", signed_in=False) as (services, [openai]):
        await services.logins.create(_create(apiKey="sk-revoked-123456789"))
        await services.logins.create(_create(apiKey=KEY.get_secret_value(), name="good"))
        assert (await services.sessions.validate("work")).status == "needsLogin"
        assert (await services.sessions.validate("good")).status == "active"
        await openai.server.aclose()
        error = await _refusal(services.sessions.validate("good"))
        assert error.kind == "unreachable"
        assert (await services.sessions.get("good")).status == "active"


@pytest.mark.parametrize(
    ("more", "kind"),
    [
        ({"provider": "nobody"}, "providerNotFound"),
        ({"authType": "oauth", "flow": "key"}, "unsupported"),
        ({"flow": "device"}, "unsupported"),
        ({"apiKey": " "}, "invalidParams"),
        ({"apiKey": "sk-with\nnewline"}, "invalidParams"),
        ({"name": "env", "apiKey": "sk-x"}, "sessionNameTaken"),
    ],
)
async def test_what_cannot_be_signed_in_to_says_why(tmp_path: Path, more: dict[str, object], kind: str) -> None:
    async with product(tmp_path, "openai", signed_in=False) as (services, _):
        assert (await _refusal(services.logins.create(_create(**more)))).kind == kind
        assert _names(services) == []


async def test_several_sessions_are_not_chosen_between(tmp_path: Path) -> None:
    async with product(tmp_path, "openai") as (services, _):
        assert (chosen := services.sessions.choose("openai")) and chosen.session.name == "my-openai"
        await services.logins.create(_create(apiKey=KEY.get_secret_value()))
        with pytest.raises(MaestroError) as caught:
            services.sessions.choose("openai")
        assert caught.value.data.candidates == ["my-openai", "work"]
        await services.sessions.set_default("work")
        assert (chosen := services.sessions.choose("openai")) and chosen.session.name == "work"
        assert await services.sessions.delete("nobody") is None
        assert (deleted := await services.sessions.delete("work")) and deleted.name == "work"
