"""Whether somebody made a fix: editors tell only what changed in a line, which looks like any other edit."""

import re

from maestro.audit.fixing.fix import Proposal


def is_made(text: str, place: tuple[int, int], proposal: Proposal) -> bool:
    """Whether the replacement stands at what is left of the quote's place, however it is spaced.

    The place is in code points of the raw text; a fix may have added lines behind it.
    """
    return any(_is_there(text, place, words, proposal.whole_lines) for words in (proposal.made, proposal.replacement))


def _is_there(text: str, place: tuple[int, int], new: str, whole_lines: bool) -> bool:
    start, end = place
    words = [re.escape(word) for word in new.split()]
    if not words:
        return False
    pattern = re.compile(r"\s+".join(words) + r"[^\S\r\n]*(?=[\r\n]|\Z)" * whole_lines)
    found = pattern.match(text, start)
    return found is not None and (whole_lines or found.end() == end)
