"""What the settings say of a provider's models, beside what its service lists."""

from collections.abc import Sequence

from maestro.errors import MaestroError
from maestro_protocol.models import Model
from maestro_protocol.settings import ProviderSettings


def merged(provider_id: str, listed: Sequence[Model], settings: ProviderSettings) -> list[Model]:
    """The models of the list, those only the settings know behind them; short names are the settings' where they have
    one."""
    short = settings.valid_models
    known = [one.model_copy(update={"short_name": short[one.name]}) if short.get(one.name) else one for one in listed]
    names = {one.name for one in listed}
    return [*known, *(_bare(provider_id, name, short[name]) for name in short if name not in names)]


def long_name(provider_id: str, name: str, models: Sequence[Model]) -> str:
    """The provider's own name for one of its models; what is unknown is taken at its word.

    Raises:
        MaestroError: 4103 for a short name that several models have.
    """
    if any(name == one.name for one in models):
        return name
    found = sorted({one.name for one in models if name == one.short_name})
    if len(found) > 1:
        message = "Several models have this short name; use one of the candidates."
        ids = [f"{provider_id}/{one}" for one in found]
        raise MaestroError("ambiguous", message, provider=provider_id, candidates=ids)
    return found[0] if found else name


def _bare(provider_id: str, name: str, short_name: str) -> Model:
    return Model(id=f"{provider_id}/{name}", provider=provider_id, name=name, short_name=short_name or None)
