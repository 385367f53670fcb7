"""Where Maestro keeps its files."""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple


class Directories(NamedTuple):
    config: Path
    """`config.toml`"""
    data: Path
    """`maestro.db`"""
    cache: Path
    """Model lists, audit results, logs; may be deleted at any time."""


def directories(environment: Mapping[str, str]) -> Directories:
    """The platform's own places, or `config`, `data` and `cache` under `MAESTRO_HOME`."""
    if home := environment.get("MAESTRO_HOME"):
        return Directories(*(Path(home).expanduser() / name for name in ("config", "data", "cache")))
    import platformdirs

    return Directories(
        Path(platformdirs.user_config_dir("maestro", appauthor=False)),
        Path(platformdirs.user_data_dir("maestro", appauthor=False)),
        Path(platformdirs.user_cache_dir("maestro", appauthor=False)),
    )
