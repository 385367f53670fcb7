"""The findings there are: each on its lines while the text changes, and shown whenever that makes a difference."""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from maestro.audit.findings import Placed
from maestro.audit.fixing.fix import Proposal
from maestro.audit.fixing.fix_made import is_made
from maestro.audit.identity.fingerprint import finding_id
from maestro.audit.moving.edits import Edit, move
from maestro.audit.moving.line_diff import difference
from maestro.audit.moving.offsets import to_position
from maestro.audit.outcome import Outcome
from maestro.editor import Document, Editor
from maestro.errors import MaestroError
from maestro.positions import Encoding
from maestro.services.publisher import Publisher
from maestro.services.texts import Snapshot, Text, Texts
from maestro_protocol.audit import BaselineState, Finding, FindingListParams, FindingState, RelatedPlace
from maestro_protocol.chat import Range

_WITHIN_WORD = re.compile(r"\w\w")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is said of a finding; without a `state` it is shown."""

    state: FindingState | None = None
    reason: str | None = None
    baseline_state: BaselineState | None = None


@dataclass(slots=True)
class Tracked:
    """A finding and where it is now, in code points of the raw text. `quote` is what stood there when it was found."""

    finding: Finding
    start: int
    end: int
    quote: str = field(repr=False)
    proposal: Proposal | None = field(default=None, repr=False)
    related: tuple[tuple[int, int], ...] = ()
    touched: bool = False

    def follow(self, edits: Sequence[Edit], text: str) -> bool:
        """Move with the text; False if nothing is left of the place, or the fix was made there."""
        moved = move(self.start, self.end, edits)
        if moved is None:
            return False
        self.start, self.end = moved.start, moved.end
        # What was edited and then undone is as good as before; a word that goes on beyond the place is another one.
        self.touched = text[self.start : self.end] != self.quote or self._is_part_of_a_word(text)
        if self.touched and self.proposal is not None and is_made(text, (self.start, self.end), self.proposal):
            return False
        places = [move(start, end, edits) for start, end in self.related]
        self.related = tuple((place.start, place.end) for place in places if place is not None)
        return True

    def _is_part_of_a_word(self, text: str) -> bool:
        """Whether its first or its last word goes on beyond it."""
        return any(_WITHIN_WORD.match(text, max(at - 1, 0), at + 1) for at in (self.start, self.end))


Judge = Callable[[Text, Sequence[Tracked]], tuple[Mapping[str, Verdict], Sequence[Tracked]]]
"""Which findings of a text are not to be shown, by their ids, and findings about what people said of findings."""


class FindingStore:
    """All methods are to be called on the event loop."""

    def __init__(self, texts: Texts, editor: Editor, judge: Judge) -> None:
        self._texts = texts
        self._editor = editor
        self._judge = judge
        self._tracked: dict[str, list[Tracked]] = {}
        self._unverified: dict[str, Sequence[Finding]] = {}
        self._shown: dict[str, Sequence[Finding]] = {}
        self._publisher = Publisher(self._publish)
        self._listeners: list[Callable[[], None]] = []
        self._forgetting: list[Callable[[Iterable[str] | None], None]] = []
        texts.listen(self._moved)

    def listen(self, listener: Callable[[], None]) -> None:
        """Have it told, once per audit, that other findings are shown, which no edit explains."""
        self._listeners.append(listener)

    def listen_for_clearing(self, listener: Callable[[Iterable[str] | None], None]) -> None:
        """Have it told of which documents all findings were forgotten; None stands for every document."""
        self._forgetting.append(listener)

    def announce(self) -> None:
        """Tell that by now."""
        for listener in self._listeners:
            listener()

    def accept(self, snapshot: Snapshot, outcome: Outcome) -> Sequence[Finding]:
        """Take over what an audit of a snapshot found, where it stands by now; what its lines had before is replaced.

        Returns what the audit found as it is now. What was deleted meanwhile is not among it.
        """
        text, edits = snapshot.now, snapshot.edits
        reviewed = snapshot.stretches(outcome.reviewed)
        found = [one for one in map(_tracked_of(snapshot), outcome.placed) if one.follow(edits, text.text)]
        again = {(one.finding.fingerprint, one.start) for one in found}
        before = self._tracked.get(text.uri, [])
        replaced = [
            one
            for one in before
            if (one.finding.fingerprint, one.start) in again or any(start <= one.start < end for start, end in reviewed)
        ]
        kept = [one for one in before if one not in replaced]
        _keep_names(found, replaced, kept)
        self._tracked[text.uri] = sorted([*kept, *found], key=lambda one: (one.start, one.end))
        self._unverified[text.uri] = outcome.result.unverified
        self.show(text.uri)
        verdicts, _ = self._judge(text, self._tracked[text.uri])
        return [self._view(text, one, verdicts.get(one.finding.id)) for one in found]

    def tidy(self, uri: str) -> None:
        """Forget a file that nobody opened or audits, if nothing is said about it."""
        text = self._texts.get(uri)
        if text is None or self._tracked.get(text.uri) or text.version is not None or text.closed:
            return
        if self._texts.forget(text.uri):
            self._tracked.pop(text.uri, None)
            self._unverified.pop(text.uri, None)

    def follow(self, document: Document) -> Text:
        """The text of a document that somebody has something to say about."""
        return self._texts.follow(document)

    def rename(self, old: Text, new: Text, path: str | None) -> None:
        """Have the findings of a document go on in the one it is now, whose path in its folder is this."""
        edits, place = difference(old.text, new.text), {"uri": new.uri, "rel_path": path}
        moved = [one for one in self._tracked.pop(old.uri, ()) if one.follow(edits, new.text)]
        for one in moved:
            one.finding = one.finding.model_copy(update=place)
        self._tracked[new.uri] = moved
        self._unverified[new.uri] = [one.model_copy(update=place) for one in self._unverified.pop(old.uri, ())]
        new.looked_for = old.looked_for
        self._texts.forget(old.uri)
        if self._shown.pop(old.uri, ()):
            self._editor.publish(old.uri, None, [])
        self.show(new.uri)
        self.announce()

    def add(self, uri: str, placed: Iterable[Placed]) -> None:
        """Take over findings about the text as it is now, beside those there are."""
        text = self._followed(uri)
        snapshot = Snapshot(text)
        new = [_tracked_of(snapshot)(one) for one in placed]
        ids = {one.finding.id for one in new}
        kept = [one for one in self._tracked.get(text.uri, ()) if one.finding.id not in ids]
        self._tracked[text.uri] = sorted([*kept, *new], key=lambda one: (one.start, one.end))
        self.show(text.uri)
        self.announce()

    def show(self, uri: str) -> None:
        """Have the editor show a document's findings, even if there are none; of one that was closed there are none."""
        text = self._texts.get(uri)
        self._publisher.soon(uri, force=text is not None and not text.closed)

    def show_all(self) -> None:
        """The same for every document, since what people said of findings changed."""
        for uri in self._tracked:
            self._publisher.soon(uri)
        self.announce()

    def of(self, uri: str) -> Sequence[Finding]:
        """The findings of a document as they are now, those included that are not shown."""
        text = self._texts.get(uri)
        if text is None:
            return ()
        tracked = self._tracked.get(text.uri, ())
        verdicts, more = self._judge(text, tracked)
        shown = [self._view(text, one, verdicts.get(one.finding.id)) for one in (*tracked, *more)]
        return [*shown, *self._unverified.get(text.uri, ())]

    def diagnostics(self, uri: str) -> Sequence[Finding]:
        """Those that are shown; a document that was closed shows none."""
        text = self._texts.get(uri)
        if text is None or text.closed:
            return ()
        return [one for one in self.of(uri) if one.state in ("open", "touched")]

    def shown(self) -> Mapping[str, Sequence[Finding]]:
        """All that are shown, by document."""
        return {uri: found for uri in self.uris if (found := self.diagnostics(uri))}

    @property
    def uris(self) -> Sequence[str]:
        """The documents with findings."""
        return [*self._tracked]

    def find(self, finding_id: str) -> tuple[Text, Tracked]:
        """A finding and the text it is in. Raises 4602."""
        for text, one in self._all():
            if one.finding.id == finding_id:
                return text, one
        raise MaestroError("auditNotFound", "There is no such finding any more; run the audit again.")

    def _all(self) -> Iterator[tuple[Text, Tracked]]:
        """Every finding; those about suppressions, which are made anew each time, come last."""
        followed = [(text, tracked) for uri, tracked in self._tracked.items() if (text := self._texts.get(uri))]
        for text, tracked in followed:
            yield from ((text, one) for one in tracked)
        for text, tracked in followed:
            yield from ((text, one) for one in self._judge(text, tracked)[1])

    def get(self, finding_id: str) -> Finding:
        """A finding as it is now. Raises 4602."""
        text, one = self.find(finding_id)
        verdicts, _ = self._judge(text, self._tracked[text.uri])
        return self._view(text, one, verdicts.get(finding_id))

    def list(self, params: FindingListParams) -> Sequence[Finding]:
        """The findings asked for, as they are now."""
        uris = [text.uri] if params.uri and (text := self._texts.get(params.uri)) else [] if params.uri else self.uris
        return [
            finding
            for uri in uris
            for finding in self.of(uri)
            if params.state in (None, finding.state)
            if params.audit_id in (None, finding.provenance.audit_id)
        ]

    def clear(self, audit_id: str | None = None, uris: Iterable[str] | None = None) -> int:
        """Forget the findings of an audit, of documents, or all; how many there were."""
        keys = [text.uri for uri in uris if (text := self._texts.get(uri))] if uris is not None else self.uris
        cleared = 0
        for uri in keys:
            before = self._tracked.get(uri, [])
            kept = [one for one in before if audit_id not in (None, one.finding.provenance.audit_id)]
            self._tracked[uri] = kept
            self._unverified.pop(uri, None)
            cleared += len(before) - len(kept)
            self.show(uri)
        everything = audit_id is None and uris is None
        for listener in self._forgetting:
            listener(None if everything else [uri for uri in keys if not self._tracked[uri]])
        self.announce()
        return cleared

    def aclose(self) -> None:
        """Show nothing any more."""
        self._publisher.close()

    def _followed(self, uri: str) -> Text:
        text = self._texts.get(uri)
        if text is None:
            raise MaestroError("auditNotFound", "The document is not known to audits; run one.")
        return text

    def _moved(self, text: Text, edits: Sequence[Edit]) -> None:
        """The text changed, appeared in the editor, or went from it."""
        if text.uri not in self._tracked:
            return
        if edits:
            self._tracked[text.uri] = [one for one in self._tracked[text.uri] if one.follow(edits, text.text)]
        self._publisher.soon(text.uri, force=text.closed)

    def _publish(self, uri: str, force: bool) -> None:
        """Show what there is, if that is not what is shown already."""
        text = self._texts.get(uri)
        if text is None:
            return
        now = self.diagnostics(uri)
        if force or now != self._shown.get(uri, ()):
            self._shown[uri] = now
            self._editor.publish(text.uri, text.version, now)

    def _view(self, text: Text, one: Tracked, verdict: Verdict | None) -> Finding:
        encoding = self._editor.position_encoding
        state = (verdict and verdict.state) or ("touched" if one.touched else one.finding.state)
        update: dict[str, object] = {"range": _range(text.text, one.start, one.end, encoding), "state": state}
        if verdict is not None:
            update["reason"], update["baseline_state"] = verdict.reason, verdict.baseline_state
        if one.related:
            update["related"] = [
                RelatedPlace(range=_range(text.text, start, end, encoding), text=text.text[start:end].strip())
                for start, end in one.related
            ]
        return one.finding.model_copy(update=update)


def _keep_names(found: Sequence[Tracked], replaced: Sequence[Tracked], kept: Sequence[Tracked]) -> None:
    """Give what was found again the id it had, and what is new one that nothing else has."""
    taken = {one.finding.id for one in kept}
    old: defaultdict[str, list[str]] = defaultdict(list)
    for one in replaced:
        old[one.finding.fingerprint].append(one.finding.id)
    for one in found:
        names = [*old[one.finding.fingerprint], *(_names(one.finding, len(taken) + 1))]
        id_ = next(name for name in names if name not in taken)
        taken.add(id_)
        one.finding = one.finding.model_copy(update={"id": id_})


def _names(finding: Finding, count: int) -> list[str]:
    return [finding_id(finding.uri, finding.fingerprint, occurrence) for occurrence in range(count)]


def _tracked_of(snapshot: Snapshot) -> Callable[[Placed], Tracked]:
    text = snapshot.source.text
    return lambda placed: Tracked(
        placed.finding,
        placed.start,
        placed.end,
        text[placed.start : placed.end],
        placed.proposal,
        placed.related,
    )


def _range(text: str, start: int, end: int, encoding: Encoding) -> Range:
    return Range(start=to_position(text, start, encoding), end=to_position(text, end, encoding))
