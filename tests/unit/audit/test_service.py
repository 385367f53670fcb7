"""The audit service: what is asked, sent, shown, and never shown."""

import asyncio
from collections.abc import Iterator, Sequence
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
from maestro_protocol.audit import AuditRunParams, AuditTarget, Finding
from maestro_protocol.chat import Position, Range
from maestro_protocol.settings import AuditSettings, DefaultSettings, ProviderSettings, Settings
from tests.unit.audit.editor import Events, MemoryEditor, forget, product
from tests.unit.audit.model import answer, claim, raw
from tests.unit.offline.connection import connect

URI = "file:///work/app.py"
CODE = "import os\n\n\ndef f(x):\n    return x == None\n"
FOLDER = "file:///work"
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


async def shown(editor: MemoryEditor, times: int) -> Sequence[Finding]:
    """What was shown last, once something was shown so many times."""
    async with asyncio.timeout(5):
        while len(editor.published) < times:
            editor.shown.clear()
            await editor.shown.wait()
    return editor.published[-1][2]


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
    assert (result.status, await shown(editor, 2), editor.published[-1][1]) == ("complete", [], 2)
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
        result = await audits.run(params(fresh=True), events)
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
    result = await audits.run(params(fresh=True))
    assert (result.status, len(result.findings)) == ("partial", 1)
    assert [finding.id for finding in await shown(editor, 2)] == [
        before.findings[0].id,
        result.findings[0].id,
        before.findings[1].id,
    ]
    empty = await audits.run(params(fresh=True))
    assert (empty.status, empty.findings, len(sent)) == ("partial", [], 2)
    assert len(editor.published) == 2


