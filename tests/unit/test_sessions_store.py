"""Sessions are kept, found by id or by an unambiguous name, bound and chosen, and never show their credential."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from maestro.errors import MaestroError
from maestro.store.credentials import ApiKeyCredential, Credential, NoCredential, OAuthCredential, dump, load
from maestro.store.sessions import NewSession, SessionStore, open_sessions
from maestro.store.snapshot import StoredSession
from maestro_protocol.sessions import Session, SessionDefaults

CANARY = "canary-key-1234567890"
KEY = ApiKeyCredential(CANARY)
pytestmark = pytest.mark.asyncio


def offered() -> list[StoredSession]:
    key = Session(
        id="env:gemini",
        name="env",
        provider="gemini",
        auth_type="api_key",
        status="unverified",
        source="env",
        created_at=datetime.now(UTC),
    )
    return [StoredSession(key, KEY)]


@asynccontextmanager
async def opened(home: Path) -> AsyncIterator[SessionStore]:
    store = open_sessions({"MAESTRO_HOME": str(home)}, offered)
    await store.sync()
    try:
        yield store
    finally:
        await store.aclose()


def new(name: str, provider: str = "openai", credential: Credential = KEY, **more: Any) -> NewSession:
    return NewSession(
        provider, "oauth" if isinstance(credential, OAuthCredential) else "api_key", name, credential, **more
    )


async def kind(work: Coroutine[None, None, object]) -> str:
    with pytest.raises(MaestroError) as caught:
        await work
    assert CANARY not in caught.value.info().model_dump_json()
    return caught.value.kind


def on_disk(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


def kind_of_find(store: SessionStore, *reference: str) -> str:
    with pytest.raises(MaestroError) as caught:
        store.find(*reference)
    return caught.value.kind


async def test_a_session_is_found_by_id_and_by_name(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        session = await store.add(new("work"))
        assert store.find(session.id).session == session == store.find("work").session
        assert (await store.credential(session.id))[0] == KEY
        assert kind_of_find(store, "work", "gemini") == "sessionNotFound"
        assert kind_of_find(store, "nobody") == "sessionNotFound"


async def test_everything_outlives_the_process(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        session = await store.add(new("work"))
        await store.set_default("work")
        await store.set_default("env:gemini")
        await store.bind("work", "workspaceFolder", "file:///p")
        await store.change("work", status="active", defaults=SessionDefaults(model="m"))
        store.touch(session.id)
    async with opened(tmp_path) as store:
        again = store.find("work").session
        assert (again.id, again.status, again.is_default, again.bound_to) == (session.id, "active", True, ["file:///p"])
        assert again.defaults == SessionDefaults(model="m")
        assert again.last_used_at is not None
        assert store.find("env:gemini").session.is_default
        assert (await store.credential(session.id))[0] == KEY


async def test_a_name_is_taken_per_provider_and_kind(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        await store.add(new("work"))
        assert await kind(store.add(new("work"))) == "sessionNameTaken"
        assert await kind(store.add(new("env"))) == "sessionNameTaken"
        other = await store.add(new("work", "anthropic"))
        by_login = await store.add(new("work", credential=OAuthCredential("token")))
        with pytest.raises(MaestroError) as caught:
            store.find("work")
        assert caught.value.kind == "ambiguous"
        assert {other.id, by_login.id} <= set(caught.value.data.candidates or [])


async def test_two_processes_do_not_get_the_same_name(tmp_path: Path) -> None:
    async with opened(tmp_path) as one, opened(tmp_path) as two:
        results = await asyncio.gather(one.add(new("work")), two.add(new("work")), return_exceptions=True)
        assert sorted(type(result).__name__ for result in results) == ["MaestroError", "Session"]
        await two.sync()
        assert len([session for session in two.list("openai")]) == 1


async def test_a_session_that_needs_a_login_is_signed_in_to_again(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        first = await store.add(new("work"))
        await store.save(first.id, NoCredential(), {"status": "needsLogin", "problem": "Gone."})
        again = await store.add(new("work", credential=ApiKeyCredential("another-key-0000")))
        assert (again.id, again.status, again.problem, again.key_hint) == (first.id, "unverified", None, "0000")


async def test_a_renamed_session_still_opens(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        session = await store.add(new("work"))
        await store.add(new("private"))
        assert await kind(store.rename("work", "private")) == "sessionNameTaken"
        assert (await store.rename("work", "office")).id == session.id
        assert kind_of_find(store, "work") == "sessionNotFound"
    async with opened(tmp_path) as store:
        assert (await store.credential(store.find("office").session.id))[0] == KEY


async def test_the_only_session_is_the_default_until_there_are_two(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        assert store.default("openai") is None
        first = await store.add(new("work"))
        assert (chosen := store.default("openai")) and chosen.session.id == first.id
        await store.add(new("private"))
        assert store.default("openai") is None
        assert (await store.set_default("private")).is_default
        assert (chosen := store.default("openai")) and chosen.session.name == "private"
        assert [s.name for s in store.list("openai") if s.is_default] == ["private"]
        await store.delete("private")
        assert (chosen := store.default("openai")) and chosen.session.id == first.id


async def test_an_offered_session_is_never_chosen_unasked(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        assert store.default("gemini") is None
        assert await kind(store.delete("env:gemini")) == "unsupported"
        assert await kind(store.rename("env:gemini", "mine")) == "unsupported"
        assert (await store.set_default("env:gemini")).is_default
        assert (chosen := store.default("gemini")) and chosen.session.source == "env"
        assert (await store.change("env:gemini", status="active")).status == "active"
        assert store.find("env:gemini").session.status == "active"


async def test_a_default_that_is_gone_is_not_replaced_silently(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        await store.add(new("stored", "gemini"))
        await store.set_default("env:gemini")
    store = open_sessions({"MAESTRO_HOME": str(tmp_path)})
    await store.sync()
    with pytest.raises(MaestroError) as caught:
        store.default("gemini")
    assert caught.value.kind == "authRequired"
    await store.aclose()


async def test_a_binding_is_one_per_provider_and_goes_with_its_session(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        for name, provider in (("one", "openai"), ("two", "openai"), ("three", "anthropic")):
            await store.add(new(name, provider))
            await store.bind(name, "chat", "chat_1")
        assert [bound.session.name for bound in store.snapshot.bound("chat", "chat_1")] == ["three", "two"]
        await store.delete("two")
        assert [bound.session.name for bound in store.snapshot.bound("chat", "chat_1")] == ["three"]
        assert await store.release("chat", "chat_1") == [store.find("three").session.id]
        assert store.snapshot.bound("chat", "chat_1") == []


async def test_another_process_is_followed(tmp_path: Path) -> None:
    async with opened(tmp_path) as one, opened(tmp_path) as two:
        told = asyncio.Event()
        two.told = lambda reason: told.set()
        two.watch()
        await one.add(new("work"))
        async with asyncio.timeout(10):
            while not two.list("openai"):  # the key of the vault may be told first
                await told.wait()
                told.clear()
        assert two.find("work").session.name == "work"


async def test_a_row_that_does_not_open_harms_no_other(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        broken, whole = await store.add(new("broken")), await store.add(new("whole"))
        query = "UPDATE saved_authentications SET credentials = ?, revision = 9 WHERE id = ?"
        await store.database.run(lambda connection: connection.execute(query, (b"\x01garbage" * 9, broken.id)))
        await store.sync()
        assert await kind(store.credential(broken.id)) == "storageFailed"
        assert (await store.credential(whole.id))[0] == KEY


async def test_the_status_follows_the_clock(tmp_path: Path) -> None:
    now = datetime.now(UTC)
    async with opened(tmp_path) as store:
        for name, left in (("fresh", 3600), ("soon", 120), ("over", -1)):
            credential = OAuthCredential("token", expires_at=now + timedelta(seconds=left))
            await store.add(new(name, credential=credential, status="active"))
        assert [session.status for session in store.list("openai")] == ["active", "expiring", "expired"]


async def test_a_key_shows_its_last_four_characters_and_nothing_else(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        session = await store.add(new("work"))
        assert session.key_hint == "7890"
        assert ApiKeyCredential("short").hint is None
        found = store.find("work")
        shown = repr(found) + repr(store.snapshot) + repr(KEY) + str(session.to_wire()) + repr(new("x"))
        assert "canary" not in shown
    assert CANARY.encode() not in on_disk(tmp_path)


@pytest.mark.parametrize(
    "credential",
    [
        KEY,
        NoCredential(),
        OAuthCredential("a", "r", expires_at=datetime.now(UTC), id_token="i", details={"path": "/x"}, account_id="1"),
    ],
)
async def test_a_credential_survives_its_storage(credential: Credential) -> None:
    assert load(dump(credential)) == credential


@pytest.mark.parametrize("plain", [b"", b"[]", b'{"access_token": 5}', b'{"kind": "nothing"}', b"\xff", b'"canary"'])
async def test_what_is_no_credential_is_not_quoted(plain: bytes) -> None:
    with pytest.raises(ValueError, match="not a stored credential") as caught:
        load(plain)
    assert caught.value.__cause__ is None and caught.value.__context__ is None


async def test_a_session_that_is_renamed_while_its_login_is_renewed_still_opens(tmp_path: Path) -> None:
    async with opened(tmp_path) as one, opened(tmp_path) as two:
        session = await one.add(new("work", credential=OAuthCredential("first")))
        await two.sync()
        renewed = [OAuthCredential(f"renewed-{number}") for number in range(10)]
        saves = [two.save(session.id, credential, {}) for credential in renewed]
        names = [one.rename(session.id, f"name-{number}") for number in range(10)]
        await asyncio.gather(*saves, *names)
    async with opened(tmp_path) as store:
        credential, _ = await store.credential(session.id)
        assert credential in renewed
        assert store.find(session.id).session.name in {f"name-{number}" for number in range(10)}


async def test_a_session_renamed_elsewhere_opens_before_that_was_noticed(tmp_path: Path) -> None:
    async with opened(tmp_path) as one, opened(tmp_path) as two:
        session = await one.add(new("work"))
        await two.sync()
        await one.rename(session.id, "office")
        assert two.find("work").session.id == session.id
        assert (await two.credential(session.id, fresh=True))[0] == KEY


async def test_without_a_store_what_is_offered_can_still_be_used(tmp_path: Path) -> None:
    (tmp_path / "data" / "maestro.db").mkdir(parents=True)
    store = open_sessions({"MAESTRO_HOME": str(tmp_path)}, offered)
    assert await kind(store.sync()) == "storageFailed"
    assert [session.id for session in store.list()] == ["env:gemini"]
    assert (await store.credential("env:gemini"))[0] == KEY
    assert await kind(store.add(new("work"))) == "storageFailed"
    await store.aclose()


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("status", "bogus"),
        ("metadata", "{broken"),
        ("metadata", "[]"),
        ("expires_at", "never"),
        ("created_at", ""),
        ("auth_type", "bearer"),
        ("source", "moon"),
        ("name", b"\x00\x01"),
        ("provider", ""),
    ],
)
async def test_a_damaged_row_harms_no_other_and_can_be_deleted(tmp_path: Path, column: str, value: object) -> None:
    async with opened(tmp_path) as store:
        odd, whole = await store.add(new("odd")), await store.add(new("whole"))
        query = f"UPDATE saved_authentications SET {column} = ? WHERE id = ?"
        await store.database.run(lambda connection: connection.execute(query, (value, odd.id)))
        await store.sync()
        assert (await store.credential(whole.id))[0] == KEY
        damaged = store.find(odd.id).session
        assert column == "provider" or (damaged.status, bool(damaged.problem)) == ("needsLogin", True)
        await store.delete(odd.id)
        assert [session.id for session in store.list() if session.source == "vault"] == [whole.id]


async def test_a_credential_of_another_type_does_not_open(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        session = await store.add(new("odd"))
        query = "UPDATE saved_authentications SET credentials = 5, revision = 9"
        await store.database.run(lambda connection: connection.execute(query))
        await store.sync()
        assert await kind(store.credential(session.id)) == "storageFailed"


async def test_nothing_points_at_a_session_that_was_deleted_meanwhile(tmp_path: Path) -> None:
    async with opened(tmp_path) as one, opened(tmp_path) as two:
        session = await one.add(new("work"))
        await two.sync()
        await one.delete(session.id)
        assert await kind(two.set_default(session.id)) == "sessionNotFound"
        assert await kind(two.bind("work", "chat", "chat_1")) == "sessionNotFound"
        await one.sync()
        assert (dict(one.snapshot.defaults), list(one.snapshot.bindings)) == ({}, [])


async def test_what_is_no_text_is_refused(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        await store.add(new("work"))
        assert await kind(store.bind("work", "workspaceFolder", "file:///\ud800")) == "invalidParams"
