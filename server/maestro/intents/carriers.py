"""Programs that run what one of their options or the text they are given says."""

import re
from collections.abc import Mapping

from maestro.intents.commands import Program

_OPTIONS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    # letters, and long options, of which a beginning is enough
    "tar": ("IF", ("--use-compress-program", "--checkpoint-action", "--to-command", "--rsh-command", "--info-script",
                   "--new-volume-script", "--rmt-command")),
    "make": ("E", ("--eval",)),
    "sort": ("", ("--compress-program",)),
    "split": ("", ("--filter",)),
    "rsync": ("e", ("--rsh", "--rsync-path")),
    "man": ("PH", ("--pager", "--html")),
    "rg": ("", ("--pre", "--hostname-bin")),
    "zip": ("T", ("--unzip-command", "--test")),
    "bat": ("", ("--pager",)),
    "nodemon": ("x", ("--exec",)),
    "cargo": ("", ("--config",)),
}  # fmt: skip
_SAME = {"gtar": "tar", "bsdtar": "tar", "gmake": "make", "gsort": "sort", "gsplit": "split", "batcat": "bat"}
_SINGLE: Mapping[str, frozenset[str]] = {
    "go": frozenset(("-exec", "-toolexec", "-vettool")),
    "gcc": frozenset(("-wrapper",)),
    "clang": frozenset(("-fplugin",)),
}
_TEXTS: Mapping[str, str] = {
    "awk": r"system\s*\(|\|\s*getline|[|>]\s*\"|\|&",
    "sed": r"(?:^|[;\s'\0])\d*[ewW][\s\0]|/[gpi]*[ew][gpi]*(?:$|[\s\0])",
    "sqlite": r"(?:^|[\n\0])[ \t]*\.(?!(?:tables|schema|headers?|mode|ind\w*|databases|dump|help|timeout|width)\b)[a-z]"
    r"|\b(?:readfile|writefile|edit|load_extension)\s*\(",
    "psql": r"\\!|\bprogram\b|\\[og]\s*\|",
    "mysql": r"\\!|(?:^|[\n\0])[ \t]*system\b",
}
_SAME_TEXTS = {"gawk": "awk", "mawk": "awk", "nawk": "awk", "gsed": "sed", "mariadb": "mysql"}
_COMPILED = {name: re.compile(pattern, re.I if name in ("psql", "mysql") else 0) for name, pattern in _TEXTS.items()}
_LETTERS = 24
_MOUNTS = (
    "-v", "--volume", "--mount", "--volumes-from", "--privileged", "--device", "--cap-add", "--pid", "--ipc", "--net",
    "--network", "--userns", "--security-opt", "--env-file",
)  # fmt: skip


def hides_a_command(program: Program) -> bool:
    """Whether an option or a text names a program that is run."""
    name = _SAME.get(program.name, program.name)
    letters, options = _OPTIONS.get(name, ("", ()))
    if any(_bundle(program, at, letters, name == "tar") for at in range(len(program.arguments)) if letters):
        return True
    singles = _SINGLE.get(name, frozenset[str]())
    if any(word.split("=", 1)[0] in singles for word in program.arguments) or (options and program.has(*options)):
        return True
    pattern = _COMPILED.get(_SAME_TEXTS.get(name, name))
    return pattern is not None and pattern.search("\0".join(program.arguments)) is not None


def env_is_told(program: Program) -> bool:
    """`env -S` takes a whole command, and `env -i` starts it without what it is known by."""
    if program.name != "env":
        return False
    return next((word for word in program.arguments if "=" not in word or word.startswith("-")), "").startswith("-")


def reaches_in(program: Program) -> bool:
    """A container that is given files, devices or rights of this machine."""
    if program.name not in ("docker", "podman", "nerdctl") or {"run", "create"}.isdisjoint(program.words):
        return False
    return program.has(*_MOUNTS) or any(_letter(word, "v") for word in program.arguments)


def overwrites_with_nothing(program: Program) -> bool:
    """`cp /dev/null x` empties a file, and so does `tee x` where nothing is typed."""
    if program.name == "tee":
        return bool(program.words) and not program.has("-a", "--append")
    return program.name in ("cp", "mv", "install", "ln", "rsync", "sort") and any(
        word.endswith(("/dev/null", "/dev/zero")) for word in program.arguments
    )


def _bundle(program: Program, at: int, letters: str, is_tar: bool) -> bool:
    """Whether a word is a bundle of options with one of these letters; tar's first one needs no dash."""
    word = program.arguments[at]
    if is_tar and at == 0 and word.isalpha():
        word = f"-{word}"
    return any(_letter(word, letter) for letter in letters)


def _letter(word: str, letter: str) -> bool:
    if not word.startswith("-") or word.startswith("--"):
        return False
    run = re.match(r"[A-Za-z]*", word[1:_LETTERS])
    return run is not None and letter in run.group()
