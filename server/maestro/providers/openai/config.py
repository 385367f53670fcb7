"""OpenAI as data."""

from maestro.providers.base import ProviderInfo
from maestro_protocol.sessions import AuthTypeInfo

INFO = ProviderInfo(
    id="openai",
    label="OpenAI",
    base_url="https://api.openai.com/v1",
    auth_types=(AuthTypeInfo(auth_type="api_key", flows=["key"]),),
    default_model="gpt-5.5",
    key_variables=("OPENAI_API_KEY",),
    base_url_variable="OPENAI_BASE_URL",
)
