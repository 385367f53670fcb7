"""Commands that do more than a person expects of a command, or that cannot be taken back."""

import re
from collections.abc import Callable, Sequence
from functools import partial

from maestro.intents import carriers, git_rules
from maestro.intents import command_words as words
from maestro.intents.command_words import is_in
from maestro.intents.commands import Program, runs_code
from maestro.intents.interpreters import SHELLS
from maestro.intents.rules import Facts, Rule
from maestro.intents.sql import deletes_data

_OPERATOR = re.compile(r"(?:\d|&)?>{1,2}\|?&?[^\s>]*|<{1,3}[^\s>]*|[|;&]+|.*\$\(.*", re.S)
_METACHARACTERS = re.compile(r"[;|&<>$`*?\n]")
_FIND_ACTIONS = frozenset("-exec -execdir -ok -okdir -delete -fprint -fprintf -fls".split())


def _finds_and_does(program: Program) -> bool:
    if program.name == "find":
        return not _FIND_ACTIONS.isdisjoint(program.arguments)
    return program.name in ("fd", "fdfind") and program.has("-x", "-X", "--exec", "--exec-batch")


def _deletes(program: Program) -> bool:
    return program.name.startswith("mkfs") or program.has("--delete", "--remove-files")


def _installs_by_default(program: Program) -> bool:
    """`yarn` alone installs; pacman's words are letters."""
    if program.name == "yarn":
        return not program.words
    return program.name == "pacman" and program.has("-S", "-U", "-R")


def _runs_script(program: Program) -> bool:
    return program.name in SHELLS and bool(program.words) and not runs_code(program)


def _drops_data(facts: Facts) -> bool:
    return deletes_data("\0".join(facts.texts))


def _has_operator(facts: Facts) -> bool:
    return any(map(_OPERATOR.fullmatch, facts.argv[1:]))


def _has_metacharacters(facts: Facts) -> bool:
    return any(map(_METACHARACTERS.search, facts.argv))


def _any(*tests: Callable[[Program], bool]) -> Callable[[Facts], bool]:
    """Whether one of the programs passes one of the tests."""
    return lambda facts: any(test(program) for program in facts.programs for test in tests)


def _either(*tests: Callable[[Facts], bool]) -> Callable[[Facts], bool]:
    return lambda facts: any(test(facts) for test in tests)


COMMAND_RULES: Sequence[Rule] = (
    Rule(
        "command", "medium", "It runs a program, which does what its author wants.", lambda facts: bool(facts.programs)
    ),
    Rule(
        "delete",
        "high",
        "It deletes files, or what is in them.",
        _any(partial(is_in, words.DELETE), _deletes, carriers.overwrites_with_nothing, git_rules.deletes),
    ),
    Rule(
        "dropData",
        "high",
        "It deletes data of a database.",
        _either(_drops_data, _any(partial(is_in, words.DROP_DATA))),
    ),
    Rule("shell", "high", "It gives code to a shell or an interpreter, which can do anything.", _any(runs_code)),
    Rule("shellScript", "medium", "It runs a script.", _any(_runs_script)),
    Rule(
        "indirect",
        "high",
        "It runs what only its arguments or its input say.",
        _any(partial(is_in, words.INDIRECT), _finds_and_does, carriers.hides_a_command, carriers.env_is_told),
    ),
    Rule("convoluted", "high", "It has so much in it that not all of it was looked at.", lambda facts: facts.is_unseen),
    Rule("wrapper", "medium", "It runs a program through another one.", _any(partial(is_in, words.WRAPPER))),
    Rule(
        "unwatched",
        "high",
        "It starts something that may go on where nobody watches it.",
        _any(partial(is_in, words.UNWATCHED)),
    ),
    Rule(
        "container",
        "high",
        "It runs a container that may use files, devices or rights of this machine.",
        _any(carriers.reaches_in),
    ),
    Rule(
        "private",
        "high",
        "It touches Maestro's own files, where its keys are.",
        lambda facts: facts.is_private,
    ),
    Rule(
        "shellOperator",
        "high",
        "It has words that only a shell understands, such as `>`, but no shell reads them.",
        _has_operator,
    ),
    Rule(
        "metacharacters",
        "medium",
        "It has characters that a shell would interpret; they are passed on as they are.",
        _has_metacharacters,
    ),
    Rule(
        "privilege",
        "high",
        "It changes rights, or acts with those of another user.",
        _any(partial(is_in, words.PRIVILEGE)),
    ),
    Rule(
        "gitHistory",
        "high",
        "It rewrites the history of git, or changes what others get from it.",
        _any(git_rules.rewrites),
    ),
    Rule("gitPrograms", "high", "It tells git which programs to run.", _any(git_rules.runs_programs)),
    Rule(
        "publish",
        "high",
        "It publishes something for others.",
        _any(partial(is_in, words.PUBLISH), words.npm_publishes),
    ),
    Rule("deploy", "high", "It changes running systems.", _any(partial(is_in, words.DEPLOY))),
    Rule(
        "network",
        "high",
        "It reaches other machines.",
        _any(partial(is_in, words.NETWORK), git_rules.reaches_out),
    ),
    Rule(
        "install",
        "high",
        "It installs or removes packages, whose code runs here.",
        _any(partial(is_in, words.INSTALL), words.npm_installs, _installs_by_default),
    ),
)
