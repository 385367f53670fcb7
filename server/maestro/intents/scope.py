"""What a tool did, held against what it said that it would touch."""

import os.path
import re
import shlex
from collections.abc import Callable, Iterator, Sequence

from maestro.intents.globs import covers, normal
from maestro.intents.plain import plain, shortened
from maestro.intents.tokens import (
    is_filler,
    names_host,
    names_literally,
    names_path,
    stands_as_word,
    symbol_of,
    tokens,
)
from maestro_protocol.intents import Assessment, Observed

_ANYTHING = re.compile(r"\b(?:everything|anything|everywhere|anywhere)\b", re.I)
_WHOLE = r"(?:repo(?:sitory)?|project|workspace|code\s?base|tree)\b"
_ALL_FILES = re.compile(
    r"\b(?:all|any|every)\s+(?:(?:of|the|its|our|other)\s+)*(?:files?|paths?|folders?|director(?:y|ies)|code)\b"
    rf"(?!\s+(?:in|inside|under|below|of|within|matching|from)\s+(?!(?:the|this|our)\s+{_WHOLE}))"
    rf"|\b(?:whole|entire|complete|full)\s+{_WHOLE}"
    r"|^\s*all\s*$",
    re.I,
)
_ITEMS = re.compile(r"[,;\n&+]|\b(?:and|und|et|y)\b", re.I)
_PLAIN = re.compile(r"[\w\s`'\"*.!()-]*")
_EVERYTHING = frozenset(
    "all alle alles any code codebase dateien ensemble entier entire everything file files full fichiers ganze gesamte "
    "projekt project projet proyecto repo repository root toda todas todo todos tous tout toute toutes tutto whole "
    "complete workspace worktree archivos".split()
)
"""An item that only has these words names everything, in the languages that models answer in."""
_ALONE = frozenset("all alle alles everything repo repository codebase workspace tout tutto todo todos".split())
"""Of these one is enough; the others may be names of folders."""
_BESIDE = frozenset(
    "a across an at base change changes das de del den der die edit el fix for in inside la le les los modify my of "
    "our read the this throughout to update within your".split()
)
_LONGEST = 2_000
"""Characters; no intent has a longer scope."""
_LONGEST_LINE = 32_768
"""Characters of a command that are taken apart as a shell would; it takes long."""

_PROBES = ("zq7x.kv", "bq3v", "Nq-w.8k", "7qz.xk", ".q0v", "_vq2", "zq7x/kv.w", "bq3v/7k/_w", "Nq.0/xk/zv")
"""Paths with nothing in common: a pattern that fits one of them was not written with a file in mind."""


def outside(scope: str | None, observed: Observed, *, texts: Callable[[str], str] | None = None) -> list[str]:
    """A sentence for each path written, command run and host reached that the scope does not name.

    `texts` gives the text of a changed file by its path; without it no symbol covers anything. What an empty scope
    names is nothing, and what a broad one names is as much as it says.
    """
    declared = _Declared(scope or "", texts)
    return [
        *(f"It changed `{_shown(path)}`, which is not in its scope." for path in _new(observed.paths, declared.path)),
        *(f"It ran `{_shown(line)}`, which is not in its scope." for line in _new(observed.commands, declared.command)),
        *(f"It reached `{_shown(host)}`, which is not in its scope." for host in _new(observed.hosts, declared.host)),
    ]


def broad_scope(scope: str | None) -> Assessment | None:
    """A scope that names everything says nothing, so it is a high risk whatever was declared."""
    text = scope or ""
    if len(text) <= _LONGEST and not _names_everything(text):
        return None
    return Assessment(by="rule", id="broadScope", risk_level="high", reason="Its scope names everything there is.")


def _names_everything(text: str) -> bool:
    return (
        _ANYTHING.search(text) is not None
        or _ALL_FILES.search(text) is not None
        or any(map(_is_everything, _ITEMS.split(text)))
        or any(map(_is_broad, tokens(text)))
    )


def _is_everything(item: str) -> bool:
    """Whether all that an item of a list says is `the repo`, `workspace` or `alles`."""
    if not _PLAIN.fullmatch(item):
        return False
    words = re.findall(r"\w+", item.lower())
    telling = {word for word in words if word not in _BESIDE}
    return bool(telling) and telling <= (_EVERYTHING if len(words) > 1 else _ALONE)


class _Declared:
    def __init__(self, scope: str, texts: Callable[[str], str] | None) -> None:
        self._scope = scope
        self._texts = texts
        self._tokens = tokens(scope)
        self._symbols = [names for token in self._tokens if (names := symbol_of(token))]
        self._anything = _ANYTHING.search(scope) is not None or any(set(token) == {"*"} for token in self._tokens)
        self._all_files = self._anything or _ALL_FILES.search(scope) is not None or any(map(_is_root, self._tokens))

    def path(self, path: str) -> bool:
        return self._all_files or self._names_path(path) or self._names_symbol_in(path)

    def command(self, line: str) -> bool:
        """Its program or one of its arguments is named, or it stands in the scope as it is."""
        if self._anything or (line and line in self._scope):
            return True
        program, *arguments = _words(line) or [""]
        named = {token for token in self._tokens if not is_filler(token)}
        if not named.isdisjoint({program, _program(program), *arguments}):
            return True
        return any(self._names_path(word) for word in arguments if "/" in word and not word.startswith("-"))

    def host(self, host: str) -> bool:
        return self._anything or any(names_host(token, host) for token in self._tokens)

    def _names_path(self, path: str) -> bool:
        return names_literally(self._scope, path) or any(names_path(token, path) for token in self._tokens)

    def _names_symbol_in(self, path: str) -> bool:
        if not self._symbols or self._texts is None:
            return False
        try:
            text = self._texts(path)
        except Exception:  # a file that cannot be read contains no symbol
            return False
        return any(all(stands_as_word(name, text) for name in names) for names in self._symbols)


def _new(things: Sequence[str] | None, is_named: Callable[[str], bool]) -> Iterator[str]:
    """Each thing once that is not named."""
    return (thing for thing in dict.fromkeys(things or ()) if not is_named(thing))


def _shown(thing: str) -> str:
    return shortened(plain(thing), 200)


def _words(line: str) -> list[str]:
    try:
        return shlex.split(line) if len(line) <= _LONGEST_LINE else line.split()
    except ValueError:
        return line.split()


def _program(path: str) -> str:
    return os.path.basename(path.replace("\\", "/")).removesuffix(".exe")


def _is_root(token: str) -> bool:
    """`.`, `./`, `/`: the workspace itself."""
    return set(token) <= {".", "/"} and ".." not in token and not normal(token)


def _is_broad(token: str) -> bool:
    return _is_root(token) or any(covers(token, probe) for probe in _PROBES)
