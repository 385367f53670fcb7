"""Google's logins: a client with a secret, tokens that stay, service accounts, the quota project, Code Assist."""

import json
import time
from typing import Any

import httpx
import pytest

from tests.simulators.asking import QUESTIONS
from tests.simulators.fixtures import simulate
from tests.simulators.gemini import Gemini
from tests.simulators.google_auth import AUDIENCE
from tests.simulators.oauth import Denied, base64url
from tests.simulators.personas import status
from tests.simulators.signing_in import Login
from tests.simulators.wire import Json, dump

pytestmark = pytest.mark.asyncio

ROBOT = "robot@simulated.example"
PLUGIN = {"metadata": {"pluginType": "GEMINI"}}


async def _ask(login: Login, token: str, project: str | None = "p") -> httpx.Response:
    headers = {"authorization": f"Bearer {token}", **({"x-goog-user-project": project} if project else {})}
    question = QUESTIONS["gemini"]
    return await login.call("POST", question.path, headers=headers, json=question.body)


async def test_a_client_needs_its_secret() -> None:
    async with simulate("gemini") as sim:
        login = Login(sim)
        code = login.code()
        for secret in (None, "wrong"):
            refused = await login.exchange(code, client_secret=secret)
            assert (refused.status_code, refused.json()["error"]) == (401, "invalid_client")
        token = (await login.exchange(code)).json()["refresh_token"]
        assert (await login.refresh(token, client_secret="wrong")).status_code == 401
        assert (await login.refresh(token, client_id="unknown")).status_code == 401
        assert isinstance(sim.service, Gemini)
        sim.service.auth.secrets["another"] = "secret"
        other = await login.refresh(token, client_id="another", client_secret="secret")
        assert other.json()["error"] == "invalid_grant"


async def test_a_refresh_token_stays() -> None:
    async with simulate("gemini") as sim:
        login = Login(sim)
        tokens = await login.tokens()
        assert tokens["access_token"].startswith("ya29.")
        for _ in range(2):
            answer = (await login.refresh(tokens["refresh_token"])).json()
            assert "refresh_token" not in answer
            assert (await _ask(login, answer["access_token"])).status_code == 200


@pytest.mark.parametrize(
    ("changes", "given"),
    [({}, [True, False]), ({"prompt": "consent"}, [True, True]), ({"access_type": None}, [False, False])],
)
async def test_a_refresh_token_comes_with_consent(changes: dict[str, str | None], given: list[bool]) -> None:
    async with simulate("gemini") as sim:
        login = Login(sim)
        for expected in given:
            address = httpx.URL(sim.service.authorize(login.url(**changes)))
            tokens = (await login.exchange(address.params["code"])).json()
            assert ("refresh_token" in tokens) is expected
        with pytest.raises(Denied):
            sim.service.authorize(login.url(scope=None))


async def test_a_revoked_grant_is_over() -> None:
    async with simulate("gemini") as sim:
        login = Login(sim)
        tokens = await login.tokens()
        assert (await login.call("POST", "/revoke", json={"token": "x"})).status_code == 400
        assert (await login.call("POST", "/revoke", data={"token": "x"})).json()["error"] == "invalid_token"
        assert (await login.call("POST", "/revoke", data={"token": tokens["refresh_token"]})).status_code == 200
        refused = await login.refresh(tokens["refresh_token"])
        assert (refused.status_code, refused.json()["error"]) == (400, "invalid_grant")
        assert sim.auth.revocations == ["unknown", "ok"]


async def test_the_api_knows_its_tokens_and_wants_a_project() -> None:
    async with simulate("gemini") as sim:
        login = Login(sim)
        token = (await login.tokens())["access_token"]
        missing = (await _ask(login, token, None)).json()["error"]
        assert (missing["code"], missing["status"]) == (403, "PERMISSION_DENIED") and "quota project" in missing[
            "message"
        ]
        assert (await _ask(login, "ya29.unknown")).status_code == 401
        sim.play(status(401, kind="login").first(1))
        for _ in range(2):
            expired = (await _ask(login, token)).json()["error"]
            assert (expired["code"], expired["status"]) == (401, "UNAUTHENTICATED")
            sim.auth.expire_access_tokens()


def _key_pair() -> tuple[Any, str]:
    rsa = pytest.importorskip("cryptography.hazmat.primitives.asymmetric.rsa")
    from cryptography.hazmat.primitives import serialization

    key = rsa.generate_private_key(65537, 2048)
    shape = serialization.PublicFormat.SubjectPublicKeyInfo
    return key, key.public_key().public_bytes(serialization.Encoding.PEM, shape).decode()


def _assertion(key: Any, algorithm: str = "RS256", **changes: Any) -> str:
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15

    now = int(time.time())
    claims = {"iss": ROBOT, "aud": AUDIENCE, "scope": "cloud-platform", "iat": now, "exp": now + 3600, **changes}
    signed = f"{base64url(dump({'alg': algorithm, 'typ': 'JWT'}))}.{base64url(dump(claims))}"
    return f"{signed}.{base64url(key.sign(signed.encode(), PKCS1v15(), hashes.SHA256()))}"


