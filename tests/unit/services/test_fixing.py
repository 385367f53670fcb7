"""Fixes are made from the text as it is, or refused with a reason."""

from pathlib import Path
from typing import cast

import pytest

from maestro.audit.catalogue import enabled
from maestro.audit.findings import Placed
from maestro.audit.fixing.fix import Proposal, Refusal, text_at
from maestro.audit.source import AuditSource, Span
from maestro.editor import Change
from maestro.errors import MaestroError
from maestro.services.baselines import Baselines
from maestro.services.findings import FindingStore, Judge
from maestro.services.fixing import NO_FIX, Fixing
from maestro.services.marks import FolderMarks, Marks
from maestro.services.texts import Texts
from maestro.services.verdicts import Verdicts
from maestro.workspace.gate import Gate
from maestro_protocol.audit import Edit, Fix
from tests.unit.audit.editor import MemoryEditor
from tests.unit.audit.results import finding, place

pytestmark = pytest.mark.asyncio

TEXT = "def f(x):\n    return x == None\n\n\ndef g(x):\n    return x != None\n"


class Desk:
    """A document with findings on its whole lines; `line` is replaced by `new`."""

    def __init__(self, folder: Path, text: str = TEXT, *, opened: bool = True, judge: Judge | None = None) -> None:
        self.file = folder / "a.py"
        self.file.write_text(text, newline="")
        self.uri = self.file.as_uri()
        self.editor = MemoryEditor(folders=[folder.as_uri()])
        if opened:
            self.editor.open(self.uri, text)
        self.gate = Gate(self.editor)
        self.texts = Texts(self.editor)
        self.findings = FindingStore(self.texts, self.editor, judge or (lambda text, tracked: ({}, ())))
        self.fixing = Fixing(self.editor, self.gate, self.findings)

    async def find(self, line: int, new: str | None, *, safe: bool = False) -> str:
        source = self.findings.follow(await self.gate.document(self.uri)).source
        text = source.lines[line]
        span = Span(line, len(text) - len(text.lstrip()), line, len(text))
        quote = text_at(source, span)
        start, end = (source.raw(source.offset(*at)) for at in (span[:2], span[2:]))
        fix = Fix(title="Fix", edits=[Edit(range=place(), new_text="")], safe=safe)
        one = finding(id=f"fnd_{line}", uri=self.uri, fixes=[fix])
        proposal = Proposal(quote, quote, new, True) if new is not None else None
        self.findings.add(self.uri, [Placed(one, span, start, end, proposal)])
        return one.id

    def change(self, text: str) -> None:
        self.editor.change(self.uri, text)
        self.texts.changed(self.uri, [(None, text)])

    def text_after(self, changes: tuple[Change, ...]) -> str:
        document = self.editor.opened(self.uri)
        text = document.text if document is not None else self.file.read_bytes().decode()
        source = AuditSource(self.uri, text, "python")
        for one in sorted(changes, key=lambda one: one.range.start.line, reverse=True):
            (first, start), (last, end) = ((at.line, at.character) for at in (one.range.start, one.range.end))
            before, after = (source.raw(source.offset(*at)) for at in ((first, start), (last, end)))
            text = text[:before] + one.new_text + text[after:]
            source = AuditSource(self.uri, text, "python")
        return text


def applied(found: tuple[Change, ...] | Refusal, desk: Desk) -> str:
    assert not isinstance(found, Refusal), found
    return desk.text_after(found)


