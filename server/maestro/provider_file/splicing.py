"""Changes to a YAML text that leave everything else in it, comments included, as it is to the letter."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from ruamel.yaml.nodes import Node

Value: TypeAlias = "str | Sequence[str] | Mapping[str, Value]"
Change: TypeAlias = "str | Sequence[str] | Mapping[str, Change] | None"
"""What a member shall be: gone (None), a text, a list with these items, or an object with these of its members changed.
"""
Splice: TypeAlias = tuple[int, int, str]
"""From, to, and what comes in between."""

_PLAIN = re.compile(r"[A-Za-z](?:[\w./@+-]|:(?=[\w./@+-]))*", re.ASCII)
_SPECIAL = frozenset("true false null yes no on off y n".split())
_UNPRINTABLE = re.compile("[^\t\n\r\x20-\x7e\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]|[\u2028\u2029]")


def spliced(text: str, root: "Node | None", changes: Mapping[str, Change]) -> str:
    """The text, whose nodes are `root`, with changes made to its top-level object."""
    if text and not text.endswith("\n"):
        text += "\n"
    splices = _Splices(text)
    if root is None or _is_empty(root):
        inside = [] if root is None else [(root.start_mark.index, root.end_mark.index, "")]
        splices.made += [*inside, (len(text), len(text), splices.block(_additions(changes), 0))]
    else:
        splices.change_mapping(root, changes)
    return splices.result()


@dataclass(slots=True)
class _Splices:
    text: str
    made: list[Splice] = field(default_factory=list)
    """Of several at one place the inner ones come first."""

    def result(self) -> str:
        pieces, here = [], 0
        for start, end, new in sorted(self.made, key=lambda splice: splice[0]):
            pieces += [self.text[here:start], new]
            here = max(here, end)
        return "".join([*pieces, self.text[here:]])

    def change_mapping(self, node: "Node", changes: Mapping[str, Change]) -> None:
        names = [str(key.value) for key, _ in node.value]
        gone = [name in changes and changes[name] is None for name in names]
        for name, (key, value), is_gone in zip(names, node.value, gone, strict=True):
            if name in changes and not is_gone:
                self._change_value(key, value, changes[name], _indent(node))
        added = {name: change for name, change in changes.items() if name not in names}
        self._finish(node, node.value, gone, _additions(added))

    def _change_sequence(self, node: "Node", wanted: Sequence[str]) -> None:
        there, kept = [item.value for item in node.value], set(wanted)
        members = [(item, item) for item in node.value]
        known = set(there)
        self._finish(
            node, members, [name not in kept for name in there], [name for name in wanted if name not in known]
        )

    def _change_value(self, key: "Node", node: "Node", change: Change, indent: int) -> None:
        if isinstance(change, str):
            self._replace(*self._span(key, node), _scalar(change))
        elif not _is_empty(node):
            if isinstance(change, Mapping):
                self.change_mapping(node, change)
            elif change is not None:
                self._change_sequence(node, change)
        elif value := _additions(change):
            self._fill(*self._span(key, node), value, indent)

    def _finish(
        self, node: "Node", members: Sequence[tuple["Node", "Node"]], gone: Sequence[bool], added: Value
    ) -> None:
        """Take out the members that go, and put in the new ones."""
        if not _is_flow(node):
            self.made += [self._lines_of(*member) for member, is_gone in zip(members, gone, strict=True) if is_gone]
            if added:
                at = self._line_after(self._end(*members[-1]))
                self.made.append((at, at, self.block(added, _indent(node))))
        elif all(gone):
            self._replace(node.start_mark.index, node.end_mark.index, _flow(added))
        else:
            self.made += self._removals(members, gone)
            if added:
                at = self._end(*members[-1])
                self.made.append((at, at, f", {_flow(added)[1:-1]}"))

    def _fill(self, start: int, end: int, value: Value, indent: int) -> None:
        """Put members where there are none, on lines of their own unless the object around is written in one."""
        if indent < 0:
            self._replace(start, end, _flow(value))
            return
        while self.text[start - 1] == " ":
            start -= 1
        at = self._line_after(end)
        self.made += [(start, end, ""), (at, at, self.block(value, indent + 2))]

    def _replace(self, start: int, end: int, new: str) -> None:
        self.made.append((start, end, f" {new}" if start == end else new))

    def _lines_of(self, key: "Node", value: "Node") -> Splice:
        start = self.text.rfind("\n", 0, key.start_mark.index) + 1
        return start, self._line_after(self._end(key, value)), ""

    def _line_after(self, index: int) -> int:
        if index and self.text[index - 1] == "\n":
            return index
        return self.text.find("\n", index) + 1

    def _removals(self, members: Sequence[tuple["Node", "Node"]], gone: Sequence[bool]) -> Iterator[Splice]:
        """In `{a: b, c: d}`: what goes, with the comma behind it, or with that before where nothing else follows."""
        last = max(index for index, is_gone in enumerate(gone) if not is_gone)
        for index, (key, value) in enumerate(members):
            if index > last:
                yield self._end(*members[index - 1]), self._end(key, value), ""
            elif gone[index]:
                yield key.start_mark.index, members[index + 1][0].start_mark.index, ""

    def _end(self, key: "Node", value: "Node") -> int:
        """Where a member ends, without the comments behind it, which count to a block's own end."""
        if isinstance(value.value, list) and value.value and not _is_flow(value):
            last = value.value[-1]
            return self._end(*last) if isinstance(last, tuple) else self._end(last, last)
        return self._span(key, value)[1]

    def _span(self, key: "Node", value: "Node") -> tuple[int, int]:
        """From where to where a value stands; of one left out, the parser only knows what comes next."""
        start, end = int(value.start_mark.index), int(value.end_mark.index)
        if start == end:
            start = end = self.text.find(":", key.end_mark.index) + 1
        return start, end

    def block(self, value: Value, indent: int) -> str:
        newline = "\r\n" if "\r\n" in self.text else "\n"
        return "".join(f"{' ' * indent}{line}{newline}" for line in _lines(value))


