"""A command taken apart into the programs it starts: behind `sudo`, `env`, `xargs`, `sh -c`, `find -exec` too."""

import re
import shlex
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

_FOLLOWED = 64
"""So many words behind a wrapper may be where its command begins."""

_WORDS = 200
"""So many words of a command inside another one are looked at."""

_MOST = 200
"""So many programs are looked for in one command."""

SHELLS = frozenset("sh bash zsh dash ksh fish csh tcsh ash busybox cmd powershell pwsh".split())
_CODE_LETTERS = {
    "python": "c", "pypy": "c", "perl": "eE", "ruby": "e", "node": "ep", "nodejs": "ep", "bun": "ep", "php": "rBE",
    "lua": "e", "osascript": "e", "rscript": "e", "julia": "eE", "groovy": "e", "elixir": "e", "tclsh": "", "deno": "",
}  # fmt: skip
INTERPRETERS = frozenset(_CODE_LETTERS)

_WRAPPERS = frozenset(
    "sudo doas su env nice nohup time timeout stdbuf ionice chrt setsid command exec builtin xargs parallel watch "
    "strace ltrace unbuffer script flock caffeinate arch pkexec runuser chroot unshare nsenter firejail bwrap npx "
    "pnpx bunx uvx pipx start".split()
)
_RUNNERS = {
    ("uv", "run"), ("poetry", "run"), ("pipenv", "run"), ("pdm", "run"), ("hatch", "run"), ("rye", "run"),
    ("conda", "run"), ("npm", "exec"), ("yarn", "exec"), ("yarn", "dlx"), ("pnpm", "exec"), ("pnpm", "dlx"),
    ("bundle", "exec"), ("docker", "exec"), ("docker", "run"), ("podman", "exec"), ("podman", "run"),
    ("kubectl", "exec"), ("git", "bisect"), ("git", "submodule"), ("direnv", "exec"), ("nix", "run"),
}  # fmt: skip
_OPERATORS = re.compile(r"[;&|\n]+|\$\(|`|[()<>{}]")
_VERSION = re.compile(r"[\d.]+$")
_CODE_OPTIONS = frozenset("--eval --print --command -command -encodedcommand -enc -ec /c /k eval".split())
_NEVER = re.compile(r"(?!)")
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
        """Whether one of these options is there, `--force=x` and the letters of `-rf` included."""
        return any(_is_option(word, option) for word in self.arguments for option in options)


def programs(argv: Sequence[str]) -> list[Program]:
    """The program that is run, and those it is told to run, as far as the words show them."""
    return list(islice(_programs(tuple(argv)), _MOST))


def is_convoluted(argv: Sequence[str], found: Sequence[Program]) -> bool:
    """Whether a command has more in it than `programs` looked at."""
    return len(found) >= _MOST or (len(argv) > _WORDS and len(found) > 1)


def runs_code(program: Program) -> bool:
    """Whether a shell or an interpreter is given code instead of a file."""
    if program.name not in SHELLS | INTERPRETERS:
        return False
    letters = _CODE_LETTERS.get(program.name, "c")
    is_code = re.compile(rf"-[A-Za-z]{{0,5}}[{letters}]|-[{letters}].*", re.S) if letters else _NEVER
    return any(word.lower().split("=")[0] in _CODE_OPTIONS or is_code.fullmatch(word) for word in program.arguments)


def _programs(argv: tuple[str, ...]) -> Iterator[Program]:
    waiting, seen = deque([argv]), set[tuple[str, ...]]()
    while waiting:
        words = waiting.popleft()
        if words and words not in seen:
            seen.add(words)
            yield (program := Program(_name(words[0]), words[1:]))
            waiting.extend(islice(_inner(program), _MOST))


def _inner(program: Program) -> Iterator[tuple[str, ...]]:
    arguments = program.arguments
    if runs_code(program):
        for word in arguments:
            yield from _commands_in(word)
    elif program.name in INTERPRETERS and "-m" in arguments:
        yield arguments[arguments.index("-m") + 1 :]
    elif program.name in ("find", "fd", "fdfind"):
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
    for ending in (".exe", ".cmd", ".bat", ".com"):
        name = name.removesuffix(ending)
    return _VERSION.sub("", name) or name


def _is_option(word: str, option: str) -> bool:
    if len(option) == 2 and option.startswith("-") and option[1] != "-":
        return bool(re.fullmatch(r"-[A-Za-z]+", word)) and option[1] in word[1:]
    return word == option or word.startswith(f"{option}=")


def _may_begin(word: str) -> bool:
    """A command begins with no option, assignment or number."""
    return not word.startswith("-") and not re.fullmatch(r"\w+=.*|[\d.]+[smhd]?", word, re.S)
