"""`maestro/audit/run` as the editor hears of it."""

import asyncio
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import cast

import pytest

from maestro.errors import MaestroError
from maestro.lsp.context import ProgressSink, RequestContext, Work
from maestro.lsp.features.audit import audit_run
from maestro.lsp.writer import Outbox
from maestro.providers.base import Compose, Connection, RawReply
from maestro.providers.offline import audit as role
from maestro_protocol.audit import AuditRunParams, AuditTarget
from maestro_protocol.base import JsonObject
from maestro_protocol.settings import DefaultSettings, Settings
from tests.unit.audit.editor import MemoryEditor, forget, product
from tests.unit.audit.model import answer, claim, raw

URI = "file:///work/app.py"


@dataclass
class Wire:
    """What goes out, as the values of `$/progress`."""

    values: list[dict[str, object]] = field(default_factory=list)
    has_room: bool = True

    def push(self, frame: bytes) -> None:
        self.values.append(json.loads(frame.partition(b"\r\n\r\n")[2])["params"]["value"])

    @property
    def last_words(self) -> object:
        return next(value["message"] for value in self.values if value.get("kind") == "end")


@pytest.fixture(autouse=True)
def _forget() -> Iterator[None]:
    yield
    forget()


async def context(text: str, wire: Wire) -> RequestContext:
    editor = MemoryEditor()
    editor.open(URI, text)
    services = await product(editor, Settings(defaults=DefaultSettings(provider="offline")))
    outbox = cast("Outbox", wire)
    return RequestContext(services, 1, ProgressSink(outbox, "events"), Work(outbox, "work"), 33)


PARAMS = AuditRunParams(target=AuditTarget(uri=URI))


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("import os\n", "1 finding"),
        ("import os\n\n\ndef f(a=[]):\n    return a\n", "2 findings"),
        ("x = 1\n", "Nothing found"),
        ("", "Skipped"),
    ],
)
async def test_the_last_words_say_what_was_found(text: str, words: str) -> None:
    wire = Wire()
    result = await audit_run(PARAMS, await context(text, wire))
    assert wire.last_words == words
    types = [value["type"] for value in wire.values if "type" in value]
    assert types == ["audit.started", *["audit.findings"] * bool(result.findings), "audit.completed"]


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("truncated", "filtered", "words"), [(True, False, "Incomplete: 1 finding so far"), (False, True, "Failed")]
)
async def test_what_is_not_clean_never_sounds_so(
    truncated: bool, filtered: bool, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def generate_structured(connection: Connection, compose: Compose) -> RawReply:
        return raw(answer(compose(), claim("x = 1")), truncated=truncated, filtered=filtered)

    monkeypatch.setattr(role, "generate_structured", generate_structured)
    wire = Wire()
    await audit_run(PARAMS, await context("x = 1\n", wire))
    assert wire.last_words == words


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("claims", "words"),
    [
        ([claim("x = 1", rule="style")], "Incomplete: 0 findings so far, 1 claim not usable"),
        ([claim("y = 2"), claim("y = 3")], "0 findings, 2 claims not usable"),
        ([claim("x = 1"), claim("y = 2"), claim("x = 1", rule="style")], "1 finding, 2 claims not usable"),
        ([claim("x = 1", rule="Wrong_Logic")], "1 finding"),
    ],
)
async def test_claims_that_are_not_usable_are_told(
    claims: list[JsonObject], words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def generate_structured(connection: Connection, compose: Compose) -> RawReply:
        return raw(answer(compose(), *claims))

    monkeypatch.setattr(role, "generate_structured", generate_structured)
    wire = Wire()
    await audit_run(PARAMS, await context("x = 1\n", wire))
    assert wire.last_words == words


@pytest.mark.asyncio
async def test_an_error_and_a_cancel_end_the_progress(monkeypatch: pytest.MonkeyPatch) -> None:
    wire = Wire()
    with pytest.raises(MaestroError):
        await audit_run(AuditRunParams(target=AuditTarget()), await context("", wire))
    assert wire.last_words == "Stopped"
    begun, wire = asyncio.Event(), Wire()

    async def never(connection: Connection, compose: Compose) -> RawReply:
        begun.set()
        await asyncio.Event().wait()
        raise AssertionError

    monkeypatch.setattr(role, "generate_structured", never)
    task = asyncio.create_task(audit_run(PARAMS, await context("x = 1\n", wire)))
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert wire.last_words == "Stopped"
