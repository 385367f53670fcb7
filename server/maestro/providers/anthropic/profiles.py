"""The profiles `ant auth login` keeps: read where they are, never renewed (providers.md B.4)."""

import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from maestro.providers.oauth import Profile
from maestro.providers.owned_files import home, moment, read_object, read_text, table, text
from maestro.store.credentials import OAuthCredential
from maestro_protocol.base import JsonObject
from maestro_protocol.sessions import Identity

COMMAND = "ant auth login"
_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}")
"""Names are parts of paths, and of session ids."""


@dataclass(frozen=True, slots=True)
class ProfileConfig:
    """`configs/<name>.json`: no secret in it."""

    name: str
    kind: str
    """`user_oauth` or `oidc_federation`."""
    authentication: JsonObject
    base_url: str | None
    organization_id: str | None
    workspace_id: str | None
    credentials_path: Path


def profiles(environment: Mapping[str, str]) -> Sequence[Profile]:
    """The logins of people, expired ones too; a workload's has no token in a file. Blocks."""
    found = (read_profile(environment, name) for name in names(environment))
    return [profile for profile in found if profile is not None]


def names(environment: Mapping[str, str]) -> list[str]:
    """Every profile there is a config of."""
    base = _directory(environment)
    try:
        found = sorted((base / "configs").glob("*.json")) if base else []
    except OSError:
        return []
    return [path.stem for path in found if _NAME.fullmatch(path.stem)]


def named(environment: Mapping[str, str]) -> str | None:
    """The profile the environment chooses, else the file `active_config`."""
    base = _directory(environment)
    pointer = read_text(base / "active_config") if base else None
    return environment.get("ANTHROPIC_PROFILE", "").strip() or (pointer or "").strip() or None


def read_config(environment: Mapping[str, str], name: str) -> ProfileConfig | None:
    """A profile's config; None where there is none that can be read."""
    base = _directory(environment)
    if base is None or not _NAME.fullmatch(name):
        return None
    found = read_object(base / "configs" / f"{name}.json")
    authentication = table((found or {}).get("authentication"))
    kind = text(authentication.get("type"))
    if found is None or kind is None:
        return None
    elsewhere = text(authentication.get("credentials_path"))
    return ProfileConfig(
        name=name,
        kind=kind,
        authentication=authentication,
        base_url=text(found.get("base_url")),
        organization_id=text(found.get("organization_id")),
        workspace_id=text(found.get("workspace_id")),
        credentials_path=_expanded(environment, elsewhere) if elsewhere else base / "credentials" / f"{name}.json",
    )


def read_profile(environment: Mapping[str, str], name: str) -> Profile | None:
    """A person's login as its files say now; None where they say nothing."""
    config = read_config(environment, name)
    if config is None or config.kind != "user_oauth":
        return None
    stored = read_object(config.credentials_path, links=False) or {}
    token = text(stored.get("access_token"))
    if token is None or stored.get("type") not in (None, "oauth_token"):
        return None
    facts = {"profile": name, "base_url": config.base_url, "workspace_id": config.workspace_id}
    credential = OAuthCredential(
        access_token=token,
        expires_at=moment(stored.get("expires_at")),
        grant="profile",
        details={fact: value for fact, value in facts.items() if value},
    )
    return Profile(f"ant-{name}", credential, Identity(account_id=config.organization_id), None, COMMAND)


def _directory(environment: Mapping[str, str]) -> Path | None:
    """`~/.config/anthropic` on macOS too; on Windows in `%APPDATA%`."""
    if own := environment.get("ANTHROPIC_CONFIG_DIR"):
        return Path(own)
    if sys.platform == "win32" and (roaming := environment.get("APPDATA")):
        return Path(roaming) / "Anthropic"
    user = home(environment)
    return user / ".config" / "anthropic" if user else None


def _expanded(environment: Mapping[str, str], path: str) -> Path:
    user = home(environment)
    return user / path[2:] if user and path.startswith("~/") else Path(path)
