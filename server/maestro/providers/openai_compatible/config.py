"""The rows of `rows.toml`, and the gateways a user adds by setting a base URL."""

import tomllib
from collections.abc import Mapping
from dataclasses import replace
from importlib.resources import files
from types import MappingProxyType

from pydantic import BaseModel, ConfigDict, ValidationError

from maestro.errors import MaestroError
from maestro.providers.base import Connection, ProviderInfo
from maestro.validation import issues_of, sentence
from maestro_protocol.sessions import AuthTypeInfo
from maestro_protocol.settings import ProviderSettings


class _Flags(BaseModel):
    """Every flag and its value where a row says nothing; a misspelt one is an error."""

    model_config = ConfigDict(extra="forbid")

    chatPath: str = "chat/completions"
    modelsPath: str = "models"
    models: str = ""
    keyHeader: str = "authorization"
    version: str = ""
    versionVariable: str = ""
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
    base_url_variable: str | None = None
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


def flags(connection: Connection) -> Mapping[str, bool | int | str]:
    """The service's flags, whole: the user's, else the row's, else as most services have it.

    Raises:
        MaestroError: -32602 for a flag of the user's that there is not, or that is of another kind.
    """
    row = {**_Flags().model_dump(), **connection.info.flags}
    own = connection.settings.flags
    return {**row, **_checked(connection.info.id, own)} if own else row


def _checked(provider: str, own: Mapping[str, bool | int | str]) -> Mapping[str, bool | int | str]:
    try:
        return _Flags.model_validate(own).model_dump(include=set(own))
    except ValidationError as error:
        path = f"providers.{provider}.flags"
        issues = [issue.model_copy(update={"path": f"{path}.{issue.path}"}) for issue in issues_of(error, {**own})]
        message = f"The setting {sentence(issues)}; correct or remove it."
        raise MaestroError("invalidParams", message, provider=provider, issues=issues) from None


def _info(name: str, row: _Row) -> ProviderInfo:
    return ProviderInfo(
        id=name,
        label=row.label,
        base_url=row.base_url,
        auth_types=(AuthTypeInfo(auth_type="api_key", flows=["key"]),),
        default_model=row.default_model,
        key_variables=row.key_variables,
        base_url_variable=row.base_url_variable,
        flags=row.flags.model_dump(),
        needs_key=row.needs_key,
    )


ROWS: Mapping[str, ProviderInfo] = read_rows(
    (files("maestro.providers.openai_compatible") / "rows.toml").read_text("utf-8")
)
INFO: ProviderInfo = ROWS["openai_compatible"]
"""The row of a service that is known by its base URL alone."""
