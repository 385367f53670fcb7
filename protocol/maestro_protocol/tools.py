"""Tools: what a model may call, where it runs, and the editor's own."""

from typing import Literal

from pydantic import Field

from maestro_protocol.base import CallParams, JsonObject, Params, WireModel
from maestro_protocol.intents import Intent

_NAME = r"^[A-Za-z0-9_-]{1,64}$"


class ToolAnnotations(WireModel):
    """What a tool does to the world; nothing said means the worst."""

    read_only: bool = False
    destructive: bool = True
    open_world: bool = True
    """It reaches beyond the workspace."""


class ToolRegistration(WireModel):
    """A tool the editor offers and runs itself."""

    name: str = Field(pattern=_NAME)
    description: str
    input_schema: JsonObject
    annotations: ToolAnnotations = Field(default_factory=ToolAnnotations)


class ToolInfo(ToolRegistration):
    origin: Literal["builtIn", "client", "mcp"]
    enabled: bool
    """Whether it is offered to models now."""
    reason: str | None = None
    """Why it is not."""


class ToolListParams(Params):
    """Nothing to say."""


class ToolListResult(WireModel):
    tools: list[ToolInfo]
    problems: dict[str, str] | None = None
    """By server of the Model Context Protocol: why its tools cannot be used."""


class ToolRegisterParams(Params):
    tools: list[ToolRegistration] = Field(min_length=1)


class ToolRegisterResult(WireModel):
    registered: list[str]


class ToolUnregisterParams(Params):
    names: list[str] = Field(min_length=1)


class ToolUnregisterResult(WireModel):
    unregistered: list[str]
    not_found: list[str]


class ToolInvokeParams(CallParams):
    """The server asks the editor to run one of its tools."""

    tool_call_id: str
    name: str
    input: JsonObject
    intent: Intent | None = None
    timeout_ms: int
    chat_id: str | None = None


class ToolInvokeResult(WireModel):
    content: str
    is_error: bool = False
