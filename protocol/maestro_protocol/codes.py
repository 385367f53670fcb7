"""The error codes: one row each. Data only, so that the start path can read it without pydantic.

The tree, by hundreds:

    4000 identity      authRequired authRejected authExpired loginFailed loginCancelled loopbackUnavailable
                       sessionNotFound sessionNameTaken vaultUnavailable
    4100 naming        providerNotFound modelNotFound ambiguous unsupported
    4200 upstream      rateLimited quotaExceeded overloaded unreachable streamInterrupted contextWindowExceeded
                       contentFiltered budgetExceeded upstreamBadRequest upstreamBadResponse
    4300 chat          chatNotFound turnInProgress cursorExpired
    4400 tools         permissionDenied toolNotFound toolFailed intentInvalid clientToolTimeout outsideWorkspace
    4500 context       chunkNotFound contextTooLarge
    4600 audit         auditTargetInvalid auditNotFound consentRequired
    4700 transport     serverBusy messageTooLarge featureNotNegotiated unsupportedProtocolVersion
    4900 storage       storageFailed
"""

from typing import NamedTuple


class ErrorRow(NamedTuple):
    code: int
    kind: str
    retryable: bool
    doc: str


ERRORS: tuple[ErrorRow, ...] = (
    ErrorRow(-32700, "parseError", False, "The message is not JSON."),
    ErrorRow(-32600, "invalidRequest", False, "The message is not a request this server can take now."),
    ErrorRow(-32601, "methodNotFound", False, "No such method."),
    ErrorRow(-32602, "invalidParams", False, "The parameters do not fit; `issues` names each path."),
    ErrorRow(-32603, "internalError", False, "A fault of the server; `incidentId` finds it in the log."),
    ErrorRow(-32002, "serverNotInitialized", True, "A request before `initialize`."),
    ErrorRow(-32800, "requestCancelled", False, "The client cancelled the request."),
    ErrorRow(-32801, "contentModified", True, "The document changed; the answer would be about an old text."),
    ErrorRow(-32803, "requestFailed", False, "The request was valid and could not be carried out."),
    ErrorRow(4001, "authRequired", False, "No session to use; `action` offers one where there is one to offer."),
    ErrorRow(4002, "authRejected", False, "The provider refused the credential, or what it may do."),
    ErrorRow(4003, "authExpired", False, "The credential expired and could not be refreshed."),
    ErrorRow(4004, "loginFailed", False, "The login did not succeed."),
    ErrorRow(4005, "loginCancelled", False, "The login was cancelled."),
    ErrorRow(4006, "loopbackUnavailable", False, "No local port to receive the browser's answer; paste works."),
    ErrorRow(4007, "sessionNotFound", False, "No session with this id or name."),
    ErrorRow(4008, "sessionNameTaken", False, "A session of this provider and kind already has the name."),
    ErrorRow(4009, "vaultUnavailable", True, "The key that decrypts stored credentials is out of reach."),
    ErrorRow(4101, "providerNotFound", False, "No provider with this id; `candidates` lists those there are."),
    ErrorRow(4102, "modelNotFound", False, "No model by this name; every candidate resolves."),
    ErrorRow(4103, "ambiguous", False, "The name fits several; every candidate resolves."),
    ErrorRow(4104, "unsupported", False, "The provider does not offer this."),
    ErrorRow(4201, "rateLimited", True, "Too many requests; `retryAfterMs` where the provider said when."),
    ErrorRow(4202, "quotaExceeded", False, "The account's quota or credit is used up."),
    ErrorRow(4203, "overloaded", True, "The provider is overloaded or failed on its side."),
    ErrorRow(4204, "unreachable", True, "The provider could not be reached."),
    ErrorRow(4205, "streamInterrupted", True, "The answer broke off; what arrived is kept and marked incomplete."),
    ErrorRow(4206, "contextWindowExceeded", False, "The request does not fit the model's context window."),
    ErrorRow(4207, "contentFiltered", False, "The provider withheld the audit's answer."),
    ErrorRow(4208, "budgetExceeded", False, "The budget set for this is used up."),
    ErrorRow(4209, "upstreamBadRequest", False, "The provider refused the request as malformed."),
    ErrorRow(4210, "upstreamBadResponse", False, "The provider answered something that cannot be read."),
    ErrorRow(4301, "chatNotFound", False, "No chat with this id."),
    ErrorRow(4302, "turnInProgress", True, "The chat is answering; cancel it or wait."),
    ErrorRow(4303, "cursorExpired", False, "The page marker is too old; list again."),
    ErrorRow(4401, "permissionDenied", False, "The user did not allow it."),
    ErrorRow(4402, "toolNotFound", False, "No tool by this name."),
    ErrorRow(4403, "toolFailed", False, "The tool reported a failure."),
    ErrorRow(4404, "intentInvalid", False, "The tool call does not declare purpose, scope and risk."),
    ErrorRow(4405, "clientToolTimeout", True, "The editor's tool did not answer in time."),
    ErrorRow(4406, "outsideWorkspace", False, "The path is not in the workspace."),
    ErrorRow(4501, "chunkNotFound", False, "No context chunk with this id."),
    ErrorRow(4502, "contextTooLarge", False, "The context does not fit; the numbers are in the message."),
    ErrorRow(4601, "auditTargetInvalid", False, "Nothing here that can be audited."),
    ErrorRow(4602, "auditNotFound", False, "No audit or finding with this id."),
    ErrorRow(4603, "consentRequired", False, "Nothing is sent before the user agreed."),
    ErrorRow(4701, "serverBusy", True, "Too many turns at once."),
    ErrorRow(4702, "messageTooLarge", False, "The message is over `limits.maxMessageBytes`."),
    ErrorRow(4703, "featureNotNegotiated", False, "The client did not declare this feature in `initialize`."),
    ErrorRow(4704, "unsupportedProtocolVersion", False, "No common protocol version."),
    ErrorRow(4901, "storageFailed", True, "The store could not be read or written."),
)

BY_CODE: dict[int, ErrorRow] = {row.code: row for row in ERRORS}
BY_KIND: dict[str, ErrorRow] = {row.kind: row for row in ERRORS}
