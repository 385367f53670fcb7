"""Settings in TOML: their values, and where their keys stand, which the standard library's parser does not tell."""

import re
import tomllib
from collections.abc import Iterator

from pydantic import JsonValue

from maestro.settings.problems import Broken, Places, Spot
from maestro_protocol.base import JsonObject

_DEEPEST = 50
_MOST_DOTS = 200
"""In a line. A key of ten thousand parts takes the parser minutes."""
_COORDINATES = re.compile(r"at line (\d+), column (\d+)")
_KEY = r"""(?:[\w-]+|"(?:[^"\\\n]|\\.)*"|'[^'\n]*')"""
_PATH = rf"{_KEY}(?:[ \t]*\.[ \t]*{_KEY})*"
_ONE_KEY = re.compile(_KEY)
_STATEMENT = re.compile(rf"[ \t]*(?:\[\[?[ \t]*(?P<table>{_PATH})|(?P<entry>{_PATH})[ \t]*=)?")
_TOKEN = re.compile(
    r'"""(?:[^\\]|\\.)*?"{3,5}|\'\'\'.*?\'{3,5}|"(?:[^"\\\n]|\\.)*"|\'[^\'\n]*\'|#[^\n]*|[^\[\]{}"\'#\n]+|.', re.DOTALL
)


def parse(text: str) -> JsonObject:
    """The text's values. Raises Broken; the parser's own words may quote the text, so they go no further."""
    for number, line in enumerate(text.split("\n")):
        if line.count(".") > _MOST_DOTS:
            raise Broken("this line has too many dots; break it up", Spot(number, 0))
    what, spot = "this is no TOML; mend it", None
    try:
        value = tomllib.loads(text)
        if not _is_deep(value):
            return value
        what = "its values are nested too deeply; none of the settings is"
    except tomllib.TOMLDecodeError as error:
        spot = _spot(str(error), text)
    except (ValueError, RecursionError):  # a number with too many digits, a value in too many others
        pass
    raise Broken(what, spot)


def _is_deep(value: JsonValue) -> bool:
    """Whether it is too deep to be looked into by functions that call themselves."""
    level = [value]
    for _ in range(_DEEPEST):
        objects = [inner for one in level if isinstance(one, dict) for inner in one.values()]
        level = [*objects, *(inner for one in level if isinstance(one, list) for inner in one)]
    return bool(level)


def places(text: str) -> Places:
    """Where the keys of a text that `parse` takes stand; those inside inline tables are not looked for."""
    found: dict[str, Spot] = {}
    table = ""
    for line, column, path, is_table in _statements(text):
        whole = path if is_table or not table else f"{table}.{path}"
        table = path if is_table else table
        found.setdefault(whole, Spot(line, column))
    return found


def _statements(text: str) -> Iterator[tuple[int, int, str, bool]]:
    """Line, column, dotted path, and whether it is a table's header."""
    at = line = 0
    while at < len(text):
        match = _STATEMENT.match(text, at)
        assert match is not None  # it matches nothing, too
        for kind in ("table", "entry"):
            if match[kind] is not None:
                yield line, match.start(kind) - at, _joined(match[kind]), kind == "table"
        end = _end(text, match.start() if match["table"] else match.end())
        line += text.count("\n", at, end)
        at = end


def _end(text: str, at: int) -> int:
    """Behind the line break that ends the statement: one that is in no string, list or inline table."""
    depth = 0
    for token in _TOKEN.finditer(text, at):
        depth += token[0] in ("[", "{")
        depth -= token[0] in ("]", "}")
        if token[0] == "\n" and depth <= 0:
            return token.end()
    return len(text)


def _joined(path: str) -> str:
    return ".".join(map(_name, _ONE_KEY.findall(path)))


def _name(key: str) -> str:
    if "\\" in key:
        return next(iter(tomllib.loads(f"{key} = 0")))
    return key[1:-1] if key[0] in "\"'" else key


def _spot(message: str, text: str) -> Spot:
    if found := _COORDINATES.search(message):
        return Spot(int(found[1]) - 1, int(found[2]) - 1)
    lines = text.rstrip().split("\n")  # "at end of document"
    return Spot(len(lines) - 1, 0)
