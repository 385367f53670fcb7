"""Which models there are, and what a name means."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace

from maestro import provider
from maestro.errors import MaestroError
from maestro.runtime import Runtime
from maestro.services.local_servers import running
from maestro.services.models import lookup
from maestro.services.models.choice import NOTHING, Before, Choice
from maestro.services.models.discover import Discoverer
from maestro.services.models.journey import Journey
from maestro.services.models.listings import Listings
from maestro.services.models.model_string import ModelString
from maestro.services.models.namesakes import Namesakes
from maestro.services.models.naming import Naming, Wish
from maestro.services.models.price_lists import PriceLists
from maestro.services.models.prices import PriceBook
from maestro.services.models.target import Target
from maestro.services.models.targeting import Asked, Role, Targeting
from maestro.services.sessions import SessionService
from maestro_protocol.models import (
    Model,
    ModelDiscoverParams,
    ModelDiscoverResult,
    ModelListParams,
    ModelListResult,
    ModelResolveResult,
)
from maestro_protocol.sessions import Provider, Session

LARGE = 8_000
"""Tokens that every model takes which is in use today; beyond that it is worth a look how much one takes."""


class ModelService:
    def __init__(self, runtime: Runtime, sessions: SessionService) -> None:
        self._runtime = runtime
        self._listings = Listings(runtime, sessions)
        self._naming = Naming(runtime, self._listings)
        self._choice = Choice(runtime, sessions)
        self._namesakes = Namesakes(runtime, self._listings, self._choice)
        self._targeting = Targeting(runtime, self._listings, self._naming, self._choice, self._namesakes)
        self.routes = self._targeting.routes
        self._discoverer = Discoverer(runtime, sessions)
        self._looked_up: set[tuple[str, str | None]] = set()
        self.prices = PriceBook(runtime, PriceLists(), self._listings.listed, self._listings.fetch)

    async def list(self, params: ModelListParams) -> ModelListResult:
        """As `Listings.list`, without the models that do not chat, and without short names that mean something else;
        with what public lists know and the services do not tell."""
        listed, _ = await asyncio.gather(self._listings.list(params), self.prices.lists.ready())
        shown, _ = self._listings.shown(listed.models)
        models = await asyncio.to_thread(lambda: [self._completed(self._as_shown(model)) for model in shown])
        return listed.model_copy(update={"models": models})

    async def providers(self) -> Sequence[Provider]:
        """Every provider there is; of those on this machine, whether they answer now."""
        rows, settings = provider.list_providers(), self._runtime.settings
        if not settings.models.probe_local_servers:
            return rows
        keyless = [provider.connection(row.id) for row in rows if not provider.needs_key(row.id)]
        seen = dict.fromkeys((connection.info.id for connection in keyless), False)
        seen.update(dict.fromkeys(await running(keyless, settings), True))
        return [row.model_copy(update={"running": seen.get(row.id)}) for row in rows]

    async def resolve(self, name: str, reference: str | None = None) -> ModelResolveResult:
        """What a model string means, held against the lists.

        Raises:
            MaestroError: 4102 or 4103 with candidates that resolve, 4007 for a session that does not exist, -32602 for
                an alias that leads nowhere; what kept a provider from answering that was named.
        """
        wish = self._naming.unaliased(name, reference)
        if (first := await self._targeting.route(wish, None)) is not None:
            return await self._resolve_route(first)
        try:
            return await self._resolve(wish, reference)
        except MaestroError as error:
            raise wish.blamed(error) from None

    async def target(
        self,
        name: str | None,
        reference: str | None,
        chat_id: str | None = None,
        *,
        role: Role = "chat",
        before: Before = NOTHING,
    ) -> Target:
        """Where a request goes. A full name (`provider/model`) is taken at its word, so that no list is fetched first.

        Raises:
            MaestroError: as `resolve`, and 4001 if a session must be chosen first.
        """
        asked = Asked(reference, chat_id, before, role)
        try:
            return await self._targeting.target(name, asked)
        except MaestroError as error:
            if error.kind not in ("sessionNotFound", "authRequired"):
                raise
        with suppress(MaestroError):  # another window may have made the session just now
            await self._runtime.sessions.sync()
        return await self._targeting.target(name, asked)

    def suits(self, name: str, sessions: Sequence[Session]) -> bool:
        """Whether a string may be meant in these sessions: a model of their providers, or a route. Raises -32602."""
        said = self._naming.read(self._naming.unaliased(name, None))
        if said.provider is None:
            return self._runtime.settings.route(said.model) is not None
        return any(said.provider == one.provider and said.session in (None, one.id, one.name) for one in sessions)

    async def refuse_unlisted(self, name: str, session_id: str) -> None:
        """Raises -32602 for a route that does not use this session."""
        if (route := self._runtime.settings.route(name)) is not None:
            await self.routes.target(name, route, session_id, None)

    def journey(self, target: Target) -> Journey:
        """The way of a request that begins at this target."""
        return Journey(self._runtime.rate_limits, target)

    async def discover(
        self, params: ModelDiscoverParams, told: Callable[[str], None] | None = None
    ) -> ModelDiscoverResult:
        """As `Discoverer.discover`."""
        return await self._discoverer.discover(params, told)

    def is_here(self, provider_id: str) -> bool:
        """Whether a provider is part of this process, so that asking it sends nothing anywhere."""
        return self._listings.is_in_process(provider_id)

    async def known(self, target: Target) -> Model | None:
        """As `Listings.known`, and what public lists know, as far as they are read."""
        return self.prices.completed(target, await self._listings.known(target))

    def is_sized(self, target: Target) -> bool:
        """Whether its provider has told how much the model takes, or was asked for that."""
        listed = self._listings.listed(target)
        return bool(listed and listed.context_window) or (target.provider, target.session_id) in self._looked_up

    async def sized(self, target: Target, tokens: int) -> Model | None:
        """As `known`; where so many tokens are a lot, once its provider's list and the public ones are read."""
        if tokens >= LARGE and not self.is_sized(target):
            self._looked_up.add((target.provider, target.session_id))
            where = ModelListParams(provider=target.provider, session_id=target.session_id)
            with suppress(MaestroError):  # what keeps it from telling keeps nobody from asking it
                await asyncio.gather(self._listings.list(where), self.prices.lists.ready())
        return await self.known(target)

    def _completed(self, model: Model) -> Model:
        return self.prices.completed(Target(model.provider, None, model.name), model) or model

    async def _resolve_route(self, first: Target) -> ModelResolveResult:
        now = next(iter(self.journey(first).detour), first)
        found = await self.resolve(now.model_id, now.session_id)
        names = [target.model_id for target in (first, *first.alternatives)]
        return found.model_copy(update={"effort": now.effort, "matched_by": "route", "route": names})

    async def _resolve(self, wish: Wish, reference: str | None) -> ModelResolveResult:
        said = await self._settled(wish, reference)
        if said.provider is not None:
            self._choice.check_provider(said.session, said.provider)
        if said.is_auto:
            return await self._resolve_default(said)
        listed = await self._listings.list(ModelListParams(provider=said.provider, session_id=said.session))
        said = await self._settled(wish, reference)  # the list may have another name exactly as it stands
        if self._naming.is_default(said):
            return await self._resolve_default(said)
        model, matched_by = await lookup.find(said, listed, self._listings)
        return ModelResolveResult(
            model=model,
            session_id=self._session_of(model, said.session),
            effort=said.effort,
            matched_by="alias" if wish.alias else matched_by,
        )

    async def _settled(self, wish: Wish, reference: str | None) -> ModelString:
        said = self._naming.read(wish)
        return said if reference else await self._namesakes.settled(said)

    async def _resolve_default(self, said: ModelString) -> ModelResolveResult:
        target = await self._targeting.target(str(replace(said, session=None)), Asked(said.session))
        model = await self.known(target)
        return ModelResolveResult(
            model=model or Model(id=target.model_id, provider=target.provider, name=target.model),
            session_id=target.session_id,
            effort=target.effort,
            matched_by="default",
        )

    def _session_of(self, model: Model, reference: str | None) -> str | None:
        """The session it would be asked with; None where one must be chosen first."""
        try:
            session = self._choice.session(model.provider, reference, None)
        except MaestroError as error:
            if error.kind != "authRequired":
                raise
            return None
        return session.session.id if session else None

    def _as_shown(self, model: Model) -> Model:
        """A short name that is an alias or a route is not this model's."""
        settings = self._runtime.settings
        if model.short_name in settings.aliases or model.short_name in settings.routes:
            return model.model_copy(update={"short_name": None})
        return model
