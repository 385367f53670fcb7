"""What a call did, held against the scope it declared."""

import asyncio
from collections.abc import Mapping, Sequence

from maestro.errors import MaestroError
from maestro.intents import scope
from maestro.tools.base import Call
from maestro_protocol.intents import Observed
from maestro_protocol.tools import ToolAnnotations

_MOST_READ = 50
"""Files that are looked into for the symbols of a scope."""


async def outside(call: Call, annotations: ToolAnnotations, observed: Observed) -> Sequence[str]:
    """A sentence for each thing outside the scope; nothing for a call that only read and declared nothing."""
    if call.intent is None and annotations.read_only:
        return ()
    texts = await _texts(call, observed.paths or ())
    declared = call.intent.scope if call.intent else None
    return await asyncio.to_thread(scope.outside, declared, observed, texts=lambda path: texts.get(path, ""))


async def paths_outside(call: Call, annotations: ToolAnnotations, observed: Observed) -> Sequence[str]:
    """The files among what was written that the scope does not cover."""
    found: list[str] = []
    for path in observed.paths or ():
        if await outside(call, annotations, Observed(paths=[path])):
            found.append(path)
    return found


async def _texts(call: Call, paths: Sequence[str]) -> Mapping[str, str]:
    found: dict[str, str] = {}
    for path in paths[:_MOST_READ]:
        try:
            found[path] = (await call.around.gate.read(path, call.around.folder)).text
        except MaestroError:
            continue  # deleted, or nobody's to read
    return found
