"""The rows of `rows.toml`, and the gateways a user adds by setting a base URL."""

import tomllib
from collections.abc import Mapping
from dataclasses import replace
from importlib.resources import files
from types import MappingProxyType

from pydantic import BaseModel, ConfigDict

from maestro.providers.base import ProviderInfo
from maestro_protocol.sessions import AuthTypeInfo
from maestro_protocol.settings import ProviderSettings


class _Flags(BaseModel):
    """Every flag and its value where a row says nothing; a misspelt one is an error."""

    model_config = ConfigDict(extra="forbid")

    streamOptions: bool = True
    systemRole: str = "system"
    maxTokensField: str = "max_tokens"
    efforts: str = ""
    jsonSchema: bool = True
    jsonObject: bool = True
    echoReasoning: bool = False
    reasoningDetails: bool = False
    toolIdLength: int = 0
    local: bool = False


class _Row(BaseModel):
    model_config = ConfigDict(extra="forbid")

    label: str
    base_url: str
    key_variables: tuple[str, ...] = ()
    needs_key: bool = True
    default_model: str | None = None
    flags: _Flags = _Flags()


def read_rows(text: str) -> Mapping[str, ProviderInfo]:
    """The services a TOML text describes, by id.

    Raises:
        tomllib.TOMLDecodeError, pydantic.ValidationError: the text is not such a description.
    """
    rows = {name: _Row.model_validate(row) for name, row in tomllib.loads(text).items()}
    return MappingProxyType({name: _info(name, row) for name, row in rows.items()})


def gateway(provider_id: str, settings: ProviderSettings) -> ProviderInfo | None:
    """A service that exists because the user set `providers.<id>.baseUrl`; None without one."""
    if not settings.base_url:
        return None
    variable = "".join(c if c.isalnum() else "_" for c in provider_id).upper() + "_API_KEY"
    return replace(INFO, id=provider_id, label=provider_id, base_url=settings.base_url, key_variables=(variable,))


def flags(info: ProviderInfo) -> Mapping[str, bool | int | str]:
    """The service's flags, whole: what its data leaves out is as most services have it."""
    return _Flags().model_dump() | dict(info.flags)


def _info(name: str, row: _Row) -> ProviderInfo:
    return ProviderInfo(
        id=name,
        label=row.label,
        base_url=row.base_url,
        auth_types=(AuthTypeInfo(auth_type="api_key", flows=["key"]),),
        default_model=row.default_model,
        key_variables=row.key_variables,
        flags=row.flags.model_dump(),
        needs_key=row.needs_key,
    )


ROWS: Mapping[str, ProviderInfo] = read_rows(
    (files("maestro.providers.openai_compatible") / "rows.toml").read_text("utf-8")
)
INFO: ProviderInfo = ROWS["openai_compatible"]
"""The row of a service that is known by its base URL alone."""
