"""Calls that were declared a low risk and touched what is none."""

import re

from maestro.audit.intents.checks import is_test
from maestro.audit.intents.public_names import taken
from maestro.intents.path_rules import PATH_RULES
from maestro.intents.rules import Facts
from maestro_protocol.intents import Assessment, IntentRecord
from maestro_protocol.permissions import PermissionSubject
from maestro_protocol.tools import ToolAnnotations

_TELLING = frozenset(("ci", "security", "secretFile", "migration"))
"""Rules about paths that nobody honestly calls a low risk."""
_PROSE = re.compile(r".*\.(?:md|mdx|rst|txt|adoc)|(?:.*/)?docs?/.*", re.I)
_WRITING = ToolAnnotations(read_only=False, destructive=True, open_world=False)
_SHOWN = 5


def understated(
    record: IntentRecord, path: str, language: str, before: str | None, after: str | None
) -> Assessment | None:
    """Why the risk of changing this file is not low; None if it was not declared so, or if nothing speaks against it.

    `path` is relative to the workspace folder; None stands for a text that is not known.
    """
    if record.purpose is None or any(one.id == "declared" for one in record.assessments):
        return None
    facts = Facts(PermissionSubject(type="edit", tool=record.tool, path=path), _WRITING, True, None)
    for rule in PATH_RULES:
        if rule.id in _TELLING and rule.test(facts) and not (rule.id == "security" and _is_harmless(path, language)):
            return rule.assessment()
    names = taken(path, language, before, after) if before and after is not None else []
    if not names or is_test(path, language):
        return None
    shown = ", ".join(f"`{name}`" for name in names[:_SHOWN])
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    reason = f"It takes {shown}{more} away from others, or changes how they are called."
    return Assessment(by="rule", id="publicApi", risk_level="medium", reason=reason)


def _is_harmless(path: str, language: str) -> bool:
    """Tests of what guards something, and what is written about it, guard nothing."""
    return is_test(path, language) or _PROSE.fullmatch(path) is not None
