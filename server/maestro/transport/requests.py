"""Requests and answers as data, and how a request becomes httpx's."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import quote, urlencode

import httpx
from pydantic import JsonValue

from maestro_protocol.base import JsonObject

_HIGHEST_PORT = 65535


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """A request as data: a JSON body, or a form. Headers and bodies may carry secrets and are never shown."""

    method: str
    url: str
    headers: Mapping[str, str] = field(repr=False)
    json: JsonObject | None = field(default=None, repr=False)
    form: Mapping[str, str] | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Page:
    """A web server's answer, whatever its status. Header names are lower-case; `body` is as it was sent, encoded."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)
    whole: bool
    """False where the body was cut at the limit."""


@dataclass(frozen=True, slots=True)
class HttpReply:
    """A 2xx answer, read whole. Header names are lower-case."""

    status: int
    headers: Mapping[str, str]
    json: JsonValue = field(repr=False)


class PortMisfit(Exception):
    """No port has this number."""


def encoded_json(value: JsonObject) -> bytes:
    """A JSON body as it is sent, on one line.

    Lone surrogates become question marks: UTF-8 cannot say them, and no service reads them.
    """
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode("utf-8", "replace")


def outgoing(
    client: httpx.AsyncClient | httpx.Client, request: HttpRequest, defaults: Mapping[str, str]
) -> httpx.Request:
    if (httpx.URL(request.url).port or 0) > _HIGHEST_PORT:
        raise PortMisfit("The base URL has a port above 65535.")
    if request.form is not None:
        kind, body = "application/x-www-form-urlencoded", urlencode(request.form, quote_via=quote).encode()
    elif request.json is not None:
        kind, body = "application/json", encoded_json(request.json)
    else:
        return client.build_request(request.method, request.url, headers={**defaults, **request.headers})
    headers = {"content-type": kind, **defaults, **request.headers}
    return client.build_request(request.method, request.url, headers=headers, content=body)
