"""What fits is sent; what does not is refused with the numbers, or the oldest is left out and named."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maestro.context.budget import Budget, fit
from maestro.context.pieces import Piece
from maestro.errors import MaestroError
from maestro_protocol.context import Chunk
from tests.unit.context.store import NOW, message


def piece(
    name: str,
    role: str | None,
    tokens: int = 100,
    group: str | None = None,
    pinned: bool = False,
    to: str | None = None,
) -> Piece:
    said = message(role, name) if role else None
    values = {
        "id": name,
        "scope": "chat",
        "source": "message" if role else "file",
        "label": name,
        "tokens": tokens,
        "bytes": 1,
        "sha256": "",
        "preview": "",
        "pinned": pinned,
        "message_id": said.id if said else to,
        "group_id": group,
        "created_at": NOW,
    }
    return Piece(Chunk.model_validate(values), "" if said else name, said)


CHAT = [
    piece("file", None),
    piece("u1", "user"),
    piece("a1", "assistant", group="g1"),
    piece("t1", "tool", group="g1"),
    piece("u2", "user", pinned=True),
    piece("a2", "assistant", group="g2"),
    piece("t2", "tool", group="g2", pinned=True),
    piece("a3", "assistant"),
    piece("u3", "user"),
    piece("a4", "assistant", group="g4"),
    piece("t4", "tool", group="g4"),
]


def names(pieces: object) -> list[str]:
    assert isinstance(pieces, (list, tuple))
    return [one.chunk.id if isinstance(one, Piece) else one.id for one in pieces]


@pytest.mark.parametrize("size", [None, 1_600, 2_000])
def test_what_fits_is_sent_as_it_is(size: int | None) -> None:
    fitted = fit(CHAT, Budget(size, 400, overhead=100), "refuse")
    assert (fitted.pieces, fitted.left_out) == (CHAT, ())


def test_what_does_not_fit_is_refused_with_the_numbers() -> None:
    with pytest.raises(MaestroError) as caught:
        fit([piece("u", "user", 140_000)], Budget(128_000, 8_192), "refuse")
    assert caught.value.code == 4502
    assert caught.value.message == (
        "The context has 140,000 tokens; the model takes 128,000, of which 8,192 are kept for the answer. "
        "Delete chunks, compact the chat, or set `chat.overflow` to `trim`."
    )


@pytest.mark.parametrize(
    ("size", "left_out"),
    [
        (1_099, ["u1"]),
        (1_000, ["u1"]),
        (999, ["u1", "a1", "t1"]),
        (800, ["u1", "a1", "t1"]),
        (700, ["u1", "a1", "t1", "a3"]),
    ],
)
def test_the_oldest_are_left_out_whole_and_named(size: int, left_out: list[str]) -> None:
    fitted = fit(CHAT, Budget(size, 0), "trim")
    assert names(list(fitted.left_out)) == left_out
    assert names(list(fitted.pieces)) == [one for one in names(CHAT) if one not in left_out]


def test_what_cannot_be_trimmed_is_refused() -> None:
    with pytest.raises(MaestroError) as caught:
        fit(CHAT, Budget(699, 0), "trim")
    assert caught.value.code == 4502
    assert caught.value.message.startswith("Without its oldest messages the context still has 700 tokens;")


def test_what_was_attached_goes_with_its_message() -> None:
    first = piece("u1", "user")
    attached = piece("file", None, to=first.chunk.message_id)
    fitted = fit([attached, first, piece("a1", "assistant"), piece("u2", "user")], Budget(250, 0), "trim")
    assert names(list(fitted.left_out)) == ["file", "u1"]


@given(st.integers(0, 1_200), st.integers(0, 300))
def test_trimming_never_takes_what_must_stay(size: int, reserved: int) -> None:
    budget = Budget(size, reserved)
    try:
        fitted = fit(CHAT, budget, "trim")
    except MaestroError:
        assert size - reserved < 700
        return
    kept = names(list(fitted.pieces))
    assert {"file", "u2", "a2", "t2", "u3", "a4", "t4"} <= set(kept)
    assert ("a1" in kept) == ("t1" in kept)
    assert budget.excess(fitted.pieces) <= 0
    assert sorted(kept + names(list(fitted.left_out))) == sorted(names(CHAT))
