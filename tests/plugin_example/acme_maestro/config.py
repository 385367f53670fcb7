"""Who Acme is."""

from maestro.providers.base import ProviderInfo
from maestro_protocol.sessions import AuthTypeInfo

INFO = ProviderInfo(
    id="acme",
    label="Acme",
    base_url="https://api.acme.example/v1",
    base_url_variable="ACME_BASE_URL",
    auth_types=(AuthTypeInfo(auth_type="api_key", flows=["key"]),),
    key_variables=("ACME_API_KEY",),
)
