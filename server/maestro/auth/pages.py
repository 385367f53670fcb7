"""The pages a browser sees when it comes back from a login: small, self-contained, without a secret or a link."""

import hashlib
from base64 import b64encode
from collections.abc import Mapping
from html import escape
from http import HTTPStatus

_STYLE = (
    ":root{color-scheme:light dark}"
    "body{font:1.1rem/1.5 system-ui,sans-serif;max-width:34rem;margin:18vh auto;padding:0 1.5rem}"
    "h1{font-size:1.5rem}p{opacity:.85}"
)
_STYLE_HASH = b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
_PAGE = (
    '<!doctype html><html lang="en"><head><meta charset="utf-8">'
    '<meta name="viewport" content="width=device-width,initial-scale=1">'
    "<title>{title} - Maestro</title><style>{style}</style></head>"
    "<body><main><h1>{title}</h1><p>{text}</p></main></body></html>\n"
)
_HEADERS: Mapping[str, str] = {
    "Content-Type": "text/html; charset=utf-8",
    "Content-Security-Policy": f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",  # the address of the page holds the code
    "X-Content-Type-Options": "nosniff",
    "Connection": "close",
}
_BACK = "You can close this tab and go back to your editor."


def success() -> bytes:
    return response(200, "You are signed in", _BACK)


def failure(text: str, status: int = 200) -> bytes:
    return response(status, "The login did not succeed", f"{text} Go back to your editor to go on.")


def neutral() -> bytes:
    return response(200, "Almost done", f"Your editor will say how the login went. {_BACK}")


def response(status: int, title: str = "", text: str = "", **headers: str) -> bytes:
    """A whole HTTP answer; without a title it has no body."""
    body = _PAGE.format(title=escape(title), text=escape(text), style=_STYLE).encode() if title else b""
    fields = {**_HEADERS, **headers, **({} if status == 204 else {"Content-Length": str(len(body))})}
    lines = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}", *(f"{name}: {value}" for name, value in fields.items())]
    return "\r\n".join([*lines, "", ""]).encode() + body


def headers_only(answer: bytes) -> bytes:
    """What a HEAD request gets of the answer."""
    return answer.partition(b"\r\n\r\n")[0] + b"\r\n\r\n"
