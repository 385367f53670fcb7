"""OpenAI's logins: rotating tokens, keys for id tokens, device codes, and the service behind ChatGPT plans."""

import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import httpx
import pytest

from tests.simulators import chatgpt
from tests.simulators.fixtures import Personas, Simulation, simulate
from tests.simulators.oauth import Denied, claims_in, unsigned_jwt
from tests.simulators.openai import OpenAI
from tests.simulators.openai_auth import CLAIMS
from tests.simulators.signing_in import Login
from tests.simulators.wire import Json

pytestmark = pytest.mark.asyncio

BODY = {"model": "gpt-5.5", "instructions": "Be brief.", "input": "Hello", "store": False, "stream": True}
ID_TOKEN = "urn:ietf:params:oauth:token-type:id_token"
EXCHANGE: Json = {
    "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
    "requested_token": "openai-api-key",
    "subject_token_type": ID_TOKEN,
}


@asynccontextmanager
async def _started(persona: Personas = (), **options: Any) -> AsyncIterator[tuple[Login, OpenAI]]:
    async with simulate("openai", persona, **options) as sim:
        assert isinstance(sim.service, OpenAI)
        yield Login(sim), sim.service


def _credentials(service: OpenAI, token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}", "chatgpt-account-id": service.account.account_id}


async def _ask(login: Login, headers: Mapping[str, str], **changes: Any) -> httpx.Response:
    body = {name: value for name, value in {**BODY, **changes}.items() if value is not None}
    return await login.call("POST", f"{chatgpt.BASE}/responses", headers=headers, json=body)


async def test_blanks_are_percent_encoded() -> None:
    async with _started() as (login, service):
        service.authorize(login.url())
        with pytest.raises(Denied, match="%20"):
            service.authorize(login.url().replace("%20", "+"))
        with pytest.raises(Denied):
            service.authorize(login.url(client_id="app_unknown"))


async def test_tokens_tell_the_account() -> None:
    async with _started() as (login, service):
        service.account = replace(service.account, plan="enterprise", fedramp=True, lifetime=60, email="a@b.example")
        tokens = await login.tokens()
        for name in ("id_token", "access_token"):
            claims = claims_in(tokens[name])
            assert claims is not None and claims["exp"] - claims["iat"] == 60
            told = claims[CLAIMS]
            assert (told["chatgpt_plan_type"], told["chatgpt_account_is_fedramp"]) == ("enterprise", True)
            assert told["chatgpt_account_id"] == service.account.account_id
        assert (claims_in(tokens["id_token"]) or {})["email"] == "a@b.example"
        assert tokens["expires_in"] == 60
        service.account = replace(service.account, sends_expires_in=False, organization_id=None)
        tokens = await login.tokens()
        assert "expires_in" not in tokens
        assert "organization_id" not in (claims_in(tokens["id_token"]) or {})[CLAIMS]


@pytest.mark.parametrize("as_json", [True, False])
async def test_a_used_refresh_token_ends_the_family(as_json: bool) -> None:
    async with _started() as (login, service):
        first = await login.tokens()
        second = (await login.refresh(first["refresh_token"], as_json=as_json)).json()
        assert second["refresh_token"] != first["refresh_token"]
        assert (await _ask(login, _credentials(service, second["access_token"]))).status_code == 200
        for token, code in (
            (first["refresh_token"], "refresh_token_reused"),
            (second["refresh_token"], "refresh_token_invalidated"),
        ):
            refused = await login.refresh(token, as_json=as_json)
            assert (refused.status_code, refused.json()["error"]["code"]) == (401, code)
        refused = await _ask(login, _credentials(service, second["access_token"]))
        assert refused.status_code == 401 and "revoked" in refused.json()["detail"]
        assert service.auth.refreshes == ["ok", "reused", "revoked"]


async def test_a_refresh_may_leave_things_out() -> None:
    async with _started() as (login, service):
        token = (await login.tokens())["refresh_token"]
        service.account = replace(service.account, refresh_gives=frozenset({"access_token"}))
        for _ in range(2):
            answer = (await login.refresh(token)).json()
            assert "access_token" in answer and not {"id_token", "refresh_token"} & answer.keys()
        service.auth.expire_refresh_tokens()
        assert (await login.refresh(token)).json()["error"]["code"] == "refresh_token_expired"


