"""What models cost: as their services say, else nothing on this machine, else by public lists."""

import asyncio
from collections.abc import Awaitable, Callable

from maestro.connections import find_provider, home
from maestro.costs import FREE, Prices, prices_of
from maestro.errors import MaestroError
from maestro.runtime import Runtime
from maestro.services.models.price_lists import Entry, PriceLists
from maestro.services.models.target import Target
from maestro_protocol.models import Model

_SOON = 1.0
"""Seconds that the end of an answer waits for its price."""


class PriceBook:
    """Prices by where a request goes. `listed` tells what the last list of models said."""

    def __init__(
        self,
        runtime: Runtime,
        lists: PriceLists,
        listed: Callable[[Target], Model | None],
        fetch: Callable[[Target], Awaitable[None]],
    ) -> None:
        self._runtime = runtime
        self._listed = listed
        self._fetch = fetch
        self._finding: dict[tuple[str, str | None], asyncio.Task[None]] = {}
        """By the model's id and the session: once each, however that ends."""
        self.lists = lists

    def now(self, target: Target, *, batched: bool = False) -> Prices | None:
        """As far as it is known without waiting; None is unknown, never a guess."""
        return self._prices(target, self._listed(target), batched=batched)

    def want(self, target: Target) -> None:
        """Begin to find out, if it is not known yet."""
        if self.now(target) is None:
            self._found(target)

    async def known(self, target: Target, *, batched: bool = False) -> Prices | None:
        """The same, once the lists are read where they are needed: the public ones, and then the service's own.
        `batched` asks for the price in batches, where that is another one."""
        if batched:
            await self.lists.ready()
        if self.now(target, batched=batched) is None:
            await asyncio.shield(self._found(target))
        return self.now(target, batched=batched)

    async def known_soon(self, target: Target) -> Prices | None:
        """The same, for what is not worth waiting for long."""
        if (prices := self.now(target)) is None:
            await asyncio.wait([self._found(target)], timeout=_SOON)
            prices = self.now(target)
        return prices

    def _found(self, target: Target) -> "asyncio.Task[None]":
        key = (target.model_id, target.session_id)
        if key not in self._finding:
            self._finding[key] = asyncio.create_task(self._find(target))
        return self._finding[key]

    async def _find(self, target: Target) -> None:
        await self.lists.ready()
        if self.now(target) is None:
            await self._fetch(target)

    def completed(self, target: Target, model: Model | None) -> Model | None:
        """The model with what the lists know and its service does not tell; None where nobody knows it."""
        prices, entry = self._prices(target, model), self._entry(target)
        if model is None:
            if entry is None:
                return None
            model = Model(id=target.model_id, provider=target.provider, name=target.model)
        return model.model_copy(
            update={
                "prices": prices.to_wire() if prices else None,
                "context_window": model.context_window or (entry.context_window if entry else None),
            }
        )

    def _prices(self, target: Target, model: Model | None, *, batched: bool = False) -> Prices | None:
        if self._costs_nothing(target):
            return FREE
        own = prices_of(model.prices) if model is not None and model.prices is not None else None
        if own is not None:
            return own
        entry = self._entry(target, batched=batched)
        return entry.prices if entry else None

    def _costs_nothing(self, target: Target) -> bool:
        """On this machine, or within a plan that is paid by the month."""
        if target.session is not None and target.session.session.mode == "chatgpt":
            return True
        try:
            return bool(find_provider(self._runtime, target.provider).flags.get("local"))
        except MaestroError:
            return False

    def _entry(self, target: Target, *, batched: bool = False) -> Entry | None:
        try:
            info = find_provider(self._runtime, target.provider)
        except MaestroError:
            return None
        named = info.id if home(info) == info.id else None
        address = self._runtime.settings.provider(info.id).base_url or info.base_url
        return self.lists.find(named, address, target.model, batched=batched)
