"""`maestro/doctor` over a real server's pipes, and `maestro doctor` as a person types it."""

import ctypes
import json
import os
import shlex
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from maestro_protocol.base import JsonObject
from maestro_protocol.doctor import Check, DoctorResult
from tests.e2e.conftest import Launch
from tests.e2e.environment import environment
from tests.simulators.fixtures import running

CANARY = "sk-canary-0123456789abcdef"


def _maestro(
    home: Path, *arguments: str, text: str = "", before: Callable[[], None] | None = None, **variables: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "maestro", *arguments],
        env=environment(home, **variables),
        input=text,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        preexec_fn=before,
    )


def _checks(wire: JsonObject) -> dict[str, Check]:
    result = DoctorResult.from_wire(wire)
    assert len({check.id for check in result.checks}) == len(result.checks)
    for check in result.checks:
        assert check.ok or (check.cause and check.fix), check
    return {check.id: check for check in result.checks}


def _examined(home: Path, *arguments: str, **variables: str) -> tuple[dict[str, Check], int]:
    done = _maestro(home, "doctor", "--json", *arguments, **variables)
    assert done.stderr == ""
    return _checks(json.loads(done.stdout)), done.returncode


# -- over the wire ------------------------------------------------------------------------------------------------


def test_the_server_answers_what_the_command_prints(launch: Launch, tmp_path: Path) -> None:
    client = launch(OPENAI_API_KEY=f"{CANARY}-env", HTTPS_PROXY=f"http://me:{CANARY}@127.0.0.1:1")
    client.initialize()
    created = {"provider": "openai", "authType": "api_key", "name": "work", "apiKey": CANARY}
    session = client.request("maestro/session/create", created)["session"]
    checks = _checks(client.request("maestro/doctor"))
    assert checks["store.readable"].ok
    assert "work" in checks[f"session.{session['id']}"].label
    assert checks["proxies"].label == "Proxies: HTTPS_PROXY http://127.0.0.1:1"
    assert not any(name.startswith("network") for name in checks)
    assert CANARY.encode() not in client.stdout + client.stderr

    printed, code = _examined(tmp_path)
    assert code == 0
    assert {name for name in checks if not name.startswith("environment")} == set(printed)
    if sys.platform == "linux":
        assert f"{client.process.pid} (maestro lsp " in printed["instances"].label


def test_the_server_asks_a_provider_only_when_told_to(launch: Launch) -> None:
    with running("openai") as service:
        client = launch(**{name: value for name, value in service.environment.items() if "KEY" not in name})
        client.initialize()
        created = {"provider": "openai", "authType": "api_key", "name": "work", "apiKey": CANARY}
        client.request("maestro/session/create", created)
        client.request("maestro/doctor", {"network": False})
        assert service.requests == []
        checks = _checks(client.request("maestro/doctor", {"network": True}))
        assert checks["network.openai"].ok
        assert len(service.requests) == 1


# -- in the terminal ----------------------------------------------------------------------------------------------


def test_a_line_per_check_with_cause_and_fix_below(tmp_path: Path) -> None:
    done = _maestro(tmp_path, "doctor")
    assert done.returncode == 0, done.stdout
    assert done.stderr == ""
    *lines, blank, summary = done.stdout.splitlines()
    assert blank == ""
    assert summary.startswith(f"{sum(line[0] in '✓!✗' for line in lines)} checks: ")
    assert {line[:2] for line in lines} <= {"✓ ", "! ", "  "}
    at = lines.index("! There is no session")
    assert lines[at + 2] == "    -> `maestro login PROVIDER`"
    assert not (tmp_path / "maestro").exists()
    assert not (tmp_path / ".local").exists()


def test_an_encoding_without_the_marks_gets_others(tmp_path: Path) -> None:
    done = _maestro(tmp_path, "doctor", PYTHONIOENCODING="ascii", HTTPS_PROXY="ftp://host")
    assert "\n+ Python" in f"\n{done.stdout}"
    assert "\nx The proxy settings cannot be used: HTTPS_PROXY" in done.stdout
    assert done.stdout.isascii()
    assert done.returncode == 1


def test_a_damaged_store_is_an_error_that_its_fix_mends(tmp_path: Path) -> None:
    assert _maestro(tmp_path, "sessions").returncode == 0
    store = tmp_path / "maestro" / "data" / "maestro.db"
    store.write_bytes(b"no database at all " * 100)
    checks, code = _examined(tmp_path)
    assert code == 1
    check = checks["store.readable"]
    assert (check.ok, check.severity) == (False, "error")
    assert store.read_bytes().startswith(b"no database")
    assert _maestro(tmp_path, *_typed(check)).returncode == 0
    checks, code = _examined(tmp_path)
    assert code == 0
    assert checks["store.readable"].ok
    assert checks["store.aside"].severity == "warning"


