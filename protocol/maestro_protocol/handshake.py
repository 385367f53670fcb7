"""What the two sides say of themselves in `initialize`."""

from pydantic import Field, JsonValue

from maestro_protocol.base import JsonObject, WireModel


class StreamFeature(WireModel):
    max_latency_ms: int | None = Field(default=None, ge=0, le=250)
    """How long deltas may wait to be merged; absent, the setting `stream.maxLatencyMs`."""


class ClientFeatures(WireModel):
    """Present means the client can do it. Unknown features are ignored."""

    stream: StreamFeature | None = None
    permission: JsonObject | None = None
    client_tools: JsonObject | None = None
    apply_edit: JsonObject | None = None


class ClientHello(WireModel):
    """`capabilities.experimental.maestro` or `initializationOptions.maestro`."""

    protocol_versions: list[int] = Field(default_factory=lambda: [1])
    client_id: str | None = None
    trusted: bool = True
    """Whether the user trusts the workspace; absent means yes."""
    features: ClientFeatures = Field(default_factory=ClientFeatures)
    settings: dict[str, JsonValue] | None = None
    """The editor's settings, in the shape of `Settings`."""


class ServerLimits(WireModel):
    max_message_bytes: int
    max_active_turns: int


class ServerHello(WireModel):
    """`capabilities.experimental.maestro` of the server."""

    protocol_version: int
    server_instance: str
    """Another value after a restart."""
    features: JsonObject
    """A key per group of methods, e.g. `chat`."""
    limits: ServerLimits