async def test_a_service_account_signs_for_itself() -> None:
    key, public = _key_pair()
    stranger, _ = _key_pair()
    async with simulate("gemini") as sim:
        assert isinstance(sim.service, Gemini)
        sim.service.service_account_keys[ROBOT] = public
        login = Login(sim)

        async def ask(assertion: str) -> httpx.Response:
            fields = {"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": assertion}
            return await login.call("POST", "/token", data=fields)

        for address in (AUDIENCE, f"{sim.base_url}/token"):
            tokens = (await ask(_assertion(key, aud=address))).json()
            assert "refresh_token" not in tokens
            assert (await _ask(login, tokens["access_token"])).status_code == 200
        now = int(time.time())
        for bad in (
            _assertion(stranger),
            _assertion(key, "none"),
            _assertion(key, iss="nobody@simulated.example"),
            _assertion(key, aud="https://elsewhere.example"),
            _assertion(key, exp=now + 7200),
            _assertion(key, iat=now - 7200, exp=now - 3600),
            _assertion(key, scope=""),
            "no-jwt",
        ):
            refused = await ask(bad)
            assert (refused.status_code, refused.json()["error"]) == (400, "invalid_grant")


async def test_code_assist_onboards() -> None:
    async with simulate("gemini", "500") as sim:
        assert isinstance(sim.service, Gemini)
        login = Login(sim)
        headers = {"authorization": f"Bearer {sim.service.sign_in()['access_token']}"}

        async def call(method: str, path: str, body: Json | None = None) -> tuple[int, Json]:
            answer = await login.call(method, f"/v1internal{path}", headers=headers, json=body)
            return answer.status_code, answer.json()

        assert (await login.call("POST", "/v1internal:loadCodeAssist", json=PLUGIN)).status_code == 401
        assert (await call("POST", ":loadCodeAssist", {}))[0] == 400
        loaded = (await call("POST", ":loadCodeAssist", PLUGIN))[1]
        assert "currentTier" not in loaded and loaded["allowedTiers"][0]["id"] == "free-tier"
        assert (await call("POST", ":onboardUser", {**PLUGIN, "tierId": "standard-tier"}))[0] == 400
        own = {**PLUGIN, "tierId": "free-tier", "cloudaicompanionProject": "mine"}
        assert (await call("POST", ":onboardUser", own))[1]["error"]["status"] == "FAILED_PRECONDITION"
        _, begun = await call("POST", ":onboardUser", {**PLUGIN, "tierId": "free-tier"})
        assert "done" not in begun
        _, done = await call("GET", f"/{begun['name']}")
        assert done["done"] and done["response"]["cloudaicompanionProject"]["id"] == sim.service.code_assist.project
        _, loaded = await call("POST", ":loadCodeAssist", PLUGIN)
        assert loaded["currentTier"]["id"] == "free-tier"
        assert loaded["cloudaicompanionProject"] == sim.service.code_assist.project
        assert (await call("GET", "/operations/unknown"))[0] == 404


async def test_code_assist_may_want_a_project_of_your_own() -> None:
    async with simulate("gemini") as sim:
        assert isinstance(sim.service, Gemini)
        sim.service.code_assist.offers, sim.service.code_assist.polls = "standard-tier", 0
        login = Login(sim)
        headers = {"authorization": f"Bearer {sim.service.sign_in()['access_token']}"}
        asked = {**PLUGIN, "tierId": "standard-tier"}
        path = "/v1internal:onboardUser"
        assert (await login.call("POST", path, headers=headers, json=asked)).status_code == 400
        asked["cloudaicompanionProject"] = "mine"
        done = (await login.call("POST", path, headers=headers, json=asked)).json()
        assert done["response"]["cloudaicompanionProject"]["id"] == "mine"


async def test_code_assist_wraps_what_it_streams() -> None:
    async with simulate("gemini") as sim:
        assert isinstance(sim.service, Gemini)
        login = Login(sim)
        headers = {"authorization": f"Bearer {sim.service.sign_in()['access_token']}"}
        contents = QUESTIONS["gemini"].body
        body: Json = {"model": "gemini-3.8-flash", "project": sim.service.code_assist.project, "user_prompt_id": "1"}
        body["request"] = {**contents, "session_id": "s"}

        async def ask(method: str = "streamGenerateContent?alt=sse", **changes: Any) -> httpx.Response:
            return await login.call("POST", f"/v1internal:{method}", headers=headers, json={**body, **changes})

        assert (await ask()).status_code == 403
        sim.service.code_assist.tier = "free-tier"
        chunks = [json.loads(line[6:]) for line in (await ask()).text.splitlines() if line]
        assert all(chunk.keys() == {"response", "traceId"} for chunk in chunks)
        parts = [part for chunk in chunks for part in chunk["response"]["candidates"][0]["content"]["parts"]]
        assert "".join(part["text"] for part in parts) == "The capital of France is Paris."
        assert "candidates" in (await ask("generateContent")).json()["response"]
        assert (await ask(project="another")).status_code == 403
        assert (await ask(model="no-such-model")).status_code == 404
        assert (await ask(user_prompt_id=None)).status_code == 400
        assert (await ask(contents=[])).status_code == 400
        assert (await ask(request={"contents": []})).status_code == 400
        assert (await ask("countTokens")).status_code == 404