def test_a_session_that_needs_a_login_gets_one_by_the_command_told(tmp_path: Path) -> None:
    with running("openai", keys=frozenset({"sk-good-0123456789"})) as service:
        variables = {name: value for name, value in service.environment.items() if "KEY" not in name}
        login = ("login", "openai", "--name", "my work", "--key")
        assert _maestro(tmp_path, *login, text=f"{CANARY}\n", **variables).returncode == 0
        assert _maestro(tmp_path, "sessions", "validate", "my work", **variables).returncode == 0
        checks, code = _examined(tmp_path, **variables)
        assert code == 0
        [check] = [check for name, check in checks.items() if name.startswith("session.")]
        assert (check.ok, check.severity) == (False, "warning")
        assert CANARY not in str(checks)
        assert _maestro(tmp_path, *_typed(check), text="sk-good-0123456789\n", **variables).returncode == 0
        checks, code = _examined(tmp_path, "--network", **variables)
        assert code == 0
        assert [check.ok for name, check in checks.items() if name.startswith(("session.", "network."))] == [True] * 2


def test_a_provider_that_cannot_be_reached_is_an_error(tmp_path: Path) -> None:
    assert _maestro(tmp_path, "login", "gemini", "--key", text=f"{CANARY}\n").returncode == 0
    assert _examined(tmp_path)[1] == 0
    done = _maestro(tmp_path, "doctor", "--network")
    assert done.returncode == 1
    assert "✗ gemini did not answer" in done.stdout
    assert "cannot be reached" in done.stdout
    assert CANARY not in done.stdout + done.stderr


def test_misfit_settings_are_told_by_the_only_command_that_still_runs(tmp_path: Path) -> None:
    misfit = {"MAESTRO_LIMITS__MAX_ACTIVE_TURNS": CANARY}
    assert _maestro(tmp_path, "sessions", **misfit).returncode == 1
    checks, code = _examined(tmp_path, **misfit)
    assert code == 1
    assert "unset MAESTRO_LIMITS__MAX_ACTIVE_TURNS" in (checks["config.readable"].fix or "")
    assert CANARY not in str(checks)


@pytest.mark.skipif(sys.platform != "linux", reason="permissions bind the superuser elsewhere too, or not at all")
@pytest.mark.parametrize("signed_in", [False, True])
def test_in_a_home_that_cannot_be_written_everything_else_is_told(tmp_path: Path, signed_in: bool) -> None:
    home = tmp_path / "home"
    home.mkdir()
    if signed_in:
        assert _maestro(home, "login", "openai", "--key", text=f"{CANARY}\n").returncode == 0
    folders = [home, *(path for path in home.rglob("*") if path.is_dir())]
    for folder in folders:
        folder.chmod(0o500)
    try:
        done = _maestro(home, "doctor", "--json", before=_obey_permissions)
    finally:
        for folder in folders:
            folder.chmod(0o700)
    checks = _checks(json.loads(done.stdout))
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert {name for name, check in checks.items() if not check.ok and check.severity == "error"} == {"store.readable"}
    assert "chmod u+rwX" in (checks["store.readable"].fix or "")
    assert checks["python.version"].ok


def test_a_folder_that_is_gone_and_a_full_disk_are_no_traceback(tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    script = f"mkdir {gone}; cd {gone}; rmdir {gone}; {sys.executable} -m maestro doctor"
    for command in (script, f"{sys.executable} -m maestro doctor >/dev/full"):
        done = subprocess.run(
            ["sh", "-c", command], env=environment(tmp_path), capture_output=True, text=True, timeout=60, check=False
        )
        assert "Traceback" not in done.stderr
        assert done.returncode == ("full" in command)


def _typed(check: Check) -> list[str]:
    """The words behind `maestro` of the first command of a fix."""
    command = (check.fix or "").split("`")[1]
    name, *words = shlex.split(command)
    assert name == "maestro"
    return words


def _obey_permissions() -> None:
    """Also the superuser: without the capabilities to override them and to read everything."""
    if os.geteuid() == 0:
        with suppress(OSError):
            for capability in (1, 2):  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH
                ctypes.CDLL(None).prctl(24, capability)  # PR_CAPBSET_DROP
