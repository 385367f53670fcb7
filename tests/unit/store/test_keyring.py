"""A real gnome-keyring on a private session bus, and every way in which a keyring is not there."""

import json
import os
import shutil
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread
from time import monotonic

import pytest

from tests.unit.store.support import ROOT, command, coverage, on_disk, texts_on_disk

SESSION = Path(__file__).with_name("keyring_session.sh")
MISSING = [name for name in ("gnome-keyring-daemon", "dbus-run-session", "dbus-send") if shutil.which(name) is None]
SECRET_SERVICE = "keyring.backends.SecretService.Keyring"
PLAINTEXT = "keyrings.alt.file.PlaintextKeyring"

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="session buses are for Linux")
needs_keyring = pytest.mark.skipif(
    bool(MISSING), reason=f"{', '.join(MISSING)} not installed: run tests/install-keyring.sh as root"
)


class Home:
    """A user who has nothing, in whose name steps run."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.data = directory / "data"
        (directory / "run").mkdir(mode=0o700)
        self.environment = {
            **coverage(),
            "PATH": os.environ["PATH"],
            "HOME": str(directory),
            "XDG_RUNTIME_DIR": str(directory / "run"),
            "PYTHONDONTWRITEBYTECODE": "1",
        }

    def run(self, step: str, session: str | None = None, **environment: str) -> dict[str, object]:
        """Run a step, with a session bus of the given kind; what it reports."""
        start = [str(SESSION), session] if session else []
        result = subprocess.run(
            [*start, *command("keyring_steps", step, self.data)], cwd=ROOT, env={**self.environment, **environment},
            capture_output=True, text=True, timeout=90, check=False
        )  # fmt: skip
        assert result.returncode == 0, result.stderr
        assert "Traceback" not in result.stderr
        report = json.loads(result.stdout)
        assert isinstance(report, dict)
        return report


@pytest.fixture
def home() -> Iterator[Home]:
    """In a short place: the address of a socket has 108 characters at most."""
    with TemporaryDirectory(prefix="maestro-", ignore_cleanup_errors=True) as directory:
        yield Home(Path(directory))


@pytest.fixture(scope="session")
def plaintext_keyring() -> str:
    """A directory with `keyrings.alt`, whose presence makes the library use a file in clear text."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "maestro-tests"
    target = cache / "keyrings.alt-5"
    if not target.exists():
        cache.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=cache) as partial:
            install = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", f"{partial}/it"]
            result = subprocess.run([*install, "keyrings.alt==5.0.2"], capture_output=True, text=True, check=False)
            if result.returncode != 0:
                pytest.skip(f"keyrings.alt cannot be installed: {result.stderr.strip()[-200:]}")
            try:
                Path(partial, "it").rename(target)
            except OSError:
                assert target.exists()  # another worker was quicker
    return str(target)


@needs_keyring
def test_the_key_is_in_the_keyring_and_nowhere_else(home: Home) -> None:
    report = home.run("seal", "unlocked")
    assert report == {"opened": True, "notice": None, "keys": [["keyring", 1]], "key_file": False}
    assert on_disk(home.directory, "canary") == []


@needs_keyring
def test_the_status_is_a_timed_round_trip(home: Home) -> None:
    report = home.run("status", "unlocked")
    assert report["usable"] == [True, True]
    assert report["source"] == ["keyring", "keyring"]
    assert report["name"] == [SECRET_SERVICE] * 2
    assert report["created"] == [False, True]
    assert report["problem"] == [None, None]
    assert isinstance(report["ms"], float)
    assert 0 < report["ms"] < 3000


@needs_keyring
def test_a_locked_keyring(home: Home) -> None:
    report = home.run("lock", "unlocked")
    assert report["error"] == 4009
    assert report["message"] == "The system keyring is locked; unlock it, then try again."
    assert report["running"]  # who has the key goes on
    assert report["keys"] == [["keyring", 1]]
    assert not report["key_file"]


@needs_keyring
def test_a_keyring_locked_from_the_start_is_no_reason_for_a_lesser_place(home: Home) -> None:
    report = home.run("lock_first", "unlocked")
    assert report["error"] == 4009
    assert "unlock it, then try again, or set MAESTRO_VAULT_PASSPHRASE" in str(report["message"])
    assert report["keys"] == []
    assert not report["key_file"]


@needs_keyring
def test_a_keyring_nobody_has_made_yet(home: Home) -> None:
    report = home.run("seal", "bare")
    assert report["error"] == 4009
    assert "create and unlock a default keyring" in str(report["message"])
    assert report["keys"] == []


@needs_keyring
def test_a_key_that_was_deleted_from_the_keyring(home: Home) -> None:
    report = home.run("forget", "unlocked")
    assert report["error"] == 4009
    assert "does not have the key" in str(report["message"])
    assert report["keys"] == [["keyring", 1]]


