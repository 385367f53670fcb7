"""How a test of the simulators signs in, step by step and by hand."""

import secrets
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, quote, urlencode, urlsplit

import httpx

from tests.simulators.anthropic_checks import OAUTH_BETA
from tests.simulators.fixtures import Simulation
from tests.simulators.gemini import Gemini
from tests.simulators.oauth import challenge_of
from tests.simulators.openai_auth import CODEX_CLIENT
from tests.simulators.wire import Json

BACK = "http://localhost:1455/auth/callback"
TOKEN_PATHS = {"openai": "/oauth/token", "anthropic": "/v1/oauth/token", "gemini": "/token"}
_PAGES = {"openai": "/oauth/authorize", "anthropic": "/oauth/authorize", "gemini": "/o/oauth2/v2/auth"}
_MORE = {"openai": {}, "anthropic": {"code": "true"}, "gemini": {"access_type": "offline"}}


@dataclass(frozen=True)
class Login:
    """One login of a client that does everything right, unless told otherwise."""

    sim: Simulation
    state: str = field(default_factory=lambda: secrets.token_urlsafe(32))
    verifier: str = field(default_factory=lambda: secrets.token_urlsafe(64))

    @property
    def name(self) -> str:
        return self.sim.service.name

    @property
    def client(self) -> dict[str, str]:
        """The fields by which the client tells itself."""
        service = self.sim.service
        if isinstance(service, Gemini):
            return {"client_id": service.client_id, "client_secret": service.client_secret}
        return {"client_id": CODEX_CLIENT if self.name == "openai" else "simulated-client"}

    def url(self, **changes: str | None) -> str:
        """The authorize address; None leaves a parameter out."""
        query = {
            "response_type": "code",
            "client_id": self.client["client_id"],
            "redirect_uri": BACK,
            "scope": "openid profile",
            "code_challenge": challenge_of(self.verifier),
            "code_challenge_method": "S256",
            "state": self.state,
            **_MORE[self.name],
            **changes,
        }
        kept = {key: value for key, value in query.items() if value is not None}
        return f"{self.sim.base_url}{_PAGES[self.name]}?{urlencode(kept, quote_via=quote)}"

    def code(self) -> str:
        """The code that the browser brings back."""
        return parse_qs(urlsplit(self.sim.service.authorize(self.url())).query)["code"][0]

    async def exchange(self, code: str, /, **changes: Any) -> httpx.Response:
        fields = {"grant_type": "authorization_code", "code": code, "redirect_uri": BACK, "state": self.state}
        return await self.post(**{**fields, "code_verifier": self.verifier, **changes})

    async def refresh(self, token: str, /, **changes: Any) -> httpx.Response:
        return await self.post(**{"grant_type": "refresh_token", "refresh_token": token, **changes})

    async def post(self, *, as_json: bool | None = None, beta: str = OAUTH_BETA, **fields: Any) -> httpx.Response:
        """Ask the token endpoint, in the media type that the vendor takes."""
        body = {name: value for name, value in {**self.client, **fields}.items() if value is not None}
        by_json = self.name == "anthropic" if as_json is None else as_json
        content: dict[str, Any] = {"json": body} if by_json else {"data": body}
        return await self.call("POST", TOKEN_PATHS[self.name], headers={"anthropic-beta": beta}, **content)

    async def tokens(self) -> Json:
        """A whole login."""
        response = await self.exchange(self.code())
        assert response.status_code == 200, response.text
        return dict(response.json())

    async def call(self, method: str, path: str, **more: Any) -> httpx.Response:
        async with httpx.AsyncClient(base_url=self.sim.base_url) as client:
            return await client.request(method, path, **more)
