"""A command taken apart into the programs it starts: behind `sudo`, `env`, `xargs`, `sh -c`, `find -exec` too."""

import re
import shlex
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from maestro.intents.interpreters import gives_code, module_of

_FOLLOWED = 64
"""So many words behind a wrapper may be where its command begins."""

_WORDS = 200
"""So many words of a command inside another one are looked at."""

_MOST = 200
"""So many programs are looked for in one command."""

UNKNOWN = "…"
"""The name of a program whose name is longer than any is."""

_WRAPPERS = frozenset(
    "sudo doas su env nice nohup time timeout stdbuf ionice chrt setsid command exec builtin xargs parallel watch "
    "strace ltrace unbuffer script flock caffeinate arch pkexec runuser chroot unshare nsenter firejail bwrap npx "
    "pnpx bunx uvx pipx start taskset setarch linux32 linux64 busybox toybox ssh-agent dbus-run-session xvfb-run "
    "daemonize daemon systemd-run systemd-inhibit start-stop-daemon fakeroot proot faketime rlwrap prlimit numactl "
    "cgexec valgrind gdb catchsegv eatmydata entr torsocks proxychains tmux screen at batch".split()
)
_RUNNERS = {
    ("uv", "run"), ("poetry", "run"), ("pipenv", "run"), ("pdm", "run"), ("hatch", "run"), ("rye", "run"),
    ("conda", "run"), ("npm", "exec"), ("yarn", "exec"), ("yarn", "dlx"), ("pnpm", "exec"), ("pnpm", "dlx"),
    ("bundle", "exec"), ("docker", "exec"), ("docker", "run"), ("podman", "exec"), ("podman", "run"),
    ("kubectl", "exec"), ("npm", "x"), ("docker", "create"),
    ("podman", "create"), ("git", "bisect"), ("git", "submodule"), ("direnv", "exec"), ("nix", "run"),
}  # fmt: skip
_OPERATORS = re.compile(r"[;&|\n]+|\$\(|`|[()<>{}]")
_NAME = 255
"""Characters; no file has a longer name."""
_VERSIONS = "0123456789."
_LETTERS = re.compile(r"-[A-Za-z]+")
_TAKE_APART = frozenset("env script su flock watch tmux screen parallel at batch ssh-agent".split())
"""Programs of which one argument may be a whole command line."""
_EXECUTES = frozenset(("-exec", "-execdir", "-ok", "-okdir", "-x", "-X", "--exec", "--exec-batch"))


@dataclass(frozen=True, slots=True)
class Program:
    """A program and its arguments. `name` has no folder, no version and no `.exe`, and is in lower case."""

    name: str
    arguments: tuple[str, ...]

    @property
    def words(self) -> tuple[str, ...]:
        """The arguments that are no options, in lower case: `git -C x push` has `x` and `push`."""
        return tuple(word.lower() for word in self.arguments if not word.startswith("-"))

    def has(self, *options: str) -> bool:
        """Whether one of these options is there: `--force=x`, `--forc` and the letters of `-rf` included."""
        return any(_is_option(word, option) for word in self.arguments for option in options)


def programs(argv: Sequence[str]) -> list[Program]:
    """The program that is run, and those it is told to run, as far as the words show them."""
    return list(islice(_programs(tuple(argv)), _MOST))


def is_convoluted(argv: Sequence[str], found: Sequence[Program]) -> bool:
    """Whether a command has more in it than `programs` looked at."""
    if any(program.name == UNKNOWN for program in found):
        return True
    return len(found) >= _MOST or (len(argv) > _WORDS and len(found) > 1)


def runs_code(program: Program) -> bool:
    """Whether a shell or an interpreter is given code instead of a file."""
    return gives_code(program.name, program.arguments)


def _programs(argv: tuple[str, ...]) -> Iterator[Program]:
    waiting, seen, code = deque([argv]), set[tuple[str, ...]](), set[str]()
    while waiting:
        words = waiting.popleft()
        if words and words not in seen:
            seen.add(words)
            yield (program := Program(_name(words[0]), words[1:]))
            waiting.extend(islice(_inner(program, code), _MOST))


def _inner(program: Program, code: set[str]) -> Iterator[tuple[str, ...]]:
    """The commands inside a program's arguments. `code` is what was taken apart already, which takes long."""
    arguments = program.arguments
    is_code, may_be = runs_code(program), program.name in _TAKE_APART
    for word in arguments if is_code or may_be else ():
        if word not in code and (is_code or len(word.split(maxsplit=1)) > 1):
            code.add(word)
            yield from _commands_in(word)
    if module := module_of(program.name, arguments):
        yield module
    if program.name in ("find", "fd", "fdfind"):
        yield from (arguments[at + 1 :][:_WORDS] for at, word in enumerate(arguments) if word in _EXECUTES)
    elif program.name in _WRAPPERS or (program.name, next(iter(program.words), "")) in _RUNNERS:
        # Which words are options' values differs from wrapper to wrapper, so each may be where the command begins.
        yield from islice(
            (arguments[at : at + _WORDS] for at, word in enumerate(arguments) if _may_begin(word)), _FOLLOWED
        )


def _commands_in(code: str) -> Iterator[tuple[str, ...]]:
    for part in _OPERATORS.split(code):
        try:
            words = shlex.split(part)
        except ValueError:
            words = part.split()
        if words := [word for word in words if not re.fullmatch(r"\w+=.*", word, re.S)]:
            yield tuple(words)


def _name(word: str) -> str:
    name = word.replace("\\", "/").rsplit("/", 1)[-1].lower()
    if len(name) > _NAME:
        return UNKNOWN
    for ending in (".exe", ".cmd", ".bat", ".com"):
        name = name.removesuffix(ending)
    return name.rstrip(_VERSIONS) or name


def _is_option(word: str, option: str) -> bool:
    """Long options may be cut short, as most programs take them: `--har` is `--hard`."""
    if not option.startswith("--"):
        return bool(_LETTERS.fullmatch(word)) and option[1] in word[1:]
    return word.startswith("--") and len(name := word.partition("=")[0]) > 2 and option.startswith(name)


def _may_begin(word: str) -> bool:
    """A command begins with no option, assignment or number."""
    return not word.startswith("-") and not re.fullmatch(r"\w+=.*|[\d.]+[smhd]?", word, re.S)
