"""What more than the browser's way a provider's `oauth.py` may offer."""

from typing import cast

from maestro.errors import MaestroError
from maestro.providers.base import ProviderInfo
from maestro.providers.oauth import DeviceRole, DocumentRole, OAuthRole


def device_role(role: OAuthRole, info: ProviderInfo) -> DeviceRole:
    """Raises 4104 if it is none."""
    return cast("DeviceRole", _with(role, "start_device", info))


def document_role(role: OAuthRole, info: ProviderInfo) -> DocumentRole:
    """Raises 4104 if it is none."""
    return cast("DocumentRole", _with(role, "read_document", info))


def _with(role: OAuthRole, function: str, info: ProviderInfo) -> OAuthRole:
    if hasattr(role, function):
        return role
    message = f"{info.label} cannot be signed in to this way; use one of the candidates."
    ways = [f"{kind.auth_type}: {', '.join(kind.flows)}" for kind in info.auth_types]
    raise MaestroError("unsupported", message, provider=info.id, candidates=ways)
