"""What git is told that cannot be taken back, reaches others, or runs programs."""

from maestro.intents.commands import Program

_WITH_VALUE = frozenset(("-C", "-c", "--git-dir", "--work-tree", "--namespace", "--exec-path", "--config-env"))
_REWRITES = frozenset("push rebase filter-branch filter-repo update-ref reflog gc prune replace fast-import".split())


def deletes(program: Program) -> bool:
    """Files, or changes that are committed nowhere."""
    command, rest = _command(program)
    match command:
        case "clean" | "rm":
            return True
        case "checkout" | "switch":
            return "." in rest or "--" in rest or program.has("-f", "--force", "--discard-changes")
        case "restore":
            return not program.has("--staged") or program.has("--worktree")
        case "stash":
            return not {"drop", "clear"}.isdisjoint(rest)
        case "worktree":
            return "remove" in rest
        case _:
            return False


def rewrites(program: Program) -> bool:
    """History, names of commits, or what others get."""
    command, rest = _command(program)
    match command:
        case "reset":
            return program.has("--hard", "--merge", "--keep")
        case "commit":
            return program.has("--amend")
        case "branch" | "tag":
            return program.has("-d", "-D", "-f", "-m", "-M", "--delete", "--force", "--move")
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
    if command == "config":
        return not {"--get", "--get-all", "--list", "-l", "get", "list"} & {*rest}
    given = program.arguments[: len(program.arguments) - len(rest)]
    return any(word.startswith(("-c", "--config-env", "--exec-path=")) for word in given) or any(
        word.startswith(("--upload-pack", "--receive-pack", "--exec", "--ext-diff", "--open-files-in-pager"))
        for word in rest
    )


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
