"""Names people give to models: those that can be known to lead nowhere before any list of models was read."""

from collections.abc import Iterator, Mapping

from maestro_protocol.errors import Issue
from maestro_protocol.settings import Settings

_AUTO = "auto"


def misfits(settings: Settings) -> Iterator[Issue]:
    """What is wrong with aliases and routes, by path."""
    for kind, names in (("aliases", settings.aliases), ("routes", settings.routes)):
        if _AUTO in names:
            yield Issue(path=f"{kind}.{_AUTO}", message="hides `auto`, which means the default; choose another name")
    for name, text in settings.aliases.items():
        if not text.strip():
            yield Issue(path=f"aliases.{name}", message="is empty; let it stand for a full name, as `provider/model`")
        elif _is_loop(name, settings.aliases):
            message = "leads back to itself; let it stand for a full name, as `provider/model`"
            yield Issue(path=f"aliases.{name}", message=message)


def _is_loop(name: str, aliases: Mapping[str, str]) -> bool:
    """Whether it comes back to itself; an effort behind a name makes no difference."""
    passed, at = set[str](), name
    while at not in passed:
        passed.add(at)
        text = aliases[at]
        at = text if text in aliases else text.rpartition("@")[0]
        if at not in aliases:
            return False
    return at == name