async def test_an_id_token_buys_a_key() -> None:
    async with _started(keys=frozenset()) as (login, service):
        token = (await login.tokens())["id_token"]
        assert (await login.post(**EXCHANGE, subject_token=token, as_json=True)).status_code == 400
        answer = await login.post(**EXCHANGE, subject_token=token)
        key = answer.json()["access_token"]
        assert key.startswith("sk-") and service.auth.api_keys == {key}
        models = await login.call("GET", "/v1/models", headers={"authorization": f"Bearer {key}"})
        assert models.status_code == 200
        service.account = replace(service.account, organization_id=None)
        refused = await login.post(**EXCHANGE, subject_token=(await login.tokens())["id_token"])
        assert refused.status_code == 401 and "organization_id" in refused.text
        assert (await login.post(**EXCHANGE, subject_token="no-token")).status_code == 401
        assert len(service.auth.outcomes("api-key")) == 3


async def test_a_logout_ends_the_family() -> None:
    async with _started() as (login, service):
        tokens = await login.tokens()
        body = {"token": tokens["refresh_token"], "token_type_hint": "refresh_token", "client_id": "x"}
        assert (await login.call("POST", "/oauth/revoke", data=body)).status_code == 400
        assert (await login.call("POST", "/oauth/revoke", json=body)).status_code == 200
        assert (await _ask(login, _credentials(service, tokens["access_token"]))).status_code == 401
        assert service.auth.revocations == ["ok"]


async def test_a_device_signs_in() -> None:
    async with _started() as (login, service):
        service.auth.device.interval = "0"
        start, ask = (f"/api/accounts/deviceauth/{name}" for name in ("usercode", "token"))
        device = (await login.call("POST", start, json=login.client)).json()
        assert device.pop("interval") == "0"
        assert (await login.call("POST", ask, json=device)).status_code == 403
        service.approve_device(device["user_code"])
        given = (await login.call("POST", ask, json=device)).json()
        back = f"{login.sim.base_url}/deviceauth/callback"
        code, verifier = given["authorization_code"], given["code_verifier"]
        assert (await login.exchange(code, redirect_uri=back)).status_code == 400
        assert (await login.exchange(code, redirect_uri=back, code_verifier=verifier)).status_code == 200

        device = (await login.call("POST", start, json=login.client)).json()
        service.auth.device.approve(state="denied")
        refused = await login.call("POST", ask, json={**device, "interval": None})
        assert refused.status_code == 400
        service.auth.device.enabled = False
        assert (await login.call("POST", start, json=login.client)).status_code == 404


async def test_the_api_takes_no_token_of_a_login() -> None:
    async with _started() as (login, _):
        token = (await login.tokens())["access_token"]
        refused = await login.call("GET", "/v1/models", headers={"authorization": f"Bearer {token}"})
        assert (refused.status_code, refused.json()["error"]["code"]) == (401, "invalid_api_key")


async def test_chatgpt_knows_its_tokens() -> None:
    async with _started() as (login, service):
        token = (await login.tokens())["access_token"]
        good = _credentials(service, token)
        assert (await _ask(login, good)).status_code == 200
        assert (await _ask(login, {})).status_code == 401
        assert (await _ask(login, {**good, "authorization": "Bearer sk-key"})).status_code == 401
        assert (await _ask(login, {**good, "chatgpt-account-id": "another"})).status_code == 403
        assert (await _ask(login, {"authorization": good["authorization"]})).status_code == 403
        service.auth.expire_access_tokens()
        refused = await _ask(login, good)
        assert refused.status_code == 401 and "expired" in refused.json()["detail"]


