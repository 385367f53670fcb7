"""What people say of findings: suppressed, dismissed, in the baseline, and taken back."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from shutil import rmtree

import pytest
import pytest_asyncio

from maestro import app, provider
from maestro.app import Services
from maestro.editor import Change, NoAnswer
from maestro.errors import MaestroError
from maestro.services.opinions import Scope
from maestro_protocol.audit import AuditRunParams, AuditTarget, Finding
from maestro_protocol.settings import DefaultSettings, Settings
from tests.unit.audit.editor import MemoryEditor

pytestmark = pytest.mark.asyncio
CODE = "def f(x):\n    return x == None\n\n\ndef g(x):\n    return x != None\n"


class Editor(MemoryEditor):
    """One that may make edits."""

    applies = False
    answer: str | Exception | None = None

    @property
    def applies_edits(self) -> bool:
        return self.applies

    async def apply(self, change: Change, label: str, timeout: float) -> str | None:
        if isinstance(self.answer, Exception):
            raise self.answer
        if self.answer is None:
            lines = self.documents[change.uri].text.splitlines(keepends=True)
            at = len("".join(lines[: change.range.start.line])) + change.range.start.character
            end = len("".join(lines[: change.range.end.line])) + change.range.end.character
            text = self.documents[change.uri].text
            self.change(change.uri, text[:at] + change.new_text + text[end:])
        return self.answer


@dataclass
class Desk:
    editor: Editor
    services: Services
    folder: Path

    @property
    def uri(self) -> str:
        return (self.folder / "a.py").as_uri()

    async def audit(self) -> list[Finding]:
        return (await self.services.audit.run(AuditRunParams(target=AuditTarget(uri=self.uri)))).findings

    def shown(self) -> list[str]:
        return [str(finding.symbol) for finding in self.services.findings.diagnostics(self.uri)]


@pytest_asyncio.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    folder, home = tmp_path / "work", tmp_path / "home"
    folder.mkdir()
    home.mkdir()
    editor = Editor(folders=[folder.as_uri()])
    settings = Settings(defaults=DefaultSettings(provider="offline"))
    services = app.build(settings, {"MAESTRO_HOME": str(home), "HOME": str(home)}, editor)
    editor.services = services
    await services.open()
    editor.open((folder / "a.py").as_uri(), CODE)
    yield Desk(editor, services, folder)
    await services.aclose()
    provider.use(None)
    rmtree(home)


async def test_dismissing_hides_one_finding_for_good_and_can_be_taken_back(desk: Desk) -> None:
    first, _ = await desk.audit()
    said = await desk.services.opinions.dismiss(first.id, "not here")
    assert (said.finding.state, said.finding.reason, said.edits) == ("dismissed", "not here", None)
    assert desk.shown() == ["g"]
    desk.editor.change(desk.uri, "print(1)\n\n\n" + CODE)
    await desk.audit()
    assert desk.shown() == ["g"], "it never comes back"
    back = await desk.services.opinions.restore(first.id)
    assert back.finding.state == "open"
    assert desk.shown() == ["f", "g"]


async def test_a_rule_that_is_turned_off_hides_all_of_its_findings(desk: Desk) -> None:
    first, second = await desk.audit()
    said = await desk.services.opinions.suppress(first.id, "rule", "we like it")
    assert (said.finding.state, said.finding.reason) == ("suppressed", "we like it")
    assert desk.shown() == []
    await desk.services.opinions.restore(second.id)
    assert desk.shown() == ["f", "g"]


async def test_the_baseline_is_a_file_of_the_folder(desk: Desk) -> None:
    first, _ = await desk.audit()
    said = await desk.services.opinions.suppress(first.id, "baseline", None)
    assert said.finding.state == "baselined"
    assert desk.shown() == ["g"]
    file = desk.folder / ".maestro" / "baseline.json"
    assert first.fingerprint in file.read_text()
    assert "union" in (desk.folder / ".maestro" / ".gitattributes").read_text()
    await desk.services.opinions.restore(first.id)
    assert first.fingerprint not in file.read_text()
    assert desk.shown() == ["f", "g"]


@pytest.mark.parametrize(("scope", "hidden"), [("line", ["g"]), ("file", [])])
async def test_a_comment_is_an_edit_that_hides_what_it_covers(desk: Desk, scope: Scope, hidden: list[str]) -> None:
    desk.editor.applies = True
    first, _ = await desk.audit()
    said = await desk.services.opinions.suppress(first.id, scope, "it is\na number")
    assert said.edits is None
    assert "maestro: ignore" in desk.editor.documents[desk.uri].text
    assert "it is a number" in desk.editor.documents[desk.uri].text
    assert (said.finding.state, said.finding.reason, desk.shown()) == ("suppressed", "it is a number", hidden)
    await desk.services.opinions.restore(first.id)
    assert desk.editor.documents[desk.uri].text == CODE
    assert desk.shown() == ["f", "g"]


async def test_who_cannot_make_edits_is_told_them(desk: Desk) -> None:
    first, _ = await desk.audit()
    said = await desk.services.opinions.suppress(first.id, "line", None)
    assert said.edits is not None
    assert "maestro: ignore" in said.edits[0].new_text
    assert (said.finding.state, desk.editor.documents[desk.uri].text) == ("open", CODE)


@pytest.mark.parametrize("answer", ["read only", NoAnswer("It took too long.")])
async def test_an_edit_that_was_not_made_is_an_error(desk: Desk, answer: str | Exception) -> None:
    desk.editor.applies, desk.editor.answer = True, answer
    first, _ = await desk.audit()
    with pytest.raises(MaestroError) as caught:
        await desk.services.opinions.suppress(first.id, "line", None)
    assert caught.value.message.startswith("The change was not made: ")
    assert desk.shown() == ["f", "g"]


async def test_a_finding_that_is_not_there_is_an_error(desk: Desk) -> None:
    for said in (desk.services.opinions.dismiss("no", None), desk.services.opinions.restore("no")):
        with pytest.raises(MaestroError) as caught:
            await said
        assert caught.value.code == 4602


async def test_where_no_comment_is_possible_dismissing_is_proposed(desk: Desk) -> None:
    desk.editor.open((desk.folder / "a.json").as_uri(), "{}", "json")
    first, _ = await desk.audit()
    text, one = desk.services.findings.find(first.id)
    text.language = "json"
    with pytest.raises(MaestroError, match="dismiss"):
        desk.services.opinions.comment(text, one, "line")


async def test_a_comment_that_hides_nothing_any_more_is_told(desk: Desk) -> None:
    desk.editor.change(desk.uri, CODE.replace("x == None", "x is None  # maestro: ignore[wrong-comparison]"))
    await desk.audit()
    found = desk.services.findings.diagnostics(desk.uri)
    [unused] = [one for one in found if one.rule == "unused-suppression"]
    assert (unused.confidence, unused.tags, unused.state) == ("low", ["unnecessary"], "open")


async def test_another_window_says_something(desk: Desk) -> None:
    first, _ = await desk.audit()
    await desk.services.marks.dismiss(desk.folder.as_uri(), first.model_copy(update={"rel_path": "a.py"}), None)
    assert desk.shown() == ["g"]
    [entry] = desk.services.marks.of(desk.folder.as_uri()).dismissed.entries
    await desk.services.marks.take_back(desk.folder.as_uri(), entry)
    assert desk.shown() == ["f", "g"]
