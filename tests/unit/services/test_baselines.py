"""The baseline files of folders, as others may write them at any time."""

import asyncio
from pathlib import Path

import pytest

from maestro.audit.identity.baseline import Baseline
from maestro.errors import MaestroError
from maestro.services.baselines import Baselines
from tests.unit.audit.results import finding

pytestmark = pytest.mark.asyncio
ONE, TWO = finding(), finding(fingerprint="b" * 32, rel_path="src/b.py")


def file(folder: Path) -> Path:
    return folder / ".maestro" / "baseline.json"


async def test_a_folder_without_a_file_has_an_empty_one(tmp_path: Path) -> None:
    baselines = Baselines()
    assert await baselines.load(tmp_path.as_uri()) == baselines.loaded(tmp_path.as_uri()) == Baseline()
    assert not file(tmp_path).parent.exists()


async def test_what_others_write_is_read_and_what_goes_is_gone(tmp_path: Path) -> None:
    ours, theirs, folder = Baselines(), Baselines(), tmp_path.as_uri()
    await ours.add(folder, [ONE], "known")
    await theirs.add(folder, [TWO])
    assert [entry.fingerprint for entry in (await ours.load(folder)).entries] == [ONE.fingerprint, TWO.fingerprint]
    await theirs.remove(folder, (await theirs.load(folder)).entries[:1])
    assert [entry.fingerprint for entry in (await ours.load(folder)).entries] == [TWO.fingerprint]
    file(tmp_path).unlink()
    await ours.load(folder)
    assert ours.loaded(folder) == Baseline()


async def test_writes_at_once_lose_nothing(tmp_path: Path) -> None:
    baselines, folder = Baselines(), tmp_path.as_uri()
    await asyncio.gather(*(baselines.add(folder, [finding(fingerprint=f"{n:032x}")]) for n in range(8)))
    assert len(baselines.loaded(folder).entries) == 8
    assert [path.name for path in (tmp_path / ".maestro").iterdir() if ".json." in path.name] == []


async def test_a_file_that_is_not_understood_is_an_error_and_stays(tmp_path: Path) -> None:
    baselines, folder = Baselines(), tmp_path.as_uri()
    file(tmp_path).parent.mkdir()
    for body in (b"{", b"\xff\xfe", b"<<<<<<< ours\n"):
        file(tmp_path).write_bytes(body)
        for act in (baselines.load(folder), baselines.add(folder, [ONE])):
            with pytest.raises(MaestroError):
                await act
        assert file(tmp_path).read_bytes() == body


async def test_it_is_known_which_files_are_gone(tmp_path: Path) -> None:
    baselines, folder = Baselines(), tmp_path.as_uri()
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "a.py").write_text("")
    await baselines.replace(folder, Baseline().add([ONE, TWO]))
    await baselines.load(folder)
    assert baselines.gone(folder) == {"src/b.py"}
    assert {entry.path for entry in baselines.moved(folder)} == {"src/a.py", "src/b.py"}, "nothing is in the file"
    assert baselines.gone("file:///elsewhere") == frozenset()


async def test_what_is_in_the_way_is_an_error(tmp_path: Path) -> None:
    (tmp_path / ".maestro").write_text("a file")
    with pytest.raises(MaestroError, match="permissions"):
        await Baselines().add(tmp_path.as_uri(), [ONE])


@pytest.mark.parametrize("folder", ["", "untitled:Untitled-1"])
async def test_what_is_in_no_folder_has_no_baseline(folder: str) -> None:
    baselines = Baselines()
    assert await baselines.load(folder, ["a.py"]) == Baseline()
    with pytest.raises(MaestroError, match="no workspace folder"):
        await baselines.add(folder, [ONE])
