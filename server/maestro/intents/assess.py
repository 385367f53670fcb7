"""The risk of a call as rules see it, whatever the model says of it."""

from collections.abc import Iterable, Sequence
from typing import Literal

from maestro.intents.command_rules import COMMAND_RULES
from maestro.intents.path_rules import PATH_RULES
from maestro.intents.rules import Facts, Rule
from maestro.intents.scope import broad_scope as broad_scope
from maestro_protocol.intents import Assessment, RiskLevel
from maestro_protocol.permissions import PermissionSubject, Risk
from maestro_protocol.tools import ToolAnnotations

_LEVELS: Sequence[RiskLevel] = ("low", "medium", "high")
_DELETING = ("delete", "remove", "drop", "destroy", "purge", "erase", "wipe", "truncate")


def _is_foreign(facts: Facts) -> bool:
    return facts.subject.type == "other"


def _destroys(facts: Facts) -> bool:
    """Only a tool that changes something can destroy something, whatever is said beside it."""
    return _is_foreign(facts) and facts.annotations.destructive and not facts.annotations.read_only


def _is_open(facts: Facts) -> bool:
    return _is_foreign(facts) and facts.annotations.open_world


def _deletes_by_name(facts: Facts) -> bool:
    name = facts.subject.tool.lower()
    return _is_foreign(facts) and not facts.annotations.read_only and any(word in name for word in _DELETING)


TOOL_RULES: Sequence[Rule] = (
    Rule("fetch", "medium", "It reaches another machine.", lambda facts: facts.subject.type == "network"),
    Rule(
        "unlimited",
        "high",
        "The tool may destroy something and reaches beyond the workspace, or does not say that it does not.",
        lambda facts: _destroys(facts) and _is_open(facts),
    ),
    Rule("destructive", "medium", "The tool may destroy something, or does not say that it does not.", _destroys),
    Rule("openWorld", "medium", "The tool reaches beyond the workspace, or does not say that it does not.", _is_open),
    Rule("deletingTool", "high", "The tool's name says that it deletes.", _deletes_by_name),
)

RULES: Sequence[Rule] = (*TOOL_RULES, *PATH_RULES, *COMMAND_RULES)


def assess(
    subject: PermissionSubject,
    annotations: ToolAnnotations,
    folder_is_git: bool,
    tracked: bool | None = None,
    *,
    scope: str | None = None,
    private_folders: Sequence[str] = (),
) -> list[Assessment]:
    """Why the risk of a call is higher than low, the highest first; nothing for reading.

    `tracked` is whether git knows the file of an edit; None if nobody looked. With `scope`, one that names everything
    is a reason too, if the call changes something. `private_folders` are absolute; what a command names in one of them
    is a reason, by its letters alone.
    """
    facts = Facts(subject, annotations, folder_is_git, tracked, private_folders)
    if subject.type == "read":
        return []
    found = [rule.assessment() for rule in RULES if rule.test(facts)]
    broad = None if annotations.read_only else broad_scope(scope)
    return _highest_first([*found, *([broad] if broad else [])])


def risk_of(
    declared: RiskLevel | None, assessments: Iterable[Assessment], *, by: Literal["model", "user"] = "model"
) -> Risk:
    """The higher of declared and assessed, with everything that speaks for it, the highest first."""
    found = list(assessments)
    if declared is not None and declared != "low":
        found.append(Assessment(by=by, id="declared", risk_level=declared, reason=f"The {by} says so."))
    levels: list[RiskLevel] = [*(one.risk_level for one in found), "low"]
    return Risk(level=max(levels, key=_LEVELS.index), assessments=_highest_first(found))


def _highest_first(assessments: Iterable[Assessment]) -> list[Assessment]:
    return sorted(assessments, key=lambda one: -_LEVELS.index(one.risk_level))
