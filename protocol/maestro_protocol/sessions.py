"""Providers and named sessions."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field, SecretStr

from maestro_protocol.base import JsonObject, NotificationParams, Params, WireModel
from maestro_protocol.chat import ChatParams
from maestro_protocol.errors import ErrorInfo

AuthType = Literal["api_key", "oauth"]
Flow = Literal["key", "loopback", "paste", "device", "profile", "workloadIdentity", "credentialsFile"]
Role = Literal["config", "apiKey", "oauth", "models", "streaming", "audit", "batch"]
Source = Literal["vault", "memory", "env", "profile"]
SessionStatus = Literal["active", "expiring", "expired", "revoked", "unverified", "needsLogin"]


_NO = r"\x00-\x1f\x7f-\x9f\xad:/\u115f\u1160\u180e\u200b-\u200f\u2028-\u202e\u2060-\u2069\u3164\ufeff\uffa0"
_NO_EDGE = rf"{_NO} \xa0\u1680\u2000-\u200a\u202f\u205f\u3000"
SESSION_NAME = rf"^[^{_NO_EDGE}]([^{_NO}]{{0,98}}[^{_NO_EDGE}])?$"
"""No control or invisible characters, no blank at either end, and neither `:` nor `/`, which part a session from a
model."""


class AuthTypeInfo(WireModel):
    """A way to sign in to a provider."""

    auth_type: AuthType
    flows: list[Flow]
    """The first is what a plain `session/create` starts."""
    notes: str | None = None


class EnvKey(WireModel):
    """The environment variable that may hold the provider's key."""

    name: str
    present: bool


class Provider(WireModel):
    """A provider this server can talk to."""

    id: str
    label: str
    default: bool
    """Used when neither a model nor a session says otherwise."""
    auth_types: list[AuthTypeInfo]
    env: EnvKey | None = None
    roles: list[Role]
    """What the provider can do here."""
    running: bool | None = None
    """Of a provider that needs no key: whether it answers on its port now. Absent when nobody looked."""


class ProviderListParams(Params):
    """Nothing to say."""


class ProviderListResult(WireModel):
    providers: list[Provider]


class Identity(WireModel):
    """Who a session is, as far as the provider tells."""

    email: str | None = None
    plan: str | None = None
    account_id: str | None = None


Mode = Literal["chatgpt", "api_key"]
"""How an OpenAI login is used: with ChatGPT's own service, or with a key of the API platform."""


class SessionDefaults(WireModel):
    """What a session uses unless a request says otherwise."""

    model: str | None = Field(default=None, max_length=300)
    params: ChatParams | None = None


class Session(WireModel):
    """A named way into a provider. Never carries a secret."""

    id: str
    name: str
    provider: str
    auth_type: AuthType
    mode: Mode | None = None
    modes: list[Mode] | None = None
    """The modes the login can be used in; `session/update` changes between them."""
    defaults: SessionDefaults | None = None
    status: SessionStatus
    source: Source
    """Where the credential lives: encrypted here; in the environment or a file of settings (`env`); in the file of
    another tool, which is read in place (`profile`); `memory` is gone with the process."""
    key_hint: str | None = None
    """The last four characters of the key."""
    key_place: str | None = None
    """Of a key that is not kept here: the environment variable, or the path of the file, in which it stands."""
    identity: Identity | None = None
    expires_at: datetime | None = None
    is_default: bool = False
    """The provider's default session."""
    created_at: datetime
    last_used_at: datetime | None = None
    bound_to: list[str] = Field(default_factory=list)
    """Workspace folders (URIs) and chats (ids) that use this session."""
    problem: str | None = None
    """Why the session needs a login, in one sentence that says what to do."""


