"""How the three logins differ, and in what they are alike, read off the requests of a whole day of each."""

import hashlib
from base64 import urlsafe_b64encode
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from maestro_protocol.base import JsonObject
from tests.e2e.oauth_journey import Journey, World, fields, journey, query, simulated_only, world
from tests.simulators.wire import Request

pytestmark = [journey, simulated_only]

FORM, JSON = "application/x-www-form-urlencoded", "application/json"
LOGINS = ("openai", "anthropic", "gemini")


@dataclass(frozen=True)
class Flow:
    """One way to sign in, as the service sees it."""

    flows: tuple[str, ...]
    """All that are offered, the usual one first."""
    returns_to: str
    exchange: str
    refresh: str
    state_at_exchange: bool
    client_secret: bool
    rotates: bool
    revokes: str | None
    """How a deleted session is ended at the service; None: no way is known."""
    credential: str = "authorization: Bearer"
    always: tuple[str, ...] = field(default=())
    """What else each request of the session carries."""


TABLE = {
    "openai": Flow(
        flows=("loopback", "device", "paste"),
        returns_to="http://localhost/auth/callback",
        exchange=FORM,
        refresh=JSON,
        state_at_exchange=False,
        client_secret=False,
        rotates=True,
        revokes=JSON,
        always=("chatgpt-account-id", "originator"),
    ),
    "anthropic": Flow(
        flows=("paste", "profile", "workloadIdentity"),
        returns_to="a page that shows the code",
        exchange=JSON,
        refresh=JSON,
        state_at_exchange=True,
        client_secret=False,
        rotates=True,
        revokes=None,
        always=("anthropic-beta", "anthropic-version"),
    ),
    "gemini": Flow(
        flows=("loopback", "paste", "credentialsFile"),
        returns_to="http://127.0.0.1/oauth2callback",
        exchange=FORM,
        refresh=FORM,
        state_at_exchange=False,
        client_secret=True,
        rotates=False,
        revokes=FORM,
        always=("x-goog-user-project",),
    ),
}
KEY_HEADERS = {"openai": "authorization: Bearer", "anthropic": "x-api-key", "gemini": "x-goog-api-key"}
_CARRIED = ("chatgpt-account-id", "originator", "anthropic-beta", "anthropic-version", "x-goog-user-project")


@pytest.fixture(scope="module", params=LOGINS)
def day(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> "Day":
    with world(request.param, tmp_path_factory.mktemp(request.param)) as service, service.server() as client:
        mine = Journey(service, client)
        mine.sign_in(**({"options": {"mode": "chatgpt"}} if request.param == "openai" else {}))
        mine.list_models()
        mine.ask("Hello")
        mine.refresh()
        client.request("maestro/session/delete", {"sessionId": mine.name})
        rows = client.request("maestro/provider/list")["providers"]
        [url] = [m["result"]["url"] for m in client.received() if "url" in (m.get("result") or {})]
        client.end()
        return Day(service, url, next(row for row in rows if row["id"] == request.param))


class Day:
    """What was captured of one login's day."""

    def __init__(self, service: World, url: str, row: JsonObject) -> None:
        self.provider = service.provider
        self.asked = query(url)
        self.kinds = {kind["authType"]: tuple(kind["flows"]) for kind in row["authTypes"]}
        auth = [
            one
            for one in service.simulator.requests
            if one.method == "POST" and service.simulator.auth.serves(one.path)
        ]
        self.exchange, self.refreshed, *others = auth
        self.revocation: Request | None = others[0] if others else None
        self.addresses = [one.target for one in service.simulator.requests]
        self.answer = service.generations()[-1]
        self.refresh_tokens = service.simulator.auth.families[-1].refresh_tokens

    def flow(self) -> Flow:
        exchange = fields(self.exchange)
        return Flow(
            flows=self.kinds["oauth"],
            returns_to=_returns_to(self.asked["redirect_uri"]),
            exchange=self.exchange.headers["content-type"],
            refresh=self.refreshed.headers["content-type"],
            state_at_exchange=exchange.get("state") == self.asked["state"],
            client_secret="client_secret" in exchange,
            rotates=len(set(self.refresh_tokens)) > 1,
            revokes=self.revocation.headers["content-type"] if self.revocation else None,
            credential=_credential(self.answer),
            always=tuple(name for name in _CARRIED if name in self.answer.headers),
        )


def test_how_the_logins_differ(day: Day) -> None:
    assert day.flow() == TABLE[day.provider]


def test_every_login_proves_itself_with_pkce(day: Day) -> None:
    verifier = fields(day.exchange)["code_verifier"]
    assert 43 <= len(verifier) <= 128
    assert day.asked["code_challenge_method"] == "S256"
    assert day.asked["code_challenge"] == challenge(verifier)


def test_the_state_is_no_verifier(day: Day) -> None:
    """And no verifier, code or token ever stands in an address."""
    exchange = fields(day.exchange)
    assert len(day.asked["state"]) >= 32
    assert day.asked["state"] not in (exchange["code_verifier"], day.asked["code_challenge"])
    assert challenge(day.asked["state"]) != day.asked["code_challenge"]
    secrets = (exchange["code_verifier"], exchange["code"], *day.refresh_tokens)
    assert not any(secret in address for secret in secrets for address in day.addresses)


def test_what_is_exchanged_is_what_was_asked_for(day: Day) -> None:
    exchange, refresh = fields(day.exchange), fields(day.refreshed)
    assert (exchange["grant_type"], refresh["grant_type"]) == ("authorization_code", "refresh_token")
    assert exchange["redirect_uri"] == day.asked["redirect_uri"]
    assert exchange["client_id"] == refresh["client_id"] == day.asked["client_id"]
    assert refresh["refresh_token"] == day.refresh_tokens[0]


@pytest.mark.parametrize("provider", LOGINS)
def test_a_key_is_sent_another_way_and_asks_no_auth_server(tmp_path: Path, provider: str) -> None:
    with world(provider, tmp_path) as service, service.server() as client:
        mine = Journey(service, client)
        mine.sign_in_with_key()
        mine.list_models()
        mine.ask("Hello")

        assert _credential(service.generations()[-1]) == KEY_HEADERS[provider]
        assert not any(service.simulator.auth.serves(one.path) for one in service.simulator.requests)
        client.end()


def test_no_two_rows_are_alike() -> None:
    bare = [replace(row, flows=(), returns_to="", always=()) for row in TABLE.values()]
    assert len(set(bare)) == len(TABLE)


def challenge(verifier: str) -> str:
    return urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def _returns_to(redirect_uri: str) -> str:
    address = urlsplit(redirect_uri)
    if address.path == "/oauth/code/callback":
        return "a page that shows the code"
    return f"http://{address.hostname}{address.path}"


def _credential(request: Request) -> str:
    """The headers that carry a credential; exactly one does."""
    [name] = [name for name in ("authorization", "x-api-key", "x-goog-api-key") if name in request.headers]
    return name if name != "authorization" else f"{name}: {request.headers[name].partition(' ')[0]}"
