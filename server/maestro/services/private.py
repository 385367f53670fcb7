"""What is Maestro's own and must reach no model: its folders, and the secrets this process holds."""

import json
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path

from maestro.directories import directories
from maestro.runtime import Runtime

_SHORTEST = 8
"""Characters; shorter words stand in many texts without being secrets."""


class Private:
    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._key: Collection[str] = ()

    @property
    def folders(self) -> Collection[Path]:
        """Where settings, the store with its key, and logs are."""
        return tuple(dict.fromkeys(directories(self._runtime.environment)))

    def secrets(self) -> Collection[str]:
        """Credentials that were opened or are offered, and the key of the store as far as `look` has seen it."""
        return {secret for secret in (*self._runtime.sessions.held(), *self._key) if len(secret) >= _SHORTEST}

    def look(self) -> None:
        """Read the key's file, where there is one. Looks at the disk."""
        path = directories(self._runtime.environment).data / "vault.key"
        with suppress(OSError, ValueError, LookupError, AttributeError, TypeError):
            self._key = [str(key) for key in json.loads(path.read_bytes())["keys"].values()]
