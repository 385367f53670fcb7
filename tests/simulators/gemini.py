"""Gemini: generateContent whole, as SSE and as a JSON array; structured output, audits, models in pages, logins."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from tests.simulators import code_assist
from tests.simulators.code_assist import CodeAssist
from tests.simulators.gemini_batch import Batches
from tests.simulators.gemini_checks import SIGNATURE, error, fail, gemini_prompt
from tests.simulators.google_auth import GoogleAuth
from tests.simulators.personas import delay_headers
from tests.simulators.replies import Prompt, Script, Scripts, Tokens, cut
from tests.simulators.service import Delay, Persona, Refused, Service
from tests.simulators.wire import Answer, Json, Request, Step, dump, json_answer

MODELS = tuple(f"gemini-{version}-{size}" for version in ("3.8", "3.6", "3", "2.5") for size in ("flash", "pro"))
LATEST = ("gemini-flash-latest", "gemini-pro-latest")
"""Only under v1beta."""
OTHERS = tuple(f"imagen-{number}.0-generate" for number in range(50))
"""They generate no text, and push the text models over the first page of 50."""
_NAME = re.compile(r"(gemini|gemma)-")
_METHODS = ("generateContent", "streamGenerateContent", "batchGenerateContent")
_GENERATE = ["generateContent", "countTokens", "createCachedContent", "batchGenerateContent"]
_RPC = "type.googleapis.com/google.rpc."

_MESSAGES = {
    403: "The caller does not have permission",
    404: "Requested entity was not found.",
    413: "Request payload size exceeds the limit: 20971520 bytes.",
    429: "You exceeded your current quota, please check your plan and billing details.",
    500: "An internal error has occurred. Please retry or report.",
    503: "The model is overloaded. Please try again later.",
    504: "The request timed out. Please try again.",
}
_FINISH = {"stop": "STOP", "length": "MAX_TOKENS", "filter": "SAFETY", "nothing": "STOP", "pause": "CONTINUATION"}


class Gemini(Service):
    name = "gemini"

    def __init__(
        self,
        personas: Sequence[Persona] = (),
        scripts: Scripts | None = None,
        *,
        strict: bool = True,
        old: bool = False,
    ) -> None:
        """`strict` refuses keys in the address; `old` spells JSON with blanks, as older models' streams do."""
        super().__init__(personas, scripts)
        self.strict = strict
        self.old = old
        self.auth: GoogleAuth = GoogleAuth()
        self.code_assist = CodeAssist()
        self.batches = Batches()

    @property
    def client_id(self) -> str:
        return self.auth.client_id

    @property
    def client_secret(self) -> str:
        return self.auth.client_secret

    @property
    def service_account_keys(self) -> dict[str, str]:
        """The public key, as PEM, of each service account by its address."""
        return self.auth.service_account_keys

    def environment(self, base_url: str) -> Mapping[str, str]:
        return {"GOOGLE_GEMINI_BASE_URL": base_url, "GEMINI_API_KEY": "AIzaSimulated"}

    def oauth_environment(self, base_url: str) -> Mapping[str, str]:
        login = {
            "CLIENT_ID": self.client_id,
            "CLIENT_SECRET": self.client_secret,
            "AUTHORIZE_URL": f"{base_url}{self.auth.authorize_path}",
            "TOKEN_URL": f"{base_url}/token",
            "QUOTA_PROJECT": "simulated-project",
            "CODE_ASSIST_BASE_URL": base_url,
        }
        prefix = "MAESTRO_PROVIDERS__GEMINI__"
        named = {f"{prefix}OAUTH__{name}": value for name, value in login.items()}
        return {f"{prefix}BASE_URL": base_url, **named}

    def authorise(self, request: Request) -> None:
        headers = request.headers
        if self.strict and "key" in request.query:
            fail("API keys in the address end up in logs; send x-goog-api-key.")
        scheme, _, token = headers.get("authorization", "").partition(" ")
        if scheme == "Bearer" or code_assist.serves(request.path):
            if scheme != "Bearer" or self.token_problem(token):
                raise Refused(_no_login())
            if "x-goog-user-project" not in headers and not code_assist.serves(request.path):
                raise Refused(error(403, "This API requires a quota project, which is not set by default."))
            return
        key = headers.get("x-goog-api-key") or request.query.get("key", "")
        if not key:
            message = "Method doesn't allow unregistered callers (callers without established identity)."
            raise Refused(error(403, f"{message} Please use API Key or other form of API consumer identity."))
        if not self.accepts_key(key):
            raise Refused(_bad_key())

    def respond(self, request: Request) -> Answer:
        if code_assist.serves(request.path):
            return self._code_assist(request)
        if batch := re.fullmatch(r"/v1(?:beta)?/(batches/[^/:]+)(:cancel)?", request.path):
            return self._batch(request.method, batch[1], cancels=batch[2] is not None)
        match = re.fullmatch(r"/(v1|v1beta)/models(?:/([^/:]+)(?::(\w+))?)?", request.path)
        if match is None:
            raise Refused(Answer(404, {"content-type": "text/html; charset=UTF-8"}, (b"<html>404</html>",)))
        version, model, method = match.groups()
        if request.method == "GET":
            return _models_page(version, request.query) if model is None else self._one_model(version, model)
        if method not in _METHODS or not _serves(version, model):
            raise Refused(_no_model(version, model, method))
        body = self.body(request)
        if method == "batchGenerateContent":
            return json_answer(200, self.batches.submit(model, body, lambda inner: whole(self._answer(model, inner))))
        chunks = self._answer(model, body)
        if method == "generateContent":
            return json_answer(200, whole(chunks))
        return self._stream(chunks, sse=request.query.get("alt") == "sse")

    def _answer(self, model: str, body: Json) -> list[Json]:
        prompt = gemini_prompt(model, body)
        return self._chunks(self.turn(prompt), prompt)

    def _batch(self, method: str, name: str, *, cancels: bool) -> Answer:
        match method, cancels:
            case "GET", False:
                return json_answer(200, self.batches.poll(name))
            case "POST", True:
                return json_answer(200, self.batches.cancel(name))
        raise Refused(error(404, "Requested entity was not found."))

    def _code_assist(self, request: Request) -> Answer:
        body = self.body(request) if request.method == "POST" else {}
        answer = self.code_assist.answer(request, body)
        if answer is not None:
            return answer
        model, inner = str(body.get("model")), self.code_assist.check_generation(body)
        if not _serves("v1beta", model):
            raise Refused(error(404, "Requested entity was not found."))
        prompt = gemini_prompt(model, inner)
        trace = f"{self.number():016x}"
        chunks = self._chunks(self.turn(prompt), prompt)
        if request.path.endswith(":generateContent"):
            return json_answer(200, code_assist.wrapped(whole(chunks), trace))
        wrapped = [code_assist.wrapped(chunk, trace) for chunk in chunks]
        return self._stream(wrapped, sse=request.query.get("alt") == "sse")

    def _one_model(self, version: str, name: str) -> Answer:
        if name not in (*MODELS, *LATEST):
            raise Refused(_no_model(version, name, "getModel"))
        return json_answer(200, _model(name))

    def _chunks(self, script: Script, prompt: Prompt) -> list[Json]:
        """The chunks of one answer; usage is cumulative, the signature of a text comes with an empty last part."""
        common = {"modelVersion": prompt.model, "responseId": f"resp{self.number():018x}"}
        tokens = script.counted(prompt)
        if script.finish == "nothing":
            return [{"usageMetadata": _usage(tokens, 0), **common}]
        if script.refusal:
            feedback = {"blockReason": "SAFETY", "safetyRatings": []}
            return [{"promptFeedback": feedback, "usageMetadata": _usage(tokens, 0), **common}]
        parts = list(_parts(script, prompt))
        chunks: list[Json] = []
        for number, part in enumerate(parts, 1):
            content: Json = {"content": {"parts": [part], "role": "model"}, "index": 0}
            last = {"finishReason": _FINISH[script.finish]} if number == len(parts) else {}
            usage = _usage(tokens, round(number / len(parts) * (tokens.output - tokens.reasoning)))
            chunks.append({"candidates": [{**content, **last}], "usageMetadata": usage, **common})
        if script.finish == "filter":
            chunks[-1]["candidates"][0].pop("content")
        return chunks

    def _stream(self, chunks: list[Json], *, sse: bool) -> Answer:
        steps: tuple[Step, ...]
        if sse:
            steps = tuple(b"data: " + dump(chunk, spaced=self.old) + b"\r\n\r\n" for chunk in chunks)
            return Answer(200, {"content-type": "text/event-stream"}, steps, "chunked", wire="gemini")
        pretty = [json.dumps(chunk, indent=2, ensure_ascii=False).encode() for chunk in chunks]
        steps = (b"[" + pretty[0], *(b"\n,\r\n" + chunk for chunk in pretty[1:]), b"\n]")
        return Answer(200, {"content-type": "application/json; charset=UTF-8"}, steps, "chunked", wire="geminiArray")

    def refusal(self, status: int, *, delay: Delay | None = None, message: str = "", kind: str = "") -> Answer:
        """`kind`: `day` for a daily quota; else a 429 is about a minute. A 401 of kind `login` is about a token."""
        if (status, kind) == (401, "login"):
            return _no_login()
        if status == 401 or kind == "API_KEY_INVALID":
            return _bad_key()
        text = message or _MESSAGES.get(status, "Request contains an invalid argument.")
        details: list[Json] = []
        if status == 429:
            unit = "PerDay" if kind == "day" else "PerMinute"
            quota = f"GenerateRequests{unit}PerProjectPerModel-FreeTier"
            violation = {"quotaMetric": "generativelanguage.googleapis.com/requests", "quotaId": quota}
            details.append({"@type": f"{_RPC}QuotaFailure", "violations": [{**violation, "quotaValue": "10"}]})
        if delay is not None and delay.spelling in ("retryinfo", "seconds"):
            details.append({"@type": f"{_RPC}RetryInfo", "retryDelay": f"{delay.seconds:g}s"})
        if delay is not None and delay.spelling == "text":
            text += f"\nPlease retry in {delay.seconds:g}s."
        answer = error(status, text, details)
        headers = delay_headers(delay) if delay and delay.spelling in ("ms", "date") else {}
        return replace(answer, headers={**answer.headers, **headers})

    def stream_error(self, answer: Answer, sent: int, kind: str) -> tuple[bytes, ...]:
        """`raw`: the pretty-printed JSON that comes without `data:`."""
        body = {"error": {"code": 503, "message": _MESSAGES[503], "status": "UNAVAILABLE"}}
        if answer.wire == "geminiArray":
            return (b"\n,\r\n" if sent else b"[") + json.dumps(body, indent=2).encode(), b"\n]"
        if kind == "raw":
            return (json.dumps(body, indent=2).encode() + b"\n",)
        return (b"data: " + dump(body) + b"\r\n\r\n",)

    def decorate(self, answer: Answer) -> Answer:
        headers = {"vary": "Origin", "server": "scaffolding on HTTPServer2", "x-content-type-options": "nosniff"}
        labels = {"content-type": "application/json; charset=UTF-8"}
        plain = answer.headers.get("content-type") == "application/json"
        return replace(answer, headers={**headers, **answer.headers, **(labels if plain else {})})


