"""What would be sent: as the provider builds it, with no key, and without sending it."""

from datetime import UTC, datetime, timedelta
from unittest.mock import ANY

import pytest

from maestro import provider
from maestro.audit.asking.exchange import StructuredRequest
from maestro.providers.oauth import Granted
from maestro.store.credentials import OAuthCredential
from tests.unit.test_provider import installed

TOKEN = "canary-token-0123456789"
ENDED = datetime.now(UTC) - timedelta(days=1)
SCHEMA = {"type": "object", "properties": {"findings": {"type": "array", "items": {"type": "string"}}}}
pytestmark = pytest.mark.asyncio


def compose() -> StructuredRequest:
    return StructuredRequest("a-model", "the system's words", "the code", SCHEMA, 100)


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("openai", "/backend-api/codex/responses"),
        ("anthropic", "/v1/messages"),
        ("gemini", "/v1/models/a-model:generateContent"),
    ],
)
async def test_a_login_decides_where_to_and_is_not_told_nor_renewed(name: str, path: str) -> None:
    async with installed() as runtime:
        credential = OAuthCredential(TOKEN, refresh_token=TOKEN, expires_at=ENDED, client_id="c", client_secret="s")
        session = await provider.keep_login(name, "work", Granted(credential))
        request = await provider.preview_audit(name, "work", compose)
        assert await runtime.sessions.credential(session.id) == (credential, ANY)
    assert request is not None
    assert request.url.endswith(path)
    assert TOKEN not in f"{request.url}{request.headers}{request.json}{request.form}"
    assert "the code" in str(request.json)


async def test_what_answers_in_this_process_sends_nothing() -> None:
    async with installed():
        assert await provider.preview_audit("offline", None, compose) is None
