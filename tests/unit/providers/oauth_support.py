"""A token endpoint that answers from a script, and the context of a login that reaches it."""

import base64
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from urllib.parse import parse_qsl

from pydantic import SecretStr

from maestro.providers.base import Connection, ProviderInfo
from maestro.providers.oauth import OAuthContext
from maestro.store.credentials import OAuthCredential
from maestro.transport import Transport
from maestro_protocol.base import JsonObject, JsonValue
from maestro_protocol.sessions import Mode
from maestro_protocol.settings import OAuthSettings, ProviderSettings, TransportSettings
from tests.unit.loopback import Loopback, Peer, Request, loopback
from tests.unit.providers.support import connect

ACCESS = "canary-access-71c2e90d"
REFRESH = "canary-refresh-5b8fa3d1"
ROTATED = "canary-rotated-e0917ac4"
CODE = "canary-code-93ad10f7"
VERIFIER = "canary-verifier-c4e8b26a"
SECRET = "canary-client-secret-0d5f"
CANARIES = (ACCESS, REFRESH, ROTATED, CODE, VERIFIER, SECRET)
FORM, JSON = "application/x-www-form-urlencoded", "application/json"


@dataclass
class Served:
    """The context of a login, and what the endpoint got of it."""

    context: OAuthContext
    url: str
    requests: list[Request] = field(default_factory=list)

    def with_(self, options: JsonObject | None = None, **inputs: str) -> OAuthContext:
        given = {name: SecretStr(value) for name, value in inputs.items()}
        return replace(self.context, options=options or {}, inputs=given)


@asynccontextmanager
async def serve(
    info: ProviderInfo,
    *answers: tuple[int, JsonValue],
    environment: Mapping[str, str] | None = None,
    path: str = "/oauth/token",
    **oauth: object,
) -> AsyncIterator[Served]:
    """Each request gets the next answer; the token URL and the issuer are this server's."""

    async def script(peer: Peer) -> None:
        while True:
            await peer.receive()
            await peer.reply(*remaining.pop(0))

    remaining = list(answers)
    async with loopback(script) as server:
        http = Transport(TransportSettings())
        endpoints: dict[str, object] = {"token_url": f"{server.url}{path}"}
        if info.id == "openai":
            endpoints = {"issuer": server.url}
        context = make_context(info, http=http, environment=environment, base_url=server.url, **endpoints | oauth)
        try:
            yield _served(server, context)
        finally:
            await http.aclose()
    assert not remaining, "some answers were never asked for"


def _served(server: Loopback, context: OAuthContext) -> Served:
    return Served(context, server.url, server.requests)


def make_context(
    info: ProviderInfo,
    *,
    http: Transport | None = None,
    environment: Mapping[str, str] | None = None,
    base_url: str | None = None,
    options: JsonObject | None = None,
    inputs: Mapping[str, str] | None = None,
    **oauth: object,
) -> OAuthContext:
    return OAuthContext(
        info=info,
        settings=ProviderSettings(oauth=OAuthSettings.model_validate(oauth)),
        base_url=base_url or info.base_url,
        http=http or Transport(TransportSettings()),
        environment=environment or {},
        options=options or {},
        inputs={name: SecretStr(value) for name, value in (inputs or {}).items()},
    )


def signed_in(
    info: ProviderInfo,
    credential: OAuthCredential,
    settings: ProviderSettings | None = None,
    *,
    mode: Mode | None = None,
    environment: Mapping[str, str] | None = None,
    base_url: str | None = None,
    http: Transport | None = None,
) -> Connection:
    """A connection of a session with this login."""
    plain = connect(info, settings, credential=credential, base_url=base_url, http=http)
    session = plain.session.model_copy(update={"auth_type": "oauth", "mode": mode})
    return replace(plain, session=session, environment=environment or {})


def jwt(**claims: JsonValue) -> str:
    """An unsigned token."""
    return (
        ".".join(
            base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()
            for part in ({"alg": "none"}, claims)
        )
        + ".c2ln"
    )


def form(request: Request) -> list[tuple[str, str]]:
    """The fields in the order they were sent."""
    assert request.headers["content-type"] == FORM
    return parse_qsl(request.body.decode(), keep_blank_values=True, strict_parsing=True)


def assert_silent(*shown: object) -> None:
    """None of the canaries in what is shown."""
    for value in shown:
        text = f"{value!r} {value}"
        assert not [canary for canary in CANARIES if canary in text or canary[:14] in text]
