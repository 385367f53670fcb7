"""The offline provider as data."""

from maestro.providers.base import ProviderInfo

MODEL = "assistant"

INFO = ProviderInfo(
    id="offline",
    label="Offline (no model)",
    base_url="",
    auth_types=(),
    default_model=MODEL,
    flags={"local": True, "tool": True},
    needs_key=False,
)