async def test_chatgpt_takes_strangers_unless_the_keys_are_exact() -> None:
    def stranger(ends: float) -> str:
        return unsigned_jwt({"exp": ends, CLAIMS: {"chatgpt_account_id": "acc-1"}})

    for keys in (None, frozenset({"access-known"})):
        async with _started(keys=keys) as (login, service):
            passes = 200 if keys is None else 401
            headers = {"chatgpt-account-id": "acc-1"}
            for token, expected in ((stranger(time.time() + 60), passes), (stranger(time.time() - 60), 401)):
                answer = await _ask(login, {**headers, "authorization": f"Bearer {token}"})
                assert answer.status_code == expected
            assert (await _ask(login, _credentials(service, "access-known"))).status_code == 200
            assert (await _ask(login, _credentials(service, "access-revoked"))).status_code == 401


async def test_chatgpt_serves_fedramp_apart() -> None:
    async with _started() as (login, service):
        service.account = replace(service.account, fedramp=True)
        headers = _credentials(service, (await login.tokens())["access_token"])
        assert (await _ask(login, headers)).status_code == 403
        assert (await _ask(login, {**headers, "x-openai-fedramp": "true"})).status_code == 200


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"store": None}, "Store must be set to false"),
        ({"store": True}, "Store must be set to false"),
        ({"stream": False}, "Stream must be set to true"),
        ({"instructions": ""}, "Instructions are required"),
        ({"instructions": None}, "Instructions are required"),
        ({"max_output_tokens": 5}, "Unsupported parameter: max_output_tokens"),
        ({"temperature": 1}, "Unsupported parameter: temperature"),
        ({"previous_response_id": "resp_1"}, "Unsupported parameter: previous_response_id"),
        ({"model": "gpt-4o"}, "not supported when using Codex"),
        ({"input": [{"role": "nobody", "content": "x"}]}, "Invalid value"),
    ],
)
async def test_chatgpt_refuses_in_its_own_shape(changes: Json, told: str) -> None:
    async with _started() as (login, service):
        refused = await _ask(login, _credentials(service, service.sign_in()["access_token"]), **changes)
        assert refused.status_code == 400 and refused.json().keys() == {"detail"} and told in refused.json()["detail"]


async def test_chatgpt_streams_as_the_api_does() -> None:
    async with _started() as (login, service):
        headers = _credentials(service, service.sign_in()["access_token"])
        answer = await _ask(login, headers, client_metadata={"a": "b"}, input="What is the capital of France?")
        assert '"sequence_number":0' in answer.text and "response.completed" in answer.text and " Paris." in answer.text
        assert answer.headers["x-models-etag"] == chatgpt.etag() and "x-codex-primary-used-percent" in answer.headers
        assert (await login.call("GET", f"{chatgpt.BASE}/elsewhere", headers=headers)).json() == {"detail": "Not Found"}


async def test_chatgpt_lists_more_than_it_shows() -> None:
    async with _started() as (login, service):
        headers = _credentials(service, service.sign_in()["access_token"])
        path = f"{chatgpt.BASE}/models"
        assert (await login.call("GET", path, headers=headers)).status_code == 422
        answer = await login.call("GET", f"{path}?client_version=0.130.0", headers=headers)
        listed = [one for one in answer.json()["models"] if one["visibility"] == "list"]
        shown = sorted((one for one in listed if one["minimal_client_version"] < "9"), key=lambda one: one["priority"])
        assert tuple(one["slug"] for one in shown) == chatgpt.SHOWN and len(listed) > len(shown)
        same = {**headers, "if-none-match": answer.headers["etag"]}
        assert (await login.call("GET", f"{path}?client_version=0.130.0", headers=same)).status_code == 304


async def test_chatgpt_plans_run_out() -> None:
    async def told(sim: Simulation, login: Login) -> tuple[int, Json, Mapping[str, str]]:
        assert isinstance(sim.service, OpenAI)
        answer = await _ask(login, _credentials(sim.service, sim.service.sign_in()["access_token"]))
        return answer.status_code, answer.json()["error"], answer.headers

    async with _started("usage-limit=60*1") as (login, _):
        status, error, headers = await told(login.sim, login)
        assert (status, error["type"]) == (429, "usage_limit_reached")
        assert 0 < error["resets_at"] - time.time() <= 60
        assert headers["x-codex-primary-reset-at"] == str(error["resets_at"])
        login.sim.play("usage-not-included")
        assert (await told(login.sim, login))[1]["type"] == "usage_not_included"
