"""OpenAI: Responses with background answers that can be taken up again, Chat Completions, models, ChatGPT logins."""

import asyncio
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NoReturn

from tests.simulators import chat, chatgpt
from tests.simulators.oauth import claims_in
from tests.simulators.openai_auth import Account, OpenAIAuth
from tests.simulators.openai_checks import (
    CHAT_FIELDS,
    RESPONSES_FIELDS,
    Fail,
    chat_prompt,
    check_fields,
    check_sampling,
    responses_prompt,
)
from tests.simulators.personas import delay_headers
from tests.simulators.replies import Scripts
from tests.simulators.responses import EventLog, response_object, sse
from tests.simulators.service import Delay, Persona, Refused, Service
from tests.simulators.wire import Answer, Json, Request, dump, json_answer

MODELS = ("gpt-5.5", "gpt-5.4", "gpt-5.4-mini", "gpt-5.3-codex", "gpt-4o", "o4-mini", "text-embedding-3-large")
SHUTDOWN = {"gpt-4o": "2027-02-13"}
_GENERATES = re.compile(r"(gpt-|o\d|chatgpt-|codex-|ft:)")

ERRORS: dict[int, tuple[str, str | None, str]] = {
    400: ("invalid_request_error", None, "Bad request."),
    401: ("invalid_request_error", "invalid_api_key", "Incorrect API key provided."),
    403: (
        "invalid_request_error",
        "unsupported_country_region_territory",
        "Country, region, or territory not supported.",
    ),
    404: ("invalid_request_error", "model_not_found", "The model does not exist or you do not have access to it."),
    413: ("invalid_request_error", "request_too_large", "The request body is too large."),
    429: ("requests", "rate_limit_exceeded", "Rate limit reached for requests per min (RPM): Limit 500, Used 500."),
    500: ("server_error", "server_error", "The server had an error while processing your request. Sorry about that!"),
    503: ("server_error", "server_is_overloaded", "The engine is currently overloaded, please try again later"),
}
_KINDS: dict[str, tuple[str, str]] = {
    "insufficient_quota": ("insufficient_quota", "You exceeded your current quota, please check your plan."),
    "context_length_exceeded": ("invalid_request_error", "Your input exceeds the context window of this model."),
    "rate_limit_exceeded": ("tokens", "Rate limit reached for tokens per min (TPM). Please try again in 1.5s."),
    "server_error": ("server_error", "The server had an error while processing your request."),
}


@dataclass(slots=True)
class _Kept:
    """A response that can be asked for again."""

    log: EventLog
    streamed: bool
    cancelled: asyncio.Event = field(default_factory=asyncio.Event)


