"""What OpenAI checks in a request body, and what it makes of it."""

from collections.abc import Callable, Iterable

from tests.simulators.replies import Prompt, ToolSpec
from tests.simulators.schema_checks import openai_complaint
from tests.simulators.wire import Json

Fail = Callable[..., None]
"""`fail(message, param, code)` raises the 400."""

RESPONSES_FIELDS = frozenset(
    "access_programs background context_management conversation image include input instructions max_output_tokens "
    "max_tool_calls metadata model moderation parallel_tool_calls previous_response_id prompt prompt_cache_key "
    "prompt_cache_options prompt_cache_retention reasoning safety_identifier service_tier store stream stream_options "
    "temperature text tool_choice tools top_logprobs top_p truncation user".split()
)
CHAT_FIELDS = frozenset(
    "audio frequency_penalty function_call functions logit_bias logprobs max_completion_tokens max_tokens messages "
    "metadata modalities model moderation n parallel_tool_calls prediction presence_penalty prompt_cache_key "
    "prompt_cache_options prompt_cache_retention reasoning_effort response_format safety_identifier seed service_tier "
    "stop store stream stream_options temperature tool_choice tools top_logprobs top_p user verbosity "
    "web_search_options".split()
)
_PARTS = {
    "user": ("input_text", "input_image", "input_file"),
    "system": ("input_text", "input_image", "input_file"),
    "developer": ("input_text", "input_image", "input_file"),
    "assistant": ("output_text", "refusal"),
}


def check_fields(body: Json, known: frozenset[str], fail: Fail) -> None:
    """Every name must be known, and a model named."""
    for name in body:
        if name not in known:
            fail(f"Unknown parameter: '{name}'.", name, "unknown_parameter")
    if not body.get("model"):
        fail("Missing required parameter: 'model'.", "model", "missing_required_parameter")
    stream_options = body.get("stream_options")
    if stream_options is not None and not body.get("stream"):
        fail("The 'stream_options' parameter is only allowed when 'stream' is enabled.", "stream_options", None)


