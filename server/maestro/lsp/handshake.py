"""`initialize`, answered from plain JSON: nothing a newer client says can keep it from getting an answer.

The vocabulary and pygls are imported only after this answer is out, so what is read here is read by hand, tolerantly.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from maestro import __version__
from maestro.lsp.limits import Limits, read_limits
from maestro.lsp.messages import UNSUPPORTED_VERSION, RpcError
from maestro_protocol import PROTOCOL_VERSION
from maestro_protocol.methods import METHODS

if TYPE_CHECKING:
    from pydantic import JsonValue

    from maestro_protocol.base import JsonObject

COMMANDS = (
    "maestro.audit.file",
    "maestro.audit.range",
    "maestro.audit.workspace",
    "maestro.audit.clear",
    "maestro.finding.explain",
    "maestro.finding.suppress",
    "maestro.finding.dismiss",
    "maestro.finding.restore",
    "maestro.session.select",
    "maestro.doctor",
)
"""What `workspace/executeCommand` can do, for editors with no client of ours."""

FIX_ALL = "source.fixAll.maestro"
_CODE_ACTIONS: "JsonObject" = {"codeActionKinds": ["quickfix", FIX_ALL], "resolveProvider": True}
_DIAGNOSTICS: "JsonObject" = {
    "identifier": "maestro",
    "interFileDependencies": False,
    "workspaceDiagnostics": True,
}
_ANY_FILE: "JsonObject" = {"filters": [{"scheme": "file", "pattern": {"glob": "**/*"}}]}
_ENCODINGS = ("utf-8", "utf-16", "utf-32")


def dig(value: "JsonValue", *path: str) -> "JsonValue":
    """The value at a path of objects; None where there is none."""
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value


@dataclass(frozen=True, slots=True)
class Handshake:
    """What the client said of itself in `initialize`."""

    params: "JsonObject" = field(repr=False)
    hello: "JsonObject" = field(repr=False)
    """`capabilities.experimental.maestro`, overridden by `initializationOptions.maestro`."""
    knows_maestro: bool
    """Whether either was there."""
    position_encoding: str
    supported: bool
    """Whether there is a common protocol version."""
    limits: Limits

    @property
    def settings(self) -> "JsonObject":
        """The editor's settings as they came."""
        settings = self.hello.get("settings")
        return settings if isinstance(settings, dict) else {}

    @property
    def trusted(self) -> bool:
        return self.hello.get("trusted") is not False

    @property
    def declared_trust(self) -> bool | None:
        """What the client says of the workspace; None if it says nothing."""
        trusted = self.hello.get("trusted")
        return trusted if isinstance(trusted, bool) else None

    @property
    def process_id(self) -> int | None:
        process_id = self.params.get("processId")
        return process_id if isinstance(process_id, int) and process_id > 0 else None

    @property
    def max_latency_ms(self) -> int | None:
        """How long the client lets deltas wait, where it says so."""
        latency = dig(self.hello, "features", "stream", "maxLatencyMs")
        return latency if isinstance(latency, int) and 0 <= latency <= 250 else None

    def can(self, *path: str) -> bool:
        """Whether the client declares a capability, e.g. `can("workspace", "configuration")`."""
        return dig(self.params, "capabilities", *path) is True

    def lists(self, value: "JsonValue", *path: str) -> bool:
        """Whether a value is in the list that stands at this place of the client's capabilities."""
        listed = dig(self.params, "capabilities", *path)
        return isinstance(listed, list) and value in listed

    @property
    def pulls(self) -> bool:
        """Whether the client should ask for diagnostics: it can, and does so again when told that an audit has ended.

        Neovim 0.11 cannot be told. When 0.12 is told, it asks for the workspace, and passes over what the answer says
        of documents that it has asked for by themselves, which are all that are open.
        """
        asks = isinstance(dig(self.params, "capabilities", "textDocument", "diagnostic"), dict)
        asks_again = self.can("workspace", "diagnostics", "refreshSupport")
        return asks and asks_again and dig(self.params, "clientInfo", "name") != "Neovim"

    @property
    def takes_actions(self) -> bool:
        """Whether code actions may be more than commands."""
        path = ("capabilities", "textDocument", "codeAction", "codeActionLiteralSupport")
        return isinstance(dig(self.params, *path), dict)


def read(params: "JsonObject", environment: Mapping[str, str]) -> Handshake:
    """Take from `initialize` what the answer depends on."""
    declared = dig(params, "capabilities", "experimental", "maestro")
    chosen = dig(params, "initializationOptions", "maestro")
    hello = {
        **(declared if isinstance(declared, dict) else {}),
        **(chosen if isinstance(chosen, dict) else {}),
    }
    versions = hello.get("protocolVersions", [PROTOCOL_VERSION])
    return Handshake(
        params=params,
        hello=hello,
        knows_maestro=isinstance(declared, dict) or isinstance(chosen, dict),
        position_encoding=_position_encoding(dig(params, "capabilities", "general", "positionEncodings")),
        supported=isinstance(versions, list) and PROTOCOL_VERSION in versions,
        limits=read_limits(dig(hello, "settings", "limits"), environment),
    )


def result(handshake: Handshake) -> "JsonObject":
    """The answer to `initialize`."""
    capabilities: JsonObject = {
        "positionEncoding": handshake.position_encoding,
        "textDocumentSync": {"openClose": True, "change": 2, "save": {"includeText": False}},
        "executeCommandProvider": {"commands": list(COMMANDS)},
        "codeActionProvider": _CODE_ACTIONS if handshake.takes_actions else True,
        "codeLensProvider": {"resolveProvider": False},
        "hoverProvider": True,
        "workspace": {
            "workspaceFolders": {"supported": True, "changeNotifications": True},
            "fileOperations": {"didRename": _ANY_FILE, "didDelete": _ANY_FILE},
        },
        "experimental": {"maestro": _server_hello(handshake)},
    }
    if handshake.pulls:
        capabilities["diagnosticProvider"] = _DIAGNOSTICS
    return {"capabilities": capabilities, "serverInfo": {"name": "maestro", "version": __version__}}


def unsupported_version() -> RpcError:
    """4704, the answer to every `maestro/*` of a client without a common version."""
    message = f"This server speaks version {PROTOCOL_VERSION} of Maestro's protocol; update the editor's plug-in."
    return RpcError(UNSUPPORTED_VERSION, message, {"supported": [PROTOCOL_VERSION]})


def _server_hello(handshake: Handshake) -> "JsonObject":
    return {
        "protocolVersion": PROTOCOL_VERSION,
        "serverInstance": os.urandom(8).hex(),
        "features": {method.group: {} for method in METHODS},
        "limits": {
            "maxMessageBytes": handshake.limits.max_message_bytes,
            "maxActiveTurns": handshake.limits.max_active_turns,
        },
    }


def _position_encoding(offered: "JsonValue") -> str:
    """The client's favourite among those we know; UTF-16 is every client's duty."""
    for encoding in offered if isinstance(offered, list) else ():
        if isinstance(encoding, str) and encoding in _ENCODINGS:
            return encoding
    return "utf-16"
