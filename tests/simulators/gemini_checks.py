"""What the Gemini API checks in a generateContent body, and what it makes of it."""

import re
from typing import Any, NoReturn

from tests.simulators.replies import Prompt, ToolSpec
from tests.simulators.service import Refused
from tests.simulators.wire import Answer, Json, json_answer

STATUS = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    429: "RESOURCE_EXHAUSTED",
    499: "CANCELLED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}
SKIP_SIGNATURE = "skip_thought_signature_validator"
SIGNATURE = "c2ltdWxhdGVkLXRob3VnaHQtc2lnbmF0dXJl"

_REQUEST = frozenset(
    "model contents systemInstruction tools toolConfig safetySettings cachedContent generationConfig labels "
    "serviceTier store continuationToken".split()
)
_GENERATION = frozenset(
    "candidateCount stopSequences maxOutputTokens temperature topP topK seed presencePenalty frequencyPenalty "
    "responseMimeType responseSchema responseJsonSchema responseLogprobs logprobs responseModalities speechConfig "
    "thinkingConfig mediaResolution audioTimestamp routingConfig modelSelectionConfig enableEnhancedCivicAnswers "
    "responseFormat translationConfig audioTranscriptionConfig enableAffectiveDialog".split()
)
_THINKING = frozenset({"includeThoughts", "thinkingBudget", "thinkingLevel"})
_CONTENT = frozenset({"role", "parts"})
_PART = frozenset(
    "text thought thoughtSignature functionCall functionResponse inlineData fileData executableCode "
    "codeExecutionResult videoMetadata partMetadata mediaResolution toolCall toolResponse".split()
)
_SCHEMA = frozenset(
    "type format title description nullable enum items maxItems minItems properties required minProperties "
    "maxProperties minLength maxLength pattern example anyOf propertyOrdering default minimum maximum".split()
)
_MAX_WEIGHT = 300
"""Where a schema becomes too complex is told nowhere; this is a guess."""
_TYPES = frozenset({"STRING", "NUMBER", "INTEGER", "BOOLEAN", "ARRAY", "OBJECT", "NULL", "TYPE_UNSPECIFIED"})
_DECLARATION = frozenset(
    "name description parameters parametersJsonSchema response responseJsonSchema behavior".split()
)


def error(code: int, message: str, details: list[Json] | None = None, *, status: str = "") -> Answer:
    """The error body of Google's APIs; `status` where it is not the usual one of the code."""
    body: Json = {"code": code, "message": message, "status": status or STATUS.get(code, "UNKNOWN")}
    return json_answer(code, {"error": {**body, **({"details": details} if details else {})}})


def fail(message: str, field: str = "") -> NoReturn:
    """Refuse the request with a 400; `field` becomes a field violation."""
    violation = {"field": field, "description": message}
    kind = "type.googleapis.com/google.rpc.BadRequest"
    raise Refused(error(400, message, [{"@type": kind, "fieldViolations": [violation]}] if field else None))


def camel(name: str) -> str:
    return re.sub(r"_([a-z])", lambda match: match[1].upper(), name)


def _snake(name: str) -> str:
    return re.sub(r"[A-Z]", lambda match: "_" + match[0].lower(), name)


def _read(value: Any, known: frozenset[str], where: str = "") -> Json:
    """An object with its names in camelCase; both spellings are taken, unknown names are not."""
    if not isinstance(value, dict):
        fail(f"Invalid value at '{where}'", where)
    for name in value:
        if camel(name) not in known:
            _unknown(name, where)
    return {camel(name): inner for name, inner in value.items()}


def _unknown(name: str, where: str) -> NoReturn:
    place = f" at '{where}'" if where else ""
    fail(f'Invalid JSON payload received. Unknown name "{name}"{place}: Cannot find field.', where or name)


