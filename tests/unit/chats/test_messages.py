"""Messages are opened page by page, exactly as they were said."""

import sqlite3

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from maestro.chats import messages
from maestro.database.shape import create
from maestro.errors import MaestroError
from maestro_protocol.base import JsonObject
from maestro_protocol.chat import ContentPart, ImagePart, ReasoningPart, ReplayPart, TextPart, ToolCallPart
from maestro_protocol.conversations import Message
from tests.unit.chats.support import MOMENT, assistant, kept, say, tool, user

# Halves of surrogate pairs, which JSON can carry and UTF-8 cannot; a whole pair in two halves would become one.
ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=20).filter(
    lambda text: text == text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")
)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | ANY_TEXT
NAMES = st.text(max_size=20)
JSON = st.recursive(SCALARS, lambda one: st.lists(one, max_size=3) | st.dictionaries(NAMES, one, max_size=3))
OBJECTS: st.SearchStrategy[JsonObject] = st.dictionaries(NAMES, JSON, max_size=3)
META = st.none() | OBJECTS
PARTS: st.SearchStrategy[ContentPart] = st.one_of(
    st.builds(TextPart, text=ANY_TEXT, meta=META),
    st.builds(ReasoningPart, text=ANY_TEXT, meta=META),
    st.builds(ImagePart, mime_type=ANY_TEXT, data=ANY_TEXT, meta=META),
    st.builds(ToolCallPart, tool_call_id=ANY_TEXT, name=ANY_TEXT, input=OBJECTS, meta=META),
    st.builds(ReplayPart, wire=ANY_TEXT, items=st.lists(OBJECTS, max_size=3), meta=META),
)


@given(parts=st.lists(PARTS, max_size=4))
@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_nothing_of_a_part_is_lost(parts: list[ContentPart]) -> None:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    create(connection, ["messages"])
    message = Message(id="a", role="assistant", parts=parts, created_at=MOMENT)
    messages.add(connection, "chat_1", message)
    assert messages.all(connection, "chat_1") == [message]
    connection.close()


def test_everything_around_the_parts_is_kept(connection: sqlite3.Connection) -> None:
    message = tool("a", "call_1", turn_id="turn_1").model_copy(
        update={"incomplete": True, "intent_id": "int_1", "status": "interrupted"}
    )
    say(connection, "chat_1", message)
    assert messages.all(connection, "chat_1") == messages.of_turn(connection, "turn_1") == [message]


def test_pages_go_back_to_the_first_message(connection: sqlite3.Connection) -> None:
    kept(connection)
    say(connection, "chat_2", user("other"))
    for number in range(7):
        say(connection, "chat_1", user(f"m{number}"))
    seen: list[list[str]] = []
    before = None
    while True:
        page, before = messages.page(connection, "chat_1", before, 3)
        seen.append([message.id for message in page])
        if before is None:
            break
    assert seen == [["m4", "m5", "m6"], ["m1", "m2", "m3"], ["m0"]]
    assert messages.page(connection, "chat_1", "m1", 3)[0][0].id == "m0"
    assert messages.page(connection, "chat_1", "m0", 3) == ([], None)
    assert messages.page(connection, "chat_3", None, 3) == ([], None)


@pytest.mark.parametrize("before", ["", "nobody", "other", "\ud800"])
def test_a_page_before_a_message_that_is_not_there(connection: sqlite3.Connection, before: str) -> None:
    say(connection, "chat_1", user("a"))
    say(connection, "chat_2", user("other"))
    with pytest.raises(MaestroError) as caught:
        messages.page(connection, "chat_1", before, 3)
    assert caught.value.code == 4303


def test_what_only_the_provider_reads_is_not_for_the_client(connection: sqlite3.Connection) -> None:
    replayed = ReplayPart(wire="messages", items=[{"signature": "x"}])
    say(connection, "chat_1", assistant("a", "text", replayed))
    (whole,), _ = messages.page(connection, "chat_1", None, 10)
    (shown,), _ = messages.page(connection, "chat_1", None, 10, for_client=True)
    assert whole.parts == [TextPart(text="text"), replayed]
    assert shown.parts == [TextPart(text="text")]


def test_parts_that_cannot_be_read_are_told_without_being_shown(connection: sqlite3.Connection) -> None:
    say(connection, "chat_1", user("a"))
    for damaged in ("no json", "{}", '[{"type": "canary"}]', "[" * 100_000):
        connection.execute("UPDATE messages SET parts = ?", (damaged,))
        with pytest.raises(MaestroError) as caught:
            messages.all(connection, "chat_1")
        assert caught.value.code == 4901
        assert "canary" not in caught.value.message


def test_no_message_is_kept_twice(connection: sqlite3.Connection) -> None:
    say(connection, "chat_1", user("a"))
    with pytest.raises(sqlite3.IntegrityError):
        say(connection, "chat_1", user("a"))
