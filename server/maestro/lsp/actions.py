"""What can be done about a finding, as the code actions of the standard."""

from collections.abc import Sequence
from typing import NamedTuple

from pydantic import JsonValue

from maestro.audit.judging.plain_text import one_line
from maestro.lsp.handshake import FIX_ALL, Handshake
from maestro_protocol.audit import Finding
from maestro_protocol.base import JsonObject
from maestro_protocol.chat import Range

QUICK_FIX = "quickfix"
_BY_A_MODEL = 1
"""`CodeActionTag.LLMGenerated`."""
_TOOLS = ("offline", "maestro")
"""Providers whose words are no model's."""
_LIMIT = 60


class Abilities(NamedTuple):
    """What the client does with code actions. `resolves`: it asks for an edit when that is about to be made."""

    literals: bool
    disabled: bool
    resolves: bool
    tags: bool


def abilities_of(handshake: Handshake) -> Abilities:
    place = ("textDocument", "codeAction")
    keeps_data = handshake.can(*place, "dataSupport")
    return Abilities(
        literals=handshake.takes_actions,
        disabled=handshake.can(*place, "disabledSupport"),
        resolves=keeps_data and handshake.lists("edit", *place, "resolveSupport", "properties"),
        tags=handshake.lists(_BY_A_MODEL, *place, "tagSupport", "valueSet"),
    )


def is_wanted(kind: str, only: Sequence[str] | None) -> bool:
    """Whether a kind, or one above it, is among those asked for."""
    return only is None or any(one in ("", kind) or kind.startswith(f"{one}.") for one in only)


def fix_action(finding: Finding, diagnostic: JsonObject, *, tags: bool) -> JsonObject:
    """The fix of a finding, still without its edit."""
    action: JsonObject = _about(f"Fix: {_title(finding)}", diagnostic)
    if tags and finding.provenance.provider not in _TOOLS:
        action["tags"] = [_BY_A_MODEL]
    return action


def fix_all_action() -> JsonObject:
    """All safe fixes of a document, still without their edit."""
    return {"title": "Fix everything that is safe to fix", "kind": FIX_ALL}


def opinion_actions(finding: Finding, diagnostic: JsonObject) -> list[JsonObject]:
    """What a person can have explained, or say of a finding."""
    title, rule, id_ = _title(finding), finding.rule, finding.id
    return [
        command_action(f"Explain: {title}", diagnostic, "maestro.finding.explain", id_),
        command_action(f"Suppress {rule} on this line", diagnostic, "maestro.finding.suppress", id_, "line"),
        command_action(f"Suppress {rule} in this file", diagnostic, "maestro.finding.suppress", id_, "file"),
        command_action(f"Turn {rule} off in this folder", diagnostic, "maestro.finding.suppress", id_, "rule"),
        command_action(f"Add to the baseline: {title}", diagnostic, "maestro.finding.suppress", id_, "baseline"),
        command_action(f"Dismiss: {title}", diagnostic, "maestro.finding.dismiss", id_),
    ]


def audit_action(uri: str, range_: Range, what: str, diagnostic: JsonObject) -> JsonObject:
    """Audit what a finding is in once more."""
    return command_action(f"Audit {what} again", diagnostic, "maestro.audit.range", uri, range_.to_wire())


def command_action(title: str, diagnostic: JsonObject, name: str, *arguments: JsonValue) -> JsonObject:
    command: JsonObject = {"title": title, "command": name, "arguments": list(arguments)}
    return {**_about(title, diagnostic), "command": command}


def _about(title: str, diagnostic: JsonObject) -> JsonObject:
    return {"title": title, "kind": QUICK_FIX, "diagnostics": [diagnostic]}


def _title(finding: Finding) -> str:
    return one_line(finding.title, _LIMIT)
