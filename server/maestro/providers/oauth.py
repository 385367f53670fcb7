"""What a provider's `oauth.py` offers, and the values that go in and out of it.

The modules hold no state and know no clock but the one in the credentials they make. A login is driven by
`maestro.auth.login`; renewing is decided by `maestro.tokens`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from pydantic import JsonValue, SecretStr

from maestro.providers.base import Connection, ProviderInfo
from maestro.store.credentials import OAuthCredential
from maestro.transport import Transport
from maestro_protocol.sessions import Flow, Identity, Mode, StepField
from maestro_protocol.settings import ProviderSettings


@dataclass(frozen=True, slots=True)
class OAuthContext:
    """What an OAuth module works with. `base_url` is the API's, without a trailing slash."""

    info: ProviderInfo
    settings: ProviderSettings
    base_url: str
    http: Transport
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    options: Mapping[str, JsonValue] = field(default_factory=dict)
    """`session/create.options`, as they came."""
    inputs: Mapping[str, SecretStr] = field(default_factory=dict, repr=False)
    """What the user answered in this login so far, by field key."""

    def input(self, key: str) -> str | None:
        """An answer, stripped; None for an empty one too."""
        value = self.inputs.get(key)
        return (value.get_secret_value().strip() or None) if value else None


@dataclass(frozen=True, slots=True)
class LoopbackRedirect:
    """The browser returns to this machine. `ports` are tried in order; 0 is any free one."""

    host: str
    """As it stands in the redirect URI; the listener binds 127.0.0.1 and ::1."""
    path: str
    ports: Sequence[int] = (0,)


@dataclass(frozen=True, slots=True)
class FixedRedirect:
    """The browser ends on a page from which the user copies a code, or the address."""

    uri: str


@dataclass(frozen=True, slots=True)
class AuthorizeRequest:
    """What the authorize URL is made of, beside the client. `challenge` is S256."""

    redirect_uri: str
    state: str = field(repr=False)
    challenge: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class CodeGrant:
    """An authorization code and what proves that it is ours."""

    code: str = field(repr=False)
    redirect_uri: str
    verifier: str = field(repr=False)
    state: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class DeviceCode:
    """What the user types in at `verification_uri`. `handle` is the service's name of the login. Seconds."""

    user_code: str = field(repr=False)
    verification_uri: str
    interval: float
    expires_in: float
    handle: str = field(repr=False)
    verification_uri_complete: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Granted:
    """What a login, or a renewal, gave."""

    credential: OAuthCredential
    identity: Identity | None = None
    mode: Mode | None = None
    modes: tuple[Mode, ...] = ()
    notices: tuple[str, ...] = ()
    """Sentences the user should read."""


@dataclass(frozen=True, slots=True)
class Profile:
    """Another tool's credential on this machine, read in place and never rotated by us.

    `id` follows `profile:` in the session's id and is its name: `codex`, `gemini-cli`, `ant-default`.
    """

    id: str
    credential: OAuthCredential
    """Its `grant` is `profile`; an expired one is here too."""
    identity: Identity | None = None
    mode: Mode | None = None
    login_command: str = ""
    """What its owner's user types to sign in again: `codex login`."""


class OAuthRole(Protocol):
    """`oauth.py`. Functions that ask the service raise UpstreamError; all may raise MaestroError, 4004 above all."""

    def questions(self, context: OAuthContext, flow: Flow) -> Sequence[StepField]:
        """What must be answered before the flow can begin: a client id nobody set, a consent, a path.

        Asked again after each answer, until it is empty, and in a thread: it may read files. A consent that was refused
        raises 4005.
        """
        ...

    def redirect(self, context: OAuthContext, flow: Flow) -> LoopbackRedirect | FixedRedirect:
        """Where the browser is sent back to, for the flows `loopback` and `paste`."""
        ...

    def authorize_url(self, context: OAuthContext, request: AuthorizeRequest) -> str: ...

    async def exchange(self, context: OAuthContext, grant: CodeGrant) -> Granted:
        """The code for tokens, and whatever the service's second stages are."""
        ...

    async def renew(self, context: OAuthContext, credential: OAuthCredential) -> Granted:
        """New tokens for old. What the service does not repeat is kept from `credential`.

        Raises:
            UpstreamError: `auth_invalid` when no later attempt can succeed; anything else may pass.
            MaestroError: 4003 naming the owner's command, for an expired profile.
        """
        ...

    async def revoke(self, context: OAuthContext, credential: OAuthCredential) -> None:
        """End the login at the service; where the service has no such thing, do nothing."""
        ...

    def authorised(self, connection: Connection, credential: OAuthCredential) -> Connection:
        """The connection as requests need it: with this credential, or the key in it, at the address of its mode."""
        ...


class DeviceRole(OAuthRole, Protocol):
    """`oauth.py` of a provider with the flow `device`."""

    async def start_device(self, context: OAuthContext) -> DeviceCode: ...

    async def poll_device(self, context: OAuthContext, code: DeviceCode) -> CodeGrant | None:
        """None while the user has not agreed yet. A refusal raises MaestroError 4004."""
        ...


class DocumentRole(OAuthRole, Protocol):
    """`oauth.py` of a provider with flows that read a file: `profile`, `workloadIdentity`, `credentialsFile`."""

    async def read_document(self, context: OAuthContext, flow: Flow) -> Granted: ...


class ProfilesRole(Protocol):
    """`oauth.py` of a provider whose own tools keep logins on this machine."""

    def profiles(self, environment: Mapping[str, str]) -> Sequence[Profile]:
        """Those that can be read now; reads files, so it is called off the event loop. Never raises."""
        ...
