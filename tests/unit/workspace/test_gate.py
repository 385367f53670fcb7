"""What comes through the gate, and what does not."""

import asyncio
import os
from base64 import b64encode
from collections.abc import Awaitable
from hashlib import sha256
from pathlib import Path

import pytest

from maestro.errors import MaestroError
from maestro.workspace.gate import Gate, Place, Unread
from tests.unit.audit.editor import MemoryEditor

pytestmark = pytest.mark.asyncio
KEY = "sk-proj-" + "a1B2c3D4" * 6


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The workspace; beside it lies `outside`, with a file nobody may have."""
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "a.py").write_text("canary")
    work = tmp_path / "work"
    (work / "src").mkdir(parents=True)
    (work / "src" / "a.py").write_text("x = 1\n")
    return work


def gate(*folders: Path) -> tuple[Gate, MemoryEditor]:
    editor = MemoryEditor(folders=[folder.as_uri() for folder in folders])
    return Gate(editor), editor


async def refused(attempt: Awaitable[object]) -> MaestroError:
    with pytest.raises(MaestroError) as caught:
        await attempt
    assert "canary" not in str(caught.value)
    return caught.value


async def test_a_file_by_each_of_its_names(folder: Path) -> None:
    opened, _ = gate(folder)
    absolute = folder / "src" / "a.py"
    for name in (
        "src/a.py",
        "src/../src/./a.py",
        str(absolute),
        absolute.as_uri(),
        absolute.as_uri().replace("a", "%61"),
    ):
        for chosen in (folder, None):
            source = await opened.read(name, chosen)
            assert (source.path, source.folder, source.raw, source.version) == ("src/a.py", folder, "x = 1\n", None)
            assert (source.language, source.uri) == ("python", absolute.as_uri())
    assert source.sha256 == sha256(b"x = 1\n").hexdigest()


async def test_secrets_are_replaced_and_come_back(folder: Path) -> None:
    (folder / "a.py").write_text(f'key = "{KEY}"\nprint(key)\n')
    opened, _ = gate(folder)
    source = await opened.read("a.py", folder)
    assert KEY not in source.text and KEY not in repr(source)
    assert [len(line) for line in source.text.split("\n")] == [len(line) for line in source.raw.split("\n")]
    assert (source.secrets, source.restore(source.text)) == (1, source.raw)


async def test_an_open_document_wins_however_its_uri_is_spelled(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(folder)
    opened, editor = gate(tmp_path / "link")
    editor.open((tmp_path / "link" / "src" / "a.py").as_uri(), "typed", "python", 7)
    editor.open((folder / "new.py").as_uri(), "not saved", "python", 1)
    for name in ("src/a.py", (folder / "src" / "a.py").as_uri(), (tmp_path / "link" / "src" / "a.py").as_uri()):
        source = await opened.read(name, folder)
        assert (source.raw, source.version) == ("typed", 7)
    assert (await opened.read("new.py", folder)).raw == "not saved"
    assert opened.folders == [folder]


async def test_a_person_may_choose_what_is_open_elsewhere_and_a_tool_may_not(folder: Path, tmp_path: Path) -> None:
    opened, editor = gate(folder)
    uri = (tmp_path / "outside" / "a.py").as_uri()
    assert (await refused(opened.read(uri))).code == 4406
    (tmp_path / "outside" / "link.py").symlink_to("a.py")
    editor.open(uri, "open")
    editor.open("untitled:Untitled-1", "scratch")
    editor.open((tmp_path / "outside" / ".env").as_uri(), "open")
    editor.open("git:/w/.env?ref=HEAD", "open")
    editor.open("notebook:/w/a.ipynb#cell", "cell")
    assert (await opened.read(uri)).raw == "open"
    assert (await opened.read((tmp_path / "outside" / "link.py").as_uri())).raw == "open"
    assert (await opened.read("untitled:Untitled-1")).path == "Untitled-1"
    assert (await opened.read("notebook:/w/a.ipynb#cell")).path == "a.ipynb"
    assert (await refused(opened.read("git:/w/.env?ref=HEAD"))).code == 4406
    assert (await refused(opened.read(uri, folder))).code == 4406
    assert (await refused(opened.read("untitled:Untitled-1", folder))).code == -32803
    assert (await refused(opened.read((tmp_path / "outside" / ".env").as_uri()))).code == 4406
    elsewhere = await opened.locate(uri)
    assert (await refused(opened.write(elsewhere, "x", replacing="canary"))).code == 4406


async def test_nothing_leads_out(folder: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    (folder / "link.py").symlink_to(outside / "a.py")
    (folder / "chain").symlink_to("link.py")
    (folder / "folder").symlink_to(outside)
    (tmp_path / "work-side").mkdir()
    (tmp_path / "work-side" / "a.py").write_text("canary")
    opened, _ = gate(folder)
    names = ["../outside/a.py", "src/../../outside/a.py", "link.py", "chain", "folder/a.py", "folder/new.py", "..", "/"]
    names += [str(outside / "a.py"), (outside / "a.py").as_uri(), f"file://{folder}/%2e%2e/outside/a.py", "~", "~/a.py"]
    names += ["~root/a.py", "../work-side/a.py", "/dev/zero", "/proc/self/environ", f"file://localhost{outside}/a.py"]
    for name in names:
        assert (await refused(opened.read(name, folder))).code == 4406, name
        assert (await refused(opened.locate(name))).code == 4406, name


async def test_without_a_folder_nothing_is_in_it(folder: Path) -> None:
    opened, _ = gate()
    assert (await refused(opened.read("src/a.py"))).code == 4406
    assert (await refused(opened.read(str(folder / "src" / "a.py"), folder))).code == 4406


async def test_what_is_no_text_file(folder: Path) -> None:
    (folder / "latin").write_bytes(b"caf\xe9")
    (folder / "nul").write_bytes(b"a\0b")
    os.mkfifo(folder / "pipe")
    (folder / "loop").symlink_to("loop")
    opened, editor = gate(folder)
    editor.open((folder / "open").as_uri(), "a\0b")
    names = ["latin", "nul", "open", "pipe", "src", ".", "missing", "src/a.py/b", "x" * 300, "a\0b", "a\ud800b", ""]
    names += ["http://localhost/a.py", "untitled:1", "file://host/a.py", "file://[/a"]
    for name in names:
        error = await refused(opened.read(name, folder))
        assert error.code == -32803 or (name == "src/a.py/b" and error.code == 4406), (name, error)
    assert (await refused(opened.read("loop", folder))).code in (4406, -32803)
    assert str(await refused(opened.read("missing", folder))).startswith("There is no file `missing`")


async def test_sizes(folder: Path) -> None:
    (folder / "full").write_bytes(b"x" * 1024 * 1024)
    (folder / "over").write_bytes(b"x" * (1024 * 1024 + 1))
    opened, editor = gate(folder)
    editor.open((folder / "open").as_uri(), "é" * 600_000)
    assert len((await opened.read("full", folder)).raw) == 1024 * 1024
    for name, size in (("over", "1,048,577"), ("open", "1,200,000")):
        error = await refused(opened.read(name, folder))
        assert error.code == 4502
        assert size in error.message and "1,048,576" in error.message


async def test_what_is_ignored_says_by_what(folder: Path) -> None:
    (folder / ".gitignore").write_text("*.log\n")
    (folder / "src" / ".maestroignore").write_text("private/\n")
    opened, editor = gate(folder)
    editor.open((folder / "a.log").as_uri(), "open")
    for name, by in (
        ("a.log", ".gitignore"),
        ("src/private/a.py", ".maestroignore"),
        ("src/private", ".maestroignore"),
    ):
        (folder / "src" / "private").mkdir(exist_ok=True)
        error = await refused(opened.read(name, folder))
        assert error.code == 4406
        assert f"`{by}`" in error.message


@pytest.mark.parametrize(
    "name",
    [
        ".env",
        "src/.ENV.local",
        "server.pem",
        "id_ed25519",
        ".ssh/config",
        ".git/config",
        ".git",
        "sub/.GIT/hooks/pre-push",
    ],
)
async def test_what_is_closed_is_neither_read_nor_written(name: str, folder: Path) -> None:
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text("canary")
    (folder / "innocent.txt").symlink_to(name)
    opened, editor = gate(folder)
    editor.open((folder / name).as_uri(), "open")
    for one in (name, "innocent.txt"):
        assert (await refused(opened.read(one, folder))).code == 4406
        assert (await refused(opened.read(one))).code == 4406
        assert (await refused(opened.locate(one, folder))).code == 4406


async def test_only_the_user_writes_what_maestro_may_read(folder: Path) -> None:
    (folder / ".maestroignore").write_text("x\n")
    opened, _ = gate(folder)
    assert (await opened.read(".maestroignore", folder)).raw == "x\n"
    place = await opened.locate(".maestroignore", folder)
    assert (await refused(opened.write(place, "", replacing="x\n"))).code == 4406
    new = await opened.locate("src/.maestroignore", folder)
    assert (await refused(opened.write(new, "!x\n", replacing=None))).code == 4406


async def test_maestros_own_folders_are_closed_even_inside_the_workspace(folder: Path, tmp_path: Path) -> None:
    own = folder / ".maestro" / "data"
    own.mkdir(parents=True)
    (own / "chats.txt").write_text("canary")
    (folder / ".maestro" / "notes.txt").write_text("open")
    (folder / "link.txt").symlink_to(".maestro/data/chats.txt")
    (folder / "folder").symlink_to(".maestro/data")
    (tmp_path / "home").symlink_to(own)
    editor = MemoryEditor(folders=[folder.as_uri()])
    opened = Gate(editor, [tmp_path / "home", tmp_path / "outside"])
    names = (".maestro/data/chats.txt", ".maestro/Data/chats.txt", ".maestro/data/new.txt", ".maestro/data", "link.txt")
    for name in (*names, "folder/chats.txt", str(own / "chats.txt"), (own / "chats.txt").as_uri()):
        for chosen in (folder, None):
            assert (await refused(opened.read(name, chosen))).code == 4406, name
            assert (await refused(opened.locate(name, chosen))).code == 4406, name
    assert "Maestro's own files" in str(await refused(opened.read("link.txt", folder)))
    assert (await opened.list(folder)).paths == [".maestro/notes.txt", "src/a.py"]
    assert (await refused(opened.list(own))).code == 4406
    place = Place((own / "chats.txt").as_uri(), ".maestro/data/chats.txt", folder, own / "chats.txt", True)
    assert (await refused(opened.write(place, "x", replacing="canary"))).code == 4406
    outside = (tmp_path / "outside" / "a.py").as_uri()
    for uri in ((own / "chats.txt").as_uri(), (folder / "link.txt").as_uri(), outside):
        assert (await refused(opened.document(uri))).code == 4406
        editor.open(uri, "canary")
        assert (await refused(opened.document(uri))).code == 4406
        assert (await refused(opened.read(uri))).code == 4406
    assert (await opened.read(".maestro/notes.txt", folder)).raw == "open"


async def test_values_the_server_holds_are_replaced_and_come_back(folder: Path) -> None:
    held = "plain-words-of-no-shape"
    raw = f"a {held}\nb {held[::-1]} {held.encode().hex()}\nc {b64encode(held.encode()).decode()}\n"
    (folder / "a.txt").write_text(raw)
    now: list[str] = []
    opened = Gate(MemoryEditor(folders=[folder.as_uri()]), secrets=lambda: now)
    assert (await opened.read("a.txt", folder)).text == raw
    now.append(held)
    source = await opened.read("a.txt", folder)
    assert (source.secrets, source.restore(source.text)) == (4, raw)
    assert [len(line) for line in source.text.split("\n")] == [len(line) for line in raw.split("\n")]
    assert not any(part in source.text for part in ("plain", "nialp", held.encode().hex()[:8], "cGxhaW4"))


async def test_several_folders(folder: Path, tmp_path: Path) -> None:
    other = tmp_path / "outside"
    inner = folder / "src"
    opened, _ = gate(folder, other, inner)
    assert (await opened.locate("src/a.py")).folder == inner, "the innermost"
    assert (await opened.locate("src/a.py", folder)).path == "src/a.py", "unless one is asked for"
    assert (await opened.read("../outside/a.py", folder)).folder == other
    found = await opened.locate("new.py")
    assert (found.folder, found.path, found.exists) == (folder, "new.py", False)


async def test_writing(folder: Path) -> None:
    opened, _ = gate(folder)
    place = await opened.locate("new/deep/é.py", folder)
    assert not place.exists
    assert await opened.write(place, "é\r\n", replacing=None) == 4
    assert (folder / "new" / "deep" / "é.py").read_bytes() == "é\r\n".encode()
    assert (await refused(opened.write(place, "x", replacing=None))).code == -32801
    assert (await refused(opened.write(place, "x", replacing="other"))).code == -32801
    (folder / "new" / "deep" / "é.py").chmod(0o751)
    assert await opened.write(await opened.locate("new/deep/é.py"), "y", replacing="é\r\n") == 1
    assert (folder / "new" / "deep" / "é.py").read_text() == "y"
    assert (folder / "new" / "deep" / "é.py").stat().st_mode & 0o777 == 0o751
    (folder / "new" / "deep" / "é.py").unlink()
    assert (await refused(opened.write(place, "x", replacing="y"))).code == -32801
    assert (await refused(opened.write(place, "\ud800", replacing=None))).code == -32803
    assert os.listdir(folder / "new" / "deep") == []


async def test_a_byte_order_mark_stays(folder: Path) -> None:
    (folder / "bom.txt").write_bytes(b"\xef\xbb\xbfa")
    opened, _ = gate(folder)
    assert (await opened.read("bom.txt", folder)).raw == "a"
    await opened.write(await opened.locate("bom.txt", folder), "b", replacing="a")
    assert (folder / "bom.txt").read_bytes() == b"\xef\xbb\xbfb"


async def test_listing(folder: Path, tmp_path: Path) -> None:
    for name in ("src/b.py", "src-a.py", "src/deep/c.txt", ".env", "out/x.py", ".git/config", "a\nb.py"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("")
    (folder / ".gitignore").write_text("out/\n")
    (folder / "in").symlink_to("src/a.py")
    (folder / "env").symlink_to(".env")
    (folder / "out.py").symlink_to(tmp_path / "outside" / "a.py")
    (folder / "away").symlink_to(tmp_path / "outside")
    (folder / "again").symlink_to(".")
    opened, _ = gate(folder)
    everything = [".gitignore", "a\nb.py", "in", "src-a.py", "src/a.py", "src/b.py", "src/deep/c.txt"]
    assert (await opened.list(folder)).paths == everything
    assert (await opened.list(folder, "*.py")).paths == ["a\nb.py", "src-a.py", "src/a.py", "src/b.py"]
    assert (await opened.list(folder / "src", "**/*.txt")).paths == ["deep/c.txt"]
    cut, whole = await opened.list(folder, limit=2), await opened.list(folder, limit=7)
    assert (cut.paths, cut.more, whole.more) == (everything[:2], True, False)
    assert (await refused(opened.list(folder, "[a"))).code == -32602
    for other, code in (("out", 4406), (".git", 4406), ("../outside", 4406), ("src/a.py", -32803), ("none", -32803)):
        assert (await refused(opened.list(folder / other))).code == code


async def test_documents_for_audits(folder: Path, tmp_path: Path) -> None:
    (folder / ".gitignore").write_text("*.log\n")
    (folder / "a.log").write_text("\ufefftext é")
    (folder / "large").write_bytes(b"x" * (8 * 1024 * 1024 + 1))
    (folder / "binary").write_bytes(b"\xff\xfe\x00")
    (folder / "link.py").symlink_to(tmp_path / "outside" / "a.py")
    opened, editor = gate(folder)
    editor.open("untitled:1", "typed", version=3)
    found = await opened.document((folder / "a.log").as_uri())
    assert (found.text, found.version, found.language) == ("text é", None, "log")
    assert (await opened.document("untitled:1")).version == 3
    (folder / ".git").mkdir()
    (folder / ".git" / "config").write_text("canary")
    for uri in ("large", "binary", "src", "missing", ".git/config"):
        assert (await refused(opened.document((folder / uri).as_uri()))).code == 4601
    for uri in ("untitled:2", "file:///a%00b", "http://localhost/a", "file://["):
        assert (await refused(opened.document(uri))).code == 4601
    for path in (folder / "link.py", tmp_path / "outside" / "a.py", folder / ".." / "outside" / "a.py"):
        assert (await refused(opened.document("file://" + str(path)))).code == 4406


async def test_what_cannot_be_audited_is_told_as_what_it_is(folder: Path, tmp_path: Path) -> None:
    (folder / "large").write_bytes(b"x" * (8 * 1024 * 1024 + 1))
    (folder / "binary").write_bytes(b"\xff\xfe\x00")
    (folder / "link.py").symlink_to(tmp_path / "outside" / "a.py")
    os.mkfifo(folder / "pipe.py")
    opened, _ = gate(folder)
    for name, reason in (
        ("large", "larger than 8 MiB"),
        ("binary", "no UTF-8 text"),
        ("link.py", "link leads out of the workspace"),
        ("pipe.py", "no regular file"),
        ("src", "is a folder"),
        ("missing", "There is no file"),
        ("../outside/a.py", "not in the workspace"),
    ):
        error = await refused(opened.document(f"{folder.as_uri()}/{name}"))
        assert reason in error.message
        assert not isinstance(error, Unread)


async def test_a_file_nobody_may_read_is_told_from_what_is_no_text(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_ = os.open

    def closed(path: str, *arguments: object, **options: object) -> int:
        if path == "a.py":
            raise PermissionError(13, "Permission denied", path)
        return open_(path, *arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(os, "open", closed)
    opened, _ = gate(folder)
    error = await refused(opened.document((folder / "src" / "a.py").as_uri()))
    assert isinstance(error, Unread)
    assert "permissions" in error.message


async def test_many_at_once(folder: Path) -> None:
    opened, _ = gate(folder)
    sources = await asyncio.gather(*(opened.read("src/a.py", folder) for _ in range(20)))
    assert {source.raw for source in sources} == {"x = 1\n"}
