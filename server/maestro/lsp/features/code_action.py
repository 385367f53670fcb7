"""`textDocument/codeAction` and `codeAction/resolve`: an edit is made from the text as it is when it is asked for."""

from collections.abc import Sequence

from lsprotocol import types

from maestro.app import Services
from maestro.audit.code.symbols import Symbol, find_symbols
from maestro.audit.fixing.fix import Refusal
from maestro.audit.source import AuditSource
from maestro.editor import Change
from maestro.errors import MaestroError
from maestro.lsp.actions import (
    QUICK_FIX,
    abilities_of,
    audit_action,
    fix_action,
    fix_all_action,
    is_wanted,
    opinion_actions,
)
from maestro.lsp.diagnostics import find_meant
from maestro.lsp.editor import LspEditor
from maestro.lsp.edits import workspace_edit
from maestro.lsp.functions import innermost, whole_lines
from maestro.lsp.handshake import FIX_ALL, Handshake, dig
from maestro.lsp.protocol import StandardServer
from maestro.services.fixing import NO_FIX, is_safe
from maestro_protocol.audit import Finding
from maestro_protocol.base import JsonObject
from maestro_protocol.chat import Range

_NOTHING = Refusal("There is nothing that is safe to fix any more.")


def register(server: StandardServer, services: Services, editor: LspEditor, handshake: Handshake) -> None:
    actions = CodeActions(server, services, editor, handshake)

    async def offer(params: types.CodeActionParams) -> list[JsonObject]:
        return await actions.offer(params)

    async def resolve(params: types.CodeAction) -> JsonObject:
        return await actions.resolve(params)

    server.feature(types.TEXT_DOCUMENT_CODE_ACTION)(offer)
    server.feature(types.CODE_ACTION_RESOLVE)(resolve)


class CodeActions:
    """What cannot be done is shown with its reason where the client draws that, and not offered elsewhere."""

    def __init__(self, server: StandardServer, services: Services, editor: LspEditor, handshake: Handshake) -> None:
        self._to_json = server.protocol.to_json
        self._services = services
        self._editor = editor
        self._handshake = handshake
        self._can = abilities_of(handshake)

    async def offer(self, params: types.CodeActionParams) -> list[JsonObject]:
        """What can be done about the diagnostics the client names."""
        context, uri = params.context, params.text_document.uri
        asked = context.trigger_kind != types.CodeActionTriggerKind.Automatic
        actions: list[JsonObject] = []
        if is_wanted(QUICK_FIX, context.only):
            actions += await self._quick_fixes(uri, context.diagnostics, with_disabled=asked and self._can.disabled)
        # What changes a whole file is not put under a cursor that happens to be in it.
        if is_wanted(FIX_ALL, context.only if asked else context.only or ()):
            actions += await self._fix_all(uri)
        if self._can.literals:
            return actions
        return [command for action in actions if isinstance(command := action.get("command"), dict)]

    async def resolve(self, action: types.CodeAction) -> JsonObject:
        """The action with its edit; without, and a sentence for the user, if that cannot be made any more."""
        resolved = self._to_json(action)
        finding_id, uri = dig(resolved, "data", "findingId"), dig(resolved, "data", "fixAll")
        try:
            if isinstance(finding_id, str):
                found = await self._services.fixing.fix_of(finding_id)
            elif isinstance(uri, str):
                found = await self._services.fixing.fix_all(uri) or _NOTHING
            else:
                return resolved
        except MaestroError as error:
            found = Refusal(error.message)
        if isinstance(found, Refusal):
            self._editor.show(found.reason)
            return resolved
        return {**resolved, "edit": workspace_edit(found, self._handshake)}

    async def _quick_fixes(
        self, uri: str, diagnostics: Sequence[types.Diagnostic], *, with_disabled: bool
    ) -> list[JsonObject]:
        shown, source = self._services.findings.diagnostics(uri), self._source(uri)
        symbols = find_symbols(source) if source is not None and shown else []
        meant = [(finding, self._to_json(one)) for one in diagnostics if (finding := find_meant(one, shown))]
        fixes = [fix for finding, one in meant if (fix := await self._fix(finding, one)) is not None]
        possible = [fix for fix in fixes if "disabled" not in fix]
        if possible:
            possible[0]["isPreferred"] = True
        audits: dict[str, JsonObject] = {}
        for finding, one in meant:
            if source is not None and finding.range is not None:
                around, what = self._around(source, symbols, finding.range)
                audits.setdefault(repr(around), audit_action(uri, around, what, one))
        opinions = [action for finding, one in meant for action in opinion_actions(finding, one)]
        return [*(fixes if with_disabled else possible), *opinions, *audits.values()]

    async def _fix(self, finding: Finding, diagnostic: JsonObject) -> JsonObject | None:
        try:
            found = await self._services.fixing.fix_of(finding.id)
        except MaestroError:
            return None
        if found is NO_FIX:
            return None
        action = fix_action(finding, diagnostic, tags=self._can.tags)
        if isinstance(found, Refusal):
            return {**action, "disabled": {"reason": found.reason}}
        return self._with_edit(action, found, {"findingId": finding.id})

    async def _fix_all(self, uri: str) -> list[JsonObject]:
        if not any(is_safe(finding) for finding in self._services.findings.diagnostics(uri)):
            return []
        changes = await self._services.fixing.fix_all(uri)
        return [self._with_edit(fix_all_action(), changes, {"fixAll": uri})] if changes else []

    def _with_edit(self, action: JsonObject, changes: Sequence[Change], data: JsonObject) -> JsonObject:
        """With the edit itself for a client that does not come back for it."""
        if self._can.resolves:
            return {**action, "data": data}
        return {**action, "edit": workspace_edit(changes, self._handshake)}

    def _source(self, uri: str) -> AuditSource | None:
        text = self._services.texts.get(uri)
        return None if text is None else text.source

    def _around(self, source: AuditSource, symbols: Sequence[Symbol], range_: Range) -> tuple[Range, str]:
        """The lines of the function around a finding, else its own; and what they are."""
        symbol, encoding = innermost(symbols, range_.start.line), self._editor.position_encoding
        if symbol is None:
            return whole_lines(source, range_.start.line, range_.end.line, encoding), "these lines"
        return whole_lines(source, symbol.first_line, symbol.last_line, encoding), f"this {symbol.kind}"
