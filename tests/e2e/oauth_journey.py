"""A day with a provider's account, step by step: at the simulators, or at the real services with a person."""

import getpass
import os
import sqlite3
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest
from pydantic import JsonValue

from maestro_protocol.base import JsonObject
from tests.e2e.client import Client, Predicate, is_answer
from tests.e2e.environment import CLOSED_PORT, environment
from tests.e2e.test_secrets import disguises
from tests.e2e.turns import check_turn, complete, new_token, text_of
from tests.simulators.fixtures import Outside, running
from tests.simulators.wire import Request

LIVE = os.environ.get("MAESTRO_E2E_LIVE") == "1"
journey = pytest.mark.timeout(3600 if LIVE else 180)
simulated_only = pytest.mark.skipif(LIVE, reason="needs what only a simulator shows")

CAPITAL = "What is the capital of France?"
SUBSCRIPTIONS = (
    "How would you write a FastAPI application that handles Stripe-based subscriptions? "
    "Include error handling and webhook verification."
)
FIVE_MINUTES = 300.0
A_PERSON = 1800.0 if LIVE else 30.0
"""Seconds for whoever sits at the browser."""

MODELS = {"openai": "gpt-5.5", "anthropic": "claude-sonnet-5-5", "gemini": "gemini-3.8-flash"}
"""Asked where the account lists them; else the first one it lists is."""
KEYS = {
    "openai": ("OPENAI_API_KEY", "sk-proj-CANARY-0a1b2c3d4e5f60718293"),
    "anthropic": ("ANTHROPIC_API_KEY", "sk-ant-api03-CANARY-0a1b2c3d4e5f60718293"),
    "gemini": ("GEMINI_API_KEY", "AIzaCANARY-0a1b2c3d4e5f60718293"),
}
"""Where a person's key is looked for, and the key of the simulated one."""

_OF_A_PERSON = ("MAESTRO_PROVIDERS__", "GEMINI_OAUTH_CLIENT_", "GOOGLE_CLOUD_QUOTA_PROJECT", "SSL_CERT_")
_PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")
_SECRET_FIELDS = ("code", "code_verifier", "refresh_token", "subject_token", "client_secret", "token")
_SHAPES = (b"sk-ant-oat01-", b"sk-ant-ort01-", b"ya29.", b"eyJhbGciOi")
"""How tokens begin, for a run whose tokens nobody here knows."""
_TRANSPORT = ("host", "connection", "content-length", "accept-encoding", "user-agent")
_CONVERSATION = ("session-id", "thread-id", "x-client-request-id")


def tell(text: str) -> None:
    """Say something to the person of a live run."""
    print(text, file=sys.stderr, flush=True)