@needs_keyring
def test_no_bus_after_the_key_was_made(home: Home) -> None:
    home.run("seal", "unlocked")
    for environment in ({}, {"DBUS_SESSION_BUS_ADDRESS": f"unix:path={home.directory}/gone"}):
        report = home.run("open", **environment)
        assert report["error"] == 4009
        assert "no system keyring in this session" in str(report["message"])
        assert report["keys"] == [["keyring", 1]]
        assert not report["key_file"]


@needs_keyring
def test_a_keyring_that_hangs_and_comes_back(home: Home) -> None:
    report = home.run("stop", "unlocked")
    slow, quick, last = report["slow"], report["quick"], report["last"]
    assert isinstance(slow, dict)
    assert isinstance(quick, dict)
    assert (slow["error"], quick["error"], last) == (4009, 4009, {"error": None})
    assert 2.5 < slow["seconds"] < 6
    assert quick["seconds"] < 1
    assert "did not answer in time" in slow["message"]
    assert "has not answered an earlier call" in quick["message"]


@needs_keyring
def test_a_key_moves_from_the_file_into_the_keyring(home: Home) -> None:
    report = home.run("rotate_into", "unlocked")
    assert (report["rotated"], report["source"], report["opened"]) == (1, "keyring", True)
    assert report["keys"] == [["file", 0], ["keyring", 1]]


@needs_keyring
def test_one_first_key_stays_in_the_keyring(home: Home) -> None:
    report = home.run("race", "unlocked")
    assert report["opened"] == [True] * 4
    assert report["keys"] == [["keyring", 1]]
    assert report["entries"] == 1


@needs_keyring
def test_the_system_keyring_is_used_although_a_plaintext_one_is_installed(home: Home, plaintext_keyring: str) -> None:
    report = home.run("seal", "unlocked", PYTHONPATH=plaintext_keyring)
    assert report["keys"] == [["keyring", 1]]
    assert all("keyring_pass" not in name for name in texts_on_disk(home.directory))


@contextmanager
def bus(path: Path, *, greets: bool) -> Iterator[str]:
    """Something that accepts connections, lets them log in at most, and says nothing more."""
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(path))
        listening.listen()
        if greets:
            Thread(target=greet, args=(listening,), daemon=True).start()
        yield f"unix:path={path}"


def greet(listening: socket.socket) -> None:
    connection = listening.accept()[0]
    with connection:
        while data := connection.recv(4096):
            if b"AUTH" in data:
                connection.sendall(b"OK 0123456789abcdef0123456789abcdef\r\n")
            elif b"NEGOTIATE" in data:
                connection.sendall(b"ERROR\r\n")


@pytest.mark.parametrize("greets", [False, True])
def test_a_bus_that_never_answers(home: Home, greets: bool) -> None:
    with bus(home.directory / "bus", greets=greets) as address:
        begin = monotonic()
        report = home.run("hang", DBUS_SESSION_BUS_ADDRESS=address)
        assert monotonic() - begin < 15  # the thread that hangs does not keep the process alive
    assert report["error"] == 4009
    assert "did not answer in time" in str(report["message"])
    assert isinstance(report["seconds"], float)
    assert (2.5 if greets else 0.5) < report["seconds"] < 6
    assert report["keys"] == []
    assert not report["key_file"]


def test_without_a_bus_the_key_is_in_a_file(home: Home) -> None:
    report = home.run("seal")
    assert report["keys"] == [["file", 1]]
    assert "lies in the file" in str(report["notice"])
    assert stat.S_IMODE((home.data / "vault.key").stat().st_mode) == 0o600


@pytest.mark.parametrize("variable", ["", PLAINTEXT, "keyring.backends.null.Keyring", "no.such.Keyring"])
def test_what_keeps_keys_in_clear_text_is_not_used(home: Home, plaintext_keyring: str, variable: str) -> None:
    report = home.run("seal", PYTHONPATH=plaintext_keyring, PYTHON_KEYRING_BACKEND=variable)
    assert report["keys"] == [["file", 1]]
    assert all("keyring_pass" not in name for name in texts_on_disk(home.directory))


def test_the_plaintext_keyring_would_have_been_used(home: Home, plaintext_keyring: str) -> None:
    """The danger is real: this is what the library chooses by itself."""
    code = "import keyring; print(type(keyring.get_keyring()).__name__)"
    environment = {**home.environment, "PYTHONPATH": plaintext_keyring}
    result = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert result.stdout == "PlaintextKeyring\n"


@needs_keyring
def test_a_setting_file_of_the_library_does_not_defeat_the_list_either(home: Home, plaintext_keyring: str) -> None:
    settings = home.directory / ".config" / "python_keyring" / "keyringrc.cfg"
    settings.parent.mkdir(parents=True)
    settings.write_text(f"[backend]\ndefault-keyring={PLAINTEXT}\n")
    report = home.run("seal", "unlocked", PYTHONPATH=plaintext_keyring)
    assert report["keys"] == [["file", 1]]
    settings.write_text(f"[backend]\ndefault-keyring={SECRET_SERVICE}\n")
    assert home.run("rotate_into", "unlocked")["source"] == "keyring"