def responses_prompt(body: Json, known_calls: Iterable[str], fail: Fail) -> Prompt:
    """Check `input` and `tools` of a Responses request. `known_calls` are those of the previous response."""
    items = body.get("input")
    if not items and not body.get("previous_response_id") and not body.get("prompt"):
        needed = "'input' or 'previous_response_id' or 'prompt' or 'conversation'"
        fail(f"Missing required parameter: one of {needed} must be provided.", "input", "missing_required_parameter")
    items = [{"role": "user", "content": items}] if isinstance(items, str) else items or []
    for index, item in enumerate(items):
        _check_message(item, index, fail)
    results = _check_calls(items, set(known_calls), fail)
    tools = tuple(_responses_tool(tool, index, fail) for index, tool in enumerate(body.get("tools") or []))
    form = (body.get("text") or {}).get("format") or {}
    _check_format(form, "text.format", _all_text(items), fail)
    return Prompt(
        model=body["model"],
        text=_last_user_text(items),
        size=max(1, len(str(items)) // 4),
        tools=tools,
        force_tool=_forced(body.get("tool_choice")),
        tool_results=results,
        schema=_shape(form, form),
        reasoning=bool((body.get("reasoning") or {}).get("summary")),
        limit=body.get("max_output_tokens"),
    )


def check_sampling(body: Json, fail: Fail) -> None:
    """Models that reason take no temperature but the default."""
    reasons = not str(body.get("model")).startswith(("gpt-3.5", "gpt-4", "chatgpt-", "gpt-5-chat", "ft:gpt-"))
    if reasons and body.get("temperature", 1) != 1:
        message = "Unsupported parameter: 'temperature' is not supported with this model."
        fail(message, "temperature", "unsupported_parameter")


def _check_format(form: Json, where: str, prompt: str, fail: Fail) -> None:
    """`form` is the format with all its fields on one level."""
    kind = form.get("type", "text")
    if kind not in ("text", "json_object", "json_schema"):
        supported = "'json_object', 'json_schema', and 'text'"
        fail(f"Invalid value: '{kind}'. Supported values are: {supported}.", f"{where}.type", "invalid_value")
    if kind == "json_object" and "json" not in prompt.lower():
        message = f"The messages must contain the word 'json' in some form, to use '{where}' of type 'json_object'."
        fail(message, where, None)
    if kind != "json_schema":
        return
    for name in ("name", "schema"):
        if not form.get(name):
            fail(f"Missing required parameter: '{where}.{name}'.", f"{where}.{name}", "missing_required_parameter")
    if form.get("strict") and (complaint := openai_complaint(form["schema"])):
        message = f"Invalid schema for response_format '{form['name']}': {complaint}"
        fail(message, f"{where}.schema", "invalid_json_schema")


def _shape(form: Json, inner: Json) -> Json | None:
    """What the answer has to satisfy."""
    if form.get("type") == "json_object":
        return {"type": "object"}
    return inner.get("schema") if form.get("type") == "json_schema" else None


def _all_text(messages: list[Json]) -> str:
    return " ".join(str(message.get("content")) for message in messages)


def _check_message(item: Json, index: int, fail: Fail) -> None:
    """Parts have to fit the role: what the assistant said is `output_text`."""
    allowed = _PARTS.get(item.get("role", ""), ())
    content = item.get("content")
    if "role" in item and not allowed:
        fail(f"Invalid value: '{item['role']}'.", f"input[{index}].role", "invalid_value")
    if not allowed or not isinstance(content, list):
        return
    for at, part in enumerate(content):
        if part.get("type") not in allowed:
            supported = " and ".join(f"'{name}'" for name in allowed)
            message = f"Invalid value: '{part.get('type')}'. Supported values are: {supported}."
            fail(message, f"input[{index}].content[{at}]", "invalid_value")


def _check_calls(items: list[Json], known: set[str], fail: Fail) -> tuple[str, ...]:
    """Every output answers a call and every call has its output; returns the outputs at the end."""
    calls = {item["call_id"] for item in items if item.get("type") == "function_call"}
    outputs = [item for item in items if item.get("type") == "function_call_output"]
    for output in outputs:
        if output.get("call_id") not in calls | known:
            fail(f"No tool call found for function call output with call_id {output.get('call_id')}.", "input", None)
    missing = calls - {output.get("call_id") for output in outputs}
    if missing:
        fail(f"No tool output found for function call {sorted(missing)[0]}.", "input", None)
    ends_with_output = bool(items) and items[-1].get("type") == "function_call_output"
    return tuple(str(output.get("output")) for output in outputs) if ends_with_output else ()


def _responses_tool(tool: Json, index: int, fail: Fail) -> ToolSpec:
    if tool.get("type") != "function":
        return ToolSpec(str(tool.get("type")), {})
    if not tool.get("name"):
        fail(
            f"Missing required parameter: 'tools[{index}].name'.", f"tools[{index}].name", "missing_required_parameter"
        )
    _check_strict(tool, fail)
    return ToolSpec(tool["name"], tool.get("parameters") or {})


def _check_strict(function: Json, fail: Fail) -> None:
    """A strict schema closes every object and requires every property."""
    schema = function.get("parameters") or {}
    if not function.get("strict"):
        return
    start = f"Invalid schema for function '{function['name']}': In context=(), "
    if schema.get("additionalProperties") is not False:
        message = "'additionalProperties' is required to be supplied and to be false."
        fail(start + message, "tools[0].parameters", "invalid_function_parameters")
    if set(schema.get("required", [])) != set(schema.get("properties", {})):
        message = "'required' is required to be supplied and to be an array including every key in properties."
        fail(start + message, "tools[0].parameters", "invalid_function_parameters")


def chat_prompt(body: Json, fail: Fail) -> Prompt:
    """Check `messages` and `tools` of a Chat Completions request."""
    messages = body.get("messages")
    if messages is None:
        fail("Missing required parameter: 'messages'.", "messages", "missing_required_parameter")
    if not messages:
        text = (
            "Invalid 'messages': empty array. Expected an array with minimum length 1, but got an empty array instead."
        )
        fail(text, "messages", "empty_array")
    results = _check_tool_messages(body["messages"], fail)
    tools = tuple(_chat_tool(tool, index, fail) for index, tool in enumerate(body.get("tools") or []))
    form = body.get("response_format") or {}
    inner = form.get("json_schema") or {}
    _check_format({**form, **inner}, "response_format", _all_text(messages), fail)
    return Prompt(
        model=body["model"],
        text=_last_user_text(body["messages"]),
        size=max(1, len(str(body["messages"])) // 4),
        tools=tools,
        force_tool=_forced(body.get("tool_choice")),
        tool_results=results,
        schema=_shape(form, inner),
        reasoning=bool(body.get("reasoning_effort") or body.get("reasoning") or body.get("include_reasoning")),
        limit=body.get("max_completion_tokens") or body.get("max_tokens"),
    )


def _check_tool_messages(messages: list[Json], fail: Fail) -> tuple[str, ...]:
    open_calls: set[str] = set()
    results: list[str] = []
    for index, message in enumerate(messages):
        if message.get("role") == "tool":
            if message.get("tool_call_id") not in open_calls:
                text = "messages with role 'tool' must be a response to a preceding message with 'tool_calls'."
                fail(f"Invalid parameter: {text}", f"messages.[{index}].role", None)
            open_calls.discard(message["tool_call_id"])
            results.append(str(message.get("content")))
            continue
        results = []
        _all_answered(open_calls, fail)
        open_calls = {call["id"] for call in message.get("tool_calls") or []}
    _all_answered(open_calls, fail)
    return tuple(results)


def _all_answered(open_calls: set[str], fail: Fail) -> None:
    if open_calls:
        text = "An assistant message with 'tool_calls' must be followed by tool messages responding to each "
        fail(f"{text}'tool_call_id'. No response to: {', '.join(sorted(open_calls))}", "messages", None)


def _chat_tool(tool: Json, index: int, fail: Fail) -> ToolSpec:
    function = tool.get("function")
    if not isinstance(function, dict):
        name = f"tools[{index}].function"
        fail(f"Missing required parameter: '{name}'.", name, "missing_required_parameter")
        raise AssertionError
    _check_strict(function, fail)
    return ToolSpec(function["name"], function.get("parameters") or {})


def _forced(choice: object) -> bool:
    return choice == "required" or isinstance(choice, dict)


def _last_user_text(messages: list[Json]) -> str:
    for message in reversed(messages):
        if message.get("role") == "user":
            content = message.get("content")
            if isinstance(content, str):
                return content
            return "\n".join(part.get("text", "") for part in content or [] if isinstance(part, dict))
    return ""