class OpenAI(Service):
    name = "openai"

    def __init__(self, personas: Sequence[Persona] = (), scripts: Scripts | None = None) -> None:
        super().__init__(personas, scripts)
        self.auth: OpenAIAuth = OpenAIAuth()
        self._kept: dict[str, _Kept] = {}

    @property
    def account(self) -> Account:
        """Who signs in from now on."""
        return self.auth.account

    @account.setter
    def account(self, account: Account) -> None:
        self.auth.account = account

    def approve_device(self, user_code: str = "") -> None:
        """Type the code of a device, or of all that wait."""
        self.auth.device.approve(user_code)

    def environment(self, base_url: str) -> Mapping[str, str]:
        return {"OPENAI_BASE_URL": f"{base_url}/v1", "OPENAI_API_KEY": "sk-simulated"}

    def oauth_environment(self, base_url: str) -> Mapping[str, str]:
        return {
            "MAESTRO_PROVIDERS__OPENAI__BASE_URL": f"{base_url}/v1",
            "MAESTRO_PROVIDERS__OPENAI__CHATGPT_BASE_URL": f"{base_url}{chatgpt.BASE}",
            "MAESTRO_PROVIDERS__OPENAI__OAUTH__ISSUER": base_url,
        }

    def accepts_key(self, key: str) -> bool:
        return key in self.auth.api_keys or super().accepts_key(key)

    def token_problem(self, token: str) -> str:
        """Tokens of another auth server pass if they say that they are still good, unless `keys` is exact."""
        problem = self.auth.problem(token)
        if problem != "unknown":
            return problem
        if self.keys is None and self.accepts_key(token):
            return chatgpt.stranger_problem(token)
        return "" if self.accepts_key(token) else problem

    def authorise(self, request: Request) -> None:
        if chatgpt.serves(request.path):
            chatgpt.authorise(request, self.account, self.token_problem)
            return
        scheme, _, key = request.headers.get("authorization", "").partition(" ")
        if scheme != "Bearer" or not key:
            message = "You didn't provide an API key. You need to provide your API key in an Authorization header."
            raise Refused(error(401, message, code=None))
        if not self.accepts_key(key) or claims_in(key) is not None:
            raise Refused(error(401, f"Incorrect API key provided: {key[:3]}****{key[-4:]}.", code="invalid_api_key"))

    def respond(self, request: Request) -> Answer:
        if chatgpt.serves(request.path):
            return self._chatgpt(request)
        match request.method, request.path.removeprefix("/v1").strip("/").split("/"):
            case "GET", ["models"]:
                return json_answer(200, {"object": "list", "data": [_model(name) for name in MODELS]})
            case "GET", ["models", name] if name in MODELS:
                return json_answer(200, _model(name))
            case "POST", ["responses"]:
                return self._create(self.body(request), fail)
            case "GET", ["responses", name]:
                return self._retrieve(name, request.query)
            case "POST", ["responses", name, "cancel"]:
                return self._cancel(name)
            case "POST", ["chat", "completions"]:
                return self._chat(self.body(request))
        raise Refused(error(404, f"Invalid URL ({request.method} {request.path})", code=None))

    def _chatgpt(self, request: Request) -> Answer:
        match request.method, request.path.removeprefix(chatgpt.BASE):
            case "GET", "/models":
                return chatgpt.models(request)
            case "POST", "/responses":
                return chatgpt.streamed(self._create(chatgpt.check_body(self.body(request)), chatgpt.fail))
        chatgpt.fail("Not Found", status=404)

    def _create(self, body: Json, fail: Fail) -> Answer:
        check_fields(body, RESPONSES_FIELDS, fail)
        check_sampling(body, fail)
        previous = self._kept.get(str(body.get("previous_response_id")))
        calls = [item["call_id"] for item in previous.log.response["output"] if "call_id" in item] if previous else []
        prompt = responses_prompt(body, calls, fail)
        if not _GENERATES.match(prompt.model) or "no-such" in prompt.model:
            fail(f"The requested model '{prompt.model}' does not exist.", "model", "model_not_found")
        options = body.get("stream_options") or {}
        encrypted = "reasoning.encrypted_content" in (body.get("include") or [])
        response = response_object(self.number(), body)
        log = EventLog(response, bool(options.get("include_obfuscation", True)), encrypted)
        log.write(self.turn(prompt), prompt)
        kept = self._kept[response["id"]] = _Kept(log, bool(body.get("stream")))
        if body.get("stream"):
            return replace(log.answer(), stop=kept.cancelled)
        if body.get("background"):
            return json_answer(200, {**response, "status": "queued", "output": [], "usage": None})
        return json_answer(200, log.response)

    def _retrieve(self, name: str, query: dict[str, str]) -> Answer:
        kept = self._find(name)
        if query.get("stream") != "true":
            return json_answer(200, kept.log.response)
        if not kept.log.response["background"] or not kept.streamed:
            fail("This response cannot be streamed: it was not created with background=true and stream=true.", "stream")
        start = int(query.get("starting_after", "-1")) + 1
        return replace(kept.log.answer(start), stop=kept.cancelled)

    def _cancel(self, name: str) -> Answer:
        kept = self._find(name)
        if not kept.log.response["background"]:
            fail("Cannot cancel a synchronous response.", "response_id")
        kept.cancelled.set()
        kept.log.response["status"] = "cancelled"
        return json_answer(200, kept.log.response)

    def _find(self, name: str) -> _Kept:
        if name not in self._kept:
            raise Refused(error(404, f"Response with id '{name}' not found.", code=None))
        return self._kept[name]

    def _chat(self, body: Json) -> Answer:
        check_fields(body, CHAT_FIELDS, fail)
        check_sampling(body, fail)
        prompt = chat_prompt(body, fail)
        if not _GENERATES.match(prompt.model) or "no-such" in prompt.model:
            message = f"The model `{prompt.model}` does not exist or you do not have access to it."
            raise Refused(error(404, message, code="model_not_found"))
        script, options = self.turn(prompt), body.get("stream_options") or {}
        if not body.get("stream"):
            return json_answer(200, chat.completion(self.number(), prompt.model, script, prompt))
        writer = chat.ChunkWriter(
            self.number(),
            prompt.model,
            chat.Quirks(reasoning="none"),
            usage=bool(options.get("include_usage")),
            obfuscate=bool(options.get("include_obfuscation", True)),
        )
        return writer.answer(script, prompt)

    def refusal(self, status: int, *, delay: Delay | None = None, message: str = "", kind: str = "") -> Answer:
        usual, code, text = ERRORS.get(status, ERRORS[500 if status >= 500 else 400])
        if kind:
            usual, text = _KINDS.get(kind, (usual, text))
            code = kind
        if delay is not None and delay.spelling == "text":
            text += f" Please try again in {delay.seconds:g}s."
        answer = error(status, message or text, code=code, kind=usual)
        return replace(answer, headers={**answer.headers, **delay_headers(delay)})

    def stream_error(self, answer: Answer, sent: int, kind: str) -> tuple[bytes, ...]:
        code = kind or "server_error"
        usual, text = _KINDS.get(code, _KINDS["server_error"])
        details = {"type": usual, "code": code, "message": text, "param": None}
        if answer.wire == "chat":
            return (b"data: " + dump({"error": details}) + b"\n\n",)
        name = next(iter(reversed(self._kept)))
        response = {**self._kept[name].log.response, "status": "failed", "output": [], "usage": None}
        response |= {"error": {"code": code, "message": text}, "incomplete_details": None}
        first = {"type": "error", "sequence_number": sent, "error": details}
        return sse(first), sse({"type": "response.failed", "sequence_number": sent + 1, "response": response})

    def decorate(self, answer: Answer) -> Answer:
        headers = {
            "openai-organization": "org-simulated",
            "openai-processing-ms": "12",
            "openai-version": "2020-10-01",
            "x-request-id": f"req_{self.number():032x}",
            "x-ratelimit-limit-requests": "500",
            "x-ratelimit-limit-tokens": "30000",
            "x-ratelimit-remaining-requests": "499",
            "x-ratelimit-remaining-tokens": "29950",
            "x-ratelimit-reset-requests": "120ms",
            "x-ratelimit-reset-tokens": "6m0s",
        }
        return replace(answer, headers={**headers, **answer.headers})


def error(status: int, message: str, *, code: str | None, param: str | None = None, kind: str = "") -> Answer:
    """The error body of OpenAI and of most that imitate it."""
    details = {"message": message, "type": kind or "invalid_request_error", "param": param, "code": code}
    return json_answer(status, {"error": details})


def fail(message: str, param: str | None = None, code: str | None = None) -> NoReturn:
    """Refuse the request with a 400."""
    raise Refused(error(400, message, code=code, param=param))


def _model(name: str) -> Json:
    shutdown = {"shutdown_date": SHUTDOWN[name]} if name in SHUTDOWN else {}
    return {"id": name, "object": "model", "created": 1_790_000_000, "owned_by": "system", **shutdown}
