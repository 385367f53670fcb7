"""`initialize` params of any client as pygls's type: what this version of the types does not know is left out."""

import re
from collections.abc import Iterator
from copy import deepcopy
from typing import TYPE_CHECKING, TypeAlias

from cattrs import AttributeValidationNote, IterableValidationNote
from lsprotocol import types
from pydantic import JsonValue

from maestro.lsp.logs import logger
from maestro_protocol.base import JsonObject

if TYPE_CHECKING:
    from cattrs import Converter

Path: TypeAlias = tuple[str | int, ...]
_ATTEMPTS = 20


def structure_initialize(params: JsonObject, converter: "Converter") -> types.InitializeParams:
    """Structure, and again without the members that did not fit."""
    rest = deepcopy(params)
    for _ in range(_ATTEMPTS):
        try:
            return converter.structure(rest, types.InitializeParams)
        except Exception as error:
            # Backwards, so that taking one item of a list leaves the places of those before it.
            removed = [path for path in sorted(_paths(error), key=_place, reverse=True) if _remove(rest, path)]
        if not removed:
            break
        logger.info("left out of initialize: %s", removed)
    return types.InitializeParams(capabilities=types.ClientCapabilities())


def _paths(error: BaseException, above: Path = ()) -> Iterator[Path]:
    """Where structuring failed, as attribute names and indices."""
    here = above
    for note in getattr(error, "__notes__", ()):
        if isinstance(note, AttributeValidationNote):
            here = (*here, note.name)
        elif isinstance(note, IterableValidationNote):
            here = (*here, note.index)
    inner = error.exceptions if isinstance(error, BaseExceptionGroup) else ()
    if not inner:
        yield here
    for one in inner:
        yield from _paths(one, here)


def _place(path: Path) -> list[int]:
    """Orders the items of one list."""
    return [step if isinstance(step, int) else -1 for step in path]


def _remove(value: JsonValue, path: Path) -> bool:
    """Take the innermost member that exists on the path out of its container."""
    container: JsonValue = None
    last: str | int = ""
    for step in path:
        key = _wire_name(value, step) if isinstance(step, str) else step
        if isinstance(value, dict) and isinstance(key, str) and key in value:
            container, last, value = value, key, value[key]
        elif isinstance(value, list) and isinstance(key, int) and key < len(value):
            container, last, value = value, key, value[key]
        else:
            break
    if isinstance(container, dict) and isinstance(last, str):
        del container[last]
    elif isinstance(container, list) and isinstance(last, int):
        del container[last]
    else:
        return False
    return True


def _wire_name(value: JsonValue, attribute: str) -> str:
    """`text_document` -> `textDocument`."""
    camel = re.sub(r"_(.)", lambda match: match[1].upper(), attribute)
    return camel if isinstance(value, dict) and camel in value else attribute
