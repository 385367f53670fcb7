"""Findings go with their files: moved when those are renamed, forgotten when those are deleted."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from shutil import rmtree

import pytest
import pytest_asyncio

from maestro import app, provider
from maestro.app import Services
from maestro_protocol.audit import AuditRunParams, AuditTarget, FindingListParams
from maestro_protocol.settings import DefaultSettings, Settings
from tests.unit.audit.editor import MemoryEditor

pytestmark = pytest.mark.asyncio
CODE = "def f(x):\n    return x == None\n"


@dataclass
class Desk:
    editor: MemoryEditor
    services: Services
    folder: Path

    def uri(self, name: str) -> str:
        return (self.folder / name).as_uri()

    async def audited(self, name: str) -> str:
        """The id of the finding in a file that is not open."""
        file = self.folder / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(CODE)
        target = AuditTarget(uri=file.as_uri())
        [finding] = (await self.services.audit.run(AuditRunParams(target=target))).findings
        return finding.id

    def found(self) -> list[tuple[str, str | None, str]]:
        findings = self.services.findings.list(FindingListParams())
        return [(finding.uri, finding.rel_path, finding.id) for finding in findings]


@pytest_asyncio.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    folder, home = tmp_path / "work", tmp_path / "home"
    folder.mkdir()
    home.mkdir()
    editor = MemoryEditor(folders=[folder.as_uri()])
    settings = Settings(defaults=DefaultSettings(provider="offline"))
    services = app.build(settings, {"MAESTRO_HOME": str(home), "HOME": str(home)}, editor)
    editor.services = services
    await services.open()
    yield Desk(editor, services, folder)
    await services.aclose()
    provider.use(None)
    rmtree(home)


async def test_a_file_that_was_renamed_keeps_its_findings(desk: Desk) -> None:
    id_ = await desk.audited("a.py")
    (desk.folder / "a.py").rename(desk.folder / "b c.py")
    await desk.services.audit_files.renamed(desk.uri("a.py"), desk.uri("b c.py"))

    assert desk.found() == [(desk.uri("b c.py"), "b c.py", id_)]
    assert [(uri, len(findings)) for uri, _, findings in desk.editor.published[-2:]] == [
        (desk.uri("a.py"), 0),
        (desk.uri("b c.py"), 1),
    ]
    assert (await desk.audited("b c.py")) == id_


async def test_an_open_document_that_was_renamed_is_closed_and_opened(desk: Desk) -> None:
    old, new = desk.uri("a.py"), desk.uri("b.py")
    id_ = await desk.audited("a.py")
    desk.editor.open(old, CODE)
    (desk.folder / "a.py").rename(desk.folder / "b.py")
    desk.editor.close(old)
    await desk.services.audit_files.closed(old)
    desk.editor.open(new, f"# first\n{CODE}")
    await desk.services.audit_files.renamed(old, new)

    assert desk.found() == [(new, "b.py", id_)]
    [shown] = desk.services.findings.diagnostics(new)
    assert shown.range is not None and shown.range.start.line == 2


async def test_a_folder_takes_the_findings_of_its_files_along(desk: Desk) -> None:
    inside, beside = await desk.audited("one/a.py"), await desk.audited("one-more.py")
    (desk.folder / "one").rename(desk.folder / "two")
    await desk.services.audit_files.renamed(desk.uri("one"), desk.uri("two"))

    assert sorted(desk.found()) == sorted(
        [
            (desk.uri("one-more.py"), "one-more.py", beside),
            (desk.uri("two/a.py"), "two/a.py", inside),
        ]
    )


@pytest.mark.parametrize("gone", ["one/a.py", "one"])
async def test_what_was_deleted_has_no_findings(desk: Desk, gone: str) -> None:
    await desk.audited("one/a.py")
    rmtree(desk.folder / "one")
    await desk.services.audit_files.deleted(desk.uri(gone))

    assert desk.found() == []
    assert desk.services.findings.shown() == {}


async def test_what_is_open_without_its_file_has_findings_until_it_is_closed(desk: Desk) -> None:
    uri, _ = desk.uri("a.py"), await desk.audited("a.py")
    desk.editor.open(uri, CODE)
    (desk.folder / "a.py").unlink()
    await desk.services.audit_files.deleted(uri)
    assert len(desk.found()) == 1

    desk.editor.close(uri)
    await desk.services.audit_files.closed(uri)
    assert desk.found() == []


async def test_a_file_that_was_only_replaced_keeps_its_findings(desk: Desk) -> None:
    await desk.audited("a.py")
    await desk.services.audit_files.deleted(desk.uri("a.py"))
    assert len(desk.found()) == 1
