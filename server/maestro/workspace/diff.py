"""Which lines changed since a commit, committed or not."""

import asyncio
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from maestro.errors import MaestroError

_TIMEOUT = 60.0
_FILE = re.compile(r'\+\+\+ (?:"b/(?P<quoted>(?:[^"\\]|\\.)*)"|b/(?P<plain>[^\t]*)|/dev/null)\t?')
_ESCAPE = re.compile(r"\\(?:([0-7]{3})|(.))")
_ESCAPED = {"a": "\a", "b": "\b", "t": "\t", "n": "\n", "v": "\v", "f": "\f", "r": "\r"}
_HUNK = re.compile(r"@@ -\S+ \+(?P<first>\d+)(?:,(?P<count>\d+))? @@")
# What a repository's own configuration could have git run.
_SAFELY = ("-c", "core.fsmonitor=false", "-c", "core.quotePath=false", "-c", "core.hooksPath=/dev/null")
_NO_SUCH_COMMIT = "Git knows no such commit here; name one, such as `main` or `HEAD~1`."
_OTHER_HEAD = "Files are audited as they are now; end such a base with `...` or `...HEAD`."
_NO_GIT = "Git cannot tell what changed here; audit the files themselves."


async def changed_lines(folder: Path, base: str) -> Mapping[str, Sequence[tuple[int, int]]]:
    """The stretches of lines, zero-based and inclusive, by path relative to the folder; new files are whole.

    `main...` and `main...HEAD` stand for the commit where this branch left `main`. Files that were deleted are not
    named, nor are those in which lines were only deleted. An empty stretch list stands for the whole file. Names that
    are no UTF-8 have surrogates, as everywhere in Python.

    Raises:
        MaestroError: 4601 for what is no commit, or without git.
    """
    base = await _commit(folder, base)
    options = ("--unified=0", "--no-color", "--no-ext-diff", "--no-textconv", "--relative", "--diff-filter=d")
    changed = await _git(folder, "diff", *options, "--src-prefix=a/", "--dst-prefix=b/", base, "--", ".")
    untracked = await _git(folder, "ls-files", "--others", "--exclude-standard", "-z")
    if changed is None or untracked is None:
        raise MaestroError("auditTargetInvalid", _NO_GIT)
    return {**parse_hunks(changed), **{path: () for path in untracked.split("\0") if path}}


async def _commit(folder: Path, base: str) -> str:
    """The name of a commit; of two the one where they parted."""
    left, dots, right = base.partition("...")
    if not dots:
        return await _known(folder, base)
    left, head = await _known(folder, left), await _known(folder, "HEAD")
    if right and await _known(folder, right) != head:
        raise MaestroError("auditTargetInvalid", _OTHER_HEAD)
    parted = await _git(folder, "merge-base", left, head)
    if parted is None:
        raise MaestroError("auditTargetInvalid", _NO_SUCH_COMMIT)
    return parted.strip()


async def _known(folder: Path, name: str) -> str:
    commit = None
    if not name.startswith("-"):
        commit = await _git(folder, "rev-parse", "--verify", "--quiet", f"{name}^{{commit}}")
    if commit is None:
        raise MaestroError("auditTargetInvalid", _NO_SUCH_COMMIT)
    return commit.strip()


def parse_hunks(diff: str) -> dict[str, list[tuple[int, int]]]:
    """The new lines in a diff without context."""
    found: dict[str, list[tuple[int, int]]] = {}
    path: str | None = None
    left = 0
    for line in diff.split("\n"):
        if left and line.startswith(("+", "-", "\\")):
            left -= line.startswith("+")  # a line of the file, whatever it looks like
        elif (file := _FILE.fullmatch(line)) is not None:
            path = file["plain"] if file["quoted"] is None else _unquoted(file["quoted"])
        elif path is not None and (hunk := _HUNK.match(line)) is not None:
            first, left = int(hunk["first"]), int(hunk["count"] or 1)
            if left:
                found.setdefault(path, []).append((first - 1, first + left - 2))
    return found


def _unquoted(name: str) -> str:
    """A name as it is, which git writes like a string in C if it has control characters, quotes or backslashes."""

    def character(escape: re.Match[str]) -> str:
        return chr(int(escape[1], 8)) if escape[1] else _ESCAPED.get(escape[2], escape[2])

    return _ESCAPE.sub(character, name)


async def _git(folder: Path, *arguments: str) -> str | None:
    """What git prints; None if it refuses."""
    try:
        process = await asyncio.create_subprocess_exec(
            "git",
            *_SAFELY,
            *arguments,
            cwd=folder,
            env={**os.environ, "GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C"},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
    except OSError:
        raise MaestroError("auditTargetInvalid", _NO_GIT) from None
    try:
        output, _ = await asyncio.wait_for(process.communicate(), _TIMEOUT)
    except TimeoutError:
        return None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return output.decode("utf-8", "surrogateescape") if process.returncode == 0 else None
