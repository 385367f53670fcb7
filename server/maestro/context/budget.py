"""What fits: the pieces of a request beside the model's context window."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from maestro.context.pieces import Piece
from maestro.errors import MaestroError
from maestro_protocol.context import Chunk


@dataclass(frozen=True, slots=True)
class Budget:
    """In tokens. `size` is the model's window, None where nobody knows it."""

    size: int | None
    reserved_output: int
    overhead: int = 0
    """What is sent beside the pieces: the system text, the tools."""

    def excess(self, pieces: Sequence[Piece]) -> int:
        """How many tokens too many the pieces are; at most 0 if they fit."""
        return 0 if self.size is None else self.used(pieces) + self.reserved_output - self.size

    def used(self, pieces: Sequence[Piece]) -> int:
        return self.overhead + sum(piece.chunk.tokens for piece in pieces)


@dataclass(frozen=True, slots=True)
class Fitted:
    pieces: Sequence[Piece]
    left_out: Sequence[Chunk] = ()
    """What was trimmed, in the order it would have been sent."""


def fit(pieces: Sequence[Piece], budget: Budget, overflow: Literal["refuse", "trim"]) -> Fitted:
    """The pieces that are sent.

    `trim` leaves out the oldest messages and rounds until the rest fits, each with what was attached to it: never a
    pinned one, the user's last message, or the round that waits for its answer; never what was added by itself.

    Raises:
        MaestroError: 4502 with the numbers.
    """
    excess = budget.excess(pieces)
    if excess <= 0:
        return Fitted(pieces)
    if overflow == "refuse":
        advice = "Delete chunks, compact the chat, or set `chat.overflow` to `trim`."
        raise _too_large(budget, budget.used(pieces), "The context has", advice)
    left: set[str] = set()
    for unit in _trimmable(pieces):
        if excess <= 0:
            break
        left |= {piece.chunk.id for piece in unit}
        excess -= sum(piece.chunk.tokens for piece in unit)
    kept = [piece for piece in pieces if piece.chunk.id not in left]
    if excess > 0:
        advice = "Delete or unpin chunks, or send less at once."
        raise _too_large(budget, budget.used(kept), "Without its oldest messages the context still has", advice)
    return Fitted(kept, [piece.chunk for piece in pieces if piece.chunk.id in left])


def _trimmable(pieces: Sequence[Piece]) -> list[list[Piece]]:
    """The messages and rounds that may go, the oldest first, each with all that goes with it."""
    units: dict[str, list[Piece]] = {}
    for piece in pieces:
        if (key := _unit(piece)) is not None:
            units.setdefault(key, []).append(piece)
    kept = _kept(pieces)
    return [unit for key, unit in units.items() if key not in kept and not any(piece.chunk.pinned for piece in unit)]


def _unit(piece: Piece) -> str | None:
    """What a piece goes with; None for what was added by itself."""
    chunk = piece.chunk
    return chunk.group_id or chunk.message_id


def _kept(pieces: Sequence[Piece]) -> Mapping[str | None, None]:
    """The user's last message, and the last message of all with its round."""
    messages = [piece for piece in pieces if piece.message is not None]
    last_user = [piece for piece in messages if piece.is_user][-1:]
    return dict.fromkeys(_unit(piece) for piece in [*last_user, *messages[-1:]])


def _too_large(budget: Budget, used: int, has: str, advice: str) -> MaestroError:
    window = f"the model takes {budget.size:,}, of which {budget.reserved_output:,} are kept for the answer"
    return MaestroError("contextTooLarge", f"{has} {used:,} tokens; {window}. {advice}")