async def test_a_fix_follows_its_place(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    id_ = await desk.find(1, "return x is None")
    desk.change(f"import os\n\n\n{TEXT}")
    found = await desk.fixing.fix_of(id_)

    assert applied(found, desk) == f"import os\n\n\n{TEXT.replace('==', 'is')}"
    assert not isinstance(found, Refusal) and {one.version for one in found} == {2}


async def test_line_ends_stay(tmp_path: Path) -> None:
    desk = Desk(tmp_path, TEXT.replace("\n", "\r\n"))
    id_ = await desk.find(5, "y = x\nreturn y is not None")

    assert applied(await desk.fixing.fix_of(id_), desk).endswith("    y = x\r\n    return y is not None\r\n")


async def test_what_was_edited_is_not_overwritten(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    id_ = await desk.find(1, "return x is None")
    desk.change(TEXT.replace("x == None", "xy == None"))
    refused = await desk.fixing.fix_of(id_)
    assert isinstance(refused, Refusal) and refused.reason.startswith("The code has changed")
    desk.change(TEXT)
    assert applied(await desk.fixing.fix_of(id_), desk) == TEXT.replace("==", "is")
    desk.change("def g(x):\n    return x != None\n")
    with pytest.raises(MaestroError) as caught:
        await desk.fixing.fix_of(id_)
    assert caught.value.code == 4602


async def test_an_edit_that_nobody_told_counts(tmp_path: Path) -> None:
    """The file changed on disk since."""
    desk = Desk(tmp_path, opened=False)
    id_ = await desk.find(1, "return x is None")
    desk.file.write_text(f"# new\n{TEXT}")

    found = await desk.fixing.fix_of(id_)
    assert applied(found, desk) == f"# new\n{TEXT.replace('==', 'is')}"
    assert not isinstance(found, Refusal) and [one.version for one in found] == [None]


async def test_there_may_be_nothing_to_fix(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    assert await desk.fixing.fix_of(await desk.find(1, None)) is NO_FIX
    broken = await desk.fixing.fix_of(await desk.find(5, "return ("))
    assert isinstance(broken, Refusal) and "syntax" in broken.reason


async def test_all_that_is_safe_is_fixed_together(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    await desk.find(1, "return x is None", safe=True)
    await desk.find(5, "return x is not None", safe=True)
    assert applied(await desk.fixing.fix_all(desk.uri), desk) == TEXT.replace("==", "is").replace("!=", "is not")

    await desk.find(1, "return x is None", safe=False)
    assert applied(await desk.fixing.fix_all(desk.uri), desk) == TEXT.replace("!=", "is not")
    desk.change(TEXT.replace("!=", "<>"))
    assert await desk.fixing.fix_all(desk.uri) == ()


class NothingSaid:
    def of(self, folder: str) -> FolderMarks:
        return FolderMarks()


async def hinting(tmp_path: Path, text: str) -> tuple[Desk, list[str]]:
    """A document that was audited for all rules without a finding, and the ids of the hints about its comments."""
    judge = Verdicts(cast("Marks", NothingSaid()), Baselines(), lambda uri: ("", None)).judge
    desk = Desk(tmp_path, text, judge=judge)
    desk.findings.follow(await desk.gate.document(desk.uri)).looked_for = frozenset(enabled(None))
    desk.findings.add(desk.uri, [])
    return desk, [one.id for one in desk.findings.diagnostics(desk.uri)]


@pytest.mark.parametrize("eol", ["\n", "\r\n"])
async def test_a_comment_that_suppresses_nothing_can_be_taken_away(tmp_path: Path, eol: str) -> None:
    alone, behind = "# maestro: ignore[sql-injection]\n", "  # maestro: ignore"
    text = TEXT.replace("None\n", f"None{behind}\n", 1).replace("def g", f"{alone}def g").replace("\n", eol)
    desk, (first, second) = await hinting(tmp_path, text)

    assert applied(await desk.fixing.fix_of(first), desk) == text.replace(behind, "", 1)
    assert applied(await desk.fixing.fix_of(second), desk) == text.replace(alone.replace("\n", eol), "")
    assert applied(await desk.fixing.fix_all(desk.uri), desk) == TEXT.replace("\n", eol)


async def test_of_several_rules_only_those_go_that_are_not_known(tmp_path: Path) -> None:
    text = TEXT.replace("None\n", "None  # maestro: ignore[sql-injektion, deadlock] -- why\n", 1)
    desk, (unknown, idle) = await hinting(tmp_path, text)

    assert applied(await desk.fixing.fix_of(unknown), desk) == text.replace("sql-injektion, ", "")
    assert applied(await desk.fixing.fix_of(idle), desk) == text.replace(", deadlock", "")
    desk.change(applied(await desk.fixing.fix_all(desk.uri), desk))
    assert applied(await desk.fixing.fix_all(desk.uri), desk) == TEXT
