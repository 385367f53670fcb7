"""Services that imitate Chat Completions: one class, and a row of switches for each of them."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from tests.simulators.chat import ChunkWriter, Quirks, completion
from tests.simulators.openai import error, fail
from tests.simulators.openai_checks import chat_prompt
from tests.simulators.personas import delay_headers
from tests.simulators.replies import Scripts
from tests.simulators.service import Delay, Persona, Refused, Service
from tests.simulators.wire import Answer, Json, Request, dump, json_answer

GATEWAYS: dict[str, Quirks] = {
    "plain": Quirks(),
    "openrouter": Quirks(
        comment="OPENROUTER PROCESSING",
        reasoning="reasoning",
        reasoning_details=True,
        usage="bare",
        native_finish=True,
        errors="openrouter",
        models="rich",
    ),
    "groq": Quirks(reasoning="reasoning", tool_calls="whole", usage="x_groq", errors="groq"),
    "deepseek": Quirks(comment="keep-alive", usage="last", formats=("text", "json_object")),
    "mistral": Quirks(content_parts=True, tool_calls="whole", usage="last", stream_options=False, errors="message"),
    "xai": Quirks(tool_calls="whole", usage="cumulative", errors="string"),
    "moonshot": Quirks(usage="choice"),
    "kimi": Quirks(tool_calls="repeated", tool_finish=None, usage="last"),
    "qwen": Quirks(tool_calls="blank", reasoning="both"),
    "together": Quirks(usage="last", models="array"),
    "ollama": Quirks(
        reasoning="reasoning",
        tool_calls="whole",
        tool_index="zero",
        arguments="object",
        tool_finish="stop",
        errors="string",
        models="ollama",
        needs_key=False,
    ),
    "lmstudio": Quirks(
        tool_calls="whole",
        tool_index="missing",
        arguments="empty",
        done=False,
        formats=("text", "json_schema"),
        needs_key=False,
    ),
    "vllm": Quirks(errors="vllm", arguments="null", after_done=b": bye\n\n", needs_key=False),
    "fastapi": Quirks(errors="detail", arguments="absent", models="missing"),
    "azure": Quirks(filter_first=True, refuses=("temperature",)),
    "loose": Quirks(formats=("text", "json_object"), errors="string"),
    "wordy": Quirks(formats=("text",), errors="detail"),
}
MODELS = ("acme/large-1", "acme/small-1", "acme/reasoner-1")


class Compatible(Service):
    name = "compatible"

    def __init__(
        self,
        personas: Sequence[Persona] = (),
        scripts: Scripts | None = None,
        *,
        gateway: str = "plain",
        quirks: Quirks | None = None,
    ) -> None:
        super().__init__(personas, scripts)
        self.gateway = gateway
        self.quirks = quirks or GATEWAYS[gateway]

    def environment(self, base_url: str) -> Mapping[str, str]:
        return {"COMPATIBLE_BASE_URL": f"{base_url}/v1", "COMPATIBLE_API_KEY": "sk-simulated"}

    def authorise(self, request: Request) -> None:
        scheme, _, key = request.headers.get("authorization", "").partition(" ")
        if self.quirks.needs_key and (scheme != "Bearer" or not self.accepts_key(key)):
            raise Refused(self.refusal(401, message="No auth credentials found"))

    def respond(self, request: Request) -> Answer:
        match request.method, request.path.removeprefix("/v1"):
            case "GET", "/models":
                return self._models()
            case "GET", "/api/tags" if self.quirks.models == "ollama":
                return self._models()
            case "POST", "/chat/completions":
                return self._chat(self.body(request))
        raise Refused(self.refusal(404, message="Not Found"))

    def _models(self) -> Answer:
        plain: list[Json] = [{"id": name, "object": "model", "created": 1, "owned_by": "acme"} for name in MODELS]
        match self.quirks.models:
            case "missing":
                raise Refused(self.refusal(404, message="Not Found"))
            case "array":
                return json_answer(200, plain)
            case "ollama":
                return json_answer(200, {"models": [{"name": name, "model": name, "size": 1} for name in MODELS]})
            case "rich":
                extra = {"context_length": 128_000, "pricing": {"prompt": "0.000001", "completion": "0.000002"}}
                return json_answer(200, {"data": [{**model, **extra} for model in plain]})
        return json_answer(200, {"object": "list", "data": plain})

    def _chat(self, body: Json) -> Answer:
        if not body.get("model"):
            fail("Missing required parameter: 'model'.", "model")
        if "stream_options" in body and not self.quirks.stream_options:
            fail("Extra inputs are not permitted: stream_options", "stream_options")
        self._check_taken(body)
        prompt = chat_prompt(body, fail)
        if "no-such" in prompt.model:
            raise Refused(self.refusal(404, message=f"{prompt.model} is not a valid model ID"))
        script = self.turn(prompt)
        if not body.get("stream"):
            return json_answer(200, completion(self.number(), prompt.model, script, prompt))
        usage = bool((body.get("stream_options") or {}).get("include_usage"))
        return ChunkWriter(self.number(), prompt.model, self.quirks, usage=usage).answer(script, prompt)

    def _check_taken(self, body: Json) -> None:
        for name in self.quirks.refuses:
            if name in body:
                raise Refused(self.refusal(400, message=f"Unsupported parameter: '{name}' is not supported."))
        kind = (body.get("response_format") or {}).get("type", "text")
        if kind not in self.quirks.formats:
            taken = " or ".join(f"'{name}'" for name in self.quirks.formats)
            raise Refused(self.refusal(400, message=f"'response_format.type' must be {taken}"))

    def refusal(self, status: int, *, delay: Delay | None = None, message: str = "", kind: str = "") -> Answer:
        text = message or {429: "Rate limit exceeded", 503: "Service unavailable"}.get(status, "Provider error")
        if delay is not None and delay.spelling == "text":
            text += f". Please try again in {delay.seconds:g}s."
        answer = json_answer(status, self._error(status, text, kind), delay_headers(delay))
        return error(status, text, code=kind or None) if self.quirks.errors == "openai" and not delay else answer

    def _error(self, status: int, text: str, kind: str) -> Json:
        """The error in this service's own spelling."""
        match self.quirks.errors:
            case "openrouter":
                return {"error": {"code": status, "message": text, "metadata": {"provider_name": "Acme"}}}
            case "vllm":
                return {"object": "error", "message": text, "type": "BadRequestError", "param": None, "code": status}
            case "string":
                return {"error": text}
            case "detail" if status == 422:
                return {"detail": [{"loc": ["body", "model"], "msg": text, "type": "value_error"}]}
            case "detail":
                return {"detail": text}
            case "message":
                return {"object": "error", "message": text, "type": kind or "invalid_request", "code": None}
        return {"error": {"message": text, "type": "invalid_request_error", "param": None, "code": kind or None}}

    def stream_error(self, answer: Answer, sent: int, kind: str) -> tuple[bytes, ...]:
        text = "Token limit reached"
        match self.quirks.errors:
            case "groq":
                failed = {"failed_generation": '{"name": "x", "arguments": {}}', "status_code": 400}
                details = {
                    "message": text,
                    "type": "invalid_request_error",
                    "code": kind or "tool_use_failed",
                    **failed,
                }
                return (b"event: error\ndata: " + dump({"error": details}) + b"\n\n",)
            case "openrouter":
                choice = {"index": 0, "delta": {"content": ""}, "finish_reason": "error"}
                usage = {"prompt_tokens": 43, "completion_tokens": 10, "total_tokens": 53}
                event = {"id": "gen-1", "error": {"code": 502, "message": text}, "choices": [choice], "usage": usage}
                return (b"data: " + dump(event) + b"\n\n", b"data: [DONE]\n\n")
        return (b"data: " + dump(self._error(400, text, kind)) + b"\n\n",)

    def decorate(self, answer: Answer) -> Answer:
        return replace(answer, headers={"x-request-id": f"gen-{self.number()}", **answer.headers})
