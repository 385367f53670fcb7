"""Reads a provider's error body, whatever its shape: what it says, its codes and when to come back."""

import html
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

from pydantic import JsonValue

from maestro_protocol.base import JsonObject

MAX_BYTES = 2048
"""How much of a provider's text is kept."""

_CODE_NAMES = ("code", "status", "type")
_DURATION = r"((?:\d+(?:\.\d+)?\s*(?:ms|milliseconds?|hours?|h|minutes?|min|m|seconds?|secs?|s)\s*)+)"
_DELAY = re.compile(rf"(?:retry in|try again in|reset (?:after|in)|retry after)\s+{_DURATION}", re.IGNORECASE)
_UNIT = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|milli|h|m|s)", re.IGNORECASE)
_SECONDS = {"ms": 0.001, "milli": 0.001, "h": 3600.0, "m": 60.0, "s": 1.0}
_TITLE = re.compile(r"<title[^>]*>(.*?)</title>", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class ErrorBody:
    """`codes` are all of the error's own words for itself, most telling first, in their own spelling."""

    message: str
    codes: tuple[str, ...] = ()
    status: int | None = None
    """An HTTP status repeated in the body: Gemini, OpenRouter, Groq."""
    delay: float | None = None
    """Seconds to wait."""
    resets_at: float | None = None
    """Unix seconds at which a limit resets."""
    quota_ids: tuple[str, ...] = ()
    is_html: bool = False
    is_detail: bool = False
    """A FastAPI `{"detail": …}`: the request did not fit."""


def read_json(body: JsonValue) -> ErrorBody:
    """Any of: object under `error`, string under `error`, flat, `detail`, `errors`, each also inside an array."""
    while isinstance(body, list):
        body = body[0] if body else None
    if not isinstance(body, dict):
        text = body if isinstance(body, str) else ""
        return ErrorBody(text, delay=_delay_in_text(text))
    error = _inner(body)
    text = _message(error) or _message(body)
    details = [row for row in _list(error.get("details")) if isinstance(row, dict)]
    return ErrorBody(
        message=text,
        codes=tuple(dict.fromkeys(_codes(error, body, details))),
        status=_status(error),
        delay=_delay(error, text, details),
        resets_at=_number(error.get("resets_at")),
        quota_ids=tuple(_quota_ids(details)),
        is_detail="detail" in body and "error" not in body,
    )


def read_bytes(body: bytes) -> ErrorBody:
    """JSON, HTML (its title), plain text or nothing."""
    text = body.decode("utf-8", "replace").lstrip("\ufeff").strip()
    if text[:1] in ("{", "["):
        try:
            return read_json(json.loads(text))
        except (ValueError, RecursionError):
            pass
    if text.startswith("<"):
        title = _TITLE.search(text)
        return ErrorBody(" ".join(html.unescape(title.group(1)).split()) if title else "", is_html=True)
    return ErrorBody(text, delay=_delay_in_text(text))


def parse_duration(text: str) -> float | None:
    """Seconds in `34.07s`, `18h31m10s`, `300ms`, `2 minutes`; None where there is no duration."""
    found = _UNIT.findall(text)
    return sum(float(number) * _SECONDS[unit.lower()] for number, unit in found) if found else None


def cap(text: str) -> str:
    """At most 2 kB of the text."""
    raw = text.encode("utf-8", "replace")
    return text if len(raw) <= MAX_BYTES else raw[: MAX_BYTES - 3].decode("utf-8", "ignore") + "…"


def _inner(body: JsonObject) -> JsonObject:
    for name in ("error", "errors", "detail", "message"):
        inner = body.get(name)
        while isinstance(inner, list) and len(inner) == 1 and name != "detail":
            inner = inner[0]
        if isinstance(inner, dict):
            return _inner(inner) if name == "error" and isinstance(inner.get("error"), dict) else inner
    return body


def _message(error: JsonObject) -> str:
    for name in ("message", "error_description", "detail", "msg", "error"):
        text = _as_text(error.get(name))
        if text:
            return text + _extra(error)
    return ""


def _extra(error: JsonObject) -> str:
    """What a gateway knows beyond its own sentence: the upstream's answer, or what the model had written."""
    metadata = error.get("metadata")
    raw = metadata.get("raw") if isinstance(metadata, dict) else None
    generated = error.get("failed_generation")
    if isinstance(raw, str) and raw:
        return f": {raw}"
    return f" The model wrote: {generated}" if isinstance(generated, str) and generated else ""


def _as_text(value: JsonValue) -> str:
    """A sentence; the rows of a validation report become `body.model: Field required`."""
    if isinstance(value, str):
        return value
    rows = [row for row in _list(value) if isinstance(row, dict)]
    return "; ".join(f"{_location(row)}{row.get('msg') or row.get('message')}" for row in rows)


def _location(row: JsonObject) -> str:
    path = ".".join(str(step) for step in _list(row.get("loc")))
    return f"{path}: " if path else ""


def _codes(error: JsonObject, body: JsonObject, details: list[JsonObject]) -> Iterator[str]:
    own = error.get("details")
    if isinstance(own, dict) and isinstance(own.get("error_code"), str):
        yield str(own["error_code"])
    for level in (error, body):
        for name in _CODE_NAMES:
            value = level.get(name)
            if isinstance(value, str) and value and value != "error":
                yield value
    for row in details:
        if isinstance(row.get("reason"), str):
            yield str(row["reason"])
    word = body.get("error")
    if isinstance(word, str) and re.fullmatch(r"\w+", word):
        yield word
    if (number := _status(error)) is not None:
        yield str(number)


def _status(error: JsonObject) -> int | None:
    for name in ("code", "status_code", "status", "http_status"):
        value = error.get(name)
        if isinstance(value, str) and re.fullmatch(r"[1-5]\d\d", value):
            return int(value)
        if isinstance(value, int) and not isinstance(value, bool):
            return value
    return None


def _delay(error: JsonObject, text: str, details: list[JsonObject]) -> float | None:
    for row in details:
        metadata = row.get("metadata")
        reset = metadata.get("quotaResetDelay") if isinstance(metadata, dict) else None
        for value in (row.get("retryDelay"), reset):
            if isinstance(value, str) and (seconds := parse_duration(value)) is not None:
                return seconds
    for name in ("resets_in_seconds", "retry_after"):
        if (seconds := _number(error.get(name))) is not None:
            return seconds
    return _delay_in_text(text)


def _delay_in_text(text: str) -> float | None:
    found = _DELAY.search(text)
    return parse_duration(found.group(1)) if found else None


def _quota_ids(details: list[JsonObject]) -> Iterator[str]:
    for row in details:
        for violation in _list(row.get("violations")):
            if isinstance(violation, dict):
                yield str(violation.get("quotaId", ""))


def _number(value: JsonValue) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not -1e15 < value < 1e15:
        return None
    return float(value)


def _list(value: JsonValue) -> list[JsonValue]:
    return value if isinstance(value, list) else []