@dataclass
class World:
    """Where a journey takes place: beside a simulator, or with `sim` None among the real services."""

    provider: str
    home: Path
    sim: Outside | None
    variables: Mapping[str, str]
    keys: list[str] = field(default_factory=list)
    """Those that came of id tokens, in the order `api_key` saw them."""

    @contextmanager
    def server(self) -> Iterator[Client]:
        """An initialized server of the product."""
        with Client(self.variables) as client:
            client.initialize()
            try:
                yield client
            finally:
                self._sign_a_person_out(client)
            client.check()

    def shows(self, what: str) -> bool:
        """Whether this world can show something that only a simulator can; a person is told what is left out."""
        if self.sim is None:
            tell(f"  left out, no simulator: {what}")
        return self.sim is not None

    def visit(self, url: str) -> str:
        """Sign in and agree, as a user in a browser does: the address that ends at, or what its page shows."""
        return self.service.authorize(url)

    def play(self, *personas: str) -> None:
        """Let something go wrong at the simulator; without a name all is well again."""
        if self.sim is not None:
            self.sim.play(*personas)

    def requests(self, path: str) -> list[Request]:
        """The captured requests whose path ends so."""
        return [request for request in self.simulator.requests if request.path.endswith(path)]

    def generations(self) -> list[Request]:
        auth = self.simulator.auth
        return [one for one in self.simulator.requests if one.method == "POST" and not auth.serves(one.path)]

    def closed_by(self) -> str | None:
        """Who closed the connection of the last generation; waits until somebody did."""
        connection = self.generations()[-1].connection
        self.simulator.call(self.simulator.sim.closed(connection))
        return connection.closed_by

    @property
    def access_token(self) -> str:
        """The newest one that was issued."""
        return list(self.simulator.auth.families[-1].access_tokens)[-1]

    @property
    def api_key(self) -> str:
        """The key that came of the last id token; to be looked at after each."""
        self.keys.extend(self.service.auth.api_keys - set(self.keys))
        return self.keys[-1]

    def secrets(self) -> set[str]:
        """Everything of this run that must be found nowhere: tokens, keys, codes, verifiers."""
        auth = self.simulator.auth
        tokens = {token for one in auth.families for token in (*one.access_tokens, *one.refresh_tokens)}
        bodies = [fields(request) for request in self.simulator.requests if auth.serves(request.path)]
        sent = {value for body in bodies for name, value in body.items() if name in _SECRET_FIELDS}
        return {*tokens, *sent, *getattr(auth, "api_keys", ()), *self.keys, KEYS[self.provider][1]}

    def own_key(self) -> str:
        """An API key: the simulated one, or a person's."""
        variable, simulated = KEYS[self.provider]
        if self.sim is not None:
            return simulated
        return os.environ.get(variable) or getpass.getpass(f"API key ({variable}): ")

    def _sign_a_person_out(self, client: Client) -> None:
        """Whatever a live journey that failed left signed in."""
        if self.sim is not None or client.process.poll() is not None:
            return
        for session in client.request("maestro/session/list")["sessions"]:
            if session["source"] == "vault":
                tell(f"  the journey failed: deleting the session '{session['name']}' and ending its login")
                client.request("maestro/session/delete", {"sessionId": session["id"]}, timeout=60)

    @property
    def simulator(self) -> Outside:
        assert self.sim is not None, "a live journey asks `shows` first"
        return self.sim

    @property
    def service(self) -> Any:
        """The simulated service itself, with what only its kind has."""
        return self.simulator.sim.service


@contextmanager
def world(provider: str, home: Path, **settings: str) -> Iterator[World]:
    """A simulator with exactly one key, or the real services; `settings` are variables of simulated servers."""
    if LIVE:
        yield World(provider, home, None, _live_environment(home))
        return
    with running(provider, keys=frozenset({KEYS[provider][1]})) as sim:
        variables = {**sim.oauth_environment, "MAESTRO_PROVIDERS__OPENAI__OAUTH__PORTS": "[0]", **settings}
        yield World(provider, home, sim, environment(home, MAESTRO_LOG_LEVEL="debug", **variables))


def _live_environment(home: Path) -> dict[str, str]:
    """No base URL of ours, no key: what a person set for Maestro, and the way out of the machine."""
    own = {name: value for name, value in environment(home).items() if not value.startswith(CLOSED_PORT)}
    kept = {name: value for name, value in os.environ.items() if name.startswith(_OF_A_PERSON)}
    proxies = {name: value for name, value in os.environ.items() if name.upper() in _PROXIES}
    return {**own, **kept, **proxies, "MAESTRO_LOG_LEVEL": "debug"}


@dataclass
class Answer:
    """A turn that ended well."""

    text: str
    events: Sequence[JsonObject]
    result: JsonObject


