"""A provider in at most twenty lines, whichever way it is added, streams and lists its models."""

import asyncio
import json
import os
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from maestro.providers.openai_compatible import models, streaming
from maestro.providers.openai_compatible.config import read_rows
from tests.unit.providers.support import ask, connect, loopback

ROW = """
[acme]
label = "Acme"
base_url = "https://api.acme.example/v1"
key_variables = ["ACME_API_KEY"]
flags = { streamOptions = false }
"""

PLUG_IN = {
    "config.py": """
from maestro.providers.base import ProviderInfo
from maestro_protocol.sessions import AuthTypeInfo

KEY = AuthTypeInfo(auth_type="api_key", flows=["key"])
INFO = ProviderInfo("acme", "Acme", "https://api.acme.example", (KEY,), key_variables=("ACME_API_KEY",))
""",
    "api_key.py": """
def auth_headers(connection):
    return {"x-acme-key": connection.credential.api_key}
""",
    "streaming.py": """
from acme_maestro.api_key import auth_headers
from maestro.transport import HttpRequest

async def open_stream(connection, request):
    messages = [message.to_wire() for message in request.messages]
    body = {"model": request.model, "messages": messages, "stream": True}
    url = f"{connection.base_url}/ask"
    return await connection.http.open(HttpRequest("POST", url, auth_headers(connection), body), "chat")
""",
}
ENTRY_POINT = "[maestro.providers]\nacme = acme_maestro\n"

DRIVE = """
import asyncio, json, sys
from maestro.providers import registry
from tests.unit.providers.support import ask, connect

async def main():
    connection = connect(registry.info("acme"), base_url=sys.argv[1])
    stream = await registry.resolve("acme", registry.STREAMING).open_stream(connection, ask())
    answer = b"".join([chunk async for chunk in stream]).decode()
    await connection.http.aclose()
    print(json.dumps([registry.roles("acme"), "acme" in registry.provider_ids(), stream.wire, answer]))

asyncio.run(main())
"""


def lines(*texts: str) -> int:
    return sum(bool(line.strip()) for text in texts for line in text.splitlines())


@pytest.mark.asyncio
async def test_a_row() -> None:
    assert lines(ROW) <= 20
    async with loopback((200, b"data: [DONE]\n\n"), (200, {"data": [{"id": "big"}]})) as (server, http):
        info = replace(read_rows(ROW)["acme"], base_url=server.base_url)
        connection = connect(info, http=http)
        stream = await streaming.open_stream(connection, ask())
        assert b"".join([chunk async for chunk in stream]) == b"data: [DONE]\n\n"
        assert [model.id for model in await models.list_models(connection)] == ["acme/big"]


@pytest.mark.asyncio
async def test_a_plug_in(tmp_path: Path) -> None:
    """An installed package is found by its entry point alone; a process of its own, because what is found is kept."""
    assert lines(*PLUG_IN.values()) <= 20
    for name, text in {"__init__.py": "", **PLUG_IN}.items():
        write(tmp_path / "acme_maestro" / name, text)
    write(tmp_path / "acme_maestro-1.dist-info" / "METADATA", "Metadata-Version: 2.1\nName: acme-maestro\nVersion: 1\n")
    write(tmp_path / "acme_maestro-1.dist-info" / "entry_points.txt", ENTRY_POINT)
    async with loopback((200, b"data: [DONE]\n\n")) as (server, _):
        roles, is_listed, wire, answer = json.loads(await drive(tmp_path, server.base_url))
    assert (roles, is_listed) == (["config", "apiKey", "streaming"], True)
    assert (wire, answer) == ("chat", "data: [DONE]\n\n")
    assert server.received[0].target == "/ask"


def write(path: Path, text: str) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")


async def drive(packages: Path, base_url: str) -> str:
    root = Path(__file__).parents[3]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(packages), str(root)])}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", DRIVE, base_url, env=environment, stdout=asyncio.subprocess.PIPE
    )
    output, _ = await process.communicate()
    assert process.returncode == 0
    return output.decode()