class SessionCreateParams(Params):
    provider: str
    auth_type: AuthType
    name: str = Field(pattern=SESSION_NAME)
    """1 to 100 characters: no control or invisible ones, no `:`, no `/`; `env` is taken."""
    api_key: SecretStr | None = None
    """The key; without it an `input` step asks for one."""
    flow: Flow | None = None
    """One of the provider's `authTypes[].flows`; absent, the first."""
    options: JsonObject | None = None
    """OpenAI: `mode` (`auto`, `chatgpt`, `api_key`), `modeRule` (`current`, `2025-08`), `workspaceIds`. Anthropic:
    `claudeCodeIdentity`. Gemini: `codeAssist`, `quotaProject`."""
    client_request_id: str | None = None
    """Makes the request idempotent for 24 hours."""
    validate_: bool = Field(default=False, alias="validate")
    """Ask the provider first; a refused key then stores nothing."""


class SessionContinueParams(Params):
    login_id: str
    inputs: dict[str, SecretStr]
    """Values by field key: `apiKey`, `code`, `clientId`, `clientSecret`, `path`, `profile`, `consent`."""


class SessionCancelParams(Params):
    login_id: str


class SessionCancelResult(WireModel):
    status: Literal["cancelled", "notFound"]


class StepField(WireModel):
    """One thing to ask the user for."""

    key: str
    label: str
    secret: bool
    """Draw it as a password field and never store it."""


class StepDone(WireModel):
    type: Literal["done"] = "done"
    session: Session


class StepInput(WireModel):
    type: Literal["input"] = "input"
    login_id: str
    fields: list[StepField]


class StepOpenUrl(WireModel):
    type: Literal["openUrl"] = "openUrl"
    login_id: str
    url: str
    redirect_uri: str | None = None
    fields: list[StepField]
    """What may be pasted instead, offered at once."""
    expires_at: datetime | None = None


class StepDeviceCode(WireModel):
    type: Literal["deviceCode"] = "deviceCode"
    login_id: str
    verification_uri: str
    verification_uri_complete: str | None = None
    user_code: str
    interval_ms: int
    expires_at: datetime


Step = Annotated[StepDone | StepInput | StepOpenUrl | StepDeviceCode, Field(discriminator="type")]
"""A login is a dialogue the server drives, so that clients stay thin."""


class SessionListParams(Params):
    provider: str | None = None
    """An id; absent, the sessions of all."""


class SessionListResult(WireModel):
    sessions: list[Session]


class SessionParams(Params):
    """Names one session."""

    session_id: str
    """An id, or a name if it is unambiguous."""


class SessionRenameParams(SessionParams):
    name: str = Field(pattern=SESSION_NAME)
    """The new name; unique per provider and kind."""


class SessionUpdateParams(SessionParams):
    defaults: SessionDefaults | None = None
    """Replaces the session's defaults; an empty object clears them."""
    mode: Mode | None = None
    """One of the session's `modes`."""


class SessionBindParams(Params):
    """Exactly one of `workspaceFolder` and `chatId`."""

    session_id: str | None = None
    """An id or an unambiguous name; null releases the folder or chat."""
    workspace_folder: str | None = Field(default=None, max_length=4096)
    """The URI of a workspace folder."""
    chat_id: str | None = Field(default=None, max_length=200)


class SessionReleased(WireModel):
    """What a bind with null answers."""

    released: list[str]
    """The ids of the sessions that were bound there."""


SessionBindResult = Session | SessionReleased


class SessionDeleteParams(SessionParams):
    revoke: bool | None = None
    """Also revoke at the provider; by default true for OAuth sessions kept here."""


class SessionDeleteResult(WireModel):
    deleted: bool
    """False if there was no such session."""


class SessionDidChangeParams(NotificationParams):
    changed: list[Session] = Field(default_factory=list)
    removed: list[str] = Field(default_factory=list)
    reason: Literal[
        "created",
        "renamed",
        "updated",
        "validated",
        "refreshed",
        "needsLogin",
        "defaultChanged",
        "bound",
        "deleted",
        "external",
    ]
    """`external`: another window, or the owner of the file, changed it."""


class SessionLoginCompletedParams(NotificationParams):
    login_id: str
    session: Session | None = None
    error: ErrorInfo | None = None
