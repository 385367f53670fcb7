"""Models that will go: who uses one is told, and not at every turn."""

from maestro_protocol.models import Model


class DeprecationNotices:
    """Says it once per chat and model while this process runs; after a restart it is worth saying again."""

    def __init__(self) -> None:
        self._told: set[tuple[str, str]] = set()

    def take(self, where: str, model: Model | None) -> str | None:
        """What is to be told now, if anything; `where` is a chat, or one name for all that is none."""
        words = deprecation(model)
        if model is None or words is None or (where, model.id) in self._told:
            return None
        self._told.add((where, model.id))
        return words


def deprecation(model: Model | None) -> str | None:
    """A sentence, where the service said that it will withdraw the model."""
    if model is None or not model.deprecated:
        return None
    when = f"it is not served any more from {model.retires_on} on" if model.retires_on else "it will be withdrawn"
    return f"{model.id} is deprecated, and {when}; choose another model."
