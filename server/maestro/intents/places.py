"""Where the words of a command lead, by their letters alone: nothing is looked up on a disk."""

import posixpath
import re
from collections.abc import Iterator, Sequence

_HARMLESS = frozenset(("/dev/null", "/dev/stdin", "/dev/stdout", "/dev/stderr"))
_PIECES = re.compile(r"[=:@,;|&<>()\s'\"`{}]+")
_HOME = re.compile(r"(?:~|\$HOME|\$\{HOME\})(?=/|$)", re.I)


def normal(path: str) -> str:
    """With `/`, and without `.`, doubled slashes and what `..` takes back; a path from the root keeps its `/`."""
    clean = posixpath.normpath(path.replace("\\", "/"))
    return f"/{clean.lstrip('/')}" if clean.startswith("/") else clean


def named(word: str) -> Iterator[str]:
    """What may be a path in a word: itself, what stands behind `=`, and behind the letter of an option."""
    if not word.startswith("-"):
        yield word
    elif not word.startswith("--"):
        yield word[2:]
    if "=" in word:
        yield word.split("=", 1)[1]


def is_outside(word: str, folder: str | None) -> bool:
    """Whether a word names something outside the folder that the command works in."""
    return any(_leaves(path, folder) for path in named(word) if path)


def touches(word: str, folders: Sequence[str], cwd: str | None) -> bool:
    """Whether a word names something in one of these folders, or one that they are in.

    `folders` are absolute. A relative path counts from `cwd`, `~` as any folder.
    """
    text = word.replace("\\", "/").casefold()
    wanted = [folder for folder in (normal(one).casefold() for one in folders) if folder not in (".", "/")]
    if not wanted:
        return False
    if any(folder in text for folder in wanted):
        return True
    pieces = {piece for whole in (text, *named(text)) for piece in (whole, *_PIECES.split(whole)) if piece}
    return any(_meets(piece, folder, (cwd or "").casefold()) for piece in pieces for folder in wanted)


def is_in(path: str, folder: str) -> bool:
    """Whether a path is a folder, or in it."""
    return _is_in(normal(path).casefold(), normal(folder).casefold())


def _leaves(path: str, folder: str | None) -> bool:
    clean = normal(path)
    if clean.startswith("~") or _HOME.match(path):
        return True
    if _is_absolute(clean):
        return clean not in _HARMLESS and not (folder is not None and _is_in(clean, normal(folder)))
    return clean == ".." or clean.startswith("../")


def _meets(piece: str, folder: str, cwd: str) -> bool:
    if home := _HOME.match(piece):
        return _meets_at_home(normal(piece[home.end() :].strip("/")), folder)
    if not _is_absolute(piece) and (not cwd or not _could_leave(piece, folder, cwd)):
        return False
    path = normal(piece if _is_absolute(piece) else f"{cwd}/{piece}")
    return _is_in(path, folder) or _is_in(folder, path)


def _meets_at_home(rest: str, folder: str) -> bool:
    """Wherever home is: the folder may lie in what the rest of a path names, or the other way round."""
    if rest == "." or f"/{rest}/" in f"{folder}/":
        return True
    parts = folder.strip("/").split("/")
    return any(_is_in(rest, "/".join(parts[at:])) for at in range(len(parts)))


def _could_leave(piece: str, folder: str, cwd: str) -> bool:
    """A relative path matters if it climbs, or if the folder is below where the command works, or around it."""
    return ".." in piece or _is_in(folder, normal(cwd)) or _is_in(normal(cwd), folder)


def _is_absolute(path: str) -> bool:
    return path.startswith("/") or (path[1:3] == ":/" and path[0].isalpha())


def _is_in(path: str, folder: str) -> bool:
    return path == folder or path.startswith(f"{folder.rstrip('/')}/")
