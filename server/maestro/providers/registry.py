"""Which providers there are and what each can do: a folder here, a gateway's data row, or an installed plug-in.

A plug-in is a distribution with an entry point in the group `maestro.providers`: its name is the provider's id, its
value a package with the same role modules as a folder here. On one id a folder comes before a row, a row before a
plug-in.
"""

import inspect
import logging
import pkgutil
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from importlib.metadata import entry_points
from importlib.util import find_spec
from types import ModuleType
from typing import Generic, Protocol, TypeVar, cast

from maestro import providers
from maestro.errors import MaestroError
from maestro.providers.base import (
    ApiKeyRole,
    AuditRole,
    BatchRole,
    ConfigRole,
    ModelsRole,
    ProviderInfo,
    StreamingRole,
)
from maestro.providers.oauth import OAuthRole
from maestro_protocol.sessions import Role as RoleName
from maestro_protocol.settings import ProviderSettings

T = TypeVar("T")

GROUP = "maestro.providers"
GATEWAYS = "openai_compatible"
"""The folder behind every data row, and itself the provider that is known by its base URL alone."""
_ROWS_PACKAGE = f"{providers.__name__}.{GATEWAYS}"
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Role(Generic[T]):
    """One of the things a provider can do. `T` is the Protocol of its module, `contract` the same at run time."""

    name: RoleName
    module: str
    contract: type


CONFIG = Role[ConfigRole]("config", "config", ConfigRole)
API_KEY = Role[ApiKeyRole]("apiKey", "api_key", ApiKeyRole)
OAUTH = Role[OAuthRole]("oauth", "oauth", OAuthRole)
MODELS = Role[ModelsRole]("models", "models", ModelsRole)
STREAMING = Role[StreamingRole]("streaming", "streaming", StreamingRole)
AUDIT = Role[AuditRole]("audit", "audit", AuditRole)
BATCH = Role[BatchRole]("batch", "batch", BatchRole)

_ROLE_MODULES: Mapping[RoleName, str] = {
    role.name: role.module for role in (CONFIG, API_KEY, OAUTH, MODELS, STREAMING, AUDIT, BATCH)
}


def provider_ids() -> list[str]:
    """Every provider there is, in alphabetical order. Imports nothing but the data rows."""
    return sorted({*_folders(), *_rows(), *_plug_ins()})


@cache
def info(provider: str) -> ProviderInfo:
    """The provider as data.

    Raises:
        MaestroError: 4101 with the candidates; 4104 for a plug-in whose `config.INFO` does not fit.
    """
    if provider not in _folders() and provider in _rows():
        return _rows()[provider]
    declared = resolve(provider, CONFIG).INFO
    if not isinstance(declared, ProviderInfo) or declared.id != provider:
        raise _misfit(provider, "`config.INFO` is not a `ProviderInfo` with this id")
    return declared


def gateway(provider: str, settings: ProviderSettings) -> ProviderInfo | None:
    """A provider that exists because `providers.<id>.baseUrl` is set; its role modules are those of the data rows."""
    if not settings.base_url:
        return None
    found: ProviderInfo | None = import_module(f"{_ROWS_PACKAGE}.config").gateway(provider, settings)
    return found


def is_compatible(provider: str) -> bool:
    """Whether an address and a key are all there is to a provider: OpenAI, the data rows, and those that only the
    settings know."""
    return provider == "openai" or provider not in {*_folders(), *_plug_ins()} or provider == GATEWAYS


def roles(provider: str) -> list[RoleName]:
    """What the provider can do, by the modules that exist. Raises 4101, or 4104 if it cannot be imported."""
    package = _package(provider)
    return [name for name, module in _ROLE_MODULES.items() if _exists(provider, f"{package}.{module}")]


def resolve(provider: str, role: Role[T]) -> T:
    """The module of a role.

    Raises:
        MaestroError: 4101 with the candidates for an unknown provider; 4104 if it does not offer the role, or offers
            it in a shape that does not fit.
    """
    return cast("T", _resolve(provider, role))


@cache
def _resolve(provider: str, role: Role[object]) -> ModuleType:
    name = f"{_package(provider)}.{role.module}"
    if not _exists(provider, name):
        raise MaestroError("unsupported", f"The provider {provider} does not offer {role.name}.", provider=provider)
    module = _import(provider, name)
    if missing := [member for member in _members(role.contract) if not _fits(module, role.contract, member)]:
        raise _misfit(provider, f"`{role.module}` lacks {', '.join(missing)}")
    return module


def _package(provider: str) -> str:
    """Where the role modules of a provider live."""
    if provider in _folders():
        return f"{providers.__name__}.{provider}"
    if provider in _rows():
        return _ROWS_PACKAGE
    if provider in _plug_ins():
        return _plug_ins()[provider]
    raise MaestroError(
        "providerNotFound",
        "There is no such provider; use one of the candidates, or install its plug-in.",
        candidates=provider_ids(),
    )


@cache
def _folders() -> frozenset[str]:
    """The folders here that are one provider each: those with a `config`."""
    found = [name for _, name, is_package in pkgutil.iter_modules(providers.__path__) if is_package]
    return frozenset(name for name in found if find_spec(f"{providers.__name__}.{name}.config") is not None)


@cache
def _rows() -> Mapping[str, ProviderInfo]:
    rows: Mapping[str, ProviderInfo] = import_module(f"{_ROWS_PACKAGE}.config").ROWS
    return rows


@cache
def _plug_ins() -> Mapping[str, str]:
    return {point.name: point.module for point in entry_points(group=GROUP)}


@cache
def _exists(provider: str, module: str) -> bool:
    try:
        return find_spec(module) is not None
    except Exception as error:  # finding a module runs its package, which is foreign code
        raise _broken(provider, error) from None


def _import(provider: str, module: str) -> ModuleType:
    try:
        return import_module(module)
    except Exception as error:
        raise _broken(provider, error) from None


def _broken(provider: str, error: Exception) -> MaestroError:
    _log.warning("provider %s cannot be imported", provider, exc_info=error)
    return _misfit(provider, f"importing it raises {type(error).__name__}")


def _misfit(provider: str, what: str) -> MaestroError:
    message = f"The provider {provider} does not fit this version: {what}; update or remove its plug-in."
    return MaestroError("unsupported", message, provider=provider)


def _members(contract: type) -> list[str]:
    own = (base for base in contract.__mro__ if base not in (Protocol, Generic, object))
    return sorted({name for base in own for name in vars(base) if not name.startswith("_")})


def _fits(module: ModuleType, contract: type, member: str) -> bool:
    """Whether the module has the member, callable with as many arguments and awaitable where the contract says so."""
    wanted, found = getattr(contract, member), getattr(module, member, None)
    if not inspect.isfunction(wanted):
        return found is not None
    if not callable(found) or inspect.iscoroutinefunction(wanted) != inspect.iscoroutinefunction(found):
        return False
    try:
        inspect.signature(found).bind(*list(inspect.signature(wanted).parameters)[1:])
    except TypeError:
        return False
    return True
