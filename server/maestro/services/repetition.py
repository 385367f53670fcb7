"""A model that goes round in circles: the same call again and again, while nothing changes."""

import json
from collections import Counter

from maestro_protocol.base import JsonObject

MOST = 3


class Repetition:
    """Counts equal calls of a turn. A test that is run again after an edit is no repetition."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()

    def is_too_many(self, name: str, given: JsonObject) -> bool:
        """Count the call; whether it is the third of its kind."""
        key = _key(name, given)
        self._counts[key] += 1
        return self._counts[key] >= MOST

    def something_changed(self, name: str, given: JsonObject) -> None:
        """A call that changes things was carried out: what was asked before may be asked again, but not itself."""
        key = _key(name, given)
        self._counts = Counter({key: self._counts[key]})


def _key(name: str, given: JsonObject) -> str:
    return f"{name} {json.dumps(given, sort_keys=True)}"
