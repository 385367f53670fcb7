"""A service that is known by the vendor's own variables alone: where it is, in which version, and who asks."""

from pathlib import Path

import pytest

from maestro import provider
from maestro.errors import MaestroError
from maestro.settings import load
from maestro_protocol.chat import ChatMessage
from tests.simulators.fixtures import Simulation, simulate
from tests.unit.providers.support import KEY

pytestmark = pytest.mark.asyncio

TOKEN = "eyJ0eXAi.eyJhdWQi.c2lnbmVk"
HELLO = [ChatMessage(role="user", content="hello there")]


async def answer(service: Simulation, home: Path, **variables: str) -> str:
    """A list of models and a chat, as whoever has these variables."""
    environment = {"MAESTRO_HOME": str(home), "AZURE_OPENAI_ENDPOINT": f"{service.base_url}/", **variables}
    runtime = provider.new_runtime(load(environment, None), environment)
    provider.use(runtime)
    try:
        await runtime.sessions.sync()
        [model, *_] = await provider.list_models("azure", "api_key", "env")
        return (await provider.complete_text("azure", "env", HELLO, model=model.name)).text
    finally:
        provider.use(None)
        await runtime.aclose()


@pytest.mark.parametrize(
    ("variables", "header", "value"),
    [
        ({"AZURE_OPENAI_API_KEY": KEY}, "api-key", KEY),
        ({"AZURE_OPENAI_API_KEY": KEY, "AZURE_OPENAI_AD_TOKEN": TOKEN}, "authorization", f"Bearer {TOKEN}"),
    ],
)
async def test_azure_by_its_variables(variables: dict[str, str], header: str, value: str, tmp_path: Path) -> None:
    async with simulate("compatible", gateway="azure") as service:
        assert await answer(service, tmp_path, OPENAI_API_VERSION="2024-12-01-preview", **variables)
        assert [request.headers[header] for request in service.requests] == [value, value]
        assert [request.query["api-version"] for request in service.requests] == [
            "2023-03-15-preview",
            "2024-12-01-preview",
        ]


async def test_a_key_that_azure_refuses_is_said_to_come_from_its_variable(tmp_path: Path) -> None:
    async with simulate("compatible", gateway="azure") as service:
        with pytest.raises(MaestroError) as caught:
            await answer(service, tmp_path, AZURE_OPENAI_API_KEY="invalid-key-0123456789")
    assert caught.value.code == 4002
    assert "the key in AZURE_OPENAI_API_KEY (Access denied due to invalid subscription key" in caught.value.message
