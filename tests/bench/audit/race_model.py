"""What an editor must be shown, computed the slow way: every character knows which findings it belongs to."""

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from maestro.audit.code.symbols import find_symbols
from maestro.audit.identity.suppressions import find_suppressions
from maestro.audit.moving.edits import Edit, apply
from maestro.audit.moving.offsets import line_start, to_offsets
from maestro.audit.outcome import Outcome
from maestro.editor import Document
from maestro.services.texts import Snapshot, Text
from maestro_protocol.audit import Finding
from tests.bench.harness import Broken

BAD = re.compile(r"bad\d+")
RULE = "wrong-logic"
_INTERVAL = 0.1
_SHOWN = ("open", "touched")


class Violation(Broken):
    """An invariant does not hold; the text says which."""


def expect(holds: bool, invariant: str, *details: object) -> None:
    if not holds:
        raise Violation(": ".join([invariant, *map(repr, details)]))


class Marked:
    """Characters of a text, followed one by one. What is put between two of them belongs to them."""

    def __init__(self, length: int, start: int, end: int) -> None:
        self.marks = bytearray(length)
        self.marks[start:end] = b"\1" * (end - start)

    def follow(self, edits: Sequence[Edit]) -> None:
        for start, end, text in edits:
            inside = start > 0 and end < len(self.marks) and self.marks[start - 1] and self.marks[end]
            self.marks[start:end] = (b"\1" if inside else b"\0") * len(text)

    @property
    def place(self) -> tuple[int, int] | None:
        start = self.marks.find(1)
        return None if start < 0 else (start, self.marks.rfind(1) + 1)


@dataclass
class Known:
    """A finding and the characters it was found on."""

    finding: Finding
    words: str
    marked: Marked

    def state(self, text: str) -> str:
        assert self.marked.place is not None
        start, end = self.marked.place
        glued = _glued(text, start) or _glued(text, end)
        return "open" if text[start:end] == self.words and not glued else "touched"


@dataclass
class Story:
    """A document since somebody looked at it first."""

    followed: Text
    text: str
    history: list[Edit] = field(default_factory=list)
    known: list[Known] = field(default_factory=list)
    shown: Sequence[Finding] = ()
    shown_at: float = -1.0
    reviewed: int = -1
    """The number of the latest snapshot that all was reviewed of."""
    was_open: bool = False


