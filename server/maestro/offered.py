"""Sessions nobody made here: keys in the environment or in `config.toml`, and other tools' logins on this machine."""

import logging
from collections.abc import Iterable
from datetime import UTC, datetime

from maestro.connections import find_providers, oauth_role
from maestro.errors import MaestroError
from maestro.providers.base import ProviderInfo
from maestro.providers.oauth import Profile
from maestro.runtime import Runtime
from maestro.settings import place_of_key
from maestro.store.credentials import ApiKeyCredential
from maestro.store.sessions import ENVIRONMENT_NAME
from maestro.store.snapshot import StoredSession
from maestro_protocol.sessions import Session

_log = logging.getLogger(__name__)
_STARTED = datetime.now(UTC)


def offered(runtime: Runtime) -> Iterable[StoredSession]:
    """They are used only when named, bound or made the default. Reads files: to be called off the event loop."""
    for info in find_providers(runtime):
        if (found := _key(runtime, info)) is not None:
            yield _from_key(info, *found)
        for profile in _profiles(runtime, info):
            yield _from_profile(info, profile)


def _key(runtime: Runtime, info: ProviderInfo) -> tuple[str, str] | None:
    """The key and the place it stands in: the vendor's own variable, else the settings."""
    for name in info.key_variables:
        if key := runtime.environment.get(name, "").strip():
            return key, name
    in_settings = runtime.settings.provider(info.id).api_key
    if in_settings is None or not (key := in_settings.get_secret_value()):
        return None
    return key, place_of_key(runtime.environment, info.id)


def _from_key(info: ProviderInfo, key: str, place: str) -> StoredSession:
    credential = ApiKeyCredential(key)
    session = Session(
        id=f"env:{info.id}",
        name=ENVIRONMENT_NAME,
        provider=info.id,
        auth_type="api_key",
        status="unverified",
        source="env",
        key_hint=credential.hint,
        key_place=place,
        created_at=_STARTED,
    )
    return StoredSession(session, credential)


def _profiles(runtime: Runtime, info: ProviderInfo) -> Iterable[Profile]:
    try:
        role = oauth_role(info)
    except MaestroError:
        return ()
    find = getattr(role, "profiles", None)
    try:
        return find(runtime.environment) if find else ()
    except Exception as error:  # a file of somebody else's making must not cost the list
        _log.warning("the logins of other tools with %s cannot be read: %s", info.id, type(error).__name__)
        return ()


def _from_profile(info: ProviderInfo, profile: Profile) -> StoredSession:
    credential = profile.credential
    ended = credential.expires_at is not None and credential.expires_at <= datetime.now(UTC)
    session = Session(
        id=f"profile:{profile.id}",
        name=profile.id,
        provider=info.id,
        auth_type="oauth",
        mode=profile.mode,
        status="needsLogin" if ended else "active",
        source="profile",
        identity=profile.identity,
        expires_at=credential.expires_at,
        created_at=_STARTED,
        problem=f"This login belongs to another tool and has expired; run `{profile.login_command}`."
        if ended
        else None,
    )
    return StoredSession(session, credential)
