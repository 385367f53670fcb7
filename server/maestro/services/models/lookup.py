"""The one listed model that is meant, or an error whose candidates are models there are."""

from collections.abc import Sequence

from maestro.errors import MaestroError
from maestro.services.models.listings import Listings
from maestro.services.models.matching import MOST, match, nearest
from maestro.services.models.model_string import ModelString
from maestro_protocol.models import MatchedBy, Model, ModelListParams, ModelListResult, ModelSource


async def find(said: ModelString, listed: ModelListResult, listings: Listings) -> tuple[Model, MatchedBy]:
    """A model that the settings hide is found by its full name alone.

    Raises:
        MaestroError: 4102 or 4103 with the nearest candidates first; what kept a provider that was named from
            answering, where nothing is known of its models.
    """
    shown, hidden = listings.shown(listed.models)
    if said.provider and (named := next((one for one in hidden if one.name == said.model), None)):
        return named, "exact"
    found = match(said.model, shown)
    if found is None:
        raise await _missing(said, listed, listings)
    if len(found.models) > 1:
        message = "Several models fit this name; use one of the candidates."
        raise MaestroError("ambiguous", message, candidates=nearest(said.model, found.models))
    return found.models[0], found.matched_by


async def _missing(said: ModelString, listed: ModelListResult, listings: Listings) -> MaestroError:
    is_narrow = bool(said.provider or said.session)
    silent = [source for source in listed.sources if source.status == "error"]
    if is_narrow and (failure := _failure(silent)) and len(silent) == len(listed.sources):
        return failure
    everything = await listings.list(ModelListParams()) if is_narrow else listed
    shown, _ = listings.shown(everything.models)
    if is_narrow:
        message = "The provider does not list this model; use one of the candidates."
    else:
        message = "No provider you are signed in to has this model; use one of the candidates, or `provider/model`."
    return MaestroError("modelNotFound", f"{message}{_but(silent)}", candidates=_nearest(said, listed, shown))


def _nearest(said: ModelString, listed: ModelListResult, shown: Sequence[Model]) -> list[str]:
    """What others call exactly so, then the models of whoever was named, then those of the others."""
    own = {source.provider for source in listed.sources} if said.provider or said.session else set[str]()
    whole = f"{said.provider}/{said.model}"
    parts: tuple[list[Model], ...] = ([], [], [])
    for model in shown:
        parts[0 if model.name == whole else 1 if model.provider in own else 2].append(model)
    return [one for part in parts for one in nearest(said.model, part)][:MOST]


def _but(silent: Sequence[ModelSource]) -> str:
    """Where the model may be all the same."""
    names = ", ".join(dict.fromkeys(source.provider for source in silent))
    return f" Not everybody was heard: {names} did not answer." if names else ""


def _failure(silent: Sequence[ModelSource]) -> MaestroError | None:
    error = next((source.error for source in silent if source.error), None)
    if error is None:
        return None
    return MaestroError(
        error.data.kind,
        error.message,
        provider=error.data.provider,
        session_id=error.data.session_id,
        http_status=error.data.http_status,
        retry_after_ms=error.data.retry_after_ms,
        action=error.data.action,
    )