@dataclass
class Journey:
    """One session of one account, from its login to its end."""

    world: World
    client: Client
    name: str = "journey"
    session: JsonObject = field(default_factory=dict)
    model: str = ""

    def sign_in(self, **params: JsonValue) -> JsonObject:
        """By OAuth: the address, the browser, and the end of the login as the editor is told it."""
        if LIVE and os.environ.get("MAESTRO_E2E_PASTE") == "1":
            params.setdefault("flow", "paste")
        start = {"provider": self.world.provider, "authType": "oauth", "name": self.name, **params}
        step = self.client.request("maestro/session/create", start)
        while step["type"] == "input":
            step = self._continue(step, {one["key"]: _typed(one) for one in step["fields"]})
        assert step["type"] == "openUrl", step
        if LIVE:
            self._person(step, returns=params.get("flow", self._first_flow()) == "loopback")
        elif "/code/callback" in step["redirectUri"] or params.get("flow") == "paste":
            assert self._continue(step, {"code": self.world.visit(step["url"])})["type"] == "done"
        else:
            assert visit_page(self.world.visit(step["url"])) == "You are signed in"
        return self._signed_in(step)

    def sign_in_with_key(self) -> JsonObject:
        """By API key, which the login asks for; the service says at once that it is good."""
        start = {"provider": self.world.provider, "authType": "api_key", "name": self.name, "validate": True}
        step = self.client.request("maestro/session/create", start)
        assert [one["key"] for one in step["fields"]] == ["apiKey"]
        assert self._continue(step, {"apiKey": self.world.own_key()})["type"] == "done"
        return self._signed_in(step)

    def list_models(self) -> list[str]:
        asked = {"provider": self.world.provider, "sessionId": self.session["id"]}
        result = self.client.request("maestro/model/list", asked, timeout=60)
        assert [(one["sessionId"], one["status"]) for one in result["sources"]] == [(self.session["id"], "ok")]
        listed = [model["id"] for model in result["models"]]
        assert listed
        wanted = f"{self.world.provider}/{os.environ.get('MAESTRO_E2E_MODEL') or MODELS[self.world.provider]}"
        self.model = wanted if wanted in listed else listed[0]
        return listed

    def ask(self, question: str, *naming: str, timeout: float = 60.0) -> Answer:
        """One streamed turn; see `finish`."""
        return self.finish(*self.start(question), *naming, timeout=timeout)

    def finish(self, token: str, request_id: JsonValue, *naming: str, timeout: float = 60.0) -> Answer:
        """The end of a turn that was started: it names what it should, ends by itself, and says what it cost."""
        result = self.client.response(request_id, timeout=timeout)
        events = check_turn(self.client, request_id, token)
        said = text_of(events)
        assert said
        assert all(word.lower() in said.lower() for word in naming), said
        assert result["stopReason"] == events[-1]["stopReason"] == "endTurn"
        assert [event["usage"]["totalTokens"] for event in events if event["type"] == "usage.updated"]
        assert result["usage"]["totalTokens"] >= result["usage"]["outputTokens"] > 0
        assert result["model"] == self.model
        return Answer(said, events, result)

    def ask_both(self) -> None:
        """The two standard prompts."""
        self.ask(CAPITAL, "Paris")
        self.ask(SUBSCRIPTIONS, "FastAPI", "webhook", timeout=FIVE_MINUTES)

    def start(self, question: str) -> tuple[str, JsonValue]:
        """Begin a turn; its token and the id of its request."""
        token = new_token()
        params = complete(question, model=self.model, sessionId=self.session["id"], partialResultToken=token)
        if self.world.provider == "anthropic":
            params["params"] = {"maxTokens": 32000}
        return token, self.client.start("maestro/chat/complete", params)

    def interrupt_and_recover(self) -> None:
        """Stop an answer in the middle: the service is hung up on, and answers the next question."""
        self.world.play("stall=5")
        token, request_id = self.start(SUBSCRIPTIONS)
        self.client.event(token, lambda event: event["type"].endswith(".delta"), timeout=FIVE_MINUTES)
        self.client.cancel(request_id)
        assert self.client.response(request_id)["stopReason"] == "cancelled"
        assert check_turn(self.client, request_id, token)[-1]["stopReason"] == "cancelled"
        if self.world.shows("that the connection to the service is closed"):
            assert self.world.closed_by() == "client"
        self.world.play()
        self.ask(CAPITAL, "Paris")

    def outlive_the_access_token(self) -> None:
        """The service takes the token no longer: three prompts at once, one refresh, and all are answered."""
        if not self.world.shows("an access token that ends before its time"):
            return
        auth = self.world.simulator.auth
        before, position = len(auth.refreshes), len(self.client.received())
        auth.expire_access_tokens()
        for token, request_id in [self.start(CAPITAL) for _ in range(3)]:
            self.finish(token, request_id, "Paris")
        assert auth.refreshes[before:] == ["ok"]
        self._announced("refreshed", after=position)

    def outlive_a_withdrawn_key(self) -> None:
        """The service takes the key no longer: told once, not retried; a key that is good again is found good."""
        if not self.world.shows("a key that the service withdraws"):
            return
        service, keys = self.world.service, self.world.service.keys
        service.keys = frozenset()
        before = len(self.world.generations())
        token, request_id = self.start(CAPITAL)
        assert self.client.refusal(request_id).code == 4002
        assert len(self.world.generations()) == before + 1
        check_turn(self.client, request_id, token)
        refused = self.client.request("maestro/session/get", {"sessionId": self.name})
        assert refused["status"] == "needsLogin"
        assert "key" in refused["problem"]
        service.keys = keys
        assert self.client.request("maestro/session/validate", {"sessionId": self.name})["status"] == "active"
        self.ask(CAPITAL, "Paris")

    def cannot_refresh(self) -> None:
        """A key is not renewed."""
        assert self.client.refused("maestro/session/refresh", {"sessionId": self.name}).code == 4104

    def refresh(self) -> None:
        """Renew the login now; what is used from then on is new."""
        position = len(self.client.received())
        renewed = self.client.request("maestro/session/refresh", {"sessionId": self.name}, timeout=60)
        assert (renewed["id"], renewed["status"]) == (self.session["id"], "active")
        assert renewed["expiresAt"] > self.session["expiresAt"]
        self._announced("refreshed", after=position)
        self.ask(CAPITAL, "Paris")

    def clean_up(self, *, revoked: bool) -> None:
        """Delete the session and end the server: the login is over, and nothing of it is left anywhere."""
        self.check_nothing_leaked()
        position = len(self.client.received())
        assert self.client.request("maestro/session/delete", {"sessionId": self.name}, timeout=60) == {"deleted": True}
        gone = self.client.notification("maestro/session/didChange", after=position)
        assert (gone["removed"], gone["reason"]) == ([self.session["id"]], "deleted")
        assert self.client.refused("maestro/session/get", {"sessionId": self.session["id"]}).code == 4007
        assert self.session["id"] not in str(self.client.request("maestro/session/list"))
        if self.world.shows("that the tokens were revoked"):
            auth = self.world.simulator.auth
            assert auth.revocations == (["ok"] if revoked else [])
            assert [family.revoked for family in auth.families] == [revoked] * len(auth.families)

    def end(self) -> None:
        """The server leaves in order; neither it nor its files keep a session or a token."""
        self.client.end()
        self.check_nothing_leaked()
        [database] = self.world.home.rglob("maestro.db")
        with closing(sqlite3.connect(database)) as opened:
            assert opened.execute("SELECT count(*) FROM saved_authentications").fetchone() == (0,)

    def check_nothing_leaked(self) -> None:
        """No secret of this run in a message of the server, on its stderr, in its log or in any other file."""
        places = {"messages": bytes(self.client.stdout), "stderr": bytes(self.client.stderr)}
        files = [path for path in self.world.home.rglob("*") if path.is_file()]
        assert {"maestro.db", "maestro.log"} <= {path.name for path in files}
        places |= {str(path): path.read_bytes() for path in files}
        wanted: set[bytes] = set(_SHAPES)
        if self.world.shows("the search for this run's own tokens, not only for their shapes"):
            wanted |= {disguise for secret in self.world.secrets() for disguise in disguises(secret)}
        assert {place: hits for place, data in places.items() if (hits := [one for one in wanted if one in data])} == {}

    def _continue(self, step: JsonObject, inputs: JsonObject) -> JsonObject:
        answers = {"loginId": step["loginId"], "inputs": inputs}
        return self.client.request("maestro/session/continue", answers, timeout=60)

    def _person(self, step: JsonObject, *, returns: bool) -> None:
        """A person signs in: the browser comes back here by itself, or what it shows is pasted until it is taken."""
        tell(f"\nOpen this address, sign in and agree:\n\n{step['url']}\n")
        if returns:
            tell("Waiting for the browser to come back …")
            return
        tell("Then paste what the page shows, or the address it ends at, and press Enter.")
        assert self._continue(step, {"code": input("> ").strip()})["type"] == "done"

    def _first_flow(self) -> str:
        rows = self.client.request("maestro/provider/list")["providers"]
        kinds = [kind for row in rows if row["id"] == self.world.provider for kind in row["authTypes"]]
        return next(kind["flows"][0] for kind in kinds if kind["authType"] == "oauth")

    def _signed_in(self, step: JsonObject) -> JsonObject:
        """One `loginCompleted` behind the `didChange` that brings the session, and no third thing."""
        mine = _of_login(step["loginId"])
        self.session = self.client.wait(mine, timeout=A_PERSON)["params"]["session"]
        self.client.settle()
        ends = [place for place, message in enumerate(self.client.received()) if mine(message)]
        assert len(ends) == 1
        assert self._announced("created", before=ends[0]) == self.session
        listed = self.client.request("maestro/session/list", {"provider": self.world.provider})["sessions"]
        assert self.session in listed
        assert (self.session["name"], self.session["status"], self.session["source"]) == (self.name, "active", "vault")
        return self.session

    def _announced(self, reason: str, *, after: int = 0, before: int | None = None) -> JsonObject:
        """The session as a `didChange` with this reason has it."""

        def fits(message: JsonObject) -> bool:
            if message.get("method") != "maestro/session/didChange" or message["params"]["reason"] != reason:
                return False
            return self.session["id"] in [one["id"] for one in message["params"]["changed"]]

        if before is not None:
            [message] = filter(fits, self.client.received()[after:before])
        else:
            message = self.client.wait(fits, after=after)
        return next(one for one in message["params"]["changed"] if one["id"] == self.session["id"])


