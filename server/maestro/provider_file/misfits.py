"""What in the provider file says nothing, though whoever wrote it meant something by it; everything else counts."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

from maestro.provider_file.entry import ProviderEntry

if TYPE_CHECKING:
    from ruamel.yaml.nodes import Node

_FIELDS = tuple(field.name for field in fields(ProviderEntry))
_TELLABLE = re.compile("[a-z_]{1,30}", re.IGNORECASE)
"""Names that are shown; anything else may be a key in the wrong place."""


class Misfit(NamedTuple):
    """What is wrong, and where, as people count (from 1)."""

    what: str
    line: int
    column: int


def is_id(name: str) -> bool:
    """Whether models can be asked for by it: `id/model`."""
    return bool(name.strip()) and "/" not in name


def usable(entries: Mapping[str, ProviderEntry]) -> Mapping[str, ProviderEntry]:
    """Those with an id, as settings have it."""
    return {name.lower(): entry for name, entry in entries.items() if is_id(name)}


def misfits_of(root: "Node | None") -> Iterator[Misfit]:
    """Of a text that can be read, by its nodes."""
    for key, value in _members(root):
        if key.value != "providers":
            yield _unknown(key, "providers stand under `providers`")
        for name, entry in _members(value) if key.value == "providers" else ():
            if not is_id(name.value):
                yield _at(name, "the id of a provider may not be empty, and has no slash; give it another one")
            yield from _of_entry(_members(entry))


def ids_of(root: "Node | None") -> Iterator[Misfit]:
    """Each id in lower case, and where it stands."""
    for key, value in _members(root):
        if key.value == "providers":
            yield from (_at(name, name.value.lower()) for name, _ in _members(value))


def _of_entry(members: Iterable[tuple["Node", "Node"]]) -> Iterator[Misfit]:
    for key, value in members:
        if key.value not in _FIELDS:
            yield _unknown(key, f"known are {', '.join(_FIELDS)}")
        elif key.value == "base_api_url" and value.value.strip() and not _is_address(value.value.strip()):
            yield _at(value, "`base_api_url` must be an address that begins with http:// or https://")


def _members(node: "Node | None") -> Iterable[tuple["Node", "Node"]]:
    return node.value if node is not None and isinstance(node.value, list) else ()


def _is_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
        return parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        return False


def _unknown(key: "Node", instead: str) -> Misfit:
    is_tellable = isinstance(key.value, str) and _TELLABLE.fullmatch(key.value)
    return _at(key, f"{f'`{key.value}`' if is_tellable else 'this'} is not a known field; {instead}")


def _at(node: "Node", what: str) -> Misfit:
    return Misfit(what, node.start_mark.line + 1, node.start_mark.column + 1)
