"""Speaking as Claude Code does, which Anthropic forbids to other programs: off unless the user insists (B.4)."""

from collections.abc import Sequence

from pydantic import JsonValue

from maestro.providers import choices
from maestro.providers.base import Connection
from maestro.providers.oauth import OAuthContext
from maestro.store.credentials import Credential, OAuthCredential
from maestro_protocol.sessions import StepField

CLAUDE_CODE = "claude-code"
"""`details["identity"]` of a session whose user agreed."""
_SYSTEM = "You are Claude Code, Anthropic's official CLI for Claude."
"""To the letter, as a block of its own, before all others."""
_VERSION = "2.1.62"
_WHY = (
    "Anthropic forbids other programs to use Claude subscriptions as Claude Code does, and closes accounts for it; "
    "an API key or `ant auth login` is the allowed way. Do you take this risk?"
)


def is_wanted(context: OAuthContext) -> bool:
    return choices.flag(context, "claudeCodeIdentity", context.settings.oauth.claude_code_identity)


def consent(context: OAuthContext) -> Sequence[StepField]:
    """The question, where the identity is wanted and nobody has agreed yet. Raises 4005 for a no."""
    return choices.consent(context, _WHY) if is_wanted(context) else ()


def details(context: OAuthContext) -> dict[str, str]:
    """What the session remembers of it."""
    return {"identity": CLAUDE_CODE} if is_wanted(context) else {}


def betas(credential: OAuthCredential) -> Sequence[str]:
    return ("claude-code-20250219",) if _is_on(credential) else ()


def headers(credential: OAuthCredential) -> dict[str, str]:
    return {"user-agent": f"claude-cli/{_VERSION} (external, cli)", "x-app": "cli"} if _is_on(credential) else {}


def system(connection: Connection, text: str | None) -> JsonValue:
    """The system prompt: as it is, or behind the block that says who speaks. Tools keep their names."""
    if not _is_on(connection.credential):
        return text
    texts = (_SYSTEM, text) if text else (_SYSTEM,)
    return [{"type": "text", "text": said} for said in texts]


def _is_on(credential: Credential) -> bool:
    return isinstance(credential, OAuthCredential) and credential.details.get("identity") == CLAUDE_CODE
