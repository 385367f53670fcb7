"""The login codex keeps in its `auth.json`: read where it is, never renewed (providers.md A.5.11)."""

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path

from maestro.providers import claims
from maestro.providers.oauth import Granted, OAuthContext, Profile
from maestro.providers.openai.account import account
from maestro.providers.owned_files import home, moment, read_object, table, text, usable
from maestro.store.credentials import OAuthCredential
from maestro_protocol.base import JsonObject
from maestro_protocol.sessions import Mode

_COMMAND = "codex login"


def profiles(environment: Mapping[str, str]) -> Sequence[Profile]:
    """The one in `$CODEX_HOME` or `~/.codex`, if it can be read; expired ones too. Blocks."""
    path = _path(environment)
    profile = _read(path) if path else None
    return [profile] if profile else []


async def reread(context: OAuthContext, credential: OAuthCredential) -> Granted:
    """What the file says now. Raises 4003 where that is nothing, or has expired."""
    path = credential.details.get("path")
    found = await asyncio.to_thread(_read, Path(path)) if path else None
    profile = usable(found, "codex", _COMMAND, context.info.id)
    return Granted(profile.credential, profile.identity, profile.mode, _modes(profile.credential))


def _path(environment: Mapping[str, str]) -> Path | None:
    if directory := environment.get("CODEX_HOME"):
        return Path(directory) / "auth.json"
    user = home(environment)
    return user / ".codex" / "auth.json" if user else None


def _read(path: Path) -> Profile | None:
    found = read_object(path)
    if found is None:
        return None
    tokens, key = table(found.get("tokens")), text(found.get("OPENAI_API_KEY"))
    token = text(tokens.get("access_token"))
    if not token and not key:
        return None
    mode = _mode(found, token, key)
    credential = _credential(path, mode, tokens, key)
    return Profile("codex", credential, account(credential).identity if token else None, mode, _COMMAND)


def _mode(found: JsonObject, token: str | None, key: str | None) -> Mode:
    """`auth_mode` where the file has what it needs, else what there is: older files do not say."""
    if key and (not token or found.get("auth_mode") in ("apikey", "api_key", "ApiKey")):
        return "api_key"
    return "chatgpt"


def _credential(path: Path, mode: Mode, tokens: JsonObject, key: str | None) -> OAuthCredential:
    """Without the refresh token, which is codex's alone. A key does not expire with the tokens beside it."""
    token, id_token = text(tokens.get("access_token")) or "", tokens.get("id_token")
    raw_id_token = text(id_token) or text(table(id_token).get("raw_jwt"))
    who = account(OAuthCredential(token, id_token=raw_id_token))
    details = {"path": str(path), "mode": mode} | ({"fedramp": "true"} if who.fedramp else {})
    return OAuthCredential(
        access_token=token,
        expires_at=None if mode == "api_key" else moment(claims.claims(token).get("exp")),
        grant="profile",
        id_token=raw_id_token,
        api_key=key,
        account_id=text(tokens.get("account_id")) or who.account_id,
        details=details,
    )


def _modes(credential: OAuthCredential) -> tuple[Mode, ...]:
    found: list[Mode] = ["chatgpt"] if credential.access_token else []
    return (*found, "api_key") if credential.api_key else tuple(found)
