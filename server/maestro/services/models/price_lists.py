"""Public lists of what models cost, which come with the package `genai-prices`; nothing is fetched."""

import asyncio
import gc
import logging
import re
from collections.abc import Iterator, Mapping
from concurrent.futures import Future
from datetime import UTC, datetime
from decimal import Decimal
from importlib.util import find_spec
from threading import Thread
from time import time
from typing import TYPE_CHECKING, NamedTuple

from maestro.costs import Prices

if TYPE_CHECKING:
    from genai_prices.data_snapshot import DataSnapshot
    from genai_prices.types import ModelInfo, ModelPrice, Tier, TieredPrices
    from genai_prices.types import Provider as Seller

_log = logging.getLogger(__name__)

EXTRA = "the-maestro[prices]"
"""What to install for the lists to be there."""
_THEIRS: Mapping[str, str] = {"gemini": "google", "xai": "x-ai", "moonshot": "moonshotai"}
"""What the lists call providers that have another name here."""
_CHECKED = re.compile(r"\b(?:verified|checked) on (\d{4}-\d{2}-\d{2})\b")


def are_missing() -> bool:
    """Whether the package with the lists is not there."""
    return find_spec("genai_prices") is None


class Entry(NamedTuple):
    """What the lists say of a model."""

    prices: Prices | None
    context_window: int | None


class PriceLists:
    """Read once, on a thread, for that takes a while. Until then, and without the package, they are empty."""

    def __init__(self) -> None:
        self._reading: Future[_Lists | None] | None = None

    def want(self) -> None:
        """Begin to read them."""
        if self._reading is None:
            reading = self._reading = Future()
            reading.set_running_or_notify_cancel()
            Thread(target=lambda: reading.set_result(_read()), name="maestro-prices", daemon=True).start()

    async def ready(self) -> None:
        """Wait until they are read."""
        self.want()
        assert self._reading is not None
        await asyncio.wrap_future(self._reading)

    @property
    def as_of(self) -> str | None:
        """The last day on which somebody held a price against its service; None without the lists."""
        lists = self._known()
        return lists.as_of if lists else None

    def find(self, provider: str | None, base_url: str, model: str, *, batched: bool = False) -> Entry | None:
        """What is known of a model, by its provider's id here or else by the service's address."""
        lists = self._known()
        return lists.find(provider, base_url, model, batched=batched) if lists else None

    def _known(self) -> "_Lists | None":
        return self._reading.result() if self._reading is not None and self._reading.done() else None


class _Lists:
    """The lists in memory."""

    def __init__(self, snapshot: "DataSnapshot") -> None:
        self._snapshot = snapshot
        self._sellers = {seller.id: seller for seller in snapshot.providers}
        self._found: dict[tuple[str, str], ModelInfo | None] = {}
        self._entries: dict[tuple[str, str, bool], Entry] = {}
        self._minute = 0
        """In which the entries were made: some prices depend on the time of day."""
        self._addresses: dict[str, Seller | None] = {}
        self.as_of = max(_days(snapshot), default=None)

    def find(self, provider: str | None, base_url: str, model: str, *, batched: bool) -> Entry | None:
        seller = self._sellers.get(_THEIRS.get(provider, provider)) if provider else None
        seller = seller or self._at(base_url)
        if seller is None:
            return None
        minute = int(time() // 60)
        if minute != self._minute:
            self._minute, self._entries = minute, {}
        key = (seller.id, model, batched)
        if key not in self._entries and (info := self._info(seller, model)) is not None:
            # Who sells another seller's models may have other terms for batches.
            context = {"processing": "batch"} if batched and any(info is own for own in seller.models) else None
            self._entries[key] = Entry(
                _prices(info.get_prices(datetime.now(UTC), context), self.as_of), info.context_window
            )
        return self._entries.get(key)

    def _info(self, seller: "Seller", model: str) -> "ModelInfo | None":
        if (seller.id, model) not in self._found:
            self._found[seller.id, model] = seller.find_model(model, all_providers=self._snapshot.providers)
        return self._found[seller.id, model]

    def _at(self, base_url: str) -> "Seller | None":
        if base_url not in self._addresses:
            sellers = (one for one in self._snapshot.providers if re.match(one.api_pattern, base_url))
            self._addresses[base_url] = next(sellers, None)
        return self._addresses[base_url]


def _read() -> _Lists | None:
    """What comes with the package, and nothing it could fetch."""
    try:
        from genai_prices.data import providers
        from genai_prices.data_snapshot import DataSnapshot

        lists = _Lists(DataSnapshot(providers=providers, from_auto_update=False))
        gc.freeze()  # they stay as long as the process, so that no collection need walk over them
        return lists
    except ImportError:
        return None
    except Exception:
        _log.exception("The price lists cannot be read.")
        return None


def _days(snapshot: "DataSnapshot") -> Iterator[str]:
    """The days that its comments name."""
    today = datetime.now(UTC).date().isoformat()
    for seller in snapshot.providers:
        for comment in (seller.price_comments, *(model.price_comments for model in seller.models)):
            yield from (day for day in _CHECKED.findall(comment or "") if day <= today)


def _prices(listed: "ModelPrice", as_of: str | None) -> Prices | None:
    """None for what is not sold by tokens in and out."""
    parts = (listed.input_mtok, listed.output_mtok, listed.cache_read_mtok, listed.cache_write_mtok)
    starts = sorted({tier.start for part in parts for tier in _tiers(part)})
    usual, *longer = (_at_length(parts, start, as_of) for start in (-1, *starts))
    steps = tuple((start, step) for start, step in zip(starts, longer, strict=True) if step is not None)
    return (
        None if usual is None else Prices(usual.input, usual.output, usual.cache_read, usual.cache_write, as_of, steps)
    )


def _at_length(parts: "tuple[Decimal | TieredPrices | None, ...]", length: int, as_of: str | None) -> Prices | None:
    """The prices of prompts that are longer than so many tokens."""
    into, out, read, write = (_part_at(part, length) for part in parts)
    return None if into is None or out is None else Prices(into, out, read, write, as_of)


def _part_at(part: "Decimal | TieredPrices | None", length: int) -> Decimal | None:
    if part is None or isinstance(part, Decimal):
        return part
    return next((tier.price for tier in reversed(part.tiers) if tier.start <= length), part.base)


def _tiers(part: "Decimal | TieredPrices | None") -> "list[Tier]":
    return [] if part is None or isinstance(part, Decimal) else part.tiers
