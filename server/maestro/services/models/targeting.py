"""From what a request says of its model to where it goes."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Literal, NamedTuple, TypeAlias

from maestro.errors import MaestroError
from maestro.runtime import Runtime
from maestro.services.models import lookup
from maestro.services.models.choice import NOTHING, Before, Choice
from maestro.services.models.configured import long_name
from maestro.services.models.listings import Listings
from maestro.services.models.model_string import ModelString
from maestro.services.models.namesakes import Namesakes
from maestro.services.models.naming import Naming, Wish
from maestro.services.models.routes import Routes
from maestro.services.models.target import Target
from maestro.store.snapshot import StoredSession
from maestro_protocol.models import ModelListParams

Role: TypeAlias = Literal["chat", "complete", "compact", "audit"]
"""What a model is wanted for; each has a default of its own."""


class Asked(NamedTuple):
    """The request a model is wanted for."""

    reference: str | None = None
    chat_id: str | None = None
    before: Before = NOTHING
    role: Role = "chat"


class Targeting:
    def __init__(
        self, runtime: Runtime, listings: Listings, naming: Naming, choice: Choice, namesakes: Namesakes
    ) -> None:
        self._runtime = runtime
        self._listings = listings
        self._naming = naming
        self._choice = choice
        self._namesakes = namesakes
        self.routes = Routes(runtime, self._of_route)

    async def target(self, name: str | None, asked: Asked) -> Target:
        """By the first string that says more than `auto`; an effort beside an `auto` counts all the same."""
        effort, session = None, asked.reference
        for text, reference in self._strings(name, asked):
            wish = self._naming.unaliased(text, reference)
            said = self._naming.read(wish)
            effort = effort or said.effort
            if not said.is_auto:
                wish = replace(wish, effort=effort)
                return await self.route(wish, asked.chat_id) or await self._named(wish, asked)
            if said.session != reference:  # the session's own default
                session = (await self._namesakes.settled(said)).session if reference is None else said.session
                break
        is_asked = session is not None or self._choice.bound(asked.chat_id) is not None
        target = self._default(*self._choice.for_default(session, asked.chat_id), is_asked=is_asked)
        return replace(target, effort=effort or target.effort)

    async def route(self, wish: Wish, chat_id: str | None) -> Target | None:
        """Whom a route asks first, if the string names one: behind the aliases, before the grammar."""
        said = self._naming.read(wish)
        route = self._runtime.settings.route(said.model) if said.provider is None else None
        if route is None:
            return None
        target = await self.routes.target(said.model, route, said.session, chat_id)
        return target.at(said.effort) if said.effort else target

    def _strings(self, name: str | None, asked: Asked) -> Iterator[tuple[str, str | None]]:
        """What may say which model is meant, each with the session it is said of: the request, the settings for this
        kind of request, what the chat used last, the settings for chats."""
        defaults, before = self._runtime.settings.defaults, asked.before
        own = {"complete": defaults.complete, "compact": defaults.compact, "audit": defaults.audit}.get(asked.role)
        if name:
            yield name, asked.reference
        if own and not asked.reference:
            yield own, None
        if before.model:
            yield before.model, asked.reference or before.session_id
        if defaults.chat and not asked.reference and self._choice.bound(asked.chat_id) is None:
            yield defaults.chat, None

    async def _of_route(self, name: str, reference: str | None, chat_id: str | None) -> Target:
        return await self.target(name, Asked(reference, chat_id))

    async def _named(self, wish: Wish, asked: Asked) -> Target:
        try:
            said = self._naming.read(wish)
            if asked.reference is None:
                said = await self._namesakes.settled(said)
            if not said.model or (said.provider is None and said.session is None):
                return await self._listed(wish, asked)
            return self._at_its_word(said, asked)
        except MaestroError as error:
            raise wish.blamed(error) from None

    async def _listed(self, wish: Wish, asked: Asked) -> Target:
        listed = await self._listings.list(ModelListParams())
        said = self._naming.read(wish)
        found, _ = await lookup.find(said, listed, self._listings)
        stored = self._choice.session(found.provider, None, asked.chat_id, asked.before)
        return Target(found.provider, stored, found.name, said.effort)

    def _at_its_word(self, said: ModelString, asked: Asked) -> Target:
        if said.provider is not None:
            provider_id = said.provider
            stored = self._choice.session(provider_id, said.session, asked.chat_id, asked.before)
        else:
            stored = self._runtime.sessions.find(said.session or "")
            provider_id = stored.session.provider
        if self._naming.is_default(said):
            target = self._default(provider_id, stored)
            return replace(target, effort=said.effort or target.effort)
        return self._of(provider_id, stored, said)

    def _default(self, provider_id: str, stored: StoredSession | None, *, is_asked: bool = True) -> Target:
        name = self._choice.default_name(provider_id, stored, is_asked=is_asked)
        return self._of(provider_id, stored, self._naming.read(Wish(f"{provider_id}/{name}")))

    def _of(self, provider_id: str, stored: StoredSession | None, said: ModelString) -> Target:
        model = long_name(provider_id, said.model, [*self._listings.of(provider_id)])
        return Target(provider_id, stored, model, said.effort)
