"""A key is in the headers that need it and in nothing that is ever shown."""

from types import ModuleType

import pytest

from maestro.failures import UpstreamError
from maestro.providers.anthropic import models as anthropic_models
from maestro.providers.anthropic import streaming as anthropic_streaming
from maestro.providers.anthropic.config import INFO as ANTHROPIC
from maestro.providers.base import ProviderInfo
from maestro.providers.gemini import models as gemini_models
from maestro.providers.gemini import streaming as gemini_streaming
from maestro.providers.gemini.config import INFO as GEMINI
from maestro.providers.openai import models as openai_models
from maestro.providers.openai import streaming as openai_streaming
from maestro.providers.openai.config import INFO as OPENAI
from maestro.providers.openai_compatible import models as compatible_models
from maestro.providers.openai_compatible import streaming as compatible_streaming
from maestro.providers.openai_compatible.config import ROWS
from tests.unit.providers.support import KEY, ask, connect, loopback

PROVIDERS = [
    (OPENAI, openai_streaming, openai_models),
    (ANTHROPIC, anthropic_streaming, anthropic_models),
    (GEMINI, gemini_streaming, gemini_models),
    (ROWS["groq"], compatible_streaming, compatible_models),
]
CASES = pytest.mark.parametrize(("info", "streaming", "models"), PROVIDERS, ids=[info.id for info, _, _ in PROVIDERS])


@CASES
def test_no_key_in_what_is_shown(info: ProviderInfo, streaming: ModuleType, models: ModuleType) -> None:
    connection = connect(info)
    request = streaming.build_request(connection, ask())
    assert KEY in "".join(request.headers.values())
    for shown in (repr(connection), repr(request), request.url, repr(request.json)):
        assert KEY not in shown


@CASES
@pytest.mark.asyncio
async def test_no_key_in_what_is_raised(info: ProviderInfo, streaming: ModuleType, models: ModuleType) -> None:
    """Not even when the service repeats it."""
    refusal = (401, {"error": {"message": f"Incorrect API key provided: {KEY}", "type": "invalid_request_error"}})
    async with loopback(refusal, refusal) as (server, http):
        connection = connect(info, base_url=server.base_url, http=http)
        for sent in (streaming.open_stream(connection, ask()), models.list_models(connection)):
            with pytest.raises(UpstreamError) as caught:
                await sent
            assert caught.value.failure.kind == "auth_invalid"
            assert caught.value.__cause__ is None
    assert all(KEY in "".join(received.headers.values()) for received in server.received)


def test_no_row_asks_for_a_key_in_an_address() -> None:
    assert not [info.id for info in ROWS.values() if "key=" in info.base_url or "@" in info.base_url]
