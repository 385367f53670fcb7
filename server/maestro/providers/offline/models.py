"""The one thing the offline provider has to offer."""

from maestro.providers.base import Connection
from maestro.providers.offline.config import MODEL
from maestro_protocol.models import Model


async def list_models(connection: Connection) -> list[Model]:
    """Always the same one; nobody is asked."""
    provider = connection.info.id
    return [
        Model(
            id=f"{provider}/{MODEL}",
            provider=provider,
            name=MODEL,
            short_name=MODEL,
            label="Canned answers and local checks, no language model",
            context_window=1_000_000,
            max_output=8_192,
            features=["tools", "reasoning", "structuredOutput"],
        )
    ]
