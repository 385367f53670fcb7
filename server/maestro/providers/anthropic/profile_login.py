"""A session with a login of `ant`: which profile it is, and what its files say now (providers.md B.4)."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

from maestro.errors import MaestroError
from maestro.providers import choices
from maestro.providers.anthropic import federation, profiles
from maestro.providers.oauth import Granted, OAuthContext
from maestro.store.credentials import OAuthCredential
from maestro_protocol.sessions import StepField


def questions(context: OAuthContext) -> Sequence[StepField]:
    """Which profile, unless one was named or there is only one. Blocks."""
    return [] if _name(context) else [_question(context)]


async def read_profile(context: OAuthContext) -> Granted:
    """A person's login as it is, or a first token for a workload, whichever the profile is for."""
    name = await asyncio.to_thread(_name, context)
    config = await asyncio.to_thread(profiles.read_config, context.environment, name) if name else None
    if config is not None and config.kind == "oidc_federation":
        chosen = replace(context, options={**context.options, "profile": config.name})
        return await federation.mint(context, await asyncio.to_thread(federation.describe, chosen))
    return await reread(context, OAuthCredential("", details={"profile": name or ""}))


async def reread(context: OAuthContext, credential: OAuthCredential) -> Granted:
    """What the profile's files say now. Its refresh token is never sent: whoever uses it up signs its owner out.

    Raises:
        MaestroError: 4003 for a profile that is gone or has expired.
    """
    name = credential.details.get("profile", "")
    profile = await asyncio.to_thread(profiles.read_profile, context.environment, name)
    if profile is None:
        raise _ended(context, "cannot be read")
    ends = profile.credential.expires_at
    if ends is not None and ends <= datetime.now(UTC):
        raise _ended(context, "has expired")
    return Granted(profile.credential, profile.identity)


def _name(context: OAuthContext) -> str | None:
    """The one that was named, else the only one."""
    asked = context.input("profile") or choices.text(context, "profile") or profiles.named(context.environment)
    found = profiles.names(context.environment)
    if asked:  # by its own name, or by the one its session has
        return asked if asked in found else asked.removeprefix("ant-")
    return found[0] if len(found) == 1 else None


def _question(context: OAuthContext) -> StepField:
    found = profiles.names(context.environment)
    what = f"one of {', '.join(found)}" if found else f"none is here yet: run `{profiles.COMMAND}` first"
    return StepField(key="profile", label=f"Name of the profile ({what})", secret=False)


def _ended(context: OAuthContext, what: str) -> MaestroError:
    message = f"This login belongs to `ant` and {what}; run `{profiles.COMMAND}`."
    return MaestroError("authExpired", message, provider=context.info.id)
