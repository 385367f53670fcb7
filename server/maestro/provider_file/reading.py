"""From the file's text to its providers, or to the place where it is wrong."""

import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn, TypeAlias

from maestro.provider_file.entry import LARGEST, ProviderEntry, ProviderFileError
from maestro.provider_file.misfits import Misfit, misfits_of

if TYPE_CHECKING:
    from ruamel.yaml.nodes import Node

    Member: TypeAlias = tuple[Node, Node]

_MOST = 100_000
"""Lines and commas; each takes the parser some 50 µs, and a line of Windows counts twice."""
_NULL = "tag:yaml.org,2002:null"


def read(path: Path) -> dict[str, ProviderEntry]:
    """The providers of a file, by id; none if there is no file.

    Raises:
        ProviderFileError: naming the file, and the line and column if it could be read.
    """
    try:
        text = read_text(path)
    except FileNotFoundError:
        return {}
    with naming(path):
        return parse(text)


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """Have what is wrong with a text said of the file it came from."""
    try:
        yield
        return
    except ProviderFileError as error:
        what, line, column = error.what, error.line, error.column
    raise ProviderFileError(what, line, column, path)


def read_text(path: Path) -> str:
    """The file as text, with its own line ends. Raises FileNotFoundError and ProviderFileError."""
    try:
        told = path.stat()
        if not stat.S_ISREG(told.st_mode):
            what = "this is no regular file; put one in its place"
        elif told.st_size > LARGEST:
            what = _too_large()
        else:
            return path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        raise
    except OSError as error:
        what = f"it cannot be opened ({type(error).__name__}); check who may read it"
    except UnicodeDecodeError:
        what = "it is no text in UTF-8; save it as such"
    raise ProviderFileError(what, path=path)


def parse(text: str) -> dict[str, ProviderEntry]:
    """The providers a text describes, by id. Every scalar is taken as the text it is written as: `4.1` is a name.

    Raises:
        ProviderFileError: it is no YAML, or not of this shape.
    """
    return entries_of(compose(text))


def examined(text: str) -> tuple[dict[str, ProviderEntry], list[Misfit]]:
    """As `parse`, and what in the text does not count."""
    root = compose(text)
    return entries_of(root), [*misfits_of(root)]


def entries_of(root: "Node | None") -> dict[str, ProviderEntry]:
    """As `parse`, of what `compose` made of a text."""
    providers = None if root is None else _fields(root).get("providers")
    if providers is None:
        return {}
    entries: dict[str, ProviderEntry] = {}
    for key, node in _members(providers, "`providers` must hold a provider under each id"):
        entries[_text(key, "the id of a provider must be a text")] = _entry(node)
    return entries


def compose(text: str) -> "Node | None":
    """The text as YAML's nodes, which know their places and are not made into objects.

    Raises:
        ProviderFileError: it is none.
    """
    from ruamel.yaml import YAML
    from ruamel.yaml.error import MarkedYAMLError
    from ruamel.yaml.reader import ReaderError

    from maestro.provider_file.broken import ShallowScanner, explained

    if len(text) > LARGEST:
        raise ProviderFileError(_too_large())
    if sum(map(text.count, "\n\r,")) > _MOST:
        raise ProviderFileError(f"it has more than {_MOST} lines and items; remove what is not needed")
    what, line, column = "this is no YAML; mend it", None, None
    yaml = YAML(typ="safe", pure=True)
    yaml.Scanner = ShallowScanner
    try:
        root: Node | None = yaml.compose(text)
        return root
    except MarkedYAMLError as error:
        what, line, column = explained(error)
    except ReaderError as error:
        before = text[: error.position]
        line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
    except Exception:  # whatever else a parser does with a text that is none, RecursionError among it
        pass
    raise ProviderFileError(what, line, column)


def _entry(node: "Node") -> ProviderEntry:
    fields = _fields(node)
    texts = {name: _optional(fields[name], name) for name in ("name", "base_api_url", "api_key") if name in fields}
    return ProviderEntry(
        **texts,
        valid_models=_models(fields["valid_models"]) if "valid_models" in fields else {},
        invalid_models=_names(fields["invalid_models"]) if "invalid_models" in fields else (),
    )


def _fields(node: "Node") -> "Mapping[str, Node]":
    """The named members of an object that may have others, too."""
    return {key.value: value for key, value in _members(node, "here must be an object") if isinstance(key.value, str)}


def _optional(node: "Node", name: str) -> str:
    return "" if _is_null(node) else _text(node, f"`{name}` must be a text")


def _models(node: "Node") -> Mapping[str, str]:
    """Short names by long ones; a model without a short name has its long one."""
    what = "`valid_models` must hold a short name under each long one"
    pairs = [(_text(key, what), value) for key, value in _members(node, what)]
    return {long: long if _is_null(value) else _text(value, what) for long, value in pairs}


def _names(node: "Node") -> tuple[str, ...]:
    from ruamel.yaml.nodes import SequenceNode

    what = "`invalid_models` must be a list of names"
    if _is_null(node):
        return ()
    if not isinstance(node, SequenceNode):
        _refuse(node, what)
    _check_anchor(node)
    return tuple(_text(item, what) for item in node.value)


def _members(node: "Node", what: str) -> "Iterator[Member]":
    """The members of an object, each under its own key; of nothing there are none."""
    from ruamel.yaml.nodes import MappingNode

    if _is_null(node):
        return
    if not isinstance(node, MappingNode):
        _refuse(node, what)
    _check_anchor(node)
    known: set[str] = set()
    for key, value in node.value:
        if key.value == "<<" and not key.style:
            _refuse(key, "merging (`<<`) is not understood here; write the values out")
        if isinstance(key.value, str):
            if key.value in known:
                _refuse(key, "this key stands here twice; remove one")
            known.add(key.value)
        yield key, value


def _text(node: "Node", what: str) -> str:
    from ruamel.yaml.nodes import ScalarNode

    if not isinstance(node, ScalarNode) or _is_null(node):
        _refuse(node, what)
    _check_anchor(node)
    value: str = node.value
    return value


def _is_null(node: "Node") -> bool:
    return str(node.tag) == _NULL


def _check_anchor(node: "Node") -> None:
    """What is named can be repeated, and repetitions of repetitions have no end."""
    if node.anchor:
        _refuse(node, "anchors (`&`) are not understood here; write the values out")


def _refuse(node: "Node", what: str) -> NoReturn:
    raise ProviderFileError(what, node.start_mark.line + 1, node.start_mark.column + 1)


def _too_large() -> str:
    return f"it has more than {LARGEST // 1024} KiB; remove what is not needed"
