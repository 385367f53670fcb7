"""Which project Code Assist serves an account from, and making one where there is none yet (providers.md C.5.3)."""

import asyncio
import sys

from pydantic import BaseModel, ConfigDict, JsonValue
from pydantic.alias_generators import to_camel

from maestro.errors import MaestroError
from maestro.providers.owned_files import table, text
from maestro.providers.reply import read
from maestro.providers.request import present
from maestro.transport import HttpRequest, Transport
from maestro_protocol.base import JsonObject

_FREE_TIER = "free-tier"
_POLL_SECONDS = 5.0
_POLLS = 24
_PLATFORMS = {"darwin": "DARWIN_ARM64", "win32": "WINDOWS_AMD64"}
_METADATA: JsonObject = {
    "ideType": "IDE_UNSPECIFIED",
    "platform": _PLATFORMS.get(sys.platform, "LINUX_AMD64"),
    "pluginType": "GEMINI",
}


class _Tier(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel)

    id: str | None = None
    is_default: bool = False


class _Loaded(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel)

    current_tier: _Tier | None = None
    allowed_tiers: list[_Tier] = []
    cloudaicompanion_project: str | None = None


class _Operation(BaseModel):
    name: str | None = None
    done: bool = False
    response: JsonValue = None


async def project(http: Transport, base_url: str, access_token: str, wanted: str | None) -> str | None:
    """`loadCodeAssist`, then `onboardUser` for whoever has no tier yet (providers.md C.5.3)."""
    metadata = _METADATA | ({"duetProject": wanted} if wanted else {})
    body = present({"cloudaicompanionProject": wanted, "metadata": metadata})
    loaded = read(_Loaded, await _call(http, f"{base_url}/v1internal:loadCodeAssist", access_token, body))
    if loaded.current_tier is not None:
        return loaded.cloudaicompanion_project or wanted
    tier = next((tier.id for tier in loaded.allowed_tiers if tier.is_default), None) or _FREE_TIER
    own = None if tier == _FREE_TIER else wanted
    body = present({"tierId": tier, "cloudaicompanionProject": own, "metadata": metadata})
    operation = read(_Operation, await _call(http, f"{base_url}/v1internal:onboardUser", access_token, body))
    done = await _finished(http, base_url, access_token, operation)
    return text(table(table(done.response).get("cloudaicompanionProject")).get("id")) or wanted


async def _finished(http: Transport, base_url: str, access_token: str, operation: _Operation) -> _Operation:
    for _ in range(_POLLS):
        if operation.done or not operation.name:
            return operation
        await asyncio.sleep(_POLL_SECONDS)
        operation = read(_Operation, await _call(http, f"{base_url}/v1internal/{operation.name}", access_token, None))
    raise MaestroError("loginFailed", "Code Assist did not prepare the account in time; try again later.")


async def _call(http: Transport, url: str, access_token: str, body: JsonObject | None) -> JsonValue:
    headers = {"authorization": f"Bearer {access_token}"}
    return (await http.fetch(HttpRequest("GET" if body is None else "POST", url, headers, json=body))).json
