"""Pages of chunks: each once, in order, from any page on."""

import sqlite3

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maestro.context import cursors
from maestro.context.listing import page
from maestro.errors import MaestroError
from maestro_protocol.context import ContextListParams
from tests.unit.context.store import CHAT, FOLDER, attach, gone, ids, open_store, sent

OWNERS = [FOLDER, CHAT]


def pages(store: sqlite3.Connection, limit: int, *, deleted: bool = False) -> list[list[str]]:
    found: list[list[str]] = []
    cursor: str | None = None
    while True:
        params = ContextListParams(chat_id=CHAT, limit=limit, cursor=cursor, deleted=deleted)
        chunks, cursor, _ = page(store, params, OWNERS)
        found.append(ids(chunks))
        if cursor is None:
            return found


@given(st.integers(0, 12), st.integers(0, 12), st.integers(1, 30))
@settings(max_examples=40, deadline=None)
def test_every_chunk_is_on_one_page(of_chat: int, of_folder: int, limit: int) -> None:
    store = open_store()
    for number in range(of_chat):
        attach(store, str(number))
    for number in range(of_folder):
        attach(store, str(number), FOLDER)
    found = pages(store, limit)
    assert [one for some in found for one in some] == sent(store, OWNERS)
    assert all(len(some) == limit for some in found[:-1])
    store.close()


def test_the_ones_deleted_last_come_first() -> None:
    store = open_store()
    every = [attach(store, str(number)).id for number in range(5)]
    gone(store, *every)
    store.execute("UPDATE chunks SET deleted_at = printf('2026-01-0%d', number)")
    attach(store, "still there")
    assert pages(store, 2, deleted=True) == [every[:2:-1], every[2:0:-1], every[:1]]
    store.close()


def test_the_total_is_of_everything_that_is_sent() -> None:
    store = open_store()
    every = [attach(store, "abc"), attach(store, "de", FOLDER)]
    gone(store, attach(store, "f").id)
    chunks, _, total = page(store, ContextListParams(limit=1), OWNERS)
    assert (len(chunks), total.chunks, total.bytes) == (1, 2, 5)
    assert total.tokens == sum(one.tokens for one in every)
    assert page(store, ContextListParams(), [])[2].chunks == 0
    store.close()


@pytest.mark.parametrize(
    "cursor",
    ["", "x", "%%%", "e30=", "\ud83d", cursors.dump(("chat_2", 1.0, 1)), cursors.dump((CHAT, "2026", 1))],
)
def test_a_marker_of_something_else_is_4303(cursor: str) -> None:
    store = open_store()
    with pytest.raises(MaestroError) as caught:
        page(store, ContextListParams(cursor=cursor), OWNERS)
    assert caught.value.code == 4303
    store.close()


@given(st.text())
def test_any_text_is_a_marker_or_4303(text: str) -> None:
    try:
        cursors.load(text)
    except MaestroError as error:
        assert error.code == 4303
