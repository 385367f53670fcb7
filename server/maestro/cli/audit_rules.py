"""The rules that `maestro audit --rules` names."""

from collections.abc import Sequence
from difflib import get_close_matches

from maestro.audit.catalogue import RULES
from maestro.errors import MaestroError


def rules_of(typed: Sequence[str] | None) -> list[str] | None:
    """Ids and categories, of which each word may have several with commas between; None for all.

    Raises:
        MaestroError: -32602 for the first one that does not exist.
    """
    if not typed:
        return None
    rules = [rule.strip() for word in typed for rule in word.split(",")]
    categories = sorted({rule.category for rule in RULES})
    known = [*categories, *(rule.id for rule in RULES)]
    if (wrong := next((rule for rule in rules if rule not in known), None)) is not None:
        close = get_close_matches(wrong.lower(), known)
        hint = f"did you mean {' or '.join(close)}?" if close else f"categories are {', '.join(categories)}."
        raise MaestroError("invalidParams", f"--rules: there is no rule or category {wrong!r}; {hint}")
    return rules
