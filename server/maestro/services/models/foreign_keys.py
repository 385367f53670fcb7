"""Which keys are the environment's: they are used, and written nowhere."""

from collections.abc import Iterator, Mapping
from contextlib import suppress

from maestro.errors import MaestroError
from maestro.providers import registry

_LIKE_A_KEY = "_API_KEY"
"""How variables end that hold the key of a provider which only its user knows, ours for settings among them."""


def keys_of(environment: Mapping[str, str]) -> set[str]:
    """The keys in an environment as it is now, without the space around them."""
    names = {*_vendors(), *(name for name in environment if name.upper().endswith(_LIKE_A_KEY))}
    return {environment.get(name, "").strip() for name in names} - {""}


def _vendors() -> Iterator[str]:
    for provider_id in registry.provider_ids():
        with suppress(MaestroError):  # a plug-in that does not fit is told elsewhere
            yield from registry.info(provider_id).key_variables
