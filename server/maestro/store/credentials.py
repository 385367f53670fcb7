"""Credentials: values that never show themselves."""

from dataclasses import dataclass, field
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class ApiKeyCredential:
    api_key: str = field(repr=False)

    @property
    def hint(self) -> str | None:
        """The last four characters, if that gives away little enough."""
        return self.api_key[-4:] if len(self.api_key) >= 12 else None


@dataclass(frozen=True, slots=True)
class NoCredential:
    """For providers that need none."""

    @property
    def hint(self) -> None:
        return None


Credential: TypeAlias = ApiKeyCredential | NoCredential
