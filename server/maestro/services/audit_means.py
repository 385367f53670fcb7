"""How an audit is carried out."""

from collections.abc import Callable
from dataclasses import dataclass

from maestro.audit.asking.exchange import Generate
from maestro.services.models import Target


@dataclass(frozen=True, slots=True)
class Means:
    """`at_once` documents are read and judged at once.

    `generate_for` a model gets the answers in its provider's place. It raises for a model it cannot do this for, before
    anybody is asked for consent.
    """

    at_once: int
    generate_for: Callable[[Target], Generate] | None = None
    batched: bool = False
    """Which has prices of its own."""
    sends: bool = True
    """Without it nothing leaves this machine, so that nobody has to agree."""
