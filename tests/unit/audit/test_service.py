"""The audit service: what is asked, sent, shown, and never shown."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from maestro import provider
from maestro.addresses import is_local
from maestro.errors import MaestroError
from maestro.failures import Failure, UpstreamError
from maestro.providers.base import Compose, Connection, RawReply, StructuredRequest
from maestro.providers.offline import audit as role
from maestro.services.audit import AuditService
from maestro.services.consent import Consent
from maestro_protocol.audit import AuditRunParams, AuditTarget
from maestro_protocol.chat import Position, Range
from maestro_protocol.settings import AuditSettings, DefaultSettings, ProviderSettings, Settings
from tests.unit.audit.editor import Events, MemoryEditor, forget, product
from tests.unit.audit.model import answer, claim, raw
from tests.unit.offline.connection import connect

URI = "file:///work/app.py"
CODE = "import os\n\n\ndef f(x):\n    return x == None\n"
OFFLINE = Settings(defaults=DefaultSettings(provider="offline"))


@pytest.fixture
def editor() -> MemoryEditor:
    editor = MemoryEditor()
    editor.open(URI, CODE)
    return editor


@pytest.fixture(autouse=True)
def _forget() -> Iterator[None]:
    yield
    forget()


async def service(editor: MemoryEditor, settings: Settings = OFFLINE) -> AuditService:
    return (await product(editor, settings)).audit


def params(uri: str = URI, range_: Range | None = None, **members: object) -> AuditRunParams:
    return AuditRunParams.model_validate({"target": AuditTarget(uri=uri, range=range_), **members})


def lines(first: int, last: int) -> Range:
    return Range(start=Position(line=first, character=0), end=Position(line=last, character=0))


def say(monkeypatch: pytest.MonkeyPatch, *replies: object) -> list[StructuredRequest]:
    """Let the provider answer with these: claims, a whole reply, or a failure."""
    sent: list[StructuredRequest] = []

    async def generate_structured(connection: Connection, compose: Compose) -> RawReply:
        request, reply = compose(), replies[len(sent)]
        sent.append(request)
        if isinstance(reply, BaseException):
            raise reply
        return reply if isinstance(reply, RawReply) else raw(answer(request, *reply))  # type: ignore[misc]

    monkeypatch.setattr(role, "generate_structured", generate_structured)
    return sent


@pytest.mark.asyncio
async def test_findings_are_shown_on_the_version_they_are_about(editor: MemoryEditor) -> None:
    events = Events()
    result = await (await service(editor)).run(params(), events)
    assert [finding.rule for finding in result.findings] == ["unused-code", "wrong-comparison"]
    assert editor.published == [(URI, 1, result.findings)]
    assert events.types == ["audit.started", "audit.findings", "audit.completed"]
    assert {event.to_wire()["auditId"] for event in events.sent} == {result.audit_id}
    assert editor.asked == [], "nothing leaves this machine"


@pytest.mark.asyncio
async def test_a_clean_bill_clears_what_was_shown(editor: MemoryEditor) -> None:
    audits = await service(editor)
    await audits.run(params())
    editor.change(URI, "x = 1\n")
    events = Events()
    result = await audits.run(params(), events)
    assert (result.status, editor.published[-1]) == ("complete", (URI, 2, []))
    assert events.types == ["audit.started", "audit.completed"]


@pytest.mark.asyncio
async def test_an_emptied_file_shows_nothing(editor: MemoryEditor) -> None:
    editor.change(URI, "\n")
    assert (await (await service(editor)).run(params())).status == "skipped"
    assert editor.published == [(URI, 2, [])]


@pytest.mark.asyncio
async def test_a_failure_leaves_what_was_shown(editor: MemoryEditor, monkeypatch: pytest.MonkeyPatch) -> None:
    audits = await service(editor)
    before = await audits.run(params())
    refusal = UpstreamError(Failure("invalid_request", "No."))
    say(monkeypatch, refusal, raw("I cannot do that."), raw("", filtered=True))
    for code in (4209, 4210, 4207):
        events = Events()
        result = await audits.run(params(), events)
        assert result.error is not None
        assert (result.status, result.error.code) == ("failed", code)
        assert events.types == ["audit.started", "audit.completed"]
        assert events.sent[-1].to_wire()["status"] == "failed"
    assert editor.published == [(URI, 1, before.findings)]


@pytest.mark.asyncio
async def test_a_partial_result_adds_to_what_was_shown(editor: MemoryEditor, monkeypatch: pytest.MonkeyPatch) -> None:
    audits = await service(editor)
    before = await audits.run(params())

    def cut(text: str) -> RawReply:
        return raw(text, truncated=True)

    sent = say(monkeypatch, [claim("def f(x):")], [])
    original = role.generate_structured

    async def truncated(connection: Connection, compose: Compose) -> RawReply:
        return cut((await original(connection, compose)).text)

    monkeypatch.setattr(role, "generate_structured", truncated)
    result = await audits.run(params())
    assert (result.status, len(result.findings)) == ("partial", 1)
    assert editor.published[-1] == (URI, 1, result.findings + before.findings)
    empty = await audits.run(params())
    assert (empty.status, empty.findings, len(sent)) == ("partial", [], 2)
    assert len(editor.published) == 2


@pytest.mark.asyncio
async def test_a_result_about_an_old_text_is_kept_and_not_shown(
    editor: MemoryEditor, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = role.generate_structured

    async def while_typing(connection: Connection, compose: Compose) -> RawReply:
        editor.change(URI, "# typed\n" + CODE)
        return await original(connection, compose)

    monkeypatch.setattr(role, "generate_structured", while_typing)
    result = await (await service(editor)).run(params())
    assert len(result.findings) == 2
    assert editor.published == []
    assert result.chunks[0].reason is not None
    assert "changed" in result.chunks[0].reason


@pytest.mark.asyncio
async def test_a_document_that_went_away_is_not_shown(editor: MemoryEditor, monkeypatch: pytest.MonkeyPatch) -> None:
    original = role.generate_structured

    async def closing(connection: Connection, compose: Compose) -> RawReply:
        editor.documents.clear()
        return await original(connection, compose)

    monkeypatch.setattr(role, "generate_structured", closing)
    await (await service(editor)).run(params())
    assert editor.published == []


@pytest.mark.asyncio
async def test_auditing_a_range_keeps_the_findings_outside_it(editor: MemoryEditor) -> None:
    audits = await service(editor)
    [unused, comparison] = (await audits.run(params())).findings
    result = await audits.run(params(range_=lines(3, 4)))
    assert [finding.rule for finding in result.findings] == ["wrong-comparison"]
    assert [finding.id for finding in editor.published[-1][2]] == [comparison.id, unused.id]
    editor.change(URI, CODE + "\n")
    await audits.run(params(range_=lines(3, 4)))
    assert [finding.id for finding in editor.published[-1][2]] == [comparison.id], "the text is another one"


@pytest.mark.asyncio
async def test_cancelling_is_one_terminal_event(editor: MemoryEditor, monkeypatch: pytest.MonkeyPatch) -> None:
    begun = asyncio.Event()

    async def never(connection: Connection, compose: Compose) -> RawReply:
        begun.set()
        await asyncio.Event().wait()
        raise AssertionError

    monkeypatch.setattr(role, "generate_structured", never)
    events = Events()
    task = asyncio.create_task((await service(editor)).run(params(), events))
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert events.types == ["audit.started", "audit.completed"]
    assert events.sent[-1].to_wire()["status"] == "cancelled"
    assert editor.published == []


@pytest.mark.asyncio
async def test_a_fault_of_ours_ends_the_events_too(editor: MemoryEditor, monkeypatch: pytest.MonkeyPatch) -> None:
    say(monkeypatch, ZeroDivisionError())
    events = Events()
    with pytest.raises(ZeroDivisionError):
        await (await service(editor)).run(params(), events)
    assert events.types == ["audit.started", "audit.completed"]
    assert events.sent[-1].to_wire()["status"] == "failed"


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("target", "code"),
    [
        (AuditTarget(), 4601),
        (AuditTarget(uris=[URI, "file:///work/b.py"]), 4601),
        (AuditTarget(uri="file:///work/none.py"), 4406),
        (AuditTarget(uri=f"{Path(__file__).parent.as_uri()}/none.py"), 4601),
        (AuditTarget(uri="file:///work/.env"), 4601),
    ],
)
async def test_what_cannot_be_audited(editor: MemoryEditor, target: AuditTarget, code: int) -> None:
    editor.open("file:///work/.env", "KEY=1")
    editor.folders = [Path(__file__).parent.as_uri()]
    events = Events()
    with pytest.raises(MaestroError) as caught:
        await (await service(editor)).run(AuditRunParams(target=target), events)
    assert (caught.value.code, events.sent) == (code, [])


@pytest.mark.asyncio
async def test_unknown_rules_are_told_before_anything_begins(editor: MemoryEditor) -> None:
    events = Events()
    with pytest.raises(MaestroError) as caught:
        await (await service(editor)).run(params(rules=["typo"]), events)
    assert caught.value.code == -32602
    assert events.types == []
    assert editor.asked == []


@pytest.mark.asyncio
async def test_rules_and_severity_reach_the_audit(editor: MemoryEditor) -> None:
    result = await (await service(editor)).run(params(rules=["correctness"], minSeverity="medium"))
    assert [finding.rule for finding in result.findings] == ["wrong-comparison"]


@pytest.mark.asyncio
async def test_the_model_for_audits_is_used_unless_a_session_or_model_is_named(editor: MemoryEditor) -> None:
    settings = Settings(
        defaults=DefaultSettings(provider="gemini", audit="offline/checker"),
        providers={"gemini": ProviderSettings(base_url="http://127.0.0.1:9")},
    )
    audits = await service(editor, settings)
    assert (await audits.run(params())).findings[0].provenance.model == "checker"
    assert (await audits.run(params(model="offline/other"))).findings[0].provenance.model == "other"
    with pytest.raises(MaestroError) as caught:
        await audits.run(params(sessionId="work"))
    assert caught.value.code == 4007


def away() -> Connection:
    return replace(connect(), base_url="https://api.example.org/v1")


async def consent(editor: MemoryEditor, setting: str = "ask") -> Consent:
    settings = OFFLINE.model_copy(update={"audit": AuditSettings.model_validate({"consent": setting})})
    return Consent((await product(editor, settings)).runtime, editor)


@pytest.mark.asyncio
async def test_the_user_is_asked_once_and_for_sixty_seconds(editor: MemoryEditor) -> None:
    asks = await consent(editor)
    editor.answers = ["Allow"]
    await asyncio.gather(*(asks.require(away()) for _ in range(5)))
    [(message, options, timeout)] = editor.asked
    assert "Offline (no model)" in message
    assert (tuple(options), timeout) == (("Allow", "Don't allow"), 60.0)


@pytest.mark.asyncio
@pytest.mark.parametrize("reply", ["Don't allow", None])
async def test_anything_but_yes_is_no_and_may_be_asked_again(editor: MemoryEditor, reply: str | None) -> None:
    asks = await consent(editor)
    editor.answers = [reply, "Allow"]
    with pytest.raises(MaestroError) as caught:
        await asks.require(away())
    assert caught.value.code == 4603
    await asks.require(away())


@pytest.mark.asyncio
async def test_settings_and_trust_decide_before_the_user(editor: MemoryEditor) -> None:
    await (await consent(editor, "always")).require(away())
    with pytest.raises(MaestroError):
        await (await consent(editor, "never")).require(away())
    editor.trusted = False
    with pytest.raises(MaestroError) as caught:
        await (await consent(editor, "always")).require(away())
    assert caught.value.code == 4603
    await (await consent(editor, "never")).require(connect())
    with pytest.raises(MaestroError):  # what listens on this machine may pass it on
        await (await consent(editor, "always")).require(replace(away(), base_url="http://127.0.0.1:1"))
    assert editor.asked == []


@pytest.mark.asyncio
async def test_without_consent_nothing_is_sent_and_nothing_started(editor: MemoryEditor) -> None:
    settings = Settings(providers={"gemini": ProviderSettings(base_url="https://api.example.org")})
    services = await product(editor, settings)
    session = await provider.create_session("gemini", "api_key", name="work", api_key="k" * 30)
    events = Events()
    with pytest.raises(MaestroError) as caught:
        await services.audit.run(params(sessionId=session), events)
    assert (caught.value.code, events.sent) == (4603, [])
    assert "Gemini" in editor.asked[0][0]
    await services.aclose()


@pytest.mark.parametrize(
    ("url", "local"),
    [
        ("", False),
        ("http://localhost:11434/v1", True),
        ("http://a.localhost", True),
        ("http://127.3.2.1", True),
        ("http://[::1]:8080", True),
        ("http://0.0.0.0", False),
        ("https://localhost.example.org", False),
        ("http://192.168.0.2", False),
        ("https://api.example.org", False),
    ],
)
def test_what_counts_as_this_machine(url: str, local: bool) -> None:
    assert is_local(url) == local
