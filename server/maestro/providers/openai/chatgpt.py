"""ChatGPT mode: the narrower body, the headers and the model list of the service behind codex (providers.md A.6)."""

import re
from urllib.parse import urlencode
from uuid import NAMESPACE_URL, uuid5

from pydantic import BaseModel, JsonValue

from maestro.providers import request
from maestro.providers.base import ChatRequest, Connection
from maestro.providers.openai.config import CLIENT_VERSION, ORIGINATOR
from maestro.providers.reply import read, read_each
from maestro.store.credentials import OAuthCredential
from maestro.transport import HttpRequest
from maestro_protocol.base import JsonObject
from maestro_protocol.models import Model

_INSTRUCTIONS = "You are a helpful coding assistant."
"""A request without any is refused."""
_REFUSED = ("max_output_tokens", "temperature", "stream_options", "background")


class _Entry(BaseModel):
    slug: str
    display_name: str | None = None
    visibility: str = "list"
    priority: float = 0
    context_window: int | None = None
    supported_reasoning_levels: list[JsonValue] = []
    minimal_client_version: JsonValue = None


class _List(BaseModel):
    models: list[JsonValue]


def auth_headers(connection: Connection, credential: OAuthCredential) -> dict[str, str]:
    """The token, whose account it is, and which client of it we are."""
    under_2025_rule = _rule(connection, credential) == "2025-08"
    return request.headers(
        connection,
        {
            "authorization": f"Bearer {credential.access_token}",
            "chatgpt-account-id": credential.account_id,
            "x-openai-fedramp": credential.details.get("fedramp"),
            "originator": ORIGINATOR,
            "version": _version(connection),
            "openai-beta": "responses=experimental" if under_2025_rule else None,
        },
    )


def thread_headers(connection: Connection, asked: ChatRequest) -> dict[str, str]:
    """By which the service finds the requests of one conversation."""
    thread = _thread(connection, asked)
    return {"session-id": thread, "thread-id": thread, "x-client-request-id": thread}


def body(connection: Connection, asked: ChatRequest, usual: JsonObject) -> JsonObject:
    """The usual body without what this service refuses and with what it insists on."""
    kept = {name: value for name, value in usual.items() if name not in _REFUSED}
    return kept | {
        "instructions": usual.get("instructions") or _INSTRUCTIONS,
        "tools": usual.get("tools") or [],
        "tool_choice": "auto",
        "parallel_tool_calls": True,
        "store": False,
        "stream": True,
        "prompt_cache_key": _thread(connection, asked),
    }


async def list_models(connection: Connection, headers: dict[str, str]) -> list[Model]:
    """`GET /models?client_version=`: those meant to be shown, the recommended first."""
    version = _version(connection)
    address = request.join(connection.base_url, f"models?{urlencode({'client_version': version})}")
    answer = read(_List, (await connection.http.fetch(HttpRequest("GET", address, headers))).json)
    entries = [entry for entry in read_each(_Entry, answer.models) if _is_shown(entry, version)]
    return [_model(connection.info.id, entry) for entry in sorted(entries, key=lambda entry: entry.priority)]


def _is_shown(entry: _Entry, version: str) -> bool:
    return entry.visibility == "list" and _parts(entry.minimal_client_version) <= _parts(version)


def _parts(version: JsonValue) -> list[int]:
    """`0.144.0`, also as a list of numbers: older lists have it so."""
    if isinstance(version, list):
        return [number for number in version if isinstance(number, int)]
    return [int(number) for number in re.findall(r"\d+", version)[:3]] if isinstance(version, str) else []


def _model(provider: str, entry: _Entry) -> Model:
    return Model(
        id=f"{provider}/{entry.slug}",
        provider=provider,
        name=entry.slug,
        label=entry.display_name,
        context_window=entry.context_window,
        features=["tools", "reasoning"] if entry.supported_reasoning_levels else ["tools"],
    )


def _rule(connection: Connection, credential: OAuthCredential) -> str | None:
    """The rule the session was made under, else the settings': codex's own logins know of none."""
    return credential.details.get("mode_rule") or connection.settings.oauth.mode_rule


def _version(connection: Connection) -> str:
    return connection.settings.client_version or CLIENT_VERSION


def _thread(connection: Connection, asked: ChatRequest) -> str:
    """The same for all requests of a conversation, which begin alike: its prompts are cached under it."""
    beginning = (request.system_text(asked.messages), next(map(request.text, request.conversation(asked.messages)), ""))
    return str(uuid5(NAMESPACE_URL, f"{connection.session.id}\n{beginning[0]}\n{beginning[1]}"))
