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


def _call(name: str, doc: str, params: str, result: str) -> Method:
    return Method(name, "request", "serverToClient", doc, params, result)


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
        "maestro/session/cancel", "Give up a login.", "sessions:SessionCancelParams", "sessions:SessionCancelResult"
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
        "maestro/session/refresh", "Renew an OAuth session's tokens now.", "sessions:SessionParams", "sessions:Session"
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
        "maestro/model/discover",
        "Ask the compatible services which models they have, and remember those that chat.",
        "models:ModelDiscoverParams",
        "models:ModelDiscoverResult",
        serialise_by="*",
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
    _request("maestro/chat/create", "Begin a chat.", "conversations:ChatCreateParams", "conversations:Chat"),
    _request(
        "maestro/chat/get",
        "A chat, and a page of its messages.",
        "conversations:ChatGetParams",
        "conversations:ChatGetResult",
    ),
    _request(
        "maestro/chat/list",
        "The chats there are, or those a query finds.",
        "conversations:ChatListParams",
        "conversations:ChatListResult",
    ),
    _request(
        "maestro/chat/update",
        "Change a chat's title, or what it is answered by.",
        "conversations:ChatUpdateParams",
        "conversations:Chat",
    ),
    _request(
        "maestro/chat/delete",
        "Forget a chat with all it holds.",
        "conversations:ChatDeleteParams",
        "conversations:ChatDeleteResult",
    ),
    _request(
        "maestro/chat/fork",
        "Begin another chat with what was said until a message.",
        "conversations:ChatForkParams",
        "conversations:Chat",
    ),
    _request(
        "maestro/chat/revert",
        "Take back what was said after a message.",
        "conversations:ChatRevertParams",
        "conversations:ChatRevertResult",
    ),
    _request(
        "maestro/chat/compact",
        "Replace the older turns in the context by a summary.",
        "conversations:ChatCompactParams",
        "conversations:ChatCompactResult",
    ),
    _request(
        "maestro/chat/export",
        "A chat as Markdown, or everything of it as JSON.",
        "conversations:ChatExportParams",
        "conversations:ChatExportResult",
    ),
    _request(
        "maestro/chat/events",
        "What happened in a chat, again: after a reload, or in another window.",
        "conversations:ChatEventsParams",
        "conversations:ChatEventsResult",
    ),
    _notice(
        "maestro/chat/didChange", "A chat changed, here or in another window.", "conversations:ChatDidChangeParams"
    ),
    _request("maestro/context/add", "Add a chunk.", "context:ContextAddParams", "context:Chunk"),
    _request(
        "maestro/context/list",
        "The chunks a request would send, with their size and the budget.",
        "context:ContextListParams",
        "context:ContextListResult",
    ),
    _request("maestro/context/get", "A chunk with its text.", "context:ContextGetParams", "context:ContextGetResult"),
    _request(
        "maestro/context/update",
        "Pin a chunk, name it, or read its file again.",
        "context:ContextUpdateParams",
        "context:Chunk",
    ),
    _request(
        "maestro/context/delete",
        "Send these chunks no more; can be undone.",
        "context:ContextDeleteParams",
        "context:ContextDeleteResult",
    ),
    _request(
        "maestro/context/restore", "Undo a deletion.", "context:ContextRestoreParams", "context:ContextRestoreResult"
    ),
    _request(
        "maestro/context/clear",
        "Delete everything that is not pinned; can be undone.",
        "context:ContextClearParams",
        "context:ContextDeleteResult",
    ),
    _notice("maestro/context/didChange", "Chunks changed.", "context:ContextDidChangeParams"),
    _request("maestro/tool/list", "The tools there are.", "tools:ToolListParams", "tools:ToolListResult"),
    _request(
        "maestro/tool/register",
        "Offer tools that the editor runs itself.",
        "tools:ToolRegisterParams",
        "tools:ToolRegisterResult",
    ),
    _request(
        "maestro/tool/unregister",
        "Withdraw the editor's tools.",
        "tools:ToolUnregisterParams",
        "tools:ToolUnregisterResult",
    ),
    _call("maestro/tool/invoke", "Run one of the editor's tools.", "tools:ToolInvokeParams", "tools:ToolInvokeResult"),
    _call(
        "maestro/permission/request",
        "Ask the user whether a tool may run.",
        "permissions:PermissionRequestParams",
        "permissions:PermissionRequestResult",
    ),
    _notice(
        "maestro/permission/resolved", "A question for permission is settled.", "permissions:PermissionResolvedParams"
    ),
    _request(
        "maestro/permission/list",
        "What was granted for more than one call.",
        "permissions:PermissionListParams",
        "permissions:PermissionListResult",
    ),
    _request(
        "maestro/permission/revoke",
        "Take a grant back.",
        "permissions:PermissionRevokeParams",
        "permissions:PermissionRevokeResult",
    ),
    _request(
        "maestro/intent/list",
        "What tools were called for, and what they did.",
        "intents:IntentListParams",
        "intents:IntentListResult",
    ),
    _request("maestro/intent/get", "One record of the ledger.", "intents:IntentGetParams", "intents:IntentRecord"),
    _request(
        "maestro/intent/export",
        "The ledger's records, one per line.",
        "intents:IntentExportParams",
        "intents:IntentExportResult",
    ),
    _request(
        "maestro/intent/verify",
        "Check that nothing in the ledger was changed.",
        "intents:IntentVerifyParams",
        "intents:IntentVerifyResult",
    ),
    _request(
        "maestro/usage/summary",
        "What was spent, and what became of the requests.",
        "usage:UsageSummaryParams",
        "usage:UsageSummaryResult",
    ),
    _request(
        "maestro/audit/run",
        "Audit documents; findings are also published as diagnostics.",
        "audit:AuditRunParams",
        "audit:AuditResult",
        event="events:AuditEvent",
    ),
    _request("maestro/audit/list", "The audits of this process.", "audit:AuditListParams", "audit:AuditListResult"),
    _request("maestro/audit/get", "The result of an audit that has ended.", "audit:AuditParams", "audit:AuditResult"),
    _request(
        "maestro/audit/cancel",
        "Stop an audit; it answers with its result so far.",
        "audit:AuditParams",
        "audit:AuditCancelResult",
    ),
    _request(
        "maestro/audit/clear",
        "Forget findings and take back their diagnostics.",
        "audit:AuditClearParams",
        "audit:AuditClearResult",
    ),
    _request(
        "maestro/finding/list",
        "The findings there are, where they stand now.",
        "audit:FindingListParams",
        "audit:FindingListResult",
    ),
    _request("maestro/finding/get", "One finding.", "audit:FindingParams", "audit:Finding"),
    _request(
        "maestro/finding/suppress",
        "Keep a finding from being shown, in the code or beside it.",
        "audit:FindingSuppressParams",
        "audit:FindingChangeResult",
    ),
    _request(
        "maestro/finding/dismiss",
        "Say that a finding is wrong or unwanted; it never comes back.",
        "audit:FindingDismissParams",
        "audit:FindingChangeResult",
    ),
    _request(
        "maestro/finding/restore",
        "Undo a dismissal, a rule that was turned off, or an entry in the baseline.",
        "audit:FindingParams",
        "audit:FindingChangeResult",
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
