"""What an audit reads: each file once, and nothing that nobody could look into is forgotten."""

import os
from pathlib import Path

import pytest

from maestro.errors import MaestroError
from maestro.services.audit_results import passed_over
from maestro.services.audit_targets import Target, find_targets
from maestro.workspace.gate import Gate, Unread
from maestro_protocol.audit import AuditTarget
from tests.unit.audit.editor import MemoryEditor

pytestmark = pytest.mark.asyncio


def names(targets: object) -> list[str]:
    assert isinstance(targets, list)
    return [one.uri.rpartition("/")[2] for one in targets]


async def found(folder: Path, **target: object) -> list[str]:
    editor = MemoryEditor(folders=[folder.as_uri()])
    return names(await find_targets(AuditTarget.model_validate(target), Gate(editor), editor))


async def test_a_file_is_audited_once_however_many_links_lead_to_it(tmp_path: Path) -> None:
    for part in ("one", "two"):
        (tmp_path / part).mkdir()
    (tmp_path / "two" / "real.py").write_text("x = 1\n")
    (tmp_path / "notes.txt").write_text("x = 1\n")
    for link in ("one/b.py", "two/z.py", "two/a.py"):
        (tmp_path / link).symlink_to(tmp_path / "two" / "real.py")
    for link in ("one/m.py", "one/n.py"):
        (tmp_path / link).symlink_to(tmp_path / "notes.txt")
    assert await found(tmp_path, workspace_folder=tmp_path.as_uri()) == ["m.py", "real.py"]
    folders = [(tmp_path / part).as_uri() for part in ("one", "two")]
    assert await found(tmp_path, uris=folders) == ["m.py", "real.py"]
    assert await found(tmp_path, uris=[(tmp_path / "one/b.py").as_uri()]) == ["b.py"]


async def test_a_folder_nobody_may_look_into_is_a_target(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("locked", "node_modules", "open"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.py").write_text("x = 1\n")
    scan = os.scandir

    def scandir(path: str) -> object:
        if os.path.basename(path) in ("locked", "node_modules"):
            raise PermissionError(13, "Permission denied", path)
        return scan(path)

    monkeypatch.setattr(os, "scandir", scandir)
    assert await found(tmp_path, workspace_folder=tmp_path.as_uri()) == ["a.py", "locked"]
    assert await found(tmp_path, uris=[(tmp_path / "locked").as_uri()]) == ["locked"]


@pytest.mark.parametrize(
    ("kind", "chosen", "status"),
    [(MaestroError, False, "skipped"), (MaestroError, True, "failed"), (Unread, False, "failed")],
)
async def test_what_nobody_could_look_at_is_not_passed_over(
    kind: type[MaestroError], chosen: bool, status: str
) -> None:
    result = passed_over("aud_1", Target("file:///w/a.py", chosen=chosen), kind("auditTargetInvalid", "No."))
    assert (result.status, result.chunks[0].uri, result.chunks[0].reason) == (status, "file:///w/a.py", "No.")
    assert (result.error is not None) == (status == "failed")