@pytest.mark.asyncio
async def test_a_result_about_an_old_text_is_shown_where_its_words_are_now(
    editor: MemoryEditor, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = role.generate_structured

    async def while_typing(connection: Connection, compose: Compose) -> RawReply:
        editor.change(URI, "# typed\n" + CODE.replace("import os\n", ""))
        return await original(connection, compose)

    monkeypatch.setattr(role, "generate_structured", while_typing)
    result = await (await service(editor)).run(params())
    assert [(f.rule, f.range and f.range.start.line) for f in result.findings] == [("wrong-comparison", 4)]
    assert result.rejected["deletedMeanwhile"] == 1
    assert editor.published == [(URI, 2, result.findings)]


@pytest.mark.asyncio
async def test_a_document_that_went_away_is_not_shown(editor: MemoryEditor, monkeypatch: pytest.MonkeyPatch) -> None:
    original = role.generate_structured

    async def closing(connection: Connection, compose: Compose) -> RawReply:
        editor.close(URI)
        return await original(connection, compose)

    monkeypatch.setattr(role, "generate_structured", closing)
    await (await service(editor)).run(params())
    assert [findings for _, _, findings in editor.published if findings] == []


@pytest.mark.asyncio
async def test_auditing_a_range_keeps_the_findings_outside_it(editor: MemoryEditor) -> None:
    audits = await service(editor)
    [unused, comparison] = (await audits.run(params())).findings
    result = await audits.run(params(range_=lines(3, 4)))
    assert [finding.rule for finding in result.findings] == ["wrong-comparison"]
    assert [finding.id for finding in await shown(editor, 2)] == [unused.id, comparison.id]


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
        (AuditTarget(uri=URI, workspace_folder="file:///work"), 4601),
        (
            AuditTarget(
                uris=[URI, "file:///work/b.py"],
                range=Range(start=Position(line=0, character=0), end=Position(line=1, character=0)),
            ),
            4601,
        ),
        (AuditTarget(workspace_folder="file:///nowhere"), 4601),
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
    await asyncio.gather(*(asks.require(away(), [FOLDER]) for _ in range(5)))
    [(message, options, timeout)] = editor.asked
    assert "Offline (no model)" in message
    assert (tuple(options), timeout) == (("Allow", "Don't allow"), 60.0)


@pytest.mark.asyncio
async def test_consent_is_for_a_folder_and_a_service_and_survives_a_restart(editor: MemoryEditor) -> None:
    asks = await consent(editor)
    editor.answers = ["Allow", "Allow", "Allow"]
    await asks.require(away(), [FOLDER])
    assert editor.services is not None
    again = Consent(editor.services.runtime, editor)
    await again.require(away(), [FOLDER])
    assert len(editor.asked) == 1
    await again.require(away(), ["file:///elsewhere"])
    await again.require(replace(away(), base_url="https://other.example.org"), [FOLDER])
    assert len(editor.asked) == 3


@pytest.mark.asyncio
async def test_who_refused_is_not_asked_again_for_what_nobody_asked_for(editor: MemoryEditor) -> None:
    asks = await consent(editor)
    for _ in range(2):
        with pytest.raises(MaestroError):
            await asks.require(away(), [FOLDER], ask_again=False)
    assert len(editor.asked) == 1


@pytest.mark.asyncio
@pytest.mark.parametrize("reply", ["Don't allow", None])
async def test_anything_but_yes_is_no_and_may_be_asked_again(editor: MemoryEditor, reply: str | None) -> None:
    asks = await consent(editor)
    editor.answers = [reply, "Allow"]
    with pytest.raises(MaestroError) as caught:
        await asks.require(away(), [FOLDER])
    assert caught.value.code == 4603
    await asks.require(away(), [FOLDER])


@pytest.mark.asyncio
async def test_settings_and_trust_decide_before_the_user(editor: MemoryEditor) -> None:
    await (await consent(editor, "always")).require(away(), [FOLDER])
    with pytest.raises(MaestroError):
        await (await consent(editor, "never")).require(away(), [FOLDER])
    editor.trusted = False
    with pytest.raises(MaestroError) as caught:
        await (await consent(editor, "always")).require(away(), [FOLDER])
    assert caught.value.code == 4603
    await (await consent(editor, "never")).require(connect(), [FOLDER])
    with pytest.raises(MaestroError):  # what listens on this machine may pass it on
        await (await consent(editor, "always")).require(replace(away(), base_url="http://127.0.0.1:1"), [FOLDER])
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


@pytest.mark.asyncio
async def test_a_failed_audit_of_what_was_saved_is_told_once(
    editor: MemoryEditor, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = OFFLINE.model_copy(update={"audit": AuditSettings(on_save=True, save_delay_ms=0)})
    services = await product(editor, settings)
    say(monkeypatch, raw("Looks good to me."), raw("LGTM"), [], raw("Hm."))
    for number in range(4):
        editor.change(URI, CODE + f"x = {number}\n")
        services.audit_on_save.saved(URI)
        await asyncio.sleep(0.001)  # the timer of the delay
        await asyncio.gather(*services.audit_on_save._running)
    assert [message for message in editor.told if "saved" in message] == editor.told
    assert len(editor.told) == 2, "for the first failure, and for the one after a success"


@pytest.mark.asyncio
async def test_what_is_ignored_is_not_audited(editor: MemoryEditor, tmp_path: Path) -> None:
    (tmp_path / ".maestroignore").write_text("closed.py\n")
    for name in ("closed.py", "open.py", "node_modules/m.py", ".maestro/a.py", "src/a.py", "notes.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(CODE)
    editor.folders = [tmp_path.as_uri()]
    audits = await service(editor)
    with pytest.raises(MaestroError, match="maestroignore") as caught:
        await audits.run(params((tmp_path / "closed.py").as_uri()))
    assert caught.value.code == 4406
    result = await audits.run(AuditRunParams(target=AuditTarget(workspace_folder=tmp_path.as_uri())))
    assert sorted({str(finding.rel_path) for finding in result.findings}) == ["open.py", "src/a.py"]
    named = await audits.run(params((tmp_path / "node_modules/m.py").as_uri()))
    assert named.findings, "what somebody names is audited"


@pytest.mark.asyncio
async def test_of_comments_alone_nothing_is_asked(editor: MemoryEditor, monkeypatch: pytest.MonkeyPatch) -> None:
    sent = say(monkeypatch)
    editor.change(URI, "# Only words.\n\n# And more of them.\n")
    assert ((await (await service(editor)).run(params())).status, sent) == ("skipped", [])


@pytest.mark.asyncio
async def test_an_audit_for_no_rule_is_a_mistake(editor: MemoryEditor) -> None:
    with pytest.raises(MaestroError) as caught:
        await (await service(editor)).run(params(rules=[]))
    assert caught.value.code == -32602


@pytest.mark.asyncio
async def test_who_is_asked_for_consent_hears_where_code_would_go(editor: MemoryEditor) -> None:
    asks = await consent(editor)
    with pytest.raises(MaestroError):
        await asks.require(replace(away(), base_url="http://example.org/v1"), [FOLDER, "file:///home/other"])
    [(message, _, _)] = editor.asked
    assert "work, other" in message and "example.org" in message and "unencrypted" in message