def _additions(change: Change) -> Value:
    """What a change comes to where nothing is yet."""
    if isinstance(change, Mapping):
        return {name: _additions(inner) for name, inner in change.items() if inner is not None}
    return "" if change is None else change


def _lines(value: Value) -> Iterator[str]:
    if isinstance(value, str):
        yield _scalar(value)
    elif not isinstance(value, Mapping):
        yield from (f"- {_scalar(item)}" for item in value)
    else:
        for name, inner in value.items():
            if inner and not isinstance(inner, str):
                yield f"{_scalar(name)}:"
                yield from (f"  {line}" for line in _lines(inner))
            else:
                yield f"{_scalar(name)}: {_flow(inner)}"


def _flow(value: Value) -> str:
    if isinstance(value, str):
        return _scalar(value)
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{_scalar(name)}: {_flow(inner)}' for name, inner in value.items())}}}"
    return f"[{', '.join(map(_scalar, value))}]"


def _scalar(text: str) -> str:
    """The text as it is where that is plain, else in quotes, with escapes for what editors cannot show."""
    if _PLAIN.fullmatch(text) and text.lower() not in _SPECIAL:
        return text
    return _UNPRINTABLE.sub(_escaped, json.dumps(text, ensure_ascii=False))


def _escaped(match: re.Match[str]) -> str:
    return f"\\u{ord(match[0]):04x}"


def _is_empty(node: "Node") -> bool:
    """Whether nothing is inside."""
    return not node.value or isinstance(node.value, str)


def _is_flow(node: "Node") -> bool:
    """Whether it is written in brackets."""
    return bool(getattr(node, "flow_style", False))


def _indent(node: "Node") -> int:
    """The column of the node's members; -1 where they are not on lines of their own."""
    return -1 if _is_flow(node) else node.start_mark.column