class Model:
    """Told of everything before the services act on it; raises Violation."""

    def __init__(self, clock: Callable[[], float], documents: dict[str, Document]) -> None:
        self._clock = clock
        self._documents = documents
        self.stories: dict[str, Story] = {}
        self.snapshots: dict[Snapshot, tuple[int, int]] = {}
        """A number for each, and how long the history was then."""
        self.dismissed: Counter[str] = Counter()
        """How many findings, by file name; which of those that are alike is not for us to say."""
        self.publishes = 0

    def snapshot(self, snapshot: Snapshot) -> None:
        """An audit looks at a document."""
        text = snapshot.now
        story = self.stories.setdefault(text.uri, Story(text, text.text))
        if story.followed is not text:
            expect(not story.known, "only what nothing is said about is forgotten", text.uri)
            story.followed, story.text, story.was_open = text, text.text, False
        expect(story.text == text.text, "the model follows the text", text.uri)
        self._on_screen(text)
        story.was_open = story.was_open or text.closed
        self.snapshots[snapshot] = len(self.snapshots), len(story.history)

    def moved(self, text: Text, edits: Sequence[Edit]) -> None:
        """A text changed, appeared or went."""
        if (story := self.stories.get(text.uri)) is None or story.followed is not text:
            return
        story.text = apply(story.text, edits)
        expect(story.text == text.text, "edits lead from text to text", text.uri)
        story.history += edits
        for one in story.known:
            one.marked.follow(edits)
        story.known = [one for one in story.known if one.marked.place is not None]
        if not text.closed:
            self._on_screen(text)

    def accept(self, snapshot: Snapshot, outcome: Outcome) -> None:
        """A result arrives."""
        story, then = self.stories[snapshot.now.uri], snapshot.source.text
        number, length = self.snapshots[snapshot]
        since = story.history[length:]
        if _is_whole(then, outcome.reviewed):
            expect(number > story.reviewed, "no older review after a newer one", snapshot.now.uri, self._clock())
            story.reviewed = number
        if outcome.result.status in ("failed", "cancelled"):
            expect(not outcome.reviewed, "a failure reviews nothing", outcome.reviewed)
        stretches = [(line_start(then, first), line_start(then, last + 1)) for first, last in outcome.reviewed]
        self._complete(then, stretches, outcome)
        reviewed = list(filter(None, (_moved(then, *stretch, since).place for stretch in stretches)))
        found = []
        for one in outcome.placed:
            marked = _moved(then, one.start, one.end, since)
            if marked.place is not None:
                found.append(Known(one.finding, then[one.start : one.end], marked))
        again = {(one.finding.fingerprint, one.marked.place) for one in found}
        kept = [
            one
            for one in story.known
            if (one.finding.fingerprint, one.marked.place) not in again
            if not any(start <= (one.marked.place or (0,))[0] < end for start, end in reviewed)
        ]
        story.known = [*kept, *found]

    def publish(self, uri: str, version: int | None, findings: Sequence[Finding]) -> None:
        """The editor is shown something."""
        self.publishes += 1
        story, document = self.stories[uri], self._documents.get(uri)
        expect(self._clock() - story.shown_at > _INTERVAL - 1e-6, "one publish in 100 ms", uri, self._clock())
        story.shown_at, story.shown = self._clock(), list(findings)
        if document is None:
            expect(not story.was_open or not findings, "nothing of a closed document", uri)
            expect(version is None, "no version of a closed document", version)
        else:
            expect(version == document.version, "the version on screen", version, document.version)
            expect(story.text == document.text, "the text on screen", uri)
        self.right(uri, findings)

    def right(self, uri: str, findings: Sequence[Finding]) -> None:
        """Whether these are the document's findings."""
        story = self.stories[uri]
        if uri not in self._documents and story.was_open:
            expect(not findings, "nothing of a closed document", uri)
            return
        ours = [one for one in findings if one.rule == RULE]
        told = Counter((one.fingerprint, *_place(story.text, one), one.title, one.state) for one in ours)
        known = Counter(
            (one.finding.fingerprint, *(one.marked.place or ()), one.finding.title, one.state(story.text))
            for one in self._unsuppressed(uri)
        )
        expect(told <= known, "shown is what was found", told - known, self._clock())
        hidden, dismissed = known - told, self.dismissed[uri.rpartition("/")[2]]
        expect(hidden.total() <= dismissed, "what was found is shown", hidden, self._clock())

    def at_rest(self) -> None:
        """Whether what is shown is what should be, when everybody has had time."""
        for uri, story in self.stories.items():
            self.right(uri, story.shown)

    def _unsuppressed(self, uri: str) -> list[Known]:
        story = self.stories[uri]
        source = Text(uri, story.text, "python", None).source
        suppressions = find_suppressions(source, find_symbols(source))
        visible = []
        for one in story.known:
            start, end = one.marked.place or (0, 0)
            span = source.span(source.from_raw(start), source.from_raw(end))
            if suppressions.covering(RULE, span.start_line, span.end_line) is None:
                visible.append(one)
        return visible

    def _on_screen(self, text: Text) -> None:
        document = self._documents.get(text.uri)
        if document is not None:
            self.stories[text.uri].was_open = True
            expect(text.text == document.text, "the text is that on screen", text.uri, text.version, document.version)
            expect(text.version == document.version, "the version is that on screen", text.version, document.version)

    def _complete(self, then: str, stretches: Sequence[tuple[int, int]], outcome: Outcome) -> None:
        """Everything bad in what counts as reviewed was found: nothing is called clean that is not."""
        found = {(one.start, one.end) for one in outcome.placed}
        for start, end in stretches:
            for line in re.finditer(r"[^\r\n]+", then[start:end]):
                words = line[0].strip()
                if not BAD.search(line[0].partition("#")[0]) or then.count(words) > 1:
                    continue
                at = start + line.start() + line[0].index(words)
                expect(any(a <= at < b for a, b in found), "what is reviewed was looked at", words)


def _is_whole(text: str, reviewed: Sequence[tuple[int, int]]) -> bool:
    lines = (number for number, line in enumerate(text.splitlines()) if line.strip())
    return all(any(first <= line <= last for first, last in reviewed) for line in lines)


def _moved(text: str, start: int, end: int, edits: Sequence[Edit]) -> Marked:
    marked = Marked(len(text), start, end)
    marked.follow(edits)
    return marked


def _place(text: str, finding: Finding) -> tuple[int, int]:
    assert finding.range is not None
    return to_offsets(text, finding.range, "utf-16")


def _glued(text: str, at: int) -> bool:
    """Whether a word goes on across an edge."""
    return re.fullmatch(r"\w\w", text[max(at - 1, 0) : at + 1]) is not None
