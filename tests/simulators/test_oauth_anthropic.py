"""Anthropic's logins: codes to paste, rotating tokens, federation, and the rule about Claude Code."""

from collections.abc import Mapping
from typing import Any

import httpx
import pytest

from tests.simulators.anthropic import Anthropic
from tests.simulators.anthropic_auth import FEDERATION_BETA, PAGE
from tests.simulators.anthropic_checks import OAUTH_BETA
from tests.simulators.asking import QUESTIONS
from tests.simulators.fixtures import simulate
from tests.simulators.oauth import Denied
from tests.simulators.signing_in import Login
from tests.simulators.wire import Json

pytestmark = pytest.mark.asyncio

BOTH = f"{OAUTH_BETA},{FEDERATION_BETA}"
WORKLOAD: Json = {
    "grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer",
    "assertion": "header.claims.signature",
    "federation_rule_id": "fdrl_1",
    "organization_id": "org_1",
}


async def _ask(login: Login, token: str, headers: Mapping[str, str] | None = None, **body: Any) -> httpx.Response:
    usual = {"authorization": f"Bearer {token}", "anthropic-version": "2023-06-01", "anthropic-beta": OAUTH_BETA}
    question = QUESTIONS["anthropic"].with_body(**body)
    return await login.call("POST", question.path, headers={**usual, **(headers or {})}, json=question.body)


async def test_the_page_shows_what_to_paste() -> None:
    async with simulate("anthropic") as sim:
        login = Login(sim)
        page = sim.base_url + PAGE
        code, _, state = sim.service.authorize(login.url(redirect_uri=page)).partition("#")
        assert state == login.state
        assert (await login.exchange(code, redirect_uri=page, state="another")).status_code == 400
        assert (await login.exchange(code, redirect_uri=page)).status_code == 200
        async with httpx.AsyncClient(follow_redirects=True) as browser:
            shown = (await browser.get(login.url(redirect_uri=page))).text
        assert shown.endswith(f"#{login.state}") and shown.startswith("code-")
        for missing in ("code", "scope"):
            with pytest.raises(Denied):
                sim.service.authorize(login.url(**{missing: None}))


async def test_an_exchange_needs_the_state_and_json() -> None:
    async with simulate("anthropic") as sim:
        login = Login(sim)
        code = login.code()
        missing = await login.exchange(code, state=None)
        assert (missing.status_code, missing.json()["error"]["type"]) == (400, "invalid_request_error")
        assert (await login.exchange(code, as_json=False)).status_code == 400
        tokens = (await login.exchange(code)).json()
        assert tokens["access_token"].startswith("sk-ant-oat01-")
        assert tokens["refresh_token"].startswith("sk-ant-ort01-")


async def test_a_used_refresh_token_ends_the_family() -> None:
    async with simulate("anthropic") as sim:
        login = Login(sim)
        first = await login.tokens()
        second = (await login.refresh(first["refresh_token"])).json()
        assert (await _ask(login, second["access_token"])).status_code == 200
        for token in (first["refresh_token"], second["refresh_token"]):
            refused = await login.refresh(token)
            assert (refused.status_code, refused.json()["error"]) == (400, "invalid_grant")
        assert (await _ask(login, second["access_token"])).status_code == 401
        assert sim.auth.refreshes == ["ok", "reused", "revoked"]


@pytest.mark.parametrize("strict", [False, True])
async def test_a_refresh_carries_one_flag(strict: bool) -> None:
    async with simulate("anthropic", strict_betas=strict) as sim:
        assert isinstance(sim.service, Anthropic)
        login = Login(sim)
        token = (await login.tokens())["refresh_token"]
        answers = [await login.refresh(token, beta=beta) for beta in ("", BOTH)]
        assert answers[0].status_code == (400 if strict else 200)
        assert sim.service.auth.beta_slips == ["", BOTH]
        if strict:
            assert (await login.refresh(token)).status_code == 200


async def test_a_workload_gets_a_token() -> None:
    async with simulate("anthropic") as sim:
        login = Login(sim)
        answer = await login.post(**WORKLOAD, beta=BOTH)
        assert "refresh_token" not in answer.json() and answer.json()["token_type"] == "Bearer"
        assert (await _ask(login, answer.json()["access_token"])).status_code == 200
        assert (await login.post(**WORKLOAD)).status_code == 400
        assert (await login.post(**{**WORKLOAD, "assertion": "bad"}, beta=BOTH)).status_code == 401
        assert (await login.post(**{**WORKLOAD, "assertion": "x" * 17_000}, beta=BOTH)).status_code == 400
        for name in ("assertion", "federation_rule_id", "organization_id"):
            assert (await login.post(**{**WORKLOAD, name: None}, beta=BOTH)).status_code == 400
        assert sim.auth.outcomes("federation") == ["ok", "bad"]


async def test_messages_know_their_tokens() -> None:
    async with simulate("anthropic") as sim:
        login = Login(sim)
        assert (await _ask(login, "sk-ant-oat01-before-anyone-signed-in")).status_code == 200
        token = (await login.tokens())["access_token"]
        assert (await _ask(login, token, {"anthropic-beta": "other"})).status_code == 401
        assert (await _ask(login, token, {"x-api-key": token})).status_code == 401
        assert "Invalid bearer" in (await _ask(login, "sk-ant-oat01-unknown")).text
        listed = {"authorization": f"Bearer {token}", "anthropic-version": "2023-06-01", "anthropic-beta": OAUTH_BETA}
        assert (await login.call("GET", "/v1/models", headers=listed)).status_code == 200
        sim.auth.expire_access_tokens()
        refused = await _ask(login, token)
        assert refused.status_code == 401 and "expired" in refused.json()["error"]["message"]


async def test_some_tokens_are_for_claude_code_only() -> None:
    first = {"type": "text", "text": "You are Claude Code, Anthropic's official CLI for Claude."}
    own = {"type": "text", "text": "Be brief."}
    identity = {
        "anthropic-beta": f"claude-code-20250219,{OAUTH_BETA}",
        "user-agent": "claude-cli/2.1.0 (external, cli)",
        "x-app": "cli",
    }
    async with simulate("anthropic", claude_code_only=True) as sim:
        login = Login(sim)
        token = sim.service.sign_in()["access_token"]
        assert (await _ask(login, token, identity, system=[first, own])).status_code == 200
        assert (await _ask(login, token, identity, system=first["text"])).status_code == 200
        refused = [await _ask(login, token, identity, system=system) for system in ([own, first], [], "Be brief.")]
        refused += [
            await _ask(login, token, {**identity, name: "x"}, system=[first]) for name in ("user-agent", "x-app")
        ]
        refused.append(await _ask(login, token, {**identity, "anthropic-beta": OAUTH_BETA}, system=[first]))
        assert {one.status_code for one in refused} == {400}
        assert all("only authorized for use with Claude Code" in one.json()["error"]["message"] for one in refused)
        assert (await _ask(login, "sk-ant-api03-key")).status_code == 200