def _parts(script: Script, prompt: Prompt) -> list[Json]:
    parts: list[Json] = [{"text": piece, "thought": True} for piece in cut(script.reasoning)]
    parts += [{"text": piece} for piece in script.pieces]
    for at, call in enumerate(script.tool_calls):
        function: Json = {"name": call.name, "args": json.loads(call.arguments), **({"id": call.id} if call.id else {})}
        signed = {"thoughtSignature": SIGNATURE} if at == 0 else {}
        parts.append({"functionCall": function, **signed})
    thinks = prompt.model.startswith("gemini-3") and not script.tool_calls
    return [*parts, {"text": "", **({"thoughtSignature": SIGNATURE} if thinks else {})}]


def whole(chunks: list[Json]) -> Json:
    """The chunks as the one object that generateContent gives: texts of one kind joined."""
    parts: list[Json] = []
    for chunk in chunks:
        for candidate in chunk.get("candidates", []):
            for part in candidate.get("content", {}).get("parts", []):
                joins = parts and set(part) <= {"text", "thought", "thoughtSignature"} and "text" in parts[-1]
                if joins and parts[-1].get("thought") == part.get("thought"):
                    parts[-1] = {**parts[-1], **part, "text": parts[-1]["text"] + part["text"]}
                else:
                    parts.append(part)
    last = chunks[-1]
    if "candidates" not in last:
        return last
    content = {"content": {"parts": parts, "role": "model"}} if "content" in last["candidates"][0] else {}
    return {**last, "candidates": [{**last["candidates"][0], **content}]}


