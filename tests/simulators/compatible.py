"""Services that imitate Chat Completions: one class, and a row of `gateways` for each of them."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NoReturn
from urllib.parse import unquote

from tests.simulators.chat import ChunkWriter, completion
from tests.simulators.gateway_checks import complaint
from tests.simulators.gateway_errors import error_body, stream_error
from tests.simulators.gateways import GATEWAYS, Quirks
from tests.simulators.model_lists import listing
from tests.simulators.openai_checks import chat_prompt
from tests.simulators.personas import delay_headers
from tests.simulators.replies import Scripts
from tests.simulators.service import Delay, Persona, Refused, Service
from tests.simulators.wire import Answer, Json, Request, json_answer

_TOKEN = re.compile(r"ey[\w-]+\.[\w-]+\.[\w-]+")


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
        return {"COMPATIBLE_BASE_URL": f"{base_url}{self.quirks.base}", "COMPATIBLE_API_KEY": "sk-simulated"}

    def authorise(self, request: Request) -> None:
        """A key stands in its own header; elsewhere only a token of a login is a Bearer."""
        header = self.quirks.key_header
        scheme, _, bearer = request.headers.get("authorization", "").partition(" ")
        key = bearer if scheme == "Bearer" else ""
        if header != "authorization" and not _TOKEN.fullmatch(key):
            key = request.headers.get(header, "")
        if self.quirks.needs_key and not self.accepts_key(key):
            raise Refused(self.refusal(401, message="No auth credentials found"))

    def respond(self, request: Request) -> Answer:
        quirks = self.quirks
        if quirks.api_version and not request.query.get("api-version"):
            raise Refused(self.refusal(404, message="Resource not found", kind="404"))
        if request.method == "GET" and request.path == _under(quirks.base, quirks.models_path):
            return self._models()
        if request.method == "GET" and request.path == "/api/tags" and quirks.models == "ollama":
            return json_answer(200, {"models": [{"name": name, "model": name, "size": 1} for name in quirks.names]})
        if request.method == "POST" and (found := _chat_path(quirks).fullmatch(request.path)):
            body = self.body(request)
            named = found.groupdict().get("model")
            return self._chat({**body, "model": unquote(named)} if named else body)
        raise Refused(self.refusal(404, message="Not Found", kind="404"))

    def _models(self) -> Answer:
        if self.quirks.models == "missing":
            raise Refused(self.refusal(404, message="Not Found"))
        return json_answer(200, listing(self.quirks.models, self.quirks.names))

    def _chat(self, body: Json) -> Answer:
        if not body.get("model"):
            self._fail("Missing required parameter: 'model'.")
        if (problem := complaint(body, self.quirks)) is not None:
            raise Refused(self.refusal(problem.status, message=problem.text, kind=problem.kind))
        prompt = chat_prompt(body, self._fail)
        if "no-such" in prompt.model or (self.quirks.knows_only_names and prompt.model not in self.quirks.names):
            raise Refused(self.refusal(404, message=f"{prompt.model} is not a valid model ID"))
        script = self.turn(prompt)
        if not body.get("stream"):
            return json_answer(200, completion(self.number(), prompt.model, script, prompt))
        usage = bool((body.get("stream_options") or {}).get("include_usage"))
        return ChunkWriter(self.number(), prompt.model, self.quirks, usage=usage).answer(script, prompt)

    def _fail(self, message: str, param: str | None = None, code: str | None = None) -> NoReturn:
        raise Refused(self.refusal(400, message=message, kind=code or ""))

    def refusal(self, status: int, *, delay: Delay | None = None, message: str = "", kind: str = "") -> Answer:
        text = message or {429: "Rate limit exceeded", 503: "Service unavailable"}.get(status, "Provider error")
        if delay is not None and delay.spelling == "text":
            text += f". Please try again in {delay.seconds:g}s."
        return json_answer(status, error_body(self.quirks.errors, status, text, kind), delay_headers(delay))

    def stream_error(self, answer: Answer, sent: int, kind: str) -> tuple[bytes, ...]:
        return stream_error(self.quirks.errors, kind)

    def decorate(self, answer: Answer) -> Answer:
        return replace(answer, headers={"x-request-id": f"gen-{self.number()}", **answer.headers})


def _under(base: str, path: str) -> str:
    return path[1:] if path.startswith("//") else base + path


def _chat_path(quirks: Quirks) -> re.Pattern[str]:
    return re.compile(re.escape(quirks.base + quirks.chat_path).replace(r"\{model\}", "(?P<model>[^/]+)"))
