"""What git is told that cannot be taken back, reaches others, or runs programs."""

from maestro.intents.commands import Program

_WITH_VALUE = frozenset(("-C", "-c", "--git-dir", "--work-tree", "--namespace", "--exec-path", "--config-env"))
_REWRITES = frozenset("push rebase filter-branch filter-repo update-ref reflog gc prune replace fast-import".split())
_DELETES = frozenset("clean rm checkout-index read-tree sparse-checkout".split())
_WHERE = frozenset(
    "--global --local --system --worktree --show-origin --show-scope --name-only -z --null --includes".split()
)
_READS = frozenset("--get --get-all --get-regexp --get-urlmatch --list -l get list".split())
_PROGRAMS = (
    "--upload-pack", "--receive-pack", "--exec", "--ext-diff", "--extcmd", "--open-files-in-pager", "--textconv",
)  # fmt: skip


def deletes(program: Program) -> bool:
    """Files, or changes that are committed nowhere."""
    command, rest = _command(program)
    match command:
        case "checkout":
            return _checks_out_files(program, rest)
        case "switch":
            return program.has("-f", "-C", "--force", "--force-create", "--discard-changes")
        case "restore":
            only_staged = "--staged" in rest or "-S" in rest
            return not only_staged or program.has("-W", "--worktree")
        case "stash":
            return not {"drop", "clear"}.isdisjoint(rest)
        case "worktree":
            return "remove" in rest
        case _:
            return command in _DELETES


def _checks_out_files(program: Program, rest: tuple[str, ...]) -> bool:
    """`checkout x` is a branch or a file, whose changes are lost then; only that a branch is begun is plain."""
    if not rest:
        return False
    begins = "-b" in rest or "--orphan" in rest
    return not begins or "." in rest or "--" in rest or program.has("-f", "--force", "-B")


def rewrites(program: Program) -> bool:
    """History, names of commits, or what others get."""
    command, rest = _command(program)
    match command:
        case "reset":
            return program.has("--hard", "--merge", "--keep")
        case "commit":
            return program.has("--amend")
        case "branch" | "tag":
            return program.has("-d", "-D", "-f", "-m", "-M", "-C", "--delete", "--force", "--move")
        case "remote":
            return not {"add", "set-url", "remove", "rm", "rename"}.isdisjoint(rest)
        case "":
            return False
        case _:
            return command in _REWRITES or program.has("--force", "--force-with-lease")


def runs_programs(program: Program) -> bool:
    """Settings name programs that git runs: aliases, pagers, hooks, helpers."""
    command, rest = _command(program)
    if program.name != "git":
        return False
    given = program.arguments[: len(program.arguments) - len(rest)]
    if any(word.startswith(("-c", "--config-env", "--exec-path=", "--git-dir")) for word in given):
        return True
    match command:
        case "config":
            return _writes_settings(rest)
        case "difftool" | "mergetool" | "hook" | "instaweb" | "web--browse":
            return True
        case "grep" if any(word.startswith("-O") for word in rest):
            return True
        case "clone" | "init" if program.has("-c", "-u", "--config", "--template"):
            return True
        case _:
            return any(_cut_short(word, option) for word in rest for option in _PROGRAMS)


def _writes_settings(rest: tuple[str, ...]) -> bool:
    """Reading is told by the first word; a value may be spelled like any of them."""
    told = [word for word in rest if word not in _WHERE]
    return bool(told) and told[0] not in _READS and (len(told) > 1 or told[0].startswith("-"))


def _cut_short(word: str, option: str) -> bool:
    name = word.partition("=")[0]
    return len(name) > 3 and name.startswith("--") and option.startswith(name)


def reaches_out(program: Program) -> bool:
    """Other repositories, whose code then is here."""
    return _command(program)[0] in ("clone", "fetch", "pull", "submodule", "ls-remote")


def _command(program: Program) -> tuple[str, tuple[str, ...]]:
    """`push` and what follows it, of `git -C folder push origin`; nothing for another program."""
    words, at = program.arguments, 0
    if program.name != "git":
        return "", ()
    while at < len(words) and words[at].startswith("-"):
        at += 2 if words[at] in _WITH_VALUE else 1
    return (words[at].lower(), words[at + 1 :]) if at < len(words) else ("", ())
