"""The service behind ChatGPT logins, under /backend-api/codex: its credentials, its narrow body, its list of models."""

import hashlib
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import NoReturn

from tests.simulators.oauth import claims_in
from tests.simulators.openai_auth import CLAIMS, Account
from tests.simulators.service import Context, Persona, Refused
from tests.simulators.wire import Answer, Json, Request, json_answer

BASE = "/backend-api/codex"
_FIELDS = frozenset(
    "client_metadata include input instructions model parallel_tool_calls prompt_cache_key reasoning service_tier "
    "store stream text tool_choice tools".split()
)
"""What codex sends; anything else counts as unsupported."""
_LEVELS = [{"effort": effort, "description": f"{effort.title()} effort"} for effort in ("low", "medium", "high")]


def _model(slug: str, priority: int, visibility: str = "list", needs: str = "0.60.0") -> Json:
    return {
        "slug": slug,
        "display_name": slug.upper(),
        "description": f"{slug}, simulated.",
        "visibility": visibility,
        "supported_in_api": True,
        "priority": priority,
        "context_window": 272_000,
        "supported_reasoning_levels": _LEVELS,
        "default_reasoning_level": "medium",
        "minimal_client_version": needs,
        "available_in_plans": ["plus", "pro", "team", "business", "enterprise", "edu"],
        "service_tiers": [],
    }


MODELS = (
    _model("gpt-5.3-codex", 30),
    _model("gpt-5.6-sol", 5, needs="99.0.0"),
    _model("gpt-5.5", 10),
    _model("codex-auto-review", 1, visibility="hide"),
    _model("gpt-5.4-mini", 25),
    _model("gpt-5.4", 20),
)
"""Not in the order of their priority; one is hidden, one is for newer clients only."""
SHOWN = ("gpt-5.5", "gpt-5.4", "gpt-5.4-mini", "gpt-5.3-codex")
"""What a client of today shows of them, in its order."""


def serves(path: str) -> bool:
    return path.startswith(f"{BASE}/")


def fail(message: str, param: str | None = None, code: str | None = None, *, status: int = 400) -> NoReturn:
    """Refuse the request in the shape of FastAPI; `param` and `code` have no place in it."""
    raise Refused(json_answer(status, {"detail": message}))


def authorise(request: Request, account: Account, problem: Callable[[str], str]) -> None:
    """`problem` tells what is wrong with a token."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme != "Bearer" or not token:
        fail("Unauthorized", status=401)
    if wrong := problem(token):
        fail(f"Could not validate your token: it is {wrong}.", status=401)
    claims = (claims_in(token) or {}).get(CLAIMS) or {}
    if request.headers.get("chatgpt-account-id") != claims.get("chatgpt_account_id", account.account_id):
        fail("The ChatGPT-Account-ID header does not name the account of the token.", status=403)
    if claims.get("chatgpt_account_is_fedramp") and request.headers.get("x-openai-fedramp") != "true":
        fail("This account is served under FedRAMP only.", status=403)


def stranger_problem(token: str) -> str:
    """A token that nobody issued here: any that says it is still good."""
    claims = claims_in(token)
    if claims is None:
        return "" if token.startswith("access-") else "unknown"
    return "" if claims.get("exp", 0) > time.time() else "expired"


def check_body(body: Json) -> Json:
    """The body as the Responses API takes it."""
    for name in body:
        if name not in _FIELDS:
            fail(f"Unsupported parameter: {name}")
    if not isinstance(body.get("instructions"), str) or not body["instructions"]:
        fail("Instructions are required")
    if body.get("store") is not False:
        fail("Store must be set to false")
    if body.get("stream") is not True:
        fail("Stream must be set to true")
    if body.get("model") not in [model["slug"] for model in MODELS]:
        fail(f"The '{body.get('model')}' model is not supported when using Codex with a ChatGPT account.")
    return {name: value for name, value in body.items() if name != "client_metadata"}


def models(request: Request) -> Answer:
    if not request.query.get("client_version"):
        fail("client_version: Field required", status=422)
    if request.headers.get("if-none-match") == etag():
        return Answer(304, {"etag": etag()})
    return json_answer(200, {"models": list(MODELS)}, {"etag": etag()})


def streamed(answer: Answer) -> Answer:
    """A stream with the headers of this service."""
    return replace(answer, headers={**answer.headers, "x-models-etag": etag(), **limits(used=12)})


def etag() -> str:
    return f'"{hashlib.sha256(json.dumps(MODELS).encode()).hexdigest()[:16]}"'


def limits(used: int, resets_at: int = 0) -> Mapping[str, str]:
    """How much of the plan is used up, in percent."""
    now = int(time.time())
    headers = {"x-codex-credits-has-credits": "false", "x-codex-credits-unlimited": "false"}
    for window, minutes in (("primary", 300), ("secondary", 10_080)):
        headers[f"x-codex-{window}-used-percent"] = str(used)
        headers[f"x-codex-{window}-window-minutes"] = str(minutes)
        headers[f"x-codex-{window}-reset-at"] = str(resets_at or now + minutes * 60)
    return headers


def usage_limit(seconds: float = 3600, plan: str = "plus") -> Persona:
    """The plan is used up, and will be for that many seconds."""

    def refuse(_: Context) -> Answer:
        resets_at = int(time.time() + seconds)
        told = {"type": "usage_limit_reached", "message": "The usage limit has been reached"}
        headers = {**limits(100, resets_at), "x-codex-active-limit": "primary"}
        return json_answer(429, {"error": {**told, "plan_type": plan, "resets_at": resets_at}}, headers)

    return Persona("usage-limit", refuse=refuse, path=f"{BASE}/responses")


def usage_not_included(plan: str = "free") -> Persona:
    """The plan does not have this service at all."""
    told = {"type": "usage_not_included", "message": "Your plan does not include Codex.", "plan_type": plan}
    return Persona("usage-not-included", refuse=lambda _: json_answer(429, {"error": told}), path=f"{BASE}/responses")
