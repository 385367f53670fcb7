"""What Anthropic checks in a Messages body, and what it makes of it."""

import re
from typing import NoReturn

from tests.simulators.messages import signature
from tests.simulators.replies import Prompt, ToolSpec
from tests.simulators.schema_checks import anthropic_complaint
from tests.simulators.service import Refused
from tests.simulators.wire import Answer, Json, Request, json_answer

OLD_VERSION, NEW_VERSION = "2023-06-01", "2026-10-21"
OAUTH_BETA = "oauth-2025-04-20"
_IDENTITY = "You are Claude Code, Anthropic's official CLI for Claude."

_FIELDS = frozenset(
    "cache_control container diagnostics inference_geo max_tokens messages metadata model output_config service_tier "
    "speed stop_sequences stream system thinking tool_choice tools user_profile_id workspace_id".split()
)
_WITHOUT_FORMAT = ("claude-2", "claude-3")
_SAMPLES = re.compile(r"claude-[23]|claude-(?:haiku|sonnet)-4|claude-opus-4-(?:2025|[0156](?!\d))")
"""Models that take a temperature other than the default."""
_SAMPLING = ("temperature", "top_p", "top_k")
_TOOL_NAME = re.compile(r"[a-zA-Z0-9_-]{1,128}$")


def error(status: int, kind: str, message: str, details: Json | None = None) -> Answer:
    """The error body; the request id is added on the way out."""
    body: Json = {"type": kind, "message": message}
    return json_answer(status, {"type": "error", "error": {**body, **({"details": details} if details else {})}})


def fail(message: str) -> NoReturn:
    """Refuse the request with a 400."""
    raise Refused(error(400, "invalid_request_error", message))


def betas_of(request: Request) -> list[str]:
    """The flags of `anthropic-beta`."""
    flags = request.headers.get("anthropic-beta", "").split(",")
    return [flag.strip() for flag in flags if flag.strip()]


def check_claude_code(request: Request, body: Json) -> None:
    """A subscription's token is for Claude Code only, which tells itself by its headers and its first words."""
    system = body.get("system")
    first = system[0].get("text") if isinstance(system, list) and system else system
    is_claude_code = (
        first == _IDENTITY
        and {"claude-code-20250219", OAUTH_BETA} <= set(betas_of(request))
        and request.headers.get("user-agent", "").startswith("claude-cli/")
        and request.headers.get("x-app") == "cli"
    )
    if not is_claude_code:
        fail("This credential is only authorized for use with Claude Code and cannot be used for other API requests.")


