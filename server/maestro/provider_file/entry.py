"""What stands in the provider file, and what is said when it cannot be used."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from maestro.errors import MaestroError

FILE_NAME = "openaicompat-providers.yaml"
"""In the data directory."""

LARGEST = 1024 * 1024
"""Bytes; some ten thousand models."""


@dataclass(frozen=True, slots=True)
class ProviderEntry:
    """What the file says of one provider; what it leaves out is empty here."""

    name: str = ""
    base_api_url: str = ""
    api_key: str = field(default="", repr=False)
    valid_models: Mapping[str, str] = field(default_factory=dict)
    """Short names by long ones."""
    invalid_models: tuple[str, ...] = ()
    """Long names of models that do not chat."""


def why_not_written(path: Path, error: OSError | MaestroError) -> str:
    """What kept the file from being written, as a sentence."""
    if isinstance(error, MaestroError):
        return error.message
    return f"{path} cannot be written ({type(error).__name__}); check its folder, and what it links to."


class ProviderFileError(MaestroError):
    """The file cannot be used: `what` is wrong, and where, as people count (from 1). Nothing in the file is quoted."""

    def __init__(self, what: str, line: int | None = None, column: int | None = None, path: Path | None = None) -> None:
        place = f", line {line}, column {column}" if line else ""
        super().__init__("invalidParams", f"{path or FILE_NAME}{place}: {what}.")
        self.what = what
        self.line = line
        self.column = column
