"""Sessions that share a name, as keys of the environment do: which of them a model string means by it."""

import asyncio
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import replace

from maestro.errors import MaestroError
from maestro.runtime import Runtime
from maestro.services.models.choice import Choice
from maestro.services.models.listings import Listings
from maestro.services.models.matching import match, nearest
from maestro.services.models.model_string import ModelString
from maestro_protocol.models import Model, ModelListParams
from maestro_protocol.sessions import Session


class Namesakes:
    def __init__(self, runtime: Runtime, listings: Listings, choice: Choice) -> None:
        self._runtime = runtime
        self._listings = listings
        self._choice = choice

    async def settled(self, said: ModelString) -> ModelString:
        """The same with the session by its id, where several have its name and one of them has the model.

        Raises:
            MaestroError: 4103, or 4102 where nobody has it, with model strings that resolve as candidates.
        """
        known = self._runtime.sessions.list(said.provider)
        named = [one for one in known if one.name == said.session]
        if len(named) < 2 or any(one.id == said.session for one in known):
            return said
        if said.provider is not None:
            raise _several(replace(said, session=one.id) for one in named)
        fitting = self._with_default(said, named) if said.is_auto else await self._with_model(said, named)
        sessions = {one.session for one in fitting}
        if len(sessions) == 1:
            return replace(said, session=sessions.pop())
        raise _several(fitting)

    def _with_default(self, said: ModelString, named: Sequence[Session]) -> Sequence[ModelString]:
        found = []
        for session in named:
            with suppress(MaestroError):
                self._choice.default_name(session.provider, self._runtime.sessions.find(session.id))
                found.append(replace(said, session=session.id))
        return found or [replace(said, session=one.id) for one in named]

    async def _with_model(self, said: ModelString, named: Sequence[Session]) -> Sequence[ModelString]:
        lists = await asyncio.gather(*(self._listings.list(ModelListParams(session_id=one.id)) for one in named))
        having = [(session, model) for session, one in zip(named, lists, strict=True) for model in one.models]
        models = list({model.id: model for _, model in having}.values())
        if found := match(said.model, models):
            ids = {model.id for model in found.models}
            return [_full(said, session, model) for session, model in having if model.id in ids]
        ids_nearest = nearest(said.model, models)
        near = [_full(said, session, model) for one in ids_nearest for session, model in having if model.id == one]
        message = f"No session named '{said.session}' has this model; use one of the candidates."
        raise MaestroError("modelNotFound", message, candidates=[*map(str, near)])


def _full(said: ModelString, session: Session, model: Model) -> ModelString:
    return ModelString(model.name, model.provider, session.id, said.effort)


def _several(candidates: Iterable[ModelString]) -> MaestroError:
    message = "Several sessions have this name; use one of the candidates."
    return MaestroError("ambiguous", message, candidates=[*map(str, candidates)][:20])
