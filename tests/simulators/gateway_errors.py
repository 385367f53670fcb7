"""Errors of compatible services, each in its own spelling: whole answers, and what stands in a stream that fails."""

from collections.abc import Callable

from tests.simulators.gateways import Errors
from tests.simulators.wire import Json, dump

_AZURE = {
    401: (
        "401",
        "Access denied due to invalid subscription key or wrong API endpoint. Make sure to provide a valid key for an "
        "active subscription and use a correct regional API endpoint for your resource.",
    ),
    404: ("DeploymentNotFound", "The API deployment for this resource does not exist."),
}


def error_body(errors: Errors, status: int, text: str, kind: str) -> Json:
    """`kind` is the service's own word for it, or of Mistral's 422 the field it is about."""
    return _BODIES.get(errors, _openai)(status, text, kind)


def _openai(_: int, text: str, kind: str) -> Json:
    return {"error": {"message": text, "type": "invalid_request_error", "param": None, "code": kind or None}}


def _openrouter(status: int, text: str, _: str) -> Json:
    return {"error": {"code": status, "message": text, "metadata": {"provider_name": "Acme"}}}


def _number(status: int, text: str, kind: str) -> Json:
    return {"error": {"message": text, "type": kind or "invalid_request_error", "code": status}}


def _azure(status: int, text: str, kind: str) -> Json:
    code, usual = _AZURE.get(status, (str(status), text))
    return {"error": {"code": kind or code, "message": text if kind else usual}}


def _vllm(status: int, text: str, _: str) -> Json:
    """What its framework refuses has the framework's form."""
    if status == 422:
        return _detail(status, text, "")
    return {"object": "error", "message": text, "type": "BadRequestError", "param": None, "code": status}


def _flat(_: int, text: str, kind: str) -> Json:
    return {"message": text, "type": kind or "invalid_request_error", "param": None, "code": "wrong_api_format"}


def _mistral(status: int, text: str, kind: str) -> Json:
    if status != 422:
        return {"object": "error", "message": text, "type": kind or "invalid_request", "code": None}
    detail = {"type": "extra_forbidden", "loc": ["body", kind], "msg": text, "input": None}
    return {"object": "error", "message": {"detail": [detail]}, "type": "invalid_request_message_error"}


def _detail(status: int, text: str, _: str) -> Json:
    return {"detail": [{"loc": ["body", "model"], "msg": text, "type": "value_error"}] if status == 422 else text}


_BODIES: dict[Errors, Callable[[int, str, str], Json]] = {
    "openrouter": _openrouter,
    "number": _number,
    "azure": _azure,
    "vllm": _vllm,
    "flat": _flat,
    "string": lambda _, text, __: {"error": text},
    "mistral": _mistral,
    "detail": _detail,
}


def stream_error(errors: Errors, kind: str) -> tuple[bytes, ...]:
    """What ends a stream that fails."""
    text = "Token limit reached"
    match errors:
        case "groq":
            failed = {"failed_generation": '{"name": "x", "arguments": {}}', "status_code": 400}
            details = {"message": text, "type": "invalid_request_error", "code": kind or "tool_use_failed", **failed}
            return (b"event: error\ndata: " + dump({"error": details}) + b"\n\n",)
        case "openrouter":
            choice = {"index": 0, "delta": {"content": ""}, "finish_reason": "error"}
            usage = {"prompt_tokens": 43, "completion_tokens": 10, "total_tokens": 53}
            event = {"id": "gen-1", "error": {"code": 502, "message": text}, "choices": [choice], "usage": usage}
            return (b"data: " + dump(event) + b"\n\n", b"data: [DONE]\n\n")
    return (b"data: " + dump(error_body(errors, 400, text, kind)) + b"\n\n",)
