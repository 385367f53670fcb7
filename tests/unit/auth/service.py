"""A provider whose login the tests decide, and a browser that comes back from it."""

import asyncio
import errno
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
from pydantic import SecretStr

from maestro.auth.login import Login
from maestro.errors import MaestroError
from maestro.failures import ErrorClass, Failure, UpstreamError
from maestro.providers.base import Connection, ProviderInfo
from maestro.providers.oauth import (
    AuthorizeRequest,
    CodeGrant,
    DeviceCode,
    FixedRedirect,
    Granted,
    LoopbackRedirect,
    OAuthContext,
)
from maestro.store.credentials import OAuthCredential
from maestro.transport import Transport
from maestro_protocol.sessions import AuthTypeInfo, Flow, StepField, StepOpenUrl
from maestro_protocol.settings import ProviderSettings, TransportSettings

CODE = "canary-code-1f2e3d"
DEVICE = DeviceCode("WXYZ-1234", "https://acme.example/device", 0.05, 60.0, "canary-handle")
Exchange = Callable[[CodeGrant], Awaitable[Granted]]


def granted(token: str = "canary-access-token") -> Granted:
    return Granted(OAuthCredential(access_token=token, obtained_at=datetime(2026, 11, 25, tzinfo=UTC)))


async def grants(_grant: CodeGrant) -> Granted:
    return granted()


def refuses(kind: ErrorClass, message: str = "", *, status: int | None = 400) -> Exchange:
    async def exchange(_grant: CodeGrant) -> Granted:
        raise UpstreamError(Failure(kind, message), http_status=status)

    return exchange


def info(*flows: Flow) -> ProviderInfo:
    kinds = (AuthTypeInfo(auth_type="oauth", flows=list(flows or ("loopback", "paste", "device"))),)
    return ProviderInfo(id="acme", label="Acme", base_url="https://acme.example", auth_types=kinds)


def context(*flows: Flow) -> OAuthContext:
    return OAuthContext(
        info=info(*flows),
        settings=ProviderSettings(),
        base_url="https://acme.example",
        http=Transport(TransportSettings()),
    )


@dataclass
class Service:
    """An `oauth.py` with every role. `exchanges` answer in turn, the last one from then on."""

    redirects: LoopbackRedirect | FixedRedirect = field(
        default_factory=lambda: LoopbackRedirect("localhost", "/auth/callback")
    )
    asks: Sequence[Sequence[str]] = ()
    exchanges: list[Exchange] = field(default_factory=lambda: [grants])
    polls: list[CodeGrant | Exception | None] = field(default_factory=list)
    document: Granted | Exception = field(default_factory=granted)
    device: DeviceCode | Exception = DEVICE
    codes: list[str] = field(default_factory=list)
    """What was exchanged."""
    seen: list[Mapping[str, SecretStr]] = field(default_factory=list)
    """The answers at each exchange and start."""
    challenge: str = ""
    verifier: str = ""

    def questions(self, context: OAuthContext, flow: Flow) -> Sequence[StepField]:
        if context.input("consent") == "no":
            raise MaestroError("loginCancelled", "You did not agree, so there is no login.")
        missing = ([key for key in group if context.input(key) is None] for group in self.asks)
        group = next((keys for keys in missing if keys), [])
        return [StepField(key=key, label=key, secret=True) for key in group]

    def redirect(self, context: OAuthContext, flow: Flow) -> LoopbackRedirect | FixedRedirect:
        return self.redirects

    def authorize_url(self, context: OAuthContext, request: AuthorizeRequest) -> str:
        self.challenge = request.challenge
        query = {"redirect_uri": request.redirect_uri, "state": request.state, "code_challenge": request.challenge}
        return f"https://acme.example/authorize?{urlencode(query)}"

    async def exchange(self, context: OAuthContext, grant: CodeGrant) -> Granted:
        self.codes.append(grant.code)
        self.seen.append(context.inputs)
        self.verifier = grant.verifier
        behaviour = self.exchanges.pop(0) if len(self.exchanges) > 1 else self.exchanges[0]
        return await behaviour(grant)

    async def renew(self, context: OAuthContext, credential: OAuthCredential) -> Granted:
        return Granted(credential)

    async def revoke(self, context: OAuthContext, credential: OAuthCredential) -> None: ...

    def authorised(self, connection: Connection, credential: OAuthCredential) -> Connection:
        return replace(connection, credential=credential)

    async def start_device(self, context: OAuthContext) -> DeviceCode:
        self.seen.append(context.inputs)
        if isinstance(self.device, Exception):
            raise self.device
        return self.device

    async def poll_device(self, context: OAuthContext, code: DeviceCode) -> CodeGrant | None:
        answer = self.polls.pop(0) if self.polls else None
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def read_document(self, context: OAuthContext, flow: Flow) -> Granted:
        if isinstance(self.document, Exception):
            raise self.document
        return self.document


@dataclass
class Gate:
    """An exchange that stands still until the test lets it go."""

    reached: asyncio.Event = field(default_factory=asyncio.Event)
    go: asyncio.Event = field(default_factory=asyncio.Event)
    then: Exchange = grants
    stopped: bool = False

    async def __call__(self, grant: CodeGrant) -> Granted:
        self.reached.set()
        try:
            await self.go.wait()
        except asyncio.CancelledError:
            self.stopped = True
            raise
        return await self.then(grant)


@dataclass(frozen=True)
class Visit:
    """What the browser knows after it opened the step's address."""

    redirect_uri: str
    state: str

    @property
    def port(self) -> int:
        port = urlsplit(self.redirect_uri).port
        assert port
        return port

    def address(self, code: str = CODE, *, host: str = "127.0.0.1", **more: str) -> str:
        """Where the provider sends the browser; by number, so that no name is looked up."""
        query = {"code": code, "state": self.state, **more}
        return self.redirect_uri.replace("localhost", host) + "?" + urlencode(query)


@asynccontextmanager
async def begun(service: Service, flow: Flow = "loopback") -> AsyncIterator[tuple[Login, Visit]]:
    """A login at its `openUrl` step; cancelled afterwards."""
    login = Login(service, context(), flow)
    step = await login.begin()
    assert isinstance(step, StepOpenUrl)
    try:
        yield login, visit_of(step.url)
    finally:
        await login.cancel()


def visit_of(url: str) -> Visit:
    query = parse_qs(urlsplit(url).query)
    return Visit(query["redirect_uri"][0], query["state"][0])


async def browse(url: str, **headers: str) -> httpx.Response:
    async with httpx.AsyncClient(trust_env=False, timeout=20) as client:
        return await client.get(url, headers=headers)


async def send(port: int, data: bytes, *, address: str = "127.0.0.1") -> bytes:
    """The whole answer to these bytes; what came until the peer closed."""
    reader, writer = await asyncio.open_connection(address, port)
    try:
        writer.write(data)
        await writer.drain()
        return await reader.read()
    except ConnectionError:
        return b""
    finally:
        writer.close()


def pasted(text: str) -> dict[str, SecretStr]:
    return {"code": SecretStr(text)}


def free_port() -> int:
    """A port that is free on both loopback addresses now."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def is_free(port: int) -> bool:
    """Whether nobody listens there."""
    try:
        with socket.create_server(("127.0.0.1", port)):
            return True
    except OSError as error:
        assert error.errno == errno.EADDRINUSE
        return False


def has_ipv6() -> bool:
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6):
            return True
    except OSError:
        return False