def _usage(tokens: Tokens, shown: int) -> Json:
    """Thoughts are not part of the candidates' tokens here."""
    usage: Json = {"promptTokenCount": tokens.input, "candidatesTokenCount": shown}
    usage["totalTokenCount"] = tokens.input + shown + tokens.reasoning
    usage["promptTokensDetails"] = [{"modality": "TEXT", "tokenCount": tokens.input}]
    if tokens.reasoning:
        usage["thoughtsTokenCount"] = tokens.reasoning
    if tokens.cached:
        usage["cachedContentTokenCount"] = tokens.cached
    return usage


def _serves(version: str, model: str | None) -> bool:
    if model is None or "no-such" in model or not _NAME.match(model):
        return False
    return version == "v1beta" or not model.endswith("-latest")


def _no_model(version: str, model: str | None, method: str | None) -> Answer:
    text = f"models/{model} is not found for API version {version}, or is not supported for {method}."
    return error(404, f"{text} Call ListModels to see the list of available models and their supported methods.")


def _no_login() -> Answer:
    message = (
        "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other valid "
        "authentication credential."
    )
    return error(401, message, [{"@type": f"{_RPC}ErrorInfo", "reason": "ACCESS_TOKEN_EXPIRED"}])


def _bad_key() -> Answer:
    message = "API key not valid. Please pass a valid API key."
    service = {"service": "generativelanguage.googleapis.com"}
    info = {"reason": "API_KEY_INVALID", "domain": "googleapis.com", "metadata": service}
    localized = {"@type": f"{_RPC}LocalizedMessage", "locale": "en-US", "message": message}
    return error(400, message, [{"@type": f"{_RPC}ErrorInfo", **info}, localized])


def _models_page(version: str, query: dict[str, str]) -> Answer:
    """`pageSize` models from `pageToken` on; the token is opaque to clients."""
    names = [*OTHERS, *MODELS, *(LATEST if version == "v1beta" else ())]
    try:
        size = min(1000, int(query.get("pageSize", "50")) or 50)
        start = int(query.get("pageToken", "page-0").removeprefix("page-"))
    except ValueError:
        fail("Page token is invalid.", "page_token")
    page: dict[str, Any] = {"models": [_model(name) for name in names[start : start + size]]}
    if start + size < len(names):
        page["nextPageToken"] = f"page-{start + size}"
    return json_answer(200, page)


def _model(name: str) -> Json:
    title = name.replace("-", " ").title()
    limits = {"inputTokenLimit": 1_048_576, "outputTokenLimit": 65_536}
    head = {"name": f"models/{name}", "version": "001", "displayName": title, "description": f"{title}, simulated."}
    if name in OTHERS:
        return {**head, **limits, "supportedGenerationMethods": ["predict"]}
    more = {"temperature": 1, "topP": 0.95, "topK": 64, "maxTemperature": 2, "thinking": True}
    return {**head, **limits, "supportedGenerationMethods": _GENERATE, **more}
