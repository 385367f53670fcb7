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


def test_a_time_that_was_put_back_is_seen_all_the_same(folder: Path) -> None:
    path = folder / "src" / "a"
    before, status = snapshot(folder), path.stat()
    path.write_text("z")
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert before.changed(snapshot(folder)) == ["src/a"]


def test_gits_files_are_watched_in_submodules_and_above_the_folder(folder: Path) -> None:
    kept = folder / ".git"
    for module in ("modules/one", "modules/libs/two", "modules/one/modules/three"):
        (kept / module / "hooks").mkdir(parents=True)
        (kept / module / "HEAD").write_text("ref: refs/heads/main\n")
    (kept / "info").mkdir()
    inner = folder / "packages" / "inner"
    (inner / ".git").mkdir(parents=True)
    watched = [
        *(".git/config", ".git/info/exclude", ".git/hooks/pre-commit", ".git/modules/one/hooks/pre-push"),
        *(".git/modules/libs/two/hooks/pre-push", ".git/modules/libs/two/config"),
        ".git/modules/one/modules/three/hooks/pre-push",
    ]
    outer, above, below = snapshot(folder), snapshot(folder / "src"), snapshot(inner)
    for path in (*watched, ".git/modules/one/index"):
        (folder / path).write_text("changed")
    (inner / ".git" / "config").write_text("changed")
    assert outer.changed(snapshot(folder)) == sorted(watched)
    assert above.changed(snapshot(folder / "src")) == sorted(f"../{path}" for path in watched)
    assert below.changed(snapshot(inner)) == sorted([*(f"../../{path}" for path in watched), ".git/config"])


def test_a_linked_tree_has_its_hooks_elsewhere(folder: Path, tmp_path: Path) -> None:
    linked = tmp_path / "linked"
    (folder / ".git" / "worktrees" / "linked").mkdir(parents=True)
    (folder / ".git" / "worktrees" / "linked" / "commondir").write_text("../..\n")
    linked.mkdir()
    (linked / ".git").write_text(f"gitdir: {folder}/.git/worktrees/linked\n")
    before = snapshot(linked)
    (folder / ".git" / "hooks" / "post-checkout").write_text("")
    assert before.changed(snapshot(linked)) == ["../work/.git/hooks/post-checkout"]


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
