"""Anthropic: Messages under both API versions, models in pages, OAuth tokens."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from tests.simulators.anthropic_auth import PAGE, AnthropicAuth
from tests.simulators.anthropic_checks import (
    NEW_VERSION,
    OAUTH_BETA,
    OLD_VERSION,
    betas_of,
    check_claude_code,
    error,
    fail,
    messages_prompt,
)
from tests.simulators.messages import MessageWriter, sse
from tests.simulators.personas import delay_headers
from tests.simulators.replies import Scripts
from tests.simulators.service import Delay, Persona, Refused, Service
from tests.simulators.wire import Answer, Json, Request, dump, json_answer

_LINES = ("opus", "sonnet", "haiku", "fable", "mythos")
MODELS = tuple(f"claude-{line}-{major}-{minor}" for major in (5, 4) for minor in (5, 1, 0) for line in _LINES)
"""More than one default page."""
RETIRED = "claude-opus-4-0"
RETIRES_ON = "2027-01-15"
"""When the deprecated ones go."""
_NAME = re.compile(r"claude-")

_ERRORS: dict[int, tuple[str, str]] = {
    400: ("invalid_request_error", "Bad request."),
    401: ("authentication_error", "invalid x-api-key"),
    402: ("billing_error", "Your credit balance is too low to access the Anthropic API."),
    403: ("permission_error", "Your API key does not have permission to use the specified resource."),
    404: ("not_found_error", "Not found"),
    409: ("conflict_error", "The request conflicts with another."),
    413: ("request_too_large", "Request exceeds the maximum size"),
    429: ("rate_limit_error", "This request would exceed your organization's rate limit of 50 requests per minute."),
    500: ("api_error", "Internal server error"),
    504: ("timeout_error", "Request timed out"),
    529: ("overloaded_error", "Overloaded"),
}
_TOKEN_PROBLEMS = {
    "unknown": "Invalid bearer token",
    "revoked": "OAuth token has been revoked. Please obtain a new token.",
    "expired": "OAuth token has expired. Please obtain a new token or refresh your existing token.",
}


class Anthropic(Service):
    name = "anthropic"

    def __init__(
        self,
        personas: Sequence[Persona] = (),
        scripts: Scripts | None = None,
        *,
        claude_code_only: bool = False,
        strict_betas: bool = False,
    ) -> None:
        """`claude_code_only` takes tokens from Claude Code alone; `strict_betas` refuses a refresh for its flags."""
        super().__init__(personas, scripts)
        self.claude_code_only = claude_code_only
        self.auth: AnthropicAuth = AnthropicAuth(strict_betas=strict_betas)

    def environment(self, base_url: str) -> Mapping[str, str]:
        return {"ANTHROPIC_BASE_URL": base_url, "ANTHROPIC_API_KEY": "sk-ant-api03-simulated"}

    def oauth_environment(self, base_url: str) -> Mapping[str, str]:
        return {
            "MAESTRO_PROVIDERS__ANTHROPIC__BASE_URL": base_url,
            "MAESTRO_PROVIDERS__ANTHROPIC__OAUTH__AUTHORIZE_URL": f"{base_url}{self.auth.authorize_path}",
            "MAESTRO_PROVIDERS__ANTHROPIC__OAUTH__TOKEN_URL": f"{base_url}/v1/oauth/token",
            "MAESTRO_PROVIDERS__ANTHROPIC__OAUTH__REDIRECT_URI": f"{base_url}{PAGE}",
        }

    def authorise(self, request: Request) -> None:
        headers = request.headers
        scheme, _, token = headers.get("authorization", "").partition(" ")
        key = headers.get("x-api-key") or (token if scheme == "Bearer" else "")
        if not key:
            raise Refused(error(401, "authentication_error", "x-api-key header is required"))
        if key.startswith("sk-ant-oat"):
            self._check_token(request, key)
        elif not self.accepts_key(key):
            raise Refused(error(401, "authentication_error", "invalid x-api-key"))
        version = headers.get("anthropic-version")
        if version is None:
            fail("anthropic-version: header is required")
        if version not in (OLD_VERSION, NEW_VERSION):
            fail(f'anthropic-version: "{version}" is not a valid version')

    def _check_token(self, request: Request, token: str) -> None:
        if "x-api-key" in request.headers or OAUTH_BETA not in betas_of(request):
            raise Refused(error(401, "authentication_error", "OAuth authentication is currently not supported."))
        problem = self.token_problem(token)
        if problem:
            raise Refused(error(401, "authentication_error", _TOKEN_PROBLEMS[problem]))

    def respond(self, request: Request) -> Answer:
        match request.method, request.path.strip("/").split("/"):
            case "GET", ["v1", "models"]:
                return _models_page(request.query)
            case "GET", ["v1", "models", name] if name in MODELS:
                return json_answer(200, _model(name))
            case "POST", ["v1", "messages"]:
                return self._messages(request)
        raise Refused(error(404, "not_found_error", "Not found"))

    def _messages(self, request: Request) -> Answer:
        if not request.headers.get("content-type", "").startswith("application/json"):
            fail("content-type: must be application/json")
        body = self.body(request)
        if self.claude_code_only and "Bearer sk-ant-oat" in request.headers.get("authorization", ""):
            check_claude_code(request, body)
        prompt = messages_prompt(body, request.headers["anthropic-version"])
        if not _NAME.match(prompt.model) or "no-such" in prompt.model:
            raise Refused(error(404, "not_found_error", f"model: {prompt.model}"))
        writer = MessageWriter(self.number(), prompt, self.turn(prompt))
        return writer.answer() if body.get("stream") else json_answer(200, writer.message())

    def refusal(self, status: int, *, delay: Delay | None = None, message: str = "", kind: str = "") -> Answer:
        usual, text = _ERRORS.get(status, _ERRORS[500 if status >= 500 else 400])
        answer = error(status, kind or usual, message or text)
        headers = {**answer.headers, **delay_headers(delay)}
        if status == 529:
            headers["x-should-retry"] = "true"
        if status in (400, 401, 403, 404, 413):
            headers["x-should-retry"] = "false"
        return replace(answer, headers=headers)

    def stream_error(self, answer: Answer, sent: int, kind: str) -> tuple[bytes, ...]:
        name = kind or "overloaded_error"
        text = next((text for usual, text in _ERRORS.values() if usual == name), "Internal server error")
        details = {"details": None, "type": name, "message": text}
        return (sse({"type": "error", "error": details, "request_id": f"req_{self.number():024x}"}),)

    def decorate(self, answer: Answer) -> Answer:
        name = f"req_{self.number():024x}"
        headers: dict[str, str] = {"request-id": name, "anthropic-organization-id": "org-simulated"}
        for what, limit in (("requests", 50), ("input-tokens", 30000), ("output-tokens", 8000), ("tokens", 38000)):
            headers[f"anthropic-ratelimit-{what}-limit"] = str(limit)
            headers[f"anthropic-ratelimit-{what}-remaining"] = str(limit - 1)
            headers[f"anthropic-ratelimit-{what}-reset"] = "2026-11-20T12:00:00Z"
        if answer.status >= 400 and answer.headers.get("content-type") == "application/json":
            answer = replace(answer, steps=tuple(_named(step, name) for step in answer.steps))
        return replace(answer, headers={**headers, **answer.headers})


def _named(step: object, request_id: str) -> bytes:
    """An error body with the id of its request."""
    assert isinstance(step, bytes)
    return dump({**json.loads(step), "request_id": request_id})


def _models_page(query: dict[str, str]) -> Answer:
    """`limit` models, before or after an id."""
    limit = int(query.get("limit", "20"))
    if not 1 <= limit <= 1000:
        fail("limit: Input should be less than or equal to 1000")
    names = list(MODELS)
    if "after_id" in query:
        names = names[_index(query["after_id"]) + 1 :]
    if "before_id" in query:
        names = names[: _index(query["before_id"])][-limit:]
    page = [_model(name) for name in names[:limit]]
    ends = {"first_id": page[0]["id"], "last_id": page[-1]["id"]} if page else {"first_id": None, "last_id": None}
    return json_answer(200, {"data": page, "has_more": len(names) > limit, **ends})


def _index(name: str) -> int:
    if name not in MODELS:
        fail("after_id: Invalid value")
    return MODELS.index(name)


def _model(name: str) -> Json:
    line, major = name.split("-")[1:3]
    title = "Claude " + " ".join(name.split("-")[1:]).title()
    state = "retired" if name == RETIRED else "active" if major == "5" else "deprecated"
    limits = {"max_input_tokens": 200_000, "max_tokens": 64_000}
    head = {"type": "model", "id": name, "display_name": title, "created_at": "2026-06-01T00:00:00Z"}
    retires = {"deprecated_at": "2026-10-01T00:00:00Z", "retires_at": f"{RETIRES_ON}T00:00:00Z"}
    return {**head, "lifecycle": state, "line": line, **limits, **(retires if state == "deprecated" else {})}
