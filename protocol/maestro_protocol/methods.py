"""The table of methods: one row each. Models are named as strings (`module:Class`): reading it imports nothing."""

from importlib import import_module
from typing import Literal, NamedTuple, cast

TYPE_CHECKING = False
if TYPE_CHECKING:
    from maestro_protocol.base import WireModel

Kind = Literal["request", "notification"]
Direction = Literal["clientToServer", "serverToClient"]


class Method(NamedTuple):
    """One method of the contract.

    `serialise_by` names the parameter whose equal values make requests wait for each other; `*` stands for all
    requests of the method's group; absent means that nothing waits.
    """

    name: str
    kind: Kind
    direction: Direction
    doc: str
    params: str
    result: str | None = None
    event: str | None = None
    serialise_by: str | None = None

    @property
    def group(self) -> str:
        """`chat` of `maestro/chat/send`: the file in `lsp/features` that answers it."""
        return self.name.split("/")[1]

    @property
    def function(self) -> str:
        """`chat_send` of `maestro/chat/send`: the function that answers it."""
        return snake_case("_".join(self.name.split("/")[1:]))

    @property
    def constant(self) -> str:
        """`CHAT_SEND` of `maestro/chat/send`."""
        return self.function.upper()


def snake_case(name: str) -> str:
    """`loginCompleted` -> `login_completed`."""
    return "".join("_" + char.lower() if char.isupper() else char for char in name)


def load(reference: str) -> "type[WireModel]":
    """The class a row names, imported on first use."""
    module, _, name = reference.partition(":")
    return cast("type[WireModel]", getattr(import_module(f"maestro_protocol.{module}"), name))


def _request(
    name: str, doc: str, params: str, result: str, *, event: str | None = None, serialise_by: str | None = None
) -> Method:
    return Method(name, "request", "clientToServer", doc, params, result, event, serialise_by)


def _notice(name: str, doc: str, params: str) -> Method:
    return Method(name, "notification", "serverToClient", doc, params)


METHODS: tuple[Method, ...] = (
    _request(
        "maestro/provider/list",
        "The providers there are and how to sign in to each.",
        "sessions:ProviderListParams",
        "sessions:ProviderListResult",
    ),
    _request(
        "maestro/session/create",
        "Start a named session; answers the next step of the login.",
        "sessions:SessionCreateParams",
        "sessions:Step",
    ),
    _request(
        "maestro/session/continue",
        "Answer a login's step.",
        "sessions:SessionContinueParams",
        "sessions:Step",
        serialise_by="loginId",
    ),
    _request(
        "maestro/session/cancel",
        "Give up a login.",
        "sessions:SessionCancelParams",
        "sessions:SessionCancelResult",
    ),
    _request(
        "maestro/session/list",
        "The sessions there are, those from the environment included.",
        "sessions:SessionListParams",
        "sessions:SessionListResult",
    ),
    _request("maestro/session/get", "One session.", "sessions:SessionParams", "sessions:Session"),
    _request(
        "maestro/session/setDefault",
        "Use this session when its provider is asked for and nothing else says which.",
        "sessions:SessionParams",
        "sessions:Session",
        serialise_by="*",
    ),
    _request(
        "maestro/session/rename",
        "Give a session another name.",
        "sessions:SessionRenameParams",
        "sessions:Session",
        serialise_by="*",
    ),
    _request(
        "maestro/session/update",
        "Change what a session uses unless a request says otherwise.",
        "sessions:SessionUpdateParams",
        "sessions:Session",
        serialise_by="*",
    ),
    _request(
        "maestro/session/bind",
        "Use this session in a workspace folder or a chat, before the default; null releases it.",
        "sessions:SessionBindParams",
        "sessions:SessionBindResult",
        serialise_by="*",
    ),
    _request(
        "maestro/session/refresh",
        "Renew an OAuth session's tokens now.",
        "sessions:SessionParams",
        "sessions:Session",
    ),
    _request(
        "maestro/session/validate",
        "Ask the provider whether the credential is good.",
        "sessions:SessionParams",
        "sessions:Session",
    ),
    _request(
        "maestro/session/delete",
        "Forget a session and its credential.",
        "sessions:SessionDeleteParams",
        "sessions:SessionDeleteResult",
    ),
    _notice("maestro/session/didChange", "Sessions changed.", "sessions:SessionDidChangeParams"),
    _notice(
        "maestro/session/loginCompleted",
        "A login ended; exactly once per login.",
        "sessions:SessionLoginCompletedParams",
    ),
    _request(
        "maestro/model/list",
        "The models of every provider that can be asked, with the age of each answer.",
        "models:ModelListParams",
        "models:ModelListResult",
    ),
    _request(
        "maestro/model/resolve",
        "What a short model name means.",
        "models:ModelResolveParams",
        "models:ModelResolveResult",
    ),
    _request(
        "maestro/chat/complete",
        "Answer messages once, without a chat; tool calls are returned, not run.",
        "chat:ChatCompleteParams",
        "chat:ChatCompleteResult",
        event="events:TurnEvent",
    ),
    _request(
        "maestro/chat/send",
        "Say something in a chat and get the turn that answers it.",
        "chat:ChatSendParams",
        "chat:ChatSendResult",
        event="events:TurnEvent",
    ),
    _request(
        "maestro/chat/cancel",
        "Stop the turn that is running; the same as cancelling its request.",
        "chat:ChatCancelParams",
        "chat:ChatCancelResult",
    ),
    _request(
        "maestro/audit/run",
        "Audit a document; findings are also published as diagnostics.",
        "audit:AuditRunParams",
        "audit:AuditResult",
        event="events:AuditEvent",
    ),
    _request("maestro/status", "The one status a thin client draws.", "status:StatusParams", "status:Status"),
    _request(
        "maestro/doctor",
        "Check the installation: what is wrong, why, and how to mend it.",
        "doctor:DoctorParams",
        "doctor:DoctorResult",
    ),
    _notice("maestro/status/didChange", "The status changed.", "status:StatusDidChangeParams"),
)

BY_NAME: dict[str, Method] = {method.name: method for method in METHODS}
