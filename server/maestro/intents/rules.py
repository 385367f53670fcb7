"""What a rule of risk is, and the facts that rules look at."""

import posixpath
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property

from pydantic import JsonValue

from maestro.intents.commands import Program, programs
from maestro_protocol.base import JsonObject
from maestro_protocol.intents import Assessment, RiskLevel
from maestro_protocol.permissions import PermissionSubject
from maestro_protocol.tools import ToolAnnotations

_PATH_KEYS = re.compile(r"(?:.*_)?(?:path|file|filename|uri|target|destination|dest)s?", re.I)
_LONGEST = 4096
"""No file has a longer path."""

_WRITERS = frozenset("cp mv ln tee touch install dd truncate rsync sed patch".split())
"""Programs that write the files they are given."""


@dataclass(frozen=True)
class Facts:
    """A call as the rules see it. `tracked` is whether git knows the file; None if nobody looked."""

    subject: PermissionSubject
    annotations: ToolAnnotations
    folder_is_git: bool
    tracked: bool | None

    @cached_property
    def programs(self) -> list[Program]:
        return programs(self.subject.argv or ())

    @cached_property
    def written_paths(self) -> list[str]:
        """Paths that would be written as far as the call says so: with `/`, and without `.`."""
        return [_normal(path) for path in self._written() if path]

    @cached_property
    def texts(self) -> list[str]:
        """The words of a command, and every text inside the input of a tool that is not built in."""
        return [*(self.subject.argv or ()), *(text for _, text in _texts(self.subject.input or {}, ""))]

    def _written(self) -> Iterator[str]:
        subject = self.subject
        if subject.type == "edit":
            yield subject.path or subject.uri or ""
        for program in self.programs:
            if program.name in _WRITERS:
                # `dd of=FILE`
                yield from (word.split("=", 1)[-1] for word in program.arguments if not word.startswith("-"))
        if subject.type == "other" and not self.annotations.read_only:
            yield from (text for key, text in _texts(subject.input or {}, "") if _PATH_KEYS.fullmatch(key))


@dataclass(frozen=True, slots=True)
class Rule:
    """`reason` is a sentence about the call, which it calls "it"."""

    id: str
    level: RiskLevel
    reason: str
    test: Callable[[Facts], bool]

    def assessment(self) -> Assessment:
        return Assessment(by="rule", id=self.id, risk_level=self.level, reason=self.reason)


def _normal(path: str) -> str:
    return posixpath.normpath(path.replace("\\", "/")).lstrip("/")[-_LONGEST:]


def _texts(value: JsonValue | JsonObject, key: str) -> Iterator[tuple[str, str]]:
    """Each text with the name it stands under."""
    waiting: list[tuple[str, JsonValue]] = [(key, value)]
    while waiting:
        name, here = waiting.pop()
        if isinstance(here, str):
            yield name, here
        elif isinstance(here, list):
            waiting += ((name, item) for item in here)
        elif isinstance(here, dict):
            waiting += here.items()
