"""Models: what can be asked, by which name."""

from datetime import datetime
from typing import Literal, TypeAlias

from pydantic import Field

from maestro_protocol.base import Params, WireModel
from maestro_protocol.chat import Effort
from maestro_protocol.errors import ErrorInfo


class Price(WireModel):
    """US dollars per million tokens."""

    input: str
    output: str
    cache_read: str | None = None
    """Absent: as `input`."""
    cache_write: str | None = None
    """Absent: as `input`."""
    as_of: str | None = None
    """The day these prices were noted, where they are not the service's own."""


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
    retires_on: str | None = None
    """The day, as far as the service says, from which it is not served any more."""


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
    """`stale`: what was known before, or is configured, since the provider did not answer."""
    fetched_at: datetime | None = None
    error: ErrorInfo | None = None


class ModelListResult(WireModel):
    models: list[Model]
    sources: list[ModelSource]
    """One provider failing never fails the list; it is said here."""


class ModelResolveParams(Params):
    model: str = Field(min_length=1)
    """`gpt-5.5`, `openai/gpt-5.5`, `work:openai/gpt-5.5`, each with an effort behind it (`openai/gpt-5.5@high`); a
    short name; the beginning of one long name; an alias; a route; or `auto`, the default."""
    session_id: str | None = None


MatchedBy: TypeAlias = Literal["exact", "short", "prefix", "default", "alias", "route"]


class ModelResolveResult(WireModel):
    model: Model
    """The model's long name, whichever was given; of a route the model that would be asked now."""
    session_id: str | None = None
    effort: Effort | None = None
    matched_by: MatchedBy
    route: list[str] | None = None
    """Every model of the route, as full names, in the order in which they would be asked."""


class ModelDiscoverParams(Params):
    provider: str | None = None
    """Only this one; absent, all that have a key."""
    force_refresh: bool = False
    """Ask even if it was asked less than five minutes ago."""
    persist: bool = True
    """Keep what was found in `openaicompat-providers.yaml`, if every provider answered."""


class Discovery(WireModel):
    """What came of asking one provider."""

    provider: str
    status: Literal["ok", "skipped", "failed"]
    """`skipped`: there is no key."""
    valid: int = 0
    invalid: int = 0
    """Models that the service lists and that do not answer a chat."""
    added: list[str] = Field(default_factory=list)
    """Long names that were not known before."""
    error: ErrorInfo | None = None


class ModelDiscoverResult(WireModel):
    providers: list[Discovery]
    persisted: bool
