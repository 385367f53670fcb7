"""Every auth server checks codes, challenges and tokens as OAuth wants it, whoever's it is."""

import asyncio
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from maestro.settings import load
from tests.simulators.fixtures import running, simulate
from tests.simulators.oauth import CODE_SECONDS, Denied
from tests.simulators.personas import late, status, unheard
from tests.simulators.signing_in import BACK, TOKEN_PATHS, Login

pytestmark = [pytest.mark.asyncio, pytest.mark.parametrize("name", sorted(TOKEN_PATHS))]


async def test_the_authorize_page_sends_the_browser_back(name: str) -> None:
    async with simulate(name) as sim:
        login = Login(sim)
        response = await login.call("GET", login.url())
        address = urlsplit(response.headers["location"])
        assert response.status_code == 302 and f"{address.scheme}://{address.netloc}{address.path}" == BACK
        assert parse_qs(address.query)["state"] == [login.state]
        assert "scope=openid%20profile" in sim.requests[0].target
        assert (await login.exchange(parse_qs(address.query)["code"][0])).status_code == 200


@pytest.mark.parametrize(
    ("parameter", "value"),
    [
        ("response_type", "token"),
        ("client_id", None),
        ("redirect_uri", None),
        ("state", None),
        ("state", ""),
        ("code_challenge", None),
        ("code_challenge", "short"),
        ("code_challenge_method", "plain"),
        ("code_challenge_method", None),
    ],
)
async def test_the_authorize_page_refuses(name: str, parameter: str, value: str | None) -> None:
    async with simulate(name) as sim:
        login = Login(sim)
        with pytest.raises(Denied):
            sim.service.authorize(login.url(**{parameter: value}))
        with pytest.raises(Denied):
            sim.service.authorize(sim.base_url + "/elsewhere")
        assert (await login.call("GET", login.url(**{parameter: value}))).status_code == 400


async def test_a_user_may_say_no(name: str) -> None:
    async with simulate(name) as sim:
        login = Login(sim)
        sim.auth.denial = Denied("access_denied", "The user said no.")
        query = parse_qs(urlsplit(sim.service.authorize(login.url())).query)
    assert query == {"error": ["access_denied"], "error_description": ["The user said no."], "state": [login.state]}


async def test_a_code_is_taken_once(name: str) -> None:
    async with simulate(name) as sim:
        login = Login(sim)
        code = login.code()
        assert (await login.exchange(code)).status_code == 200
        again = await login.exchange(code)
        assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")
        assert sim.auth.exchanges == ["ok", "invalid_grant"]


@pytest.mark.parametrize("field", ["code_verifier", "redirect_uri", "code"])
async def test_a_code_is_taken_with_what_it_was_given_for(name: str, field: str) -> None:
    async with simulate(name) as sim:
        login = Login(sim)
        code = login.code()
        refused = await login.exchange(code, **{field: "another-value-that-is-long-enough-for-a-verifier"})
        assert (refused.status_code, refused.json()["error"]) == (400, "invalid_grant")
        assert (await login.exchange(code, **{field: None})).status_code == 400
        assert (await login.exchange(code)).status_code == 200


async def test_a_code_gets_old(name: str) -> None:
    async with simulate(name) as sim:
        login = Login(sim)
        code = login.code()
        sim.auth.advance(CODE_SECONDS + 1)
        assert (await login.exchange(code)).status_code == 400


async def test_the_token_endpoint_wants_a_known_grant_in_a_known_form(name: str) -> None:
    async with simulate(name) as sim:
        login = Login(sim)
        assert (await login.post(grant_type="password")).status_code == 400
        assert (await login.post()).status_code == 400
        wrong = await login.exchange(login.code(), as_json=name != "anthropic")
        assert wrong.status_code == 400
        plain = await login.call("POST", TOKEN_PATHS[name], content=b"grant_type=refresh_token")
        assert plain.status_code == 400


async def test_a_stolen_refresh_token_is_worth_nothing(name: str) -> None:
    async with simulate(name) as sim:
        login = Login(sim)
        assert (await login.refresh("nobody-gave-this")).status_code in (400, 401)
        assert sim.auth.refreshes == ["unknown"]


async def test_tokens_end_with_their_family(name: str) -> None:
    async with simulate(name) as sim:
        login = Login(sim)
        tokens = await login.tokens()
        other = sim.service.sign_in()
        sim.auth.families[0].revoked = True
        assert sim.auth.problem(tokens["access_token"]) == "revoked"
        assert (await login.refresh(tokens["refresh_token"])).status_code in (400, 401)
        assert sim.auth.problem(other["access_token"]) == ""
        sim.auth.revoke_all()
        assert sim.auth.problem(other["access_token"]) == "revoked"


async def test_the_clock_can_be_moved(name: str) -> None:
    async with simulate(name) as sim:
        login = Login(sim)
        tokens = await login.tokens()
        assert sim.auth.problem(tokens["access_token"]) == ""
        sim.auth.advance(3601)
        assert sim.auth.problem(tokens["access_token"]) == "expired"
        fresh = (await login.refresh(tokens["refresh_token"])).json()
        assert sim.auth.problem(fresh["access_token"]) == ""
        sim.auth.expire_access_tokens()
        assert sim.auth.problem(fresh["access_token"]) == "expired"
        sim.auth.expire_refresh_tokens()
        newest = fresh.get("refresh_token", tokens["refresh_token"])
        assert (await login.refresh(newest)).status_code in (400, 401)
        assert sim.auth.refreshes == ["ok", "expired"]


async def test_personas_act_on_logins_only_when_told_to(name: str) -> None:
    path = TOKEN_PATHS[name]
    async with simulate(name, "500") as sim:
        login = Login(sim)
        token = (await login.tokens())["refresh_token"]
        sim.play(status(503).on(path).first(1), late(0.05).on(path))
        assert (await login.refresh(token)).status_code == 503
        assert sim.auth.refreshes == []
        started = asyncio.get_running_loop().time()
        assert (await login.refresh(token)).status_code == 200
        assert asyncio.get_running_loop().time() - started >= 0.05


async def test_a_client_may_die_before_or_after_its_refresh_was_heard(name: str) -> None:
    path = TOKEN_PATHS[name]
    async with simulate(name) as sim:
        login = Login(sim)
        token = (await login.tokens())["refresh_token"]
        for persona, heard in ((unheard(), []), (late(30), ["ok"])):
            sim.play(persona.on(path))
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(login.refresh(token), 0.2)
            assert sim.auth.refreshes == heard


async def test_settings_can_be_pointed_here(name: str) -> None:
    async with simulate(name) as sim:
        environment = {"MAESTRO_HOME": "/nonexistent", **sim.oauth_environment}
        provider = load(environment, None).providers[name]
        assert provider.base_url is not None and provider.base_url.startswith(sim.base_url)
        assert "MAESTRO" not in "".join(sim.environment)
    with running(name) as outside:
        assert all("127.0.0.1" in url for url in outside.oauth_environment.values() if url.startswith("http"))
        refused = await asyncio.to_thread(httpx.post, outside.base_url + TOKEN_PATHS[name])
        assert refused.status_code == 400
        assert outside.auth.families == []
