"""Shells and interpreters: which of their options are code, and which name a module that is run."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

SHELLS = frozenset("sh bash zsh dash ksh mksh fish csh tcsh ash cmd powershell pwsh".split())

_RUN = 24
"""So many letters of a bundle of options are looked at; no program has more that mean anything."""
_LONG = frozenset("--eval --print --command -command -encodedcommand -enc -ec /c /k eval".split())
_MODULE_CODE = re.compile(r"-[mM][\w:]*[^\w:=,.+-]")
_DATA = re.compile(r"\bdata:", re.I)


@dataclass(frozen=True, slots=True)
class _Letters:
    """Letters of options: `code` are code, behind `value` a value follows that is no option."""

    code: str
    value: str = ""


_INTERPRETERS: Mapping[str, _Letters] = {
    "python": _Letters("c", "WXQm"),
    "pypy": _Letters("c", "WXm"),
    "perl": _Letters("eE", "IMmFD"),
    "ruby": _Letters("e", "IrCEKFTW"),
    "node": _Letters("ep", "rC"),
    "nodejs": _Letters("ep", "rC"),
    "bun": _Letters("ep", "rC"),
    "php": _Letters("rBERd", "cftz"),
    "lua": _Letters("e", "l"),
    "luajit": _Letters("e", "lj"),
    "osascript": _Letters("e", "l"),
    "rscript": _Letters("e"),
    "julia": _Letters("eE", "JptL"),
    "groovy": _Letters("e", "cD"),
    "elixir": _Letters("e", "rpS"),
    "erl": _Letters(""),
    "tclsh": _Letters(""),
    "deno": _Letters(""),
}
INTERPRETERS = frozenset(_INTERPRETERS)
_SHELL = _Letters("c")


def gives_code(name: str, arguments: Sequence[str]) -> bool:
    """Whether a shell or an interpreter is given code instead of a file."""
    if name not in SHELLS and name not in _INTERPRETERS:
        return False
    if name in ("cmd", "powershell"):
        return _windows(name, arguments)
    letters = _INTERPRETERS.get(name, _SHELL)
    return any(_is_code(word, letters, name) for word in arguments)


def module_of(name: str, arguments: Sequence[str]) -> tuple[str, ...]:
    """The module that `-m` names and what follows it, also as `-mpip` and `-Im pip`; nothing if there is none."""
    if name not in ("python", "pypy"):
        return ()
    for at, word in enumerate(arguments):
        place = _place_of(word, "m", "WXQc")
        if place > 0:
            attached = word[place + 1 :]
            return (attached, *arguments[at + 1 :]) if attached else tuple(arguments[at + 1 :])
    return ()


def _windows(name: str, arguments: Sequence[str]) -> bool:
    starts = tuple(word.lower()[:2] for word in arguments)
    if name == "cmd":
        return "/c" in starts or "/k" in starts
    return bool(arguments) and "-f" not in starts


def _is_code(word: str, letters: _Letters, name: str) -> bool:
    if word.lower().split("=", 1)[0] in _LONG or (name in ("node", "nodejs", "bun", "deno") and _DATA.search(word)):
        return True
    if name == "perl" and _MODULE_CODE.match(word):
        return True
    if name in ("pwsh", "erl") and word[:2].lower() in ("-c", "-e", "/c"):
        return True
    return _place_of(word, letters.code, letters.value) > 0


def _place_of(word: str, wanted: str, stops: str) -> int:
    """Where one of the wanted letters stands in `-abc`, before any letter that takes the rest as its value; else 0."""
    if not word.startswith("-") or word.startswith("--"):
        return 0
    for place, letter in enumerate(word[1 : _RUN + 1], start=1):
        if letter in wanted:
            return place
        if letter in stops or not letter.isalnum():
            return 0
    return 0
