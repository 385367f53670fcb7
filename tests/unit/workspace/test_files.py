"""What is swapped after it was checked is not opened."""

import os
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from maestro.errors import MaestroError
from maestro.workspace import files
from maestro.workspace.gate import Gate
from tests.unit.audit.editor import MemoryEditor


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "a.py").write_text("canary")
    (tmp_path / "work" / "src" / "deep").mkdir(parents=True)
    (tmp_path / "work" / "src" / "deep" / "a.py").write_text("x")
    return tmp_path / "work"


def swap_file(folder: Path) -> None:
    (folder / "src" / "deep" / "a.py").unlink()
    (folder / "src" / "deep" / "a.py").symlink_to(folder.parent / "outside" / "a.py")


def swap_folder(folder: Path) -> None:
    (folder / "src" / "deep").rename(folder / "src" / "was")
    (folder / "src" / "deep").symlink_to(folder.parent / "outside")


def swap_top(folder: Path) -> None:
    (folder.parent / "outside" / "deep").symlink_to(".")
    (folder / "src").rename(folder / "was")
    (folder / "src").symlink_to(folder.parent / "outside")


SWAPS = (swap_file, swap_folder, swap_top)


@pytest.fixture(params=[True, False], ids=["descriptors", "paths"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """On systems without folder descriptors, the second way is the only one."""
    monkeypatch.setattr(files, "_BY_DESCRIPTOR", request.param)
    if not request.param:
        monkeypatch.setattr(files, "_PLAIN", os.O_NONBLOCK)


def refused(attempt: Callable[[], object]) -> int:
    with pytest.raises(MaestroError) as caught:
        attempt()
    return caught.value.code


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize("swap", SWAPS)
def test_a_link_in_place_of_a_component_is_not_followed(folder: Path, swap: Callable[[Path], None]) -> None:
    assert files.read_bytes(folder, "src/deep/a.py") == b"x"
    swap(folder)
    assert refused(lambda: files.read_bytes(folder, "src/deep/a.py")) == 4406
    assert refused(lambda: files.replace(folder, "src/deep/a.py", b"new", b"canary")) == 4406
    assert refused(lambda: files.create(folder, "src/deep/a.py", b"new")) in (4406, -32801)
    assert (folder.parent / "outside" / "a.py").read_text() == "canary"
    if swap is not swap_file:
        assert refused(lambda: files.create(folder, "src/deep/new/b.py", b"new")) == 4406
    assert sorted({*os.listdir(folder.parent / "outside")} - {"deep"}) == ["a.py"]


@pytest.mark.usefixtures("way")
def test_pipes_and_folders_are_no_files(folder: Path) -> None:
    os.mkfifo(folder / "pipe")
    assert refused(lambda: files.read_bytes(folder, "pipe")) == -32803
    assert refused(lambda: files.read_bytes(folder, "src")) == -32803
    assert refused(lambda: files.read_bytes(folder, "none/a.py")) == -32803
    assert refused(lambda: files.create(folder, "src", b"")) == -32801


@pytest.mark.usefixtures("way")
def test_what_changed_since_it_was_read_is_not_replaced(folder: Path) -> None:
    path = folder / "src" / "deep" / "a.py"
    assert refused(lambda: files.replace(folder, "src/deep/a.py", b"new", b"y")) == -32801
    assert refused(lambda: files.replace(folder, "src/deep/a.py", b"new", b"xx")) == -32801
    assert os.listdir(path.parent) == ["a.py"], "nothing is left behind"
    files.replace(folder, "src/deep/a.py", b"new", b"x")
    assert (path.read_bytes(), os.listdir(path.parent)) == (b"new", ["a.py"])


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="everything is permitted to root")
def test_what_the_system_forbids_is_a_sentence(folder: Path) -> None:
    (folder / "src" / "deep" / "a.py").chmod(0)
    assert refused(lambda: files.read_bytes(folder, "src/deep/a.py")) == -32803


@pytest.mark.asyncio
@pytest.mark.parametrize("swap", SWAPS)
async def test_a_place_that_leads_elsewhere_since_is_not_written(folder: Path, swap: Callable[[Path], None]) -> None:
    gate = Gate(MemoryEditor(folders=[folder.as_uri()]))
    place = await gate.locate("src/deep/a.py", folder)
    swap(folder)
    with pytest.raises(MaestroError) as caught:
        await gate.write(place, "new", replacing="canary")
    assert caught.value.code == 4406
    assert (folder.parent / "outside" / "a.py").read_text() == "canary"


@pytest.mark.asyncio
async def test_a_place_nobody_located_is_not_written(folder: Path) -> None:
    gate = Gate(MemoryEditor(folders=[folder.as_uri()]))
    place = await gate.locate("src/new.py", folder)
    forged = replace(place, path="../outside/new.py")
    with pytest.raises(MaestroError) as caught:
        await gate.write(forged, "new", replacing=None)
    assert caught.value.code == 4406
    assert os.listdir(folder.parent / "outside") == ["a.py"]


@pytest.mark.asyncio
async def test_while_somebody_keeps_swapping_nothing_comes_out(folder: Path) -> None:
    path, spare = folder / "src" / "deep" / "a.py", folder / "spare"
    stop = threading.Event()

    def keep_swapping() -> None:
        while not stop.is_set():
            spare.symlink_to(folder.parent / "outside" / "a.py")
            spare.replace(path)
            spare.write_text("x")
            spare.replace(path)

    thread = threading.Thread(target=keep_swapping)
    thread.start()
    gate = Gate(MemoryEditor(folders=[folder.as_uri()]))
    seen: set[object] = set()
    try:
        for _ in range(400):
            try:
                seen.add((await gate.read("src/deep/a.py", folder)).raw)
            except MaestroError as error:
                seen.add(error.code)
    finally:
        stop.set()
        thread.join()
    assert 4406 in seen
    assert seen <= {"x", "", 4406, -32803}