def _of_login(login_id: str) -> Predicate:
    def fits(message: JsonObject) -> bool:
        is_end = message.get("method") == "maestro/session/loginCompleted"
        return is_end and not is_answer(message) and message["params"]["loginId"] == login_id

    return fits


def _typed(asked: JsonObject) -> str:
    """What a person answers a login's question with."""
    assert LIVE, f"a simulated login asks for nothing: {asked}"
    prompt = f"{asked['label']}: "
    return getpass.getpass(prompt) if asked["secret"] else input(prompt).strip()


def get(address: str) -> httpx.Response:
    """What a browser does with the address it is sent to."""
    return httpx.get(address, trust_env=False, timeout=30)


def visit_page(address: str) -> str:
    """The heading of the page at the end of a login; it repeats neither code nor state."""
    response, given = get(address), query(address)
    assert response.status_code == 200
    assert not any(given[name] in response.text for name in ("code", "state") if name in given)
    return response.text.partition("<h1>")[2].partition("</h1>")[0]


def query(address: str) -> dict[str, str]:
    """The parameters of an address."""
    return dict(parse_qsl(urlsplit(address).query))


def fields(request: Request) -> dict[str, str]:
    """The body of a request to an auth server, by its own media type."""
    if request.headers.get("content-type") == "application/json":
        return {name: str(value) for name, value in request.json.items()}
    return dict(parse_qsl(request.body.decode()))


def sent(request: Request) -> dict[str, str]:
    """All headers but those of the transport and of the conversation, so that one too many shows."""
    assert request.headers["user-agent"].startswith("maestro/")
    aside = (*_TRANSPORT, *_CONVERSATION)
    return {name: value for name, value in request.headers.items() if name not in aside}
