"""Sessions are found by id or by an unambiguous name, and never show their key."""

import pytest

from maestro.errors import MaestroError
from maestro.store.credentials import ApiKeyCredential
from maestro.store.sessions import SessionStore, StoredSession
from maestro_protocol.sessions import Session

_KEY = ApiKeyCredential("canary-key-1234567890")


def _kind(call: object) -> str:
    assert callable(call)
    with pytest.raises(MaestroError) as caught:
        call()
    return caught.value.kind


@pytest.fixture
def store() -> SessionStore:
    environment = SessionStore()
    made = environment.add("gemini", "api_key", "made", _KEY)
    offered = made.model_copy(update={"id": "env:gemini", "name": "env", "source": "env"})
    return SessionStore(lambda: [StoredSession(offered, _KEY)])


def test_a_session_is_found_by_id_and_by_name(store: SessionStore) -> None:
    session = store.add("openai", "api_key", "work", _KEY)
    assert store.find(session.id).session == session == store.find("work").session
    assert store.find("work", "openai").credential is _KEY
    assert _kind(lambda: store.find("work", "gemini")) == "sessionNotFound"
    assert _kind(lambda: store.find("nobody")) == "sessionNotFound"


def test_a_name_is_taken_per_provider_and_kind(store: SessionStore) -> None:
    store.add("openai", "api_key", "work", _KEY)
    assert _kind(lambda: store.add("openai", "api_key", "work", _KEY)) == "sessionNameTaken"
    other = store.add("anthropic", "api_key", "work", _KEY)
    with pytest.raises(MaestroError) as caught:
        store.find("work")
    assert caught.value.kind == "ambiguous"
    assert other.id in (caught.value.data.candidates or [])


def test_the_name_of_the_environment_is_not_given_away(store: SessionStore) -> None:
    assert _kind(lambda: store.add("openai", "api_key", "env", _KEY)) == "sessionNameTaken"


def test_the_only_session_is_the_default_until_there_are_two(store: SessionStore) -> None:
    assert store.default("openai") is None
    first = store.add("openai", "api_key", "work", _KEY)
    assert (chosen := store.default("openai")) and chosen.session.id == first.id
    store.add("openai", "api_key", "private", _KEY)
    assert store.default("openai") is None
    assert store.set_default("private").is_default
    assert (chosen := store.default("openai")) and chosen.session.name == "private"
    assert [s.name for s in store.list("openai") if s.is_default] == ["private"]
    store.delete("private")
    assert (chosen := store.default("openai")) and chosen.session.id == first.id


def test_a_session_of_the_environment_is_never_chosen_unasked(store: SessionStore) -> None:
    assert store.default("gemini") is None
    assert _kind(lambda: store.delete("env:gemini")) == "unsupported"
    assert store.set_default("env:gemini").is_default
    assert (chosen := store.default("gemini")) and chosen.session.source == "env"
    assert store.set_status("env:gemini", "active").status == "active"
    assert store.find("env:gemini").session.status == "active"


def test_a_key_shows_its_last_four_characters_and_nothing_else(store: SessionStore) -> None:
    session = store.add("openai", "api_key", "work", _KEY)
    assert session.key_hint == "7890"
    assert ApiKeyCredential("short").hint is None
    assert "canary" not in repr(store.find("work")) + repr(store) + str(Session.to_wire(session))


def test_use_and_status_are_remembered(store: SessionStore) -> None:
    store.add("openai", "api_key", "work", _KEY)
    store.touch("work")
    assert store.find("work").session.last_used_at is not None
    assert store.set_status("work", "needsLogin").status == "needsLogin"
