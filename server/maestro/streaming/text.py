"""Joins text that was cut inside a character: surrogate halves that came in two deltas."""

_REPLACEMENT = "\ufffd"


class SurrogateJoiner:
    """One run of text. What comes out can always be encoded; a half without its other half becomes U+FFFD."""

    __slots__ = ("_held",)

    def __init__(self) -> None:
        self._held = ""

    def push(self, text: str) -> str:
        """The text, with a half held back from before, without a half whose partner may still come."""
        if self._held:
            text = self._held + text
            self._held = ""
        elif text.isascii():
            return text
        if "\ud800" <= text[-1] <= "\udbff":
            self._held = text[-1]
            text = text[:-1]
        return join_surrogates(text)

    def flush(self) -> str:
        """What was held back when no more text comes."""
        held, self._held = self._held, ""
        return _REPLACEMENT if held else ""


def join_surrogates(text: str) -> str:
    """The text with surrogate pairs made one character and lone halves replaced."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text
