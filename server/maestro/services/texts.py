"""The texts of audited documents as they are now, and every step from what they were when somebody looked at them."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeAlias
from urllib.parse import unquote

from maestro.audit.moving.edits import Edit, EditLog, apply, content_change, move
from maestro.audit.moving.line_diff import difference, refine
from maestro.audit.source import AuditSource
from maestro.editor import Document, Editor
from maestro_protocol.chat import Range

Change: TypeAlias = tuple[Range | None, str]
"""What `textDocument/didChange` says: a range and its new text, or the whole text."""


@dataclass(slots=True)
class Text:
    """`version` is None while the document is not open."""

    uri: str
    text: str = field(repr=False)
    language: str
    version: int | None
    log: EditLog = field(default_factory=EditLog, repr=False)
    closed: bool = False
    """It was open and is not any more."""
    looked_for: frozenset[str] = frozenset()
    """The rules that an audit of all of it looked for last."""

    _source: AuditSource | None = field(default=None, repr=False)

    @property
    def source(self) -> AuditSource:
        """The text as it is now, to be looked into."""
        if self._source is None or (self._source.text, self._source.language) != (self.text, self.language):
            self._source = AuditSource(self.uri, self.text, self.language)
        return self._source


class Snapshot:
    """A document as it was at one moment; its text goes on, and `edits` tells how. To be released when done."""

    def __init__(self, text: Text) -> None:
        self.now = text
        self.source = text.source
        self.position = text.log.position

    @property
    def edits(self) -> Sequence[Edit]:
        """What happened to the text since."""
        return self.now.log.since(self.position)

    def stretches(self, lines: Iterable[tuple[int, int]]) -> Sequence[tuple[int, int]]:
        """Where its lines are by now, each from a first to a last one, in characters; not those that are gone."""
        source, edits = self.source, self.edits
        spans = [(source.raw(source.offset(first)), source.raw(source.offset(last + 1))) for first, last in lines]
        moved = [move(start, end, edits) for start, end in spans]
        return [(place.start, place.end) for place in moved if place is not None]


Listener: TypeAlias = Callable[[Text, Sequence[Edit]], None]


class Texts:
    """Follows a document from the first time it is asked for. All methods are to be called on the event loop."""

    def __init__(self, editor: Editor) -> None:
        self._editor = editor
        self._texts: dict[str, Text] = {}
        self._snapshots: dict[str, list[int]] = {}
        self._listeners: list[Listener] = []

    def listen(self, listener: Listener) -> None:
        """Have every change of a followed text told, after it happened."""
        self._listeners.append(listener)

    def get(self, uri: str) -> Text | None:
        """The text as it is now, if it is followed."""
        return self._texts.get(_key(uri))

    @property
    def all(self) -> Mapping[str, Text]:
        return self._texts

    def follow(self, document: Document) -> Text:
        """Bring the text up to this document's, and follow it from here on.

        Reading takes a while: what the editor shows by now goes before what it showed then, and before the file.
        """
        key, shown = _key(document.uri), self._editor.opened(document.uri)
        text = self._texts.get(key)
        if text is None:
            was_open = document.version is not None
            now = shown or replace(document, version=None)
            text = Text(document.uri, now.text, now.language, now.version, closed=was_open and shown is None)
            self._texts[key] = text
        elif shown is not None or document.version is None:
            self._become(text, shown or document)
        return text

    def snapshot(self, document: Document) -> Snapshot:
        """The document as it is now."""
        text = self.follow(document)
        snapshot = Snapshot(text)
        self._snapshots.setdefault(_key(text.uri), []).append(text.log.position)
        return snapshot

    def release(self, snapshot: Snapshot) -> None:
        """Nobody asks this snapshot for its edits any more."""
        key = _key(snapshot.now.uri)
        positions = self._snapshots[key]
        positions.remove(snapshot.position)
        snapshot.now.log.forget(min(positions, default=snapshot.now.log.position))
        if not positions:
            del self._snapshots[key]

    def opened(self, uri: str) -> None:
        """The editor shows a document now; its text may differ from the one on disk."""
        text, document = self.get(uri), self._editor.opened(uri)
        if text is not None and document is not None:
            self._become(text, document)

    def changed(self, uri: str, changes: Iterable[Change]) -> None:
        """The editor changed a document, step by step; its text is that behind the last step by now."""
        text, document = self.get(uri), self._editor.opened(uri)
        if text is None or document is None:
            return
        edits: list[Edit] = []
        for range_, new in changes:
            edit = content_change(text.text, range_, new, self._editor.position_encoding)
            steps = refine(text.text, edit) if _is_large(text.text, edit) else (edit,)
            text.text = apply(text.text, steps)
            edits += steps
        self._become(text, document, edits)

    def closed(self, uri: str) -> None:
        """The editor shows the document no more."""
        if (text := self.get(uri)) is not None:
            text.version, text.closed = None, True
            self._tell(text, ())

    def forget(self, uri: str) -> bool:
        """Do not follow the document any longer, unless somebody still has a snapshot of it; whether that was done."""
        if self._snapshots.get(_key(uri)):
            return False
        self._texts.pop(_key(uri), None)
        return True

    def _become(self, text: Text, document: Document, edits: Sequence[Edit] = ()) -> None:
        """What the steps do not explain is told as the difference between the texts."""
        if text.text != document.text:
            edits = (*edits, *difference(text.text, document.text))
            text.text = document.text
        appeared = text.version is None and document.version is not None
        text.version, text.language = document.version, document.language
        text.closed = text.closed and document.version is None
        if edits or appeared:
            if _key(text.uri) in self._snapshots:
                text.log.append(edits)
            self._tell(text, edits)

    def _tell(self, text: Text, edits: Sequence[Edit]) -> None:
        for listener in self._listeners:
            listener(text, edits)


def _is_large(text: str, edit: Edit) -> bool:
    """Whether an edit may be a formatter's that gives back most of what it replaces."""
    return "\n" in text[edit.start : edit.end]


def _key(uri: str) -> str:
    return unquote(uri)
