"""What a provider folder offers: one module per role, each satisfying the Protocol of that role.

A module that is absent means "not supported"; nothing is stubbed. The modules hold no state: everything they need
comes in a `Connection`.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol, TypeAlias

from maestro.audit.asking.exchange import Compose as Compose
from maestro.audit.asking.exchange import RawReply as RawReply
from maestro.audit.asking.exchange import StructuredRequest as StructuredRequest
from maestro.failures import Failure
from maestro.store.credentials import Credential
from maestro.streaming.messages import ResumePoint, Wire
from maestro.transport import Transport
from maestro_protocol.chat import ChatMessage, ChatParams, Tool
from maestro_protocol.models import Model
from maestro_protocol.sessions import AuthTypeInfo, Session
from maestro_protocol.settings import ProviderSettings


@dataclass(frozen=True, slots=True)
class ProviderInfo:
    """A provider as data: what `config.py` declares as `INFO`, and what a gateway's row in `rows.toml` becomes."""

    id: str
    label: str
    base_url: str
    """Where the service lives unless settings or the vendor's variable say otherwise."""
    auth_types: tuple[AuthTypeInfo, ...]
    default_model: str | None = None
    key_variables: tuple[str, ...] = ()
    """Environment variables that may hold the key, the first one wins."""
    base_url_variable: str | None = None
    flags: Mapping[str, bool | int | str] = field(default_factory=dict)
    """What differs between services of one wire, e.g. `streamOptions: false`."""
    needs_key: bool = True
    """False for servers on this machine and for `offline`."""


@dataclass(frozen=True, slots=True)
class Connection:
    """One session's way to its provider. `base_url` has no trailing slash."""

    info: ProviderInfo
    session: Session
    credential: Credential = field(repr=False)
    settings: ProviderSettings
    base_url: str
    http: Transport
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """One request to a model, before any provider's shape. `model` is the provider's own name."""

    model: str
    messages: tuple[ChatMessage, ...]
    params: ChatParams = field(default_factory=ChatParams)
    tools: tuple[Tool, ...] = ()


class ByteStream(Protocol):
    """An open answer: its bytes, and which wire they are in."""

    @property
    def wire(self) -> Wire: ...
    @property
    def request_id(self) -> str | None:
        """The provider's id of the request, for its support."""
        ...

    def __aiter__(self) -> AsyncIterator[bytes]: ...
    async def aclose(self) -> None:
        """Close the socket now; safe to call twice and from another task."""
        ...


BatchPhase: TypeAlias = Literal["pending", "running", "succeeded", "failed", "cancelled", "expired"]
"""The first two are on the way, the others final."""


@dataclass(frozen=True, slots=True)
class BatchState:
    """How far a batch is, and once that is final, what came of it.

    `succeeded` means that the batch was processed; single requests may have failed all the same.
    """

    state: BatchPhase
    replies: tuple[RawReply | Failure, ...] = ()
    """One per request, in their order; fewer only where the service no longer knows how many there were."""
    failure: Failure | None = None
    """Why the batch did not succeed; it holds for every request without a reply."""

    @property
    def done(self) -> bool:
        return self.state not in ("pending", "running")


class ConfigRole(Protocol):
    """`config.py`"""

    @property
    def INFO(self) -> ProviderInfo: ...


class ApiKeyRole(Protocol):
    """`api_key.py`"""

    def auth_headers(self, connection: Connection) -> dict[str, str]:
        """The headers that carry the key, and those the service insists on."""
        ...


class ModelsRole(Protocol):
    """`models.py`"""

    async def list_models(self, connection: Connection) -> list[Model]:
        """All pages of the service's list, in its order.

        Raises:
            MaestroError: as `maestro.transport` says.
        """
        ...


class StreamingRole(Protocol):
    """`streaming.py`"""

    async def open_stream(self, connection: Connection, request: ChatRequest) -> ByteStream:
        """Send the request; return once the service answered with a 2xx.

        Raises:
            UpstreamError: the service refused, or could not be reached.
        """
        ...


class ResumableStreamingRole(StreamingRole, Protocol):
    """`streaming.py` of a provider whose background answers can be taken up again."""

    async def resume_stream(self, connection: Connection, point: ResumePoint) -> ByteStream: ...


class CancellableStreamingRole(StreamingRole, Protocol):
    """`streaming.py` of a provider whose background answers go on, and cost, until they are cancelled."""

    async def cancel_stream(self, connection: Connection, response_id: str) -> None: ...


class AuditRole(Protocol):
    """`audit.py`"""

    async def generate_structured(self, connection: Connection, compose: Compose) -> RawReply:
        """Ask for one JSON object. Every HTTP request is composed anew; the last one composed is the one answered.

        Raises:
            UpstreamError: the service refused, or could not be reached.
        """
        ...


class BatchRole(Protocol):
    """`batch.py`: requests that are answered together, later and cheaper. A batch lives at the service alone."""

    async def submit_batch(self, connection: Connection, requests: Sequence[StructuredRequest]) -> str:
        """Hand in requests to one model; returns the batch's name.

        Raises:
            MaestroError: -32602 for no requests or several models, 4104 where this login may not.
            UpstreamError: the service refused, or could not be reached; then there may be a batch all the same.
        """
        ...

    async def poll_batch(self, connection: Connection, name: str) -> BatchState:
        """How far it is. Raises UpstreamError, and -32602 for what is no name."""
        ...

    async def cancel_batch(self, connection: Connection, name: str) -> None:
        """Ask for its end; it is over once `poll_batch` says so. Raises as `poll_batch` does."""
        ...
