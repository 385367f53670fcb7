"""Chat: messages in, one turn out."""

from typing import Annotated, Literal

from pydantic import Field

from maestro_protocol.base import JsonObject, Params, WireModel
from maestro_protocol.intents import Intent

StopReason = Literal[
    "endTurn",
    "toolUse",
    "maxTokens",
    "maxRounds",
    "limit",
    "refusal",
    "contentFilter",
    "toolDenied",
    "cancelled",
    "interrupted",
    "error",
]
Limit = Literal["tokens", "cost", "time", "loop", "intent"]
Effort = Literal["none", "minimal", "low", "medium", "high", "xhigh", "max"]


class Usage(WireModel):
    """Tokens of one answer, normalised once: the four parts never overlap and add up to the total.

    OpenAI and Gemini count cached tokens inside the input, Anthropic does not; here they are apart everywhere.
    """

    input_tokens: int = 0
    """Without cached ones."""
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0
    output_tokens: int = 0
    """With reasoning."""
    reasoning_tokens: int = 0
    """The part of the output nobody reads."""
    total_tokens: int = 0
    """input + cacheRead + cacheWrite + output."""
    estimated: bool | None = None
    """The service did not tell all of it: an answer that was cancelled or broke off, or one without numbers."""
    raw: JsonObject | None = None
    """The provider's own object."""


class Cost(WireModel):
    amount: str
    """A decimal number, e.g. `0.00417`."""
    currency: Literal["USD"] = "USD"
    estimated: bool = True
    as_of: str | None = None
    """The day the prices behind it were noted, where they are not the service's own."""


class TextPart(WireModel):
    type: Literal["text"] = "text"
    text: str


class ImagePart(WireModel):
    type: Literal["image"] = "image"
    mime_type: str
    data: str
    """Base64."""


class ReasoningPart(WireModel):
    """What the model thought, for display."""

    type: Literal["reasoning"] = "reasoning"
    text: str


class ToolCallPart(WireModel):
    """A call the model made."""

    type: Literal["toolCall"] = "toolCall"
    tool_call_id: str
    name: str
    input: JsonObject


class ReplayPart(WireModel):
    """The provider's own items of an answer (signatures, encrypted reasoning), to be sent back verbatim on its wire."""

    type: Literal["replay"] = "replay"
    wire: str
    items: list[JsonObject]
    origin: str | None = None
    """Who gave them, as `sessionId:provider/long-name`; they are sent to nobody else."""


class AttachmentPart(WireModel):
    """What was attached to a message, for display; a chunk of the context carries its text."""

    type: Literal["attachment"] = "attachment"
    chunk_id: str
    source: str
    label: str
    uri: str | None = None


ContentPart = Annotated[
    TextPart | ImagePart | ReasoningPart | ToolCallPart | ReplayPart | AttachmentPart, Field(discriminator="type")
]


class ChatMessage(WireModel):
    """One message of a conversation, as sent to a provider."""

    role: Literal["system", "user", "assistant", "tool"]
    content: str | list[ContentPart]
    tool_call_id: str | None = None
    """Which call a `tool` message answers."""


class Tool(WireModel):
    """A function the model may call."""

    name: str = Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")
    description: str = ""
    input_schema: JsonObject


class ToolCall(WireModel):
    """A call the model asked for, returned to the caller and not run."""

    id: str
    name: str
    input: JsonObject | None = None
    """Absent when the arguments are incomplete or no JSON object: such a call must not be run."""
    complete: bool = True
    raw_arguments: str | None = None
    """What the model wrote, when it is not `input`."""
    intent: Intent | None = None
    """Why the model wants it; absent where it did not say, or nothing valid."""


class ChatParams(WireModel):
    """How to answer."""

    max_tokens: int | None = Field(default=None, ge=1)
    temperature: float | None = Field(default=None, ge=0, le=2)
    effort: Effort | None = None
    output_schema: JsonObject | None = None
    """A JSON Schema the answer must fit, on providers with structured output."""


class ChatCompleteParams(Params):
    """A stateless one-shot: a turn without a chat."""

    messages: list[ChatMessage] = Field(min_length=1)
    session_id: str | None = None
    model: str | None = None
    params: ChatParams | None = None
    tools: list[Tool] | None = None


class ChatCompleteResult(WireModel):
    turn_id: str
    message: ChatMessage | None = None
    """Absent when it was streamed."""
    tool_calls: list[ToolCall] | None = None
    stop_reason: StopReason
    usage: Usage
    cost: Cost | None = None
    model: str


class Position(WireModel):
    line: int = Field(ge=0)
    character: int = Field(ge=0)


class Range(WireModel):
    """As in LSP: zero-based, end exclusive, in the negotiated encoding."""

    start: Position
    end: Position


class FileInput(WireModel):
    type: Literal["file"] = "file"
    uri: str


class SelectionInput(WireModel):
    type: Literal["selection"] = "selection"
    uri: str
    range: Range


class DiagnosticItem(WireModel):
    range: Range
    severity: Literal["error", "warning", "information", "hint"] = "error"
    message: str
    source: str | None = None
    code: str | None = None


class DiagnosticsInput(WireModel):
    type: Literal["diagnostics"] = "diagnostics"
    uri: str
    items: list[DiagnosticItem] | None = None
    """Those the editor shows; absent: Maestro's own findings."""


InputPart = Annotated[TextPart | FileInput | SelectionInput | DiagnosticsInput | ImagePart, Field(discriminator="type")]


class ToolSelection(WireModel):
    """Which tools a turn may use, by name."""

    allow: list[str] | None = None
    """Only these; none for an empty list."""
    deny: list[str] | None = None


class ChatSendParams(Params):
    chat_id: str | None = None
    """Absent: a new chat."""
    input: str | list[InputPart]
    session_id: str | None = None
    model: str | None = None
    params: ChatParams | None = None
    context_ids: list[str] | None = None
    """Of the chunks that are no messages, exactly these and the pinned ones are sent; absent: all."""
    tools: ToolSelection | None = None
    delivery: Literal["reject", "queue"] | None = None
    """While the chat is answering, a message is refused with 4302, or waits for its turn; absent: `chat.delivery`."""
    client_request_id: str | None = None
    """Makes the request idempotent for 24 hours."""


class ChatSendResult(WireModel):
    chat_id: str
    turn_id: str
    user_message_id: str
    message: ChatMessage | None = None
    """Absent when it was streamed."""
    stop_reason: StopReason
    limit: Limit | None = None
    """Which one, for the stop reason `limit`."""
    usage: Usage
    cost: Cost | None = None
    model: str
    last_seq: int


class ChatCancelParams(Params):
    chat_id: str
    turn_id: str | None = None


class ChatCancelResult(WireModel):
    status: Literal["cancelling", "idle"]