def gemini_prompt(model: str, body: Json) -> Prompt:
    """Check a whole request body."""
    request = _read(body, _REQUEST)
    contents = [_content(content, index) for index, content in enumerate(request.get("contents") or [])]
    if not contents:
        fail("* GenerateContentRequest.contents: contents is not specified\n", "contents")
    _check_calls(contents, model)
    config = _read(request.get("generationConfig") or {}, _GENERATION, "generation_config")
    thinking = _read(config.get("thinkingConfig") or {}, _THINKING, "generation_config.thinking_config")
    parts = contents[-1]["parts"]
    results = [part["functionResponse"] for part in parts if "functionResponse" in part]
    texts = [part["text"] for part in parts if part.get("text")]
    calling = (request.get("toolConfig") or {}).get("functionCallingConfig") or {}
    return Prompt(
        model=model,
        text=texts[-1] if texts else "",
        size=max(1, len(str(contents)) // 4),
        tools=tuple(_tools(request.get("tools") or [])),
        force_tool=calling.get("mode") == "ANY",
        tool_results=tuple(str(result.get("response")) for result in results),
        schema=_schema_of(config),
        reasoning=bool(thinking.get("includeThoughts")),
        limit=config.get("maxOutputTokens"),
    )


def _content(value: Json, index: int) -> Json:
    content = _read(value, _CONTENT, f"contents[{index}]")
    if content.get("role", "user") not in ("user", "model"):
        fail("Please use a valid role: user, model.")
    parts = [_read(part, _PART, f"contents[{index}].parts[{at}]") for at, part in enumerate(content.get("parts") or [])]
    if not parts:
        fail(f"* GenerateContentRequest.contents[{index}].parts: contents.parts must not be empty.\n", "contents")
    return {**content, "parts": parts}


def _check_calls(contents: list[Json], model: str) -> None:
    """As many responses as calls, and on Gemini 3 a signature on the first call of each step of the current turn."""
    turn_start = max((i for i, one in enumerate(contents) if one.get("role") != "model" and _says(one)), default=0)
    calls: list[Json] = []
    for index, content in enumerate(contents):
        responses = [part for part in content["parts"] if "functionResponse" in part]
        if len(responses) != len(calls):
            fail(
                "Please ensure that the number of function response parts is equal to the number of function call "
                "parts of the function call turn."
            )
        calls = [part for part in content["parts"] if "functionCall" in part]
        if calls and index > turn_start and model.startswith("gemini-3") and not _signed(calls[0]):
            name = calls[0]["functionCall"].get("name")
            fail(f"Function call is missing a thought_signature in functionCall parts: `{name}`, position {index}.")


def _says(content: Json) -> bool:
    return any("text" in part for part in content["parts"])


def _signed(part: Json) -> bool:
    return part.get("thoughtSignature") in (SIGNATURE, SKIP_SIGNATURE)


def _tools(tools: list[Json]) -> list[ToolSpec]:
    found: list[ToolSpec] = []
    for index, tool in enumerate(tools):
        named = {camel(name): inner for name, inner in tool.items()}
        for at, value in enumerate(named.get("functionDeclarations") or []):
            where = f"tools[{index}].function_declarations[{at}]"
            declaration = _read(value, _DECLARATION, where)
            if "parameters" in declaration:
                check_schema(declaration["parameters"], f"{where}.parameters")
            schema = declaration.get("parametersJsonSchema") or declaration.get("parameters") or {}
            found.append(ToolSpec(declaration["name"], schema))
    return found


def _schema_of(config: Json) -> Json | None:
    plain, full = config.get("responseSchema"), config.get("responseJsonSchema")
    if plain is None and full is None:
        return {"type": "object"} if config.get("responseMimeType") == "application/json" else None
    if plain is not None and full is not None:
        fail("Only one of response_schema and response_json_schema may be set.", "generation_config")
    if config.get("responseMimeType") != "application/json":
        fail("Function calling or structured output with a schema needs response mime type: application/json")
    if plain is not None:
        check_schema(plain, "generation_config.response_schema")
        _check_weight(plain)
    else:
        _check_json_schema(full, "generation_config.response_json_schema")
    return plain or full or {}


def check_schema(schema: Any, where: str, depth: int = 1) -> None:
    """The OpenAPI subset: upper-case types, and no name outside of it."""
    for name in schema if isinstance(schema, dict) else {}:
        if camel(name) not in _SCHEMA:
            _unknown(name, where)
    kind = _read(schema, _SCHEMA, where).get("type")
    if isinstance(kind, list):
        fail(
            f"Invalid JSON payload received. Unknown name \"type\" at '{where}': Proto field is not repeating, "
            "cannot start list.",
            where,
        )
    if kind is not None and kind not in _TYPES:
        fail(
            f"Invalid value at '{where}.type' (type.googleapis.com/google.ai.generativelanguage.Type), \"{kind}\"",
            where,
        )
    if depth > 6:
        fail("The specified schema produces a constraint that has too many states for serving.")
    if kind == "ARRAY" and "items" not in schema:
        fail(f"* GenerateContentRequest.{where}.items: missing field.\n", where)
    for name, inner in (schema.get("properties") or {}).items():
        check_schema(inner, f"{where}.properties[{name!r}].value", depth + 1)
    if "items" in schema:
        check_schema(schema["items"], f"{where}.items", depth + 1)
    for at, inner in enumerate(schema.get("anyOf") or schema.get("any_of") or []):
        check_schema(inner, f"{where}.any_of[{at}]", depth + 1)
    _check_required(schema, where)


def _check_weight(schema: Json) -> None:
    if _weight(schema) > _MAX_WEIGHT:
        fail("The specified schema produces a constraint that has too many states for serving.")


def _weight(schema: Json) -> int:
    """Grows with what the service names as costly: properties, choices, long names, limits on arrays."""
    own = 1 + len(schema.get("enum") or []) + int(schema.get("maxItems") or 0) + int(schema.get("minItems") or 0)
    named = sum(1 + len(name) // 40 + _weight(inner) for name, inner in (schema.get("properties") or {}).items())
    return own + named + sum(map(_weight, [schema["items"]] if "items" in schema else schema.get("anyOf") or []))


def _check_json_schema(schema: Any, where: str) -> None:
    """JSON Schema: names it does not know are ignored, but nothing may stand beside a `$ref`."""
    if not isinstance(schema, dict):
        fail(f"Invalid value at '{where}'", where)
    if "$ref" in schema and any(not name.startswith("$") for name in schema):
        fail(f"Only $-prefixed keys may be set beside $ref at '{where}'", where)
    _check_required(schema, where)
    for name in ("properties", "$defs"):
        for key, inner in (schema.get(name) or {}).items():
            _check_json_schema(inner, f"{where}.{name}[{key!r}]")
    for name in ("items", "additionalProperties"):
        if isinstance(schema.get(name), dict):
            _check_json_schema(schema[name], f"{where}.{_snake(name)}")


def _check_required(schema: Json, where: str) -> None:
    for name in schema.get("required") or []:
        if name not in (schema.get("properties") or {}):
            fail(f"* GenerateContentRequest.{where}.required[0]: property is not defined\n", where)
