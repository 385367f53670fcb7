"""Names for what is kept."""

from uuid import uuid4


def new_id(prefix: str) -> str:
    """`chat_3f…`: an id nobody else has."""
    return f"{prefix}_{uuid4().hex[:16]}"
