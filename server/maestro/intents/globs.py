"""Patterns of paths in git's style, in linear time whoever wrote them."""

from collections.abc import Set
from fnmatch import fnmatchcase


def covers(pattern: str, path: str) -> bool:
    """Whether a pattern names a path or a folder it is in.

    As in `.gitignore`, a pattern without a slash inside may stand at any depth, and `**` is any number of folders;
    there are no exclusions. Paths are relative, with `/` or `\\`.
    """
    steps = _steps(pattern)
    if not steps:
        return False
    here = _after_stars(steps, {0})
    for part in _parts(path):
        here = _after_stars(steps, {_next(steps, at) for at in here if at < len(steps) and _fits(steps[at], part)})
        if len(steps) in here:
            return True
    return False


def normal(path: str) -> str:
    """The path without `./`, doubled and final slashes."""
    return "/".join(_parts(path))


def _parts(path: str) -> list[str]:
    return [part for part in path.replace("\\", "/").split("/") if part not in ("", ".")]


def _steps(pattern: str) -> list[str]:
    steps = _parts(pattern)
    is_anchored = len(steps) > 1 or pattern.replace("\\", "/").startswith(("/", "./"))
    return steps if is_anchored or not steps else ["**", *steps]


def _next(steps: list[str], at: int) -> int:
    return at if steps[at] == "**" else at + 1


def _fits(step: str, part: str) -> bool:
    return step in ("**", part) or fnmatchcase(part, step.replace("[^", "[!"))


def _after_stars(steps: list[str], at: Set[int]) -> set[int]:
    """These places in the pattern, and those behind a `**`, which may also be no folder at all."""
    reached = set(at)
    for place in sorted(at):
        while place < len(steps) and steps[place] == "**":
            place += 1
            reached.add(place)
    return reached
