"""What is run without asking, what is asked, and how the question reads."""

import shlex
from collections.abc import Sequence
from typing import Literal

from maestro.intents.plain import plain, shortened
from maestro_protocol.intents import Intent
from maestro_protocol.permissions import Grant, PermissionOption, PermissionSubject, Risk

_ONCE = PermissionOption(option_id="allowOnce", name="Allow once", scope="once", effect="allow")
_CHAT = PermissionOption(option_id="allowChat", name="Allow in this chat", scope="chat", effect="allow")
_WORKSPACE = PermissionOption(
    option_id="allowWorkspace", name="Allow in this workspace", scope="workspace", effect="allow"
)
_DENY = PermissionOption(option_id="deny", name="Deny", scope="once", effect="deny")

_HEAD, _TAIL = 8, 4
"""So many words of a long command are shown from its beginning and from its end."""
_WORD, _LINE, _SCOPE = 80, 240, 120
"""Characters."""

_WHY = {"test_pass": "to make tests pass", "best_practice": "for good practice", "maintenance": "for maintenance"}


def decide(read_only: bool, risk: Risk, grant: Grant | None) -> Literal["run", "ask"]:
    """Reading at low risk is free; everything else is asked unless it was granted; a high risk always is."""
    if risk.level == "high":
        return "ask"
    if grant is not None or (read_only and risk.level == "low"):
        return "run"
    return "ask"


def options(risk: Risk) -> list[PermissionOption]:
    """What the user may answer; a high risk is allowed once or not at all."""
    lasting = [] if risk.level == "high" else [_CHAT, _WORKSPACE]
    return [_ONCE, *lasting, _DENY]


def summary(subject: PermissionSubject, intent: Intent | None) -> str:
    """One line for a person: what would be done, and why. What is left out of it is counted, never the end."""
    what = _what(subject)
    if intent is None:
        return f"{what}."
    return f"{what}, {_WHY[intent.purpose]} in: {shortened(plain(intent.scope), _SCOPE)}."


def _what(subject: PermissionSubject) -> str:
    match subject.type:
        case "command":
            where = f" in {_shown(subject.cwd)}" if subject.cwd else ""
            return f"Run `{command_line(subject.argv or [])}`{where}"
        case "edit":
            return f"{_edit(subject)} {_shown(subject.path or subject.uri)}"
        case "read":
            return f"Read {_shown(subject.path or subject.uri)}"
        case "network":
            return f"Fetch {_shown(subject.url)}"
        case _:
            named = f" with {_shown(', '.join(subject.input))}" if subject.input else ""
            return f"Use the tool {_shown(subject.tool)}{named}"


def command_line(argv: Sequence[str]) -> str:
    """The words of a command, quoted where they need it. Of a long one the middle is counted."""
    hidden = len(argv) - _HEAD - _TAIL
    words = [shortened(plain(shlex.quote(word)), _WORD) for word in argv]
    if hidden > 0:
        words = [*words[:_HEAD], f"… ({hidden} more)", *words[-_TAIL:]]
    return " ".join(words)


def _edit(subject: PermissionSubject) -> str:
    if not subject.old_text:
        return "Create" if subject.new_text else "Edit"
    return "Edit" if subject.new_text else "Delete text in"


def _shown(text: str | None) -> str:
    return shortened(plain(text or "something"), _LINE)
