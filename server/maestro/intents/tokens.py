"""A declared scope taken apart into what it names."""

import keyword
import re
from collections.abc import Iterator
from functools import cache
from urllib.parse import urlsplit

from maestro.intents.globs import covers, normal

_SEPARATORS = r"\s,;`'\""
_SPLIT = re.compile(rf"[{_SEPARATORS}]+")
_PLACE = re.compile(r"(?:::|[:#]).*$", re.S)
"""What follows a path to say where in it: `a.py:parse`, `a.py:12-30`, `a.py::test_x`, `a.py#L3`."""

_NAME = r"[^\W\d][\w$]*"
_SYMBOL = re.compile(rf"{_NAME}(?:(?:\.|::|#){_NAME})*(?:\(\))?")

_FILLER = frozenset(
    "a all an and any at be by can each every for from have if in into is it its may must no not of on only or other "
    "out over run runs so that the their them then this to under up use used uses via was when where which will with"
    .split()
)  # fmt: skip
"""Words that join a sentence and name nothing."""

_COMMON = frozenset(
    "add added argument arguments bug call calls change changes class classes code command commands create delete "
    "dependencies dependency directory docs documentation edit error errors file files fix folder function functions "
    "host hosts implement import imports line lines make method methods missing module modules name names network new "
    "old package packages path paths project read refactor remove rename repository return scope search small string "
    "symbol symbols test tests type types unit update value values variable workspace write".split()
)
"""Words that stand in nearly every file, so that as symbols they would cover all of them."""

_ENDINGS = frozenset(
    "ai app c cc cfg cloud com conf cpp cs css csv dev go h hpp html ini io java js json jsx kt lock lua md mjs net "
    "org php pl pm py pyi rb rs rst scss sh sql svelte swift tf toml ts tsx txt vue xml yaml yml".split()
)
"""Behind a dot these make a name that of a file or a host."""


def tokens(scope: str | None) -> list[str]:
    """The words of a scope, and each without the punctuation of a sentence around it."""
    found: dict[str, None] = {}
    for word in _SPLIT.split(scope or ""):
        bare = word.lstrip("(<").rstrip(".:!?)>") or word
        found.update({variant: None for variant in (word, bare) if variant and variant.lower() != "and"})
    return list(found)


def names_literally(scope: str, path: str) -> bool:
    """Whether a path, or a folder it is in, stands in the scope as it is, spaces and brackets included."""
    return any(_stands(scope, name) for name in (path, *_folders(path)))


def names_path(token: str, path: str) -> bool:
    """Whether a token is a path, a folder or a pattern that the path fits, perhaps with a place in it behind."""
    if "://" in token:
        return False
    return covers(token, path) or ((file := _PLACE.sub("", token)) != token and bool(file) and covers(file, path))


def symbol_of(token: str) -> list[str]:
    """The names in a token that may be a symbol of code, such as `Store.add`; none if it is no such thing."""
    if not _SYMBOL.fullmatch(token):
        return []
    names = re.findall(_NAME, token)
    return [] if _says_nothing(names) else names


def is_filler(token: str) -> bool:
    """Whether a word only joins others."""
    return token.lower() in _FILLER


def stands_as_word(name: str, text: str) -> bool:
    """Whether a text contains a name that is no part of a longer one."""
    return re.search(rf"(?<![\w$]){re.escape(name)}(?![\w$])", text) is not None


def names_host(token: str, host: str) -> bool:
    """Whether a token is a host, a domain above it, or an address there. A port counts where both have one."""
    named, port = host_and_port(token)
    wanted, other = host_and_port(host)
    if not named or (port is not None and other is not None and port != other):
        return False
    return named == wanted or ("." in named and not _is_number(wanted) and wanted.endswith(f".{named}"))


@cache
def host_and_port(text: str) -> tuple[str, int | None]:
    """Of an address or of `host:port`, in lower case; an empty host for what has none."""
    try:
        parts = urlsplit(text if "://" in text else f"//{text}")
        return (parts.hostname or "").removeprefix("*.").rstrip("."), parts.port
    except ValueError:
        return "", None


def _folders(path: str) -> Iterator[str]:
    parts = normal(path).split("/")
    return ("/".join(parts[:end]) for end in range(len(parts), 0, -1))


def _stands(scope: str, name: str) -> bool:
    if name not in scope:  # nearly always, and much faster
        return False
    before, after = rf"(?:^|[{_SEPARATORS}(<]|(?<![^{_SEPARATORS}])\./)", rf"(?:/?[.:!?)>]*(?:$|[{_SEPARATORS}])|[:#])"
    return re.search(f"{before}{re.escape(name)}{after}", scope) is not None


def _says_nothing(names: list[str]) -> bool:
    *above, last = names
    if above:
        return last.lower() in _ENDINGS
    word = last.lower()
    return len(last) < 3 or word in _FILLER or word in _COMMON or keyword.iskeyword(last) or keyword.iskeyword(word)


def _is_number(host: str) -> bool:
    return ":" in host or host.replace(".", "").isdigit()
