"""One interleaving: an editor, a provider and a user who wait for nobody, before the services the product has."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from random import Random

from maestro import app
from maestro.app import Services
from maestro.audit.moving.edits import Edit, apply
from maestro.audit.moving.offsets import to_position
from maestro.audit.outcome import Outcome
from maestro.editor import Document
from maestro.errors import MaestroError
from maestro.services.texts import Snapshot
from maestro_protocol.audit import AuditResult, AuditRunParams, Finding
from maestro_protocol.chat import Range
from maestro_protocol.settings import Settings
from tests.bench.audit.race_model import RULE, Model, expect
from tests.bench.audit.race_service import Service
from tests.bench.audit.transactions import transact
from tests.bench.audit.virtual import VirtualLoop
from tests.unit.audit.editor import Events, MemoryEditor

_STEPS = 24
_PAUSES = (0.0, 0.0, 0.0, 0.001, 0.03, 0.1, 0.3, 1.5)
_SNIPPETS = ("x", " ", "\n", "bad7", "(a)", "_", "# 😀\n", "    y = bad8(a)\n", "def g(a):\n    return bad9(a)\n\n")


class Editor(MemoryEditor):
    """Holds what it is shown against the model."""

    model: Model

    def publish(self, uri: str, version: int | None, findings: Sequence[Finding]) -> None:
        self.model.publish(uri, version, findings)

    def edit(self, uri: str, edits: Sequence[Edit]) -> None:
        """Incremental changes of one message."""
        document, changes = self.documents[uri], []
        text = document.text
        for edit in edits:
            start, end = (to_position(text, at, "utf-16") for at in edit[:2])
            changes.append((Range(start=start, end=end), edit.text))
            text = apply(text, [edit])
        self.documents[uri] = replace(document, text=text, version=(document.version or 0) + 1)
        assert self.services is not None
        self.services.texts.changed(uri, changes)


class Race:
    """One interleaving."""

    def __init__(self, dice: Random, loop: VirtualLoop, home: Path) -> None:
        self._dice = dice
        self._loop = loop
        self._files = [home / "work" / name for name in ("a.py", "b.py")]
        self._texts: dict[str, list[str]] = {}
        self._editor = Editor(folders=[(home / "work").as_uri()])
        self._editor.model = self.model = Model(loop.time, self._editor.documents)
        self.service = Service()
        self._runs: list[tuple[asyncio.Task[AuditResult], Events]] = []
        self._chores: list[asyncio.Task[None]] = []
        environment = {"MAESTRO_HOME": str(home), "HOME": str(home)}
        self._services = self._watched(app.build(self._settings(), environment, self._editor))

    async def run(self) -> None:
        """Raises Violation."""
        await self._services.sessions.open()
        await self._services.marks.open()
        for file in self._files:
            self._texts[file.as_uri()] = [text := _text(self._dice)]
            file.write_bytes(text.encode())
            if self._dice.random() < 0.8:
                self._open(file.as_uri())
        acts = self._acts()
        for _ in range(_STEPS):
            await _done(self._dice.choices(list(acts), list(acts.values()))[0]())
            self._always()
            for _ in range(self._dice.choice((0, 0, 1, 3))):
                await asyncio.sleep(0)
            await asyncio.sleep(self._dice.choice(_PAUSES))
            self._always()
        await self._settle()

    def _acts(self) -> dict[Callable[[], object], float]:
        return {
            self._edit: 10, self._rewrite: 2, self._audit: 6, self._save: 4, self._answer: 10, self._close_or_open: 4,
            self._cancel: 1.5, self._stop: 1.5, self._configure: 1, self._pull: 1, self._dismiss: 1, self._suppress: 1,
            self._change_file: 1.5,
        }  # fmt: skip

    def _edit(self) -> None:
        """Some steps of typing, or what went before undone."""
        if (document := self._some_open()) is None:
            return
        if self._dice.random() < 0.5:
            [edits] = transact(self._dice, document.text, 1)
        else:
            start = self._dice.randint(0, len(document.text))
            end = min(len(document.text), start + self._dice.choice((0, 0, 1, 8, 60)))
            edits = [Edit(start, end, self._dice.choice(_SNIPPETS))]
        self._editor.edit(document.uri, edits)
        self._texts[document.uri].append(self._editor.documents[document.uri].text)

    def _rewrite(self) -> None:
        """The whole text at once, often one that was there before."""
        if (document := self._some_open()) is not None:
            [edits] = transact(self._dice, document.text, 1)
            texts = [*self._texts[document.uri], apply(document.text, edits)]
            self._editor.change(document.uri, self._dice.choice(texts))

    def _audit(self) -> None:
        uri = self._some_uri()
        target: dict[str, object] = {"uri": uri}
        if self._dice.random() < 0.4:
            first = self._dice.randrange(12)
            lines = {"line": first, "character": 0}, {"line": first + self._dice.randrange(6), "character": 1}
            target["range"] = dict(zip(("start", "end"), lines, strict=True))
        elif self._dice.random() < 0.2:
            target = {"uris": list(self._texts)}
        params = AuditRunParams.model_validate({"target": target, "fresh": self._dice.random() < 0.3})
        events = Events()
        self._runs.append((asyncio.create_task(self._services.audit.run(params, events)), events))

    def _save(self) -> None:
        if (document := self._some_open()) is not None:
            Path(document.uri.removeprefix("file://")).write_bytes(document.text.encode())
            self._services.audit_on_save.saved(document.uri)

    def _answer(self) -> None:
        self.service.answer(self._dice)

    def _close_or_open(self) -> None:
        uri = self._some_uri()
        if uri in self._editor.documents:
            self._editor.close(uri)
            self._services.audit_on_save.closed(uri)
        else:
            self._open(uri)

    def _cancel(self) -> None:
        if self._runs:
            self._dice.choice(self._runs)[0].cancel()

    def _stop(self) -> None:
        if runs := self._services.audit.runs.list():
            self._services.audit.runs.cancel(self._dice.choice(runs).audit_id)

    def _configure(self) -> None:
        self._services.runtime.settings = self._settings()

    def _pull(self) -> None:
        for uri in self.model.stories:
            self.model.right(uri, self._services.findings.diagnostics(uri))

    async def _dismiss(self) -> None:
        if (finding := self._some_finding()) is not None:
            self._chores.append(asyncio.create_task(self._dismissed(finding)))

    async def _dismissed(self, finding: Finding) -> None:
        with suppress(MaestroError):  # gone meanwhile
            await self._services.opinions.dismiss(finding.id, "Known")
            told = [one.id for one in self._services.findings.diagnostics(finding.uri)]
            expect(finding.id not in told, "what was dismissed is not shown", finding)

    def _suppress(self) -> None:
        finding = self._some_finding()
        document = self._editor.documents.get(finding.uri) if finding else None
        if document is not None and finding is not None and finding.range is not None:
            line = document.text.splitlines(keepends=True)[: finding.range.end.line + 1]
            end = len("".join(line).rstrip("\r\n"))
            self._editor.edit(document.uri, [Edit(end, end, f"  # maestro: ignore[{RULE}]")])

    def _change_file(self) -> None:
        """Somebody else writes a file, and the editor tells."""
        uri = self._some_uri()
        Path(uri.removeprefix("file://")).write_bytes(self._dice.choice(self._texts[uri]).encode())
        self._chores.append(asyncio.create_task(self._services.audit_files.changed(uri)))

    def _open(self, uri: str) -> None:
        text = Path(uri.removeprefix("file://")).read_bytes().decode()
        if self._dice.random() < 0.3:
            text = self._dice.choice(self._texts[uri])
        if (story := self.model.stories.get(uri)) is not None:
            story.was_open = True
        self._editor.open(uri, text, version=self._dice.randrange(1, 9))

    def _some_uri(self) -> str:
        return self._dice.choice(list(self._texts))

    def _some_open(self) -> Document | None:
        return self._dice.choice([*self._editor.documents.values()]) if self._editor.documents else None

    def _some_finding(self) -> Finding | None:
        found = [one for shown in self._services.findings.shown().values() for one in shown if one.rule == RULE]
        return self._dice.choice(found) if found else None

    def _settings(self) -> Settings:
        audit = {
            "onSave": self._dice.random() < 0.8,
            "saveDelayMs": self._dice.choice((0, 100, 1000)),
            "rules": self._dice.choice((None, ["correctness"])),
        }
        return Settings.from_wire({"defaults": {"provider": "offline"}, "audit": audit})

    def _watched(self, services: Services) -> Services:
        """Have the model told first."""
        self._editor.services = services
        texts, findings, marks = services.texts, services.findings, services.marks
        snapshot, accept = texts.snapshot, findings.accept

        def observed_snapshot(document: Document) -> Snapshot:
            taken = snapshot(document)
            self.model.snapshot(taken)
            return taken

        def observed_accept(taken: Snapshot, outcome: Outcome) -> Sequence[Finding]:
            self.model.accept(taken, outcome)
            return accept(taken, outcome)

        def marked() -> None:
            entries = marks.of(self._editor.folders[0]).dismissed.entries
            self.model.dismissed = Counter()
            for entry in entries:
                self.model.dismissed[entry.path] += entry.count
            findings.show_all()

        texts.snapshot, findings.accept, marks._changed = observed_snapshot, observed_accept, marked  # type: ignore[method-assign]
        texts._listeners.insert(0, self.model.moved)
        return services

    def _always(self) -> None:
        """What holds between any two steps."""
        for text in self._services.texts.all.values():
            document = self._editor.documents.get(text.uri)
            expect(document is None or document.text == text.text, "the text is that on screen", text.uri)
        for flight in self._services.audit._documents.shared.flights._by_key.values():
            expect(flight.waiting > 0 or flight.task.done(), "somebody waits for every request")
        expect(not self._loop.faults, "no fault is swallowed", self._loop.faults)

    async def _settle(self) -> None:
        """Everything comes to an end, and nothing is left of it."""
        services = self._services
        for _ in range(200):
            self.service.answer_all()
            await asyncio.sleep(0.5)
            running = services.audit_on_save._running or services.audit_on_save._waiting
            if not running and all(task.done() for task in [*(task for task, _ in self._runs), *self._chores]):
                break
        await asyncio.sleep(2)
        self.model.at_rest()
        self._pull()
        self._always()
        for task, events in self._runs:
            expect(task.done(), "every audit is answered")
            ends = events.types.count("audit.completed")
            expect(ends == events.types.count("audit.started") and ends <= 1, "one end each", events.types)
            failure = None if task.cancelled() else task.exception()
            expect(failure is None or isinstance(failure, MaestroError), "no fault of ours", failure)
        documents = services.audit._documents
        expect(not self.service.waiting, "no request is left", len(self.service.waiting))
        expect(not documents.shared.flights._by_key, "no flight is left")
        expect(not documents._under_way, "no review is left", documents._under_way)
        expect(not services.texts._snapshots, "no snapshot is left", services.texts._snapshots)
        expect(not any(text.log._edits for text in services.texts.all.values()), "no edit is kept")
        expect(not services.findings._publisher._resting, "no timer is left")
        others = asyncio.all_tasks() - {asyncio.current_task()}
        expect(not others, "no task is left", others)


async def _done(act: object) -> None:
    if isinstance(act, Awaitable):
        await act


def _text(dice: Random) -> str:
    functions = (
        f"def f{n}(a):\n    {'x' * dice.randint(1, 3)} = {'bad' if dice.random() < 0.6 else 'good'}{10 + n}(a)\n"
        f"    return bad{20 + n}(a, {n})\n"
        for n in range(dice.randint(1, 6))
    )
    text = "import os\n\n\n" + "\n\n".join(functions) + dice.choice(("", "bad1(os)\nbad2(os)\n"))
    return text.replace("\n", "\r\n") if dice.random() < 0.2 else text
