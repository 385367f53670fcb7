"""Commands that do more than a person expects of a command, or that cannot be taken back."""

import re
from collections.abc import Callable, Sequence
from functools import partial

from maestro.intents import command_words as words
from maestro.intents import git_rules
from maestro.intents.command_words import is_in
from maestro.intents.commands import SHELLS, Program, is_convoluted, runs_code
from maestro.intents.rules import Facts, Rule

_SQL = re.compile(
    r"\b(?:drop\s+(?:table|database|schema|view|index|column|user|role)|truncate\s+(?:table\s+)?\w"
    r"|delete\s+from\b(?!.{0,1000}\bwhere\b)|alter\s+table\b.{0,200}\bdrop\b)",
    re.I | re.S,
)
_OPERATOR = re.compile(r"(?:\d|&)?>{1,2}\|?&?[^\s>]*|<{1,3}[^\s>]*|[|;&]+|.*\$\(.*", re.S)
_METACHARACTERS = re.compile(r"[;|&<>$`*?\n]")
_FIND_ACTIONS = frozenset("-exec -execdir -ok -okdir -delete -fprint -fprintf -fls".split())
_HIDDEN = {
    "awk": r"system\s*\(|\|\s*getline|[|>]\s*\"",
    "tar": r"--(?:checkpoint-action|to-command|use-compress)",
    "rsync": r"(?:^|\s)(?:-\w*e|--rsh)\b",
    "sed": r"(?:^|[;\s'])\d*[ewW]\s|/[gpi]*[ew][gpi]*(?:$|\s)",
}
_HIDDEN |= {"gawk": _HIDDEN["awk"], "mawk": _HIDDEN["awk"], "bsdtar": _HIDDEN["tar"]}


def _hides_a_command(program: Program) -> bool:
    pattern = _HIDDEN.get(program.name)
    return pattern is not None and re.search(pattern, " ".join(program.arguments)) is not None


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
    return any(map(_SQL.search, facts.texts))


def _has_operator(facts: Facts) -> bool:
    return any(map(_OPERATOR.fullmatch, (facts.subject.argv or ())[1:]))


def _has_metacharacters(facts: Facts) -> bool:
    return any(map(_METACHARACTERS.search, facts.subject.argv or ()))


def _is_convoluted(facts: Facts) -> bool:
    return is_convoluted(facts.subject.argv or (), facts.programs)


def _any(*tests: Callable[[Program], bool]) -> Callable[[Facts], bool]:
    """Whether one of the programs passes one of the tests."""
    return lambda facts: any(test(program) for program in facts.programs for test in tests)


def _either(*tests: Callable[[Facts], bool]) -> Callable[[Facts], bool]:
    return lambda facts: any(test(facts) for test in tests)


COMMAND_RULES: Sequence[Rule] = (
    Rule(
        "command", "medium", "It runs a program, which does what its author wants.", lambda facts: bool(facts.programs)
    ),
    Rule("delete", "high", "It deletes files.", _any(partial(is_in, words.DELETE), _deletes, git_rules.deletes)),
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
        _any(partial(is_in, words.INDIRECT), _finds_and_does, _hides_a_command),
    ),
    Rule("convoluted", "high", "It has so many commands in it that they were not all looked at.", _is_convoluted),
    Rule("wrapper", "medium", "It runs a program through another one.", _any(partial(is_in, words.WRAPPER))),
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
    Rule("publish", "high", "It publishes something for others.", _any(partial(is_in, words.PUBLISH))),
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
        _any(partial(is_in, words.INSTALL), _installs_by_default),
    ),
)
