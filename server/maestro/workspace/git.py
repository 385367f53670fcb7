"""What git keeps beside the files: where a repository begins, and the ignore rules that stand outside it."""

import os
import re
import stat
from collections.abc import Iterator
from functools import lru_cache

LARGEST_RULES = 1024 * 1024
"""Bytes of one file of rules that are read."""

_SECTION = re.compile(r"\s*\[\s*([^\]\s\"]+)\s*\](.*)", re.DOTALL)
_EXCLUDES = re.compile(r"\s*excludesfile\s*=\s*(.*)", re.IGNORECASE)
_COMMENT = re.compile(r"\s*[#;].*")


def repository(folder: str) -> str | None:
    """The root of the working tree a folder is in."""
    here = folder
    while not os.path.lexists(os.path.join(here, ".git")):
        here, below = os.path.dirname(here), here
        if here == below:
            return None
    return here


def git_folder(root: str) -> str:
    """Where the repository of a working tree keeps its own files; for a linked tree, those of the main one."""
    path = os.path.join(root, ".git")
    if os.path.isdir(path):
        return path
    linked = os.path.join(root, read_text(path).removeprefix("gitdir:").strip())
    common = read_text(os.path.join(linked, "commondir")).strip()
    return os.path.normpath(os.path.join(linked, common)) if common else linked


def global_excludes(root: str | None) -> str:
    """The path of the user's own ignore file, which may not exist."""
    configured = [value for path in _configurations(root) if (value := _excludes_file(*_state(path)))]
    return os.path.expanduser(configured[-1] if configured else os.path.join(_settings(), "ignore"))


def read_text(path: str) -> str:
    """A small file of rules; empty if it is missing, no file, or closed to us. Bytes that are no text are kept."""
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    except (OSError, ValueError):
        return ""
    try:
        regular = stat.S_ISREG(os.fstat(descriptor).st_mode)
        return os.fsdecode(os.read(descriptor, LARGEST_RULES)) if regular else ""
    except (OSError, UnicodeDecodeError):
        return ""
    finally:
        os.close(descriptor)


def _configurations(root: str | None) -> Iterator[str]:
    """Git's configuration files; later ones win."""
    if chosen := os.environ.get("GIT_CONFIG_GLOBAL"):
        yield chosen
    else:
        yield os.path.join(_settings(), "config")
        yield os.path.expanduser("~/.gitconfig")
    if root is not None:
        yield os.path.join(git_folder(root), "config")


def _settings() -> str:
    return os.path.join(os.environ.get("XDG_CONFIG_HOME") or os.path.expanduser("~/.config"), "git")


def _state(path: str) -> tuple[str, int, int]:
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        return path, 0, 0
    return path, status.st_mtime_ns, status.st_size


@lru_cache(maxsize=64)
def _excludes_file(path: str, modified: int, size: int) -> str | None:
    """`core.excludesFile` of one configuration file; the other arguments say which state of it."""
    section, found = "", None
    for line in read_text(path).splitlines() if size else ():
        if (heading := _SECTION.match(line)) is not None:
            section, line = heading[1].lower(), heading[2]
        elif line.lstrip().startswith("["):
            section = ""
        if section == "core" and (setting := _EXCLUDES.match(line)) is not None:
            found = _value(setting[1])
    return found


def _value(text: str) -> str:
    text = text.strip()
    if text.startswith('"'):
        return re.sub(r"\\(.)", r"\1", re.split(r'(?<!\\)"', text[1:])[0])
    return _COMMENT.sub("", text)
