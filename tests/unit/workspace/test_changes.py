"""What a command wrote is seen from outside."""

import os
from pathlib import Path

import pytest

from maestro.workspace.changes import snapshot


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    work = tmp_path / "work"
    (work / ".git" / "hooks").mkdir(parents=True)
    (work / ".git" / "config").write_text("[core]\n")
    (work / "src").mkdir()
    for name in ("a", "b", "c"):
        (work / "src" / name).write_text(name)
    (work / ".gitignore").write_text("out/\n")
    return work


def test_created_changed_and_deleted(folder: Path) -> None:
    before = snapshot(folder)
    assert before.complete
    assert before.changed(snapshot(folder)) == []
    (folder / "src" / "a").write_text("longer")
    (folder / "src" / "b").unlink()
    (folder / "new" / "deep").mkdir(parents=True)
    (folder / "new" / "deep" / "d").write_text("")
    (folder / "out").mkdir()
    (folder / "out" / "x").write_text("ignored")
    (folder / "link").symlink_to("src/c")
    assert before.changed(snapshot(folder)) == ["link", "new/deep/d", "src/a", "src/b"]


def test_the_same_size_and_time_is_another_file_all_the_same(folder: Path) -> None:
    path = folder / "src" / "a"
    before, status = snapshot(folder), path.stat()
    (folder / "src" / "other").write_text("z")
    (folder / "src" / "other").replace(path)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert before.changed(snapshot(folder)) == ["src/a"]


def test_what_makes_git_run_programs_is_watched(folder: Path) -> None:
    before = snapshot(folder)
    (folder / ".git" / "hooks" / "pre-commit").write_text("#!/bin/sh\n")
    (folder / ".git" / "config").write_text("[core]\nfsmonitor = x\n")
    (folder / ".git" / "index").write_text("")
    assert before.changed(snapshot(folder)) == [".git/config", ".git/hooks/pre-commit"]


def test_too_many_files_are_said_and_nothing_is_invented(folder: Path) -> None:
    whole = snapshot(folder)
    assert snapshot(folder, limit=len(whole.files)).complete
    cut = snapshot(folder, limit=4)
    assert (cut.complete, len(cut.files)) == (False, 4)
    assert whole.changed(cut) == cut.changed(whole) == []
    (folder / "src" / "a").write_text("longer")
    assert cut.changed(snapshot(folder, limit=4)) == ["src/a"]


def test_a_folder_that_is_gone_has_no_files(tmp_path: Path) -> None:
    assert snapshot(tmp_path / "none").files == {}
