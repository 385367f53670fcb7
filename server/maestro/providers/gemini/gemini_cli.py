"""The login Gemini CLI keeps in `oauth_creds.json`: read where it is, never renewed, for Code Assist alone (C.5.3)."""

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path

from maestro.providers import claims
from maestro.providers.gemini.code_assist import SERVICE
from maestro.providers.oauth import Granted, OAuthContext, Profile
from maestro.providers.owned_files import home, moment, read_object, text, usable
from maestro.store.credentials import OAuthCredential
from maestro_protocol.sessions import Identity

_COMMAND = "gemini"
_MILLISECONDS = 1000


def profiles(environment: Mapping[str, str]) -> Sequence[Profile]:
    """The one in `~/.gemini`, if it can be read; expired ones too. Blocks."""
    user = home(environment)
    profile = _read(user / ".gemini" / "oauth_creds.json") if user else None
    return [profile] if profile else []


async def reread(context: OAuthContext, credential: OAuthCredential) -> Granted:
    """What the file says now. Raises 4003 where that is nothing, or has expired."""
    path = credential.details.get("path")
    found = await asyncio.to_thread(_read, Path(path)) if path else None
    profile = usable(found, "Gemini CLI", _COMMAND, context.info.id)
    return Granted(profile.credential, profile.identity)


def _read(path: Path) -> Profile | None:
    found = read_object(path) or {}
    token = text(found.get("access_token"))
    if token is None:
        return None
    id_token = text(found.get("id_token"))
    credential = OAuthCredential(
        access_token=token,
        expires_at=moment(found.get("expiry_date"), per_second=_MILLISECONDS),
        grant="profile",
        id_token=id_token,
        details={"path": str(path), "service": SERVICE},
    )
    active = text((read_object(path.with_name("google_accounts.json")) or {}).get("active"))
    email = text(claims.claims(id_token).get("email")) or active
    return Profile("gemini-cli", credential, Identity(email=email), None, _COMMAND)