def messages_prompt(body: Json, version: str) -> Prompt:
    """Check a whole request body."""
    _check_fields(body, version)
    messages = [{**one, "content": _blocks(one.get("content"))} for one in body["messages"]]
    _check_messages(messages, body, version)
    tools = tuple(_tool(tool, index) for index, tool in enumerate(body.get("tools") or []))
    last = messages[-1]["content"]
    results = tuple(_text(block.get("content")) for block in last if block.get("type") == "tool_result")
    form = (body.get("output_config") or {}).get("format") or {}
    _check_format(form, body["model"])
    thinking = body.get("thinking") or {}
    return Prompt(
        model=body["model"],
        text="\n".join(block["text"] for block in last if block.get("type") == "text"),
        size=max(1, len(str(messages)) // 4),
        tools=tools,
        force_tool=(body.get("tool_choice") or {}).get("type") in ("any", "tool"),
        tool_results=results,
        schema=form.get("schema"),
        reasoning=thinking.get("type") in ("enabled", "adaptive"),
        limit=body["max_tokens"],
    )


def _check_fields(body: Json, version: str) -> None:
    for name in ("model", "max_tokens", "messages"):
        if name not in body:
            fail(f"{name}: Field required")
    for name in body:
        if name in _SAMPLING and version == NEW_VERSION:
            fail(f"{name}: not supported with anthropic-version {NEW_VERSION}")
        if name not in _FIELDS and name not in _SAMPLING:
            fail(f"{name}: Extra inputs are not permitted")
    if not isinstance(body["max_tokens"], int) or body["max_tokens"] < 1:
        fail("max_tokens: Input should be greater than or equal to 1")
    if not _SAMPLES.match(body["model"]) and body.get("temperature", 1) != 1:
        fail("`temperature` is deprecated for this model.")
    thinking = body.get("thinking") or {}
    if thinking.get("type") == "enabled":
        _check_budget(thinking.get("budget_tokens"), body["max_tokens"])
        if body.get("temperature", 1) != 1:
            fail("`temperature` may only be set to 1 when thinking is enabled.")


def _check_format(form: Json, model: str) -> None:
    if not form:
        return
    if model.startswith(_WITHOUT_FORMAT):
        fail(f"'{model}' does not support output format.")
    if form.get("type") != "json_schema":
        fail("output_config.format.type: Input should be 'json_schema'")
    if complaint := anthropic_complaint(form.get("schema")):
        fail(f"output_config.format.schema: {complaint}")


def _check_budget(budget: object, limit: int) -> None:
    if not isinstance(budget, int) or budget < 1024:
        fail("thinking.enabled.budget_tokens: Input should be greater than or equal to 1024")
    if budget >= limit:
        fail("`max_tokens` must be greater than `thinking.budget_tokens`.")


def _check_messages(messages: list[Json], body: Json, version: str) -> None:
    if not messages:
        fail("messages: at least one message is required")
    if messages[0].get("role") != "user":
        fail('messages: first message must use the "user" role')
    calls: list[str] = []
    for index, message in enumerate(messages):
        where = f"messages.{index}"
        if message.get("role") not in ("user", "assistant"):
            fail(f"{where}.role: Input should be 'user' or 'assistant'")
        _check_blocks(message, where, version)
        _check_results(message, calls, where)
        calls = [block["id"] for block in message["content"] if block.get("type") == "tool_use"]
    if calls:
        fail(_unanswered(calls, f"messages.{len(messages) - 1}"))
    last = messages[-1]
    if last["role"] == "assistant" and _text(last["content"]).endswith((" ", "\n")):
        fail("messages: final assistant content cannot end with trailing whitespace")


def _check_blocks(message: Json, where: str, version: str) -> None:
    if not message["content"]:
        fail(f"{where}: all messages must have non-empty content except for the optional final assistant message")
    for at, block in enumerate(message["content"]):
        kind = block.get("type")
        if kind == "text" and not block.get("text"):
            fail("messages: text content blocks must be non-empty")
        if kind == "thinking" and block.get("signature") != signature(block.get("thinking", "")):
            fail(f"{where}.content.{at}: Invalid `signature` in `thinking` block")
        if kind == "tool_use" and message["role"] != "assistant":
            fail(f"{where}: `tool_use` blocks can only be in `assistant` messages")
        if version == NEW_VERSION and kind == "document" and message["role"] == "assistant":
            fail(f"{where}.content.{at}: `document` blocks are not permitted in `assistant` messages")
        if version == NEW_VERSION and kind == "text" and block.get("citations") and message["role"] == "user":
            fail(f"{where}.content.{at}.citations: not permitted in `user` messages")


def _check_results(message: Json, calls: list[str], where: str) -> None:
    """Each call has its result in the next message, each result its call in the one before; results come first."""
    kinds = [block.get("type") for block in message["content"]]
    results = [block for block in message["content"] if block.get("type") == "tool_result"]
    answered = [result.get("tool_use_id") for result in results]
    for at, name in enumerate(answered):
        if name not in calls:
            fail(
                f"{where}.content.{at}: unexpected `tool_use_id` found in `tool_result` blocks: {name}. Each "
                "`tool_result` block must have a corresponding `tool_use` block in the previous message."
            )
    missing = [name for name in calls if name not in answered]
    if missing:
        before = f"messages.{int(where.rpartition('.')[2]) - 1}"
        fail(_unanswered(missing, before))
    if results and kinds[: len(results)] != ["tool_result"] * len(results):
        fail(f"{where}: `tool_result` blocks must come first in the content")


def _unanswered(names: list[str], where: str) -> str:
    return (
        f"{where}: `tool_use` ids were found without `tool_result` blocks immediately after: {', '.join(names)}. "
        "Each `tool_use` block must have a corresponding `tool_result` block in the next message."
    )


def _tool(tool: Json, index: int) -> ToolSpec:
    if tool.get("type", "custom") != "custom":
        return ToolSpec(str(tool.get("name")), {})
    if not _TOOL_NAME.match(str(tool.get("name", ""))):
        fail(f"tools.{index}.custom.name: String should match pattern '^[a-zA-Z0-9_-]{{1,128}}$'")
    schema = tool.get("input_schema")
    if not isinstance(schema, dict):
        fail(f"tools.{index}.custom.input_schema: Field required")
    if schema.get("type") != "object":
        fail(f"tools.{index}.custom.input_schema.type: Field required")
    return ToolSpec(tool["name"], schema)


def _blocks(content: object) -> list[Json]:
    if isinstance(content, str):
        return [{"type": "text", "text": content}] if content else []
    return [block for block in content if isinstance(block, dict)] if isinstance(content, list) else []


def _text(content: object) -> str:
    return "".join(str(block.get("text", "")) for block in _blocks(content))
