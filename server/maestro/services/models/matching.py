"""Which of the listed models a name means, and which it may have meant."""

from collections.abc import Sequence
from typing import NamedTuple

from maestro_protocol.models import MatchedBy, Model

MOST = 20
"""Candidates somebody still reads."""


class Match(NamedTuple):
    """The models a name fits, all in the same way."""

    models: Sequence[Model]
    matched_by: MatchedBy


def match(name: str, models: Sequence[Model]) -> Match | None:
    """The models whose long name this is, else whose short name, else whose long name begins so."""
    tests: tuple[tuple[MatchedBy, list[Model]], ...] = (
        ("exact", [one for one in models if name == one.name] or [one for one in models if name == one.id]),
        ("short", [one for one in models if name == one.short_name]),
        ("prefix", [one for one in models if one.name.startswith(name)]),
    )
    if not name.rpartition("/")[2]:  # `meta/` begins many names, and means none of them
        return None
    return next((Match(found, matched_by) for matched_by, found in tests if found), None)


def nearest(name: str, models: Sequence[Model]) -> list[str]:
    """Ids of the models closest to a name: those called so, those that contain it, then by how alike the names are."""
    from rapidfuzz.distance import Indel

    wanted = name.lower()

    def distance(model: Model) -> tuple[bool, bool, float]:
        names = [one.lower() for one in (model.name, model.id, model.short_name) if one]
        likeness = min(Indel.normalized_distance(wanted, one) for one in names)
        return name not in (model.name, model.id), not any(wanted in one for one in names), likeness

    return [model.id for model in sorted(models, key=distance)[:MOST]]
