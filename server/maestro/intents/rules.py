"""What a rule of risk is, and the facts that rules look at."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import islice

from pydantic import JsonValue

from maestro.intents.commands import Program, is_convoluted, programs
from maestro.intents.places import is_in, is_outside, normal, touches
from maestro_protocol.base import JsonObject
from maestro_protocol.intents import Assessment, RiskLevel
from maestro_protocol.permissions import PermissionSubject
from maestro_protocol.tools import ToolAnnotations

_PATH_KEYS = re.compile(r"(?:.*_)?(?:path|file|filename|uri|target|destination|dest|cwd|dir|directory|folder)s?", re.I)
_LONGEST = 4_096
"""No file has a longer path."""
_CHARACTERS, _WORDS = 32_768, 4_000
"""So much of a command is looked at."""
_PATHS = 2_000
"""So many paths are looked at."""
_KEY = 200
"""Characters of a name in an input."""

_WRITERS = frozenset(
    "cp mv ln tee touch install dd truncate rsync sed patch tar bsdtar gtar unzip cpio 7z 7za zip split csplit shuf "
    "uniq xxd sponge rename link mkdir scp".split()
)
"""Programs that write the files they are given, or into the folders."""
_OUTPUTS = ("--output", "--out", "--target-directory", "--output-directory", "--directory", "--outfile")


@dataclass(frozen=True)
class Facts:
    """A call as the rules see it. `tracked` is whether git knows the file; None if nobody looked."""

    subject: PermissionSubject
    annotations: ToolAnnotations
    folder_is_git: bool
    tracked: bool | None
    private_folders: Sequence[str] = ()
    """Absolute."""

    @cached_property
    def argv(self) -> Sequence[str]:
        """The command, as far as it is looked at."""
        found, left = list[str](), _CHARACTERS
        for word in (self.subject.argv or ())[:_WORDS]:
            if left <= 0:
                break
            found.append(word[:left])
            left -= len(word) + 1
        return found

    @cached_property
    def programs(self) -> list[Program]:
        return programs(self.argv)

    @cached_property
    def is_unseen(self) -> bool:
        """Whether there is more to it than was looked at."""
        whole = self.subject.argv or ()
        if len(whole) > len(self.argv) or any(map(_is_cut, self.argv, whole)):
            return True
        paths = self._paths
        return (
            is_convoluted(self.argv, self.programs) or len(paths) > _PATHS or any(len(one) > _LONGEST for one in paths)
        )

    @cached_property
    def is_outside(self) -> bool:
        """Whether a word of the command, or a path that is written, leads out of the folder."""
        cwd = self.subject.cwd
        said = (word for program in self.programs for word in program.arguments)
        return any(is_outside(word, cwd) for word in dict.fromkeys((*said, *self.written_paths)))

    @cached_property
    def is_private(self) -> bool:
        """Whether a command, or a tool that is not built in, names something in a private folder."""
        subject = self.subject
        if not self.private_folders or subject.type not in ("command", "other"):
            return False
        words = [*self.argv, *(word for program in self.programs for word in program.arguments)]
        if subject.type == "other":
            words = [path[:_LONGEST] for path in self._given_paths[:_PATHS]]
        if subject.cwd and any(is_in(subject.cwd, folder) for folder in self.private_folders):
            return True
        return any(touches(word, self.private_folders, subject.cwd) for word in dict.fromkeys(words))

    @cached_property
    def written_paths(self) -> list[str]:
        """Paths that would be written as far as the call says so: with `/`, and without `.`."""
        return [normal(path[:_LONGEST]) for path in self._paths[:_PATHS]]

    @cached_property
    def texts(self) -> list[str]:
        """The words of a command, and every text inside the input of a tool that is not built in."""
        return [*self.argv, *(text for _, text in self._given)]

    @cached_property
    def _paths(self) -> list[str]:
        """One more than is looked at, if there are more."""
        return list(dict.fromkeys(islice(filter(None, self._written()), _PATHS + 1)))

    def _written(self) -> Iterator[str]:
        subject = self.subject
        if subject.type == "edit":
            yield subject.path or subject.uri or ""
        for program in self.programs:
            yield from _written_by(program)
        if subject.type == "other" and not self.annotations.read_only:
            yield from self._given_paths

    @cached_property
    def _given_paths(self) -> list[str]:
        """What stands in the input of a tool that is not built in under the name of a path."""
        is_path = cache(lambda key: _PATH_KEYS.fullmatch(key[-_KEY:]) is not None)
        return list(islice((text for key, text in self._given if text and is_path(key)), _PATHS + 1))

    @cached_property
    def _given(self) -> list[tuple[str, str]]:
        return list(_texts(self.subject.input or {}, ""))


@dataclass(frozen=True, slots=True)
class Rule:
    """`reason` is a sentence about the call, which it calls "it"."""

    id: str
    level: RiskLevel
    reason: str
    test: Callable[[Facts], bool]

    def assessment(self) -> Assessment:
        return Assessment(by="rule", id=self.id, risk_level=self.level, reason=self.reason)


def _is_cut(seen: str, word: str) -> bool:
    return len(seen) < len(word)


def _written_by(program: Program) -> Iterator[str]:
    is_git_move = program.name == "git" and "mv" in program.words
    if program.name in _WRITERS or is_git_move:
        for word in program.arguments:
            # `dd of=FILE`, `--target-directory=FOLDER`, `-tFOLDER`
            yield word.split("=", 1)[1] if "=" in word else word[2:] if word.startswith("-") else word
    for at, word in enumerate(program.arguments):
        name, equals, value = word.partition("=")
        if equals and name.startswith("--o") and any(option.startswith(name) for option in _OUTPUTS):
            yield value
        elif word in ("-o", "-O", *_OUTPUTS):
            yield from program.arguments[at + 1 : at + 2]
        elif word.startswith("-o"):
            yield word[2:]


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
