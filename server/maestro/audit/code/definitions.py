"""What a definition in a text is."""

from typing import Literal, NamedTuple


class Symbol(NamedTuple):
    """A definition; lines are zero-based and the last one belongs to it."""

    name: str
    first_line: int
    """Of its decorators, if it has any."""
    last_line: int
    kind: Literal["class", "function"] = "function"
    named_line: int = -1
    """Where its name stands; -1 if that is not known."""


class Definitions(NamedTuple):
    """`parsed` is False where the text is broken, so that the symbols are a guess."""

    symbols: tuple[Symbol, ...]
    parsed: bool
