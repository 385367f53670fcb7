"""Credentials: values that never show themselves, and their form in the vault."""

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Literal, TypeAlias

from pydantic import TypeAdapter
from pydantic_core import to_jsonable_python

Grant: TypeAlias = Literal["refreshToken", "profile", "authorizedUser", "serviceAccount", "workloadIdentity"]
"""How a new access token is got: by the refresh token kept here, or from what somebody else keeps."""

DEFAULT_LIFETIME = timedelta(hours=1)
"""Of an access token whose server does not say, or says 0 (providers.md E.2.17)."""


@dataclass(frozen=True, slots=True)
class ApiKeyCredential:
    api_key: str = field(repr=False)

    @property
    def hint(self) -> str | None:
        """The last four characters, if that gives away little enough."""
        return self.api_key[-4:] if len(self.api_key) >= 12 else None


@dataclass(frozen=True, slots=True)
class OAuthCredential:
    """What a login gave. `details` holds facts that are no secrets: file paths, the project that is billed."""

    access_token: str = field(repr=False)
    refresh_token: str | None = field(default=None, repr=False)
    obtained_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    expires_at: datetime | None = None
    """By this machine's clock; None: never, as far as anyone said."""
    grant: Grant = "refreshToken"
    client_id: str | None = None
    client_secret: str | None = field(default=None, repr=False)
    id_token: str | None = field(default=None, repr=False)
    api_key: str | None = field(default=None, repr=False)
    """OpenAI: the key the id token was exchanged for."""
    account_id: str | None = None
    details: Mapping[str, str] = field(default_factory=dict)

    @property
    def hint(self) -> None:
        return None

    @property
    def secrets(self) -> tuple[str, ...]:
        """Everything in here that must not be shown."""
        values = (self.access_token, self.refresh_token, self.client_secret, self.id_token, self.api_key)
        return tuple(value for value in values if value)


@dataclass(frozen=True, slots=True)
class NoCredential:
    """For providers that need none, and for sessions whose credential was not read yet."""

    @property
    def hint(self) -> None:
        return None


Credential: TypeAlias = ApiKeyCredential | OAuthCredential | NoCredential


def expiry(expires_in: float | None, now: datetime) -> datetime:
    """When a token that lives `expires_in` seconds ends; measured here, so that no clock but ours counts."""
    lifetime = (
        timedelta(seconds=min(expires_in, 10 * 365 * 86400)) if expires_in and expires_in > 0 else DEFAULT_LIFETIME
    )
    return now + lifetime


def dump(credential: Credential) -> bytes:
    """The credential as JSON, for the vault alone."""
    kind = next(name for name, adapter in _ADAPTERS.items() if adapter[0] is type(credential))
    values = to_jsonable_python(credential, exclude_none=True)
    return json.dumps({"kind": kind, **values}).encode()


def load(plain: bytes) -> Credential:
    """The opposite of `dump`; reads the older systems' JSON too, where an API key or tokens stand alone.

    Raises:
        ValueError: it is no credential; never quotes it.
    """
    with suppress(ValueError, KeyError, TypeError, AttributeError):  # pydantic's error would hold the input
        values = json.loads(plain)
        bare_key = "api_key" in values and "access_token" not in values
        _, adapter = _ADAPTERS[values.pop("kind", "apiKey" if bare_key else "oauth")]
        return adapter.validate_python(values)
    raise ValueError("not a stored credential")


_ADAPTERS: Mapping[str, tuple[type[Credential], TypeAdapter[Credential]]] = {
    "apiKey": (ApiKeyCredential, TypeAdapter(ApiKeyCredential)),
    "oauth": (OAuthCredential, TypeAdapter(OAuthCredential)),
    "none": (NoCredential, TypeAdapter(NoCredential)),
}
