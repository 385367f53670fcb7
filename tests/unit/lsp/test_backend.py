"""What stands behind the handshake, and what it makes of a start that fails."""

from types import SimpleNamespace
from typing import cast

import pytest

from maestro.app import Services
from maestro.lsp.backend import LspBackend


@pytest.mark.asyncio
async def test_a_store_that_fails_to_open_is_an_incident_and_no_request_s(caplog: pytest.LogCaptureFixture) -> None:
    followed: list[bool] = []

    async def fail() -> None:
        raise RuntimeError("canary")

    backend = object.__new__(LspBackend)
    refresher = SimpleNamespace(start=lambda: followed.append(True))
    backend.services = cast("Services", SimpleNamespace(open=fail, refresher=refresher))
    await backend._open()

    assert followed == [True]
    assert "incident" in caplog.text and "opening the store" in caplog.text
