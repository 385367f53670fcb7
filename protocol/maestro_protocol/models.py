"""Models: what can be asked, by which name."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from maestro_protocol.base import Params, WireModel
from maestro_protocol.errors import ErrorInfo


class Price(WireModel):
    """US dollars per million tokens."""

    input: str
    output: str
    as_of: str | None = None


class Model(WireModel):
    id: str
    """`provider/long-name`."""
    provider: str
    name: str
    """The provider's own name."""
    short_name: str | None = None
    label: str | None = None
    context_window: int | None = None
    """Tokens."""
    max_output: int | None = None
    """Tokens."""
    features: list[str] | None = None
    """`tools`, `reasoning`, `vision`, `structuredOutput`."""
    prices: Price | None = None
    deprecated: bool | None = None


class ModelListParams(Params):
    provider: str | None = None
    session_id: str | None = None
    refresh: bool = False
    """Ask the providers again even if the cached list is fresh."""


class ModelSource(WireModel):
    """Where a part of the list came from."""

    provider: str
    session_id: str | None = None
    status: Literal["ok", "stale", "error"]
    fetched_at: datetime | None = None
    error: ErrorInfo | None = None


class ModelListResult(WireModel):
    models: list[Model]
    sources: list[ModelSource]
    """One provider failing never fails the list; it is said here."""


class ModelResolveParams(Params):
    model: str = Field(min_length=1)
    """`4o`, `openai/gpt-4o` or `work:openai/gpt-4o`."""
    session_id: str | None = None


class ModelResolveResult(WireModel):
    model: Model
    session_id: str | None = None
    matched_by: Literal["exact", "short", "prefix", "default"]
