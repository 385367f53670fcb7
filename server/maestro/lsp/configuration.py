"""Settings of the editor as they change: from `initialize`, from a push, or asked for."""

from collections.abc import Mapping

from pydantic import JsonValue

from maestro import settings
from maestro.lsp.calls import Calls
from maestro.lsp.editor import LspEditor
from maestro.lsp.handshake import Handshake, dig
from maestro.lsp.logs import logger
from maestro.lsp.messages import RpcError, encode
from maestro_protocol.base import JsonObject
from maestro_protocol.settings import Settings

SECTION = "maestro"
DEADLINE = 10.0
"""Seconds the editor has to tell its settings."""


class Configuration:
    """The settings in force. What does not fit is told to the user once and left out; the rest stays."""

    def __init__(self, handshake: Handshake, environment: Mapping[str, str], editor: LspEditor, calls: Calls) -> None:
        self._handshake = handshake
        self._environment = environment
        self._editor = editor
        self._calls = calls
        self._told: list[str] = []
        self.current = self._load(handshake.settings)

    def push(self, section: JsonValue) -> Settings:
        """Take the editor's section; it adds to what `initialize` said."""
        layer: JsonObject = section if isinstance(section, dict) else {}
        self.current = self._load(_merge(self._handshake.settings, layer))
        return self.current

    async def pull(self) -> Settings:
        """Ask the editor, if it can be asked."""
        if self._handshake.can("workspace", "configuration"):
            try:
                items = encode({"items": [{"section": SECTION}]})
                answer = await self._calls.call("workspace/configuration", items, DEADLINE)
            except (TimeoutError, RpcError):
                logger.warning("the editor did not tell its settings")
                return self.current
            return self.push(answer[0] if isinstance(answer, list) and answer else None)
        return self.current

    async def watch(self) -> None:
        """Ask to be told of changes, where that must be asked for."""
        if self._handshake.can("workspace", "didChangeConfiguration", "dynamicRegistration"):
            method = "workspace/didChangeConfiguration"
            options: JsonObject = {"id": SECTION, "method": method, "registerOptions": {"section": SECTION}}
            try:
                await self._calls.call("client/registerCapability", encode({"registrations": [options]}), DEADLINE)
            except (TimeoutError, RpcError):
                logger.warning("the editor will not tell changes of its settings")

    async def changed(self, params: JsonValue) -> Settings:
        """After `workspace/didChangeConfiguration`: with its section, else by asking."""
        section = dig(params, "settings", SECTION)
        return self.push(section) if isinstance(section, dict) else await self.pull()

    def _load(self, editor: JsonObject) -> Settings:
        told: list[str] = []
        loaded = settings.load(self._environment, editor, lambda misfit: told.append(misfit.message))
        for message in told:
            if message not in self._told:
                self._editor.show(message)
        self._told = told
        return loaded


def _merge(low: JsonObject, high: JsonObject) -> JsonObject:
    merged = dict(low)
    for key, value in high.items():
        if value is None:
            continue  # editors say null for "not set"
        below = merged.get(key)
        merged[key] = _merge(below, value) if isinstance(below, dict) and isinstance(value, dict) else value
    return merged
