"""Each thing that can be wrong is found, with a cause and a fix that mends it; the doctor itself breaks nothing."""

import asyncio
import os
import re
import sqlite3
import subprocess
import time
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager, closing
from datetime import UTC, datetime, timedelta
from importlib import metadata
from pathlib import Path

import pytest

from maestro import provider
from maestro.app import Services, build
from maestro.cli.terminal import TerminalEditor
from maestro.services.checks import installation, places, surroundings
from maestro.services.checks import store as store_checks
from maestro.services.checks.instances import leases
from maestro.services.checks.outcome import off_loop
from maestro.services.checks.store import Held
from maestro.settings import load
from maestro.store.credentials import OAuthCredential
from maestro.store.sessions import NewSession
from maestro.vault.system_keyring import Keyring
from maestro.vault.vault import Vault
from maestro_protocol.doctor import Check
from tests.unit.services.product import product
from tests.unit.store.support import CANARY as LEGACY_CANARY
from tests.unit.store.support import make_legacy, make_version_2, query

pytestmark = pytest.mark.asyncio

CANARY = "sk-canary-0123456789abcdef"
PLAIN_CANARY = "a canary that looks like no key"
NOBODY = 2**22 + 4711
"""No process has this id: it is above what Linux gives."""


@asynccontextmanager
async def closed(home: Path, **variables: str) -> AsyncIterator[Services]:
    """The services over a store that nobody has opened, as `maestro doctor` has them."""
    environment = {"MAESTRO_HOME": str(home), "HOME": str(home), **variables}
    settings = load(environment, {"models": {"probeLocalServers": False}}, lambda misfit: None)
    services = build(settings, environment, TerminalEditor(home))
    try:
        yield services
    finally:
        await services.aclose()
        provider.use(None)


async def examine(services: Services, *, network: bool = False) -> dict[str, Check]:
    """The checks by id; all hold what holds for every one."""
    begin = time.monotonic()
    checks = (await services.doctor.examine(network=network)).checks
    assert network or time.monotonic() - begin < 5
    assert len({check.id for check in checks}) == len(checks)
    for check in checks:
        assert check.ok or (check.cause and check.fix), check
        assert not check.ok or check.severity == "info", check
    return {check.id: check for check in checks}


async def diagnose(home: Path, **variables: str) -> dict[str, Check]:
    async with closed(home, **variables) as services:
        return await examine(services)


async def listed(work: Callable[[], Iterable[Check]]) -> list[Check]:
    """Checks that block, as the doctor runs them."""
    return await off_loop(lambda: list(work()), 10)


def errors(checks: Mapping[str, Check]) -> set[str]:
    return {name for name, check in checks.items() if not check.ok and check.severity == "error"}


def command(check: Check) -> str:
    """The first command of a fix."""
    match = re.search(r"`([^`]+)`", check.fix or "")
    assert match, check
    return match[1]


def text(checks: Mapping[str, Check]) -> str:
    return "\n".join(str(check.to_wire()) for check in checks.values())


# -- a machine with nothing wrong ------------------------------------------------------------------------------------


async def test_a_fresh_machine_has_no_errors_and_nothing_is_made_on_it(tmp_path: Path) -> None:
    home = tmp_path / "home"
    checks = await diagnose(home)
    assert errors(checks) == set()
    assert {"python.version", "protocol.version", "path.maestro", "packages.pygls", "config.readable"} <= set(checks)
    assert {"directories.private", "store.readable", "vault.key", "sessions", "proxies", "instances"} <= set(checks)
    assert "login" in command(checks["sessions"])
    assert "would go into" in checks["vault.key"].label
    assert not home.exists()


async def test_a_session_is_told_with_its_state_and_without_its_key(tmp_path: Path) -> None:
    async with product(tmp_path, "openai") as (services, [openai]):
        session = await services.sessions.get("my-openai")
        checks = await examine(services)
        assert errors(checks) == set()
        assert checks["store.readable"].ok
        told = checks[f"session.{session.id}"]
        assert told.ok
        assert f"…{session.key_hint}" in told.label
        assert "unverified" in told.label
        keys = [value for name, value in openai.environment.items() if name.endswith("_KEY")]
        assert not [key for key in keys if key in text(checks)]
        assert "my-openai" in checks["environment.OPENAI_API_KEY"].label
        assert openai.requests == []


# -- the installation ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("version", "wanted", "fit"),
    [
        ("2.1.1", "==2.1.1", True),
        ("2.1.2", "==2.1.1", False),
        ("0.28.1", "<0.29,>=0.28.1", True),
        ("0.29", "<0.29,>=0.28.1", False),
        ("0.28.0", "<0.29,>=0.28.1", False),
        ("25.7.0", ">=25.7", True),
        ("50.0.2", ">=44", True),
        ("9.10", ">=9.9", True),
        ("1.4.7", "~=1.4.2", True),
        ("1.5.0", "~=1.4.2", False),
        ("1.4.1", "~=1.4.2", False),
        ("1.4.9", "==1.4.*", True),
        ("1.5", "!=1.4.*", True),
        ("1.4.1", "!=1.4.*", False),
        ("1.0", "", True),
    ],
)
async def test_versions_are_compared_by_their_numbers(version: str, wanted: str, fit: bool) -> None:
    assert installation.fits(version, wanted) is fit


async def test_every_requirement_of_ours_is_looked_at() -> None:
    wanted = await off_loop(installation.required, 10)
    assert wanted["pygls"] == "==2.1.1"
    assert {"httpx", "keyring", "ruff"} <= set(wanted)
    assert "pytest" not in wanted
    assert {f"packages.{name}" for name in wanted} <= {check.id for check in await listed(installation.packages)}


async def test_a_wheel_of_another_version_and_a_missing_one_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def version(name: str) -> str:
        if name in ("keyring", "ruff", "genai-prices"):
            raise metadata.PackageNotFoundError(name)
        return {"pygls": "3.0"}.get(name) or metadata.distribution(name).version

    monkeypatch.setattr(metadata, "version", version)
    checks = {check.id: check for check in await listed(installation.packages)}
    assert (checks["packages.pygls"].severity, checks["packages.keyring"].severity) == ("warning", "error")
    assert "pygls==2.1.1" in command(checks["packages.pygls"])
    assert checks["packages.ruff"].severity == "info"
    assert checks["packages.genai-prices"].severity == "info"
    assert "the-maestro[prices]" in command(checks["packages.genai-prices"])
    assert checks["packages.httpx"].ok


async def test_another_maestro_on_the_path_is_told(tmp_path: Path) -> None:
    own = installation._own_script()
    [found] = await listed(lambda: installation.on_path({"PATH": str(own.parent)}))
    assert found.ok
    other = tmp_path / "maestro"
    other.write_text("#!/opt/other/bin/python\n")
    other.chmod(0o755)
    [check] = await listed(lambda: installation.on_path({"PATH": f"{tmp_path}:{own.parent}"}))
    assert not check.ok
    assert "/opt/other/bin/python" in (check.cause or "")
    assert str(own) in (check.fix or "")
    other.unlink()
    other.symlink_to(own)
    [found] = await listed(lambda: installation.on_path({"PATH": str(tmp_path)}))
    assert found.ok
    [none] = await listed(lambda: installation.on_path({"PATH": "/nowhere"}))
    assert str(own) in (none.fix or "")


# -- files -----------------------------------------------------------------------------------------------------------


async def test_settings_that_do_not_fit_are_named(tmp_path: Path) -> None:
    config = tmp_path / "config" / "config.toml"
    config.parent.mkdir()
    config.write_text("[limits]\nmax_active_turns = 'many'\n[audit]\nconsent = 'perhaps'\n")
    check = (await diagnose(tmp_path))["config.readable"]
    assert check.severity == "error"
    assert "limits.maxActiveTurns" in (check.cause or "")
    assert str(config) in (check.fix or "")
    config.write_text(f"[providers.openai]\napi_key = = '{CANARY}'\n")
    checks = await diagnose(tmp_path)
    assert "line 2" in (checks["config.readable"].cause or "")
    assert CANARY not in text(checks)
    config.write_text("[limits]\nmax_active_turns = 7\n")
    assert (await diagnose(tmp_path))["config.readable"].ok


async def test_a_variable_that_does_not_fit_is_named_to_be_unset(tmp_path: Path) -> None:
    checks = await diagnose(tmp_path, MAESTRO_LIMITS__MAX_ACTIVE_TURNS="many")
    assert command(checks["config.readable"]) == "unset MAESTRO_LIMITS__MAX_ACTIVE_TURNS"


async def test_what_others_may_read_is_found_and_the_fix_closes_it(tmp_path: Path) -> None:
    async with product(tmp_path, "openai"):
        pass
    data, key = tmp_path / "data", tmp_path / "data" / "vault.key"
    if not key.exists():
        key.write_text("{}")
    config = tmp_path / "config" / "config.toml"
    config.parent.mkdir(exist_ok=True)
    config.write_text(f"[providers.openai]\napi_key = '{CANARY}'\n")
    for path, mode in ((data, 0o755), (key, 0o644), (config, 0o644)):
        path.chmod(mode)
    [check] = await listed(lambda: places.private({"MAESTRO_HOME": str(tmp_path)}))
    assert check.severity == "error"
    for path in (data, key, config):
        assert str(path) in (check.cause or "")
    await off_loop(lambda: subprocess.run(command(check), shell=True, check=True), 10)
    [mended] = await listed(lambda: places.private({"MAESTRO_HOME": str(tmp_path)}))
    assert mended.ok
    data.chmod(0o750)
    async with closed(tmp_path) as services:  # found before the store is opened, which corrects it
        assert (await examine(services))["directories.private"].severity == "warning"


async def test_a_config_without_a_secret_may_be_read_by_all(tmp_path: Path) -> None:
    config = tmp_path / "config" / "config.toml"
    config.parent.mkdir()
    config.write_text("[limits]\nmax_active_turns = 7\n")
    config.chmod(0o644)
    [check] = await listed(lambda: places.private({"MAESTRO_HOME": str(tmp_path)}))
    assert check.ok


# -- the store -------------------------------------------------------------------------------------------------------


def _garble(path: Path) -> None:
    path.write_bytes(b"this is no database " * 400)


def _break_a_page(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")
    content = bytearray(path.read_bytes())
    content[4096:8192] = b"\xff" * 4096
    path.write_bytes(content)


def _lie_about_free_pages(path: Path) -> None:
    """SQLite opens this and answers; only looking at every page finds it."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")
    content = bytearray(path.read_bytes())
    content[36:40] = (5).to_bytes(4, "big")
    path.write_bytes(content)


@pytest.mark.parametrize("damage", [_garble, _break_a_page, _lie_about_free_pages])
async def test_a_damaged_store_is_told_and_left_as_it_is(tmp_path: Path, damage: Callable[[Path], None]) -> None:
    async with product(tmp_path, "openai"):
        pass
    path = tmp_path / "data" / "maestro.db"
    damage(path)
    before = path.read_bytes()
    checks = await diagnose(tmp_path)
    assert checks["store.readable"].severity == "error"
    assert "damaged" in checks["store.readable"].label
    assert "store.readable" in (checks["vault.key"].fix or "")
    assert "store.readable" in (checks["sessions"].fix or "")
    assert path.read_bytes() == before
    assert not list(path.parent.glob("*.unreadable-*"))
    backup = path.with_name("maestro.db.backup-v3-20250101T000000Z")
    backup.write_bytes(b"")
    assert command((await diagnose(tmp_path))["store.readable"]) == f"maestro store restore {backup}"


async def test_a_store_of_a_newer_maestro_is_told(tmp_path: Path) -> None:
    async with product(tmp_path):
        pass
    with closing(sqlite3.connect(tmp_path / "data" / "maestro.db")) as connection:
        connection.execute("PRAGMA user_version = 99")
    check = (await diagnose(tmp_path))["store.readable"]
    assert check.severity == "error"
    assert "newer" in (check.cause or "")
    assert "update Maestro" in (check.fix or "")


async def test_a_store_of_the_old_system_is_not_migrated_and_its_clear_text_is_told(tmp_path: Path) -> None:
    path = make_legacy(tmp_path / "data" / "maestro.db")
    before = path.read_bytes()
    checks = await diagnose(tmp_path)
    assert errors(checks) == set()
    assert not checks["store.readable"].ok
    assert checks["store.clearText.rows"].severity == "warning"
    assert path.read_bytes() == before
    assert LEGACY_CANARY not in text(checks)


async def test_a_store_of_before_chats_is_told_and_not_migrated(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    path = make_version_2(tmp_path / "data" / "maestro.db")
    checks = await diagnose(tmp_path)
    assert (checks["store.readable"].ok, checks["store.readable"].severity) == (False, "info")
    assert "version 2" in (checks["store.readable"].cause or "")
    assert query(path, "PRAGMA user_version") == [(2,)]
    assert query(path, "SELECT count(*) FROM sqlite_schema WHERE name = 'chats'") == [(0,)]


async def test_a_store_that_lacks_a_table_is_told_how_it_comes_back(tmp_path: Path) -> None:
    async with product(tmp_path):
        pass
    path = tmp_path / "data" / "maestro.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("DROP TABLE leases")
    check = (await diagnose(tmp_path))["store.readable"]
    assert "leases" in (check.cause or "")
    assert "maestro sessions" in (check.fix or "")
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE leases(x)")
    check = (await diagnose(tmp_path))["store.readable"]
    assert "another shape" in check.label
    assert "chmod" not in (check.fix or "")


async def test_clear_text_written_outside_maestro_is_told(tmp_path: Path) -> None:
    async with product(tmp_path, "openai"):
        pass
    with closing(sqlite3.connect(tmp_path / "data" / "maestro.db")) as connection, connection:
        connection.execute("UPDATE saved_authentications SET credentials = ?", (f'{{"api_key": "{CANARY}"}}',))
    check = (await diagnose(tmp_path))["store.clearText.rows"]
    assert "outside Maestro" in check.label
    assert CANARY not in str(check)


async def test_a_pipe_in_the_place_of_the_store_is_told(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    os.mkfifo(tmp_path / "data" / "maestro.db")
    assert "no regular file" in (await diagnose(tmp_path))["store.readable"].label


async def test_a_path_that_cannot_be_is_told(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file where the directory should be")
    check = (await diagnose(tmp_path))["store.readable"]
    assert check.severity == "error"
    assert "no directory" in (check.cause or "")
    (tmp_path / "data").unlink()
    (tmp_path / "data" / "maestro.db").mkdir(parents=True)
    assert (await diagnose(tmp_path))["store.readable"].severity == "error"


async def test_what_lies_beside_the_store_is_told_with_its_size(tmp_path: Path) -> None:
    async with product(tmp_path):
        pass
    aside = tmp_path / "data" / "maestro.db.unreadable-20250101T000000Z"
    aside.write_bytes(b"x" * 2_000_000)
    make_legacy(tmp_path / "data" / "maestro.db.backup-v1-20250101T000000Z")
    checks = await diagnose(tmp_path)
    assert checks["store.aside"].severity == "warning"
    assert "2 MB" in checks["store.aside"].label
    assert str(aside) in (checks["store.aside"].fix or "")
    assert "Backups: 1" in checks["store.backups"].label
    assert checks["store.clearText"].severity == "warning"
    assert LEGACY_CANARY not in text(checks)


async def test_logins_of_the_old_system_are_told_before_and_after_they_were_copied_in(tmp_path: Path) -> None:
    file = tmp_path / ".maestro" / "openai_oauth_creds.json"
    file.parent.mkdir()
    file.write_text(f'{{"access_token": "{CANARY}", "refresh_token": "r"}}')
    checks = await diagnose(tmp_path)
    assert command(checks["legacy.openai"]) == "maestro sessions import"
    async with product(tmp_path) as (services, _):
        checks = await examine(services)
    assert command(checks["legacy.openai"]) == f"rm {file}"
    assert CANARY not in text(checks)


def _told(held: Held) -> list[Check]:
    return list(leases([held]))


async def test_leases_say_who_holds_them(tmp_path: Path) -> None:
    now = time.time()
    [dead] = await asyncio.to_thread(_told, Held("renew:1", f"{NOBODY}:aa", now + 30))
    assert dead.ok
    assert "ended: 1" in dead.label
    [hanging] = await asyncio.to_thread(_told, Held("renew:1", "1:aa", now - 30))
    assert command(hanging) == "kill 1"
    [alive] = await asyncio.to_thread(_told, Held("renew:1", "1:aa", now + 30))
    assert "under way: 1" in alive.label
    async with product(tmp_path) as (services, _):
        row = ("renew:1", f"{NOBODY}:aa", now + 30)
        await services.runtime.sessions.database.run(
            lambda connection: connection.execute("INSERT INTO leases VALUES (?, ?, ?)", row)
        )
        assert "ended: 1" in (await examine(services))["leases"].label


# -- the key ---------------------------------------------------------------------------------------------------------


class _Hanging(Keyring):
    async def _call(self, work: object) -> object:  # type: ignore[override]
        return await self._background.call(lambda: time.sleep(60), 3.0)


async def test_a_keyring_that_hangs_does_not_hang_the_doctor(tmp_path: Path) -> None:
    async with product(tmp_path, "openai") as (services, _):
        sessions = services.runtime.sessions
        sessions.vault = Vault(sessions.database, tmp_path / "data" / "vault.key", {}, _Hanging({}))
        await sessions.database.run(lambda connection: connection.execute("UPDATE vault_keys SET source = 'keyring'"))
        checks = await examine(services)
    assert checks["vault.key"].severity == "error"


async def test_a_passphrase_is_told_and_a_wrong_one_is_an_error(tmp_path: Path) -> None:
    async with closed(tmp_path, MAESTRO_VAULT_PASSPHRASE=CANARY) as services:
        await provider.create_session("openai", "api_key", name="work", api_key="sk-0123456789abcdef")
        checks = await examine(services)
        assert checks["vault.key"].severity == "info"
        assert CANARY not in text(checks)
    check = (await diagnose(tmp_path, MAESTRO_VAULT_PASSPHRASE="another"))["vault.key"]
    assert check.severity == "error"
    assert "MAESTRO_VAULT_PASSPHRASE" in (check.cause or "")


# -- sessions --------------------------------------------------------------------------------------------------------


async def _login(services: Services, name: str, **more: object) -> str:
    """A session by OAuth, as a login leaves it."""
    values = {"access_token": CANARY, "refresh_token": CANARY, **more}
    credential = OAuthCredential(**values)  # type: ignore[arg-type]
    new = NewSession("openai", "oauth", name, credential, status="active", mode="chatgpt", modes=("chatgpt",))
    return (await services.runtime.sessions.add(new)).id


async def test_a_session_that_needs_a_login_says_what_to_type(tmp_path: Path) -> None:
    async with product(tmp_path, "openai") as (services, _):
        sessions = services.runtime.sessions
        key = await sessions.change("my-openai", status="needsLogin", problem="The key was refused.")
        login = await _login(services, "my login")
        await sessions.change(login, status="revoked")
        by_file = await _login(services, "file", grant="workloadIdentity")
        await sessions.change(by_file, status="needsLogin", problem="It has ended.")
        checks = await examine(services)
        assert checks[f"session.{key.id}"].severity == "warning"
        assert checks[f"session.{key.id}"].cause == "The key was refused."
        assert command(checks[f"session.{key.id}"]) == "maestro login openai --name my-openai --key"
        assert command(checks[f"session.{login}"]) == "maestro login openai --name 'my login' --oauth"
        assert command(checks[f"session.{by_file}"]).endswith("--name file --flow workloadIdentity")
        assert CANARY not in text(checks)


async def test_a_token_that_has_ended_is_a_hint_unless_its_renewal_failed(tmp_path: Path) -> None:
    async with product(tmp_path, signed_in=False) as (services, _):
        login = await _login(services, "work", expires_at=datetime.now(UTC) - timedelta(hours=1))
        check = (await examine(services))[f"session.{login}"]
        assert (check.ok, check.severity) == (False, "info")
        assert "expired" in check.label
        assert command(check) == f"maestro sessions refresh {login}"
        await services.runtime.sessions.change(login, problem="The service did not renew it.")
        check = (await examine(services))[f"session.{login}"]
        assert (check.severity, check.cause) == ("warning", "The service did not renew it.")


async def test_a_credential_that_does_not_open_is_an_error(tmp_path: Path) -> None:
    async with product(tmp_path, "openai") as (services, _):
        session = await services.sessions.get("my-openai")
    with closing(sqlite3.connect(tmp_path / "data" / "maestro.db")) as connection, connection:
        [(sealed,)] = connection.execute("SELECT credentials FROM saved_authentications").fetchall()
        connection.execute("UPDATE saved_authentications SET credentials = ?", (sealed[:-1] + b"\0",))
    check = (await diagnose(tmp_path))[f"session.{session.id}"]
    assert check.severity == "error"
    assert command(check) == f"maestro logout {session.id} --keep-tokens"
    assert "maestro login openai" in (check.fix or "")


async def test_a_provider_and_a_default_that_are_gone_are_told(tmp_path: Path) -> None:
    async with product(tmp_path, "openai") as (services, _):
        session = await services.sessions.set_default("env:openai")
        await services.runtime.sessions.database.run(
            lambda connection: connection.execute("UPDATE saved_authentications SET provider = 'gone'")
        )
        gone = (await services.sessions.get("my-openai")).id
        assert session.id == "env:openai"
    checks = await diagnose(tmp_path)
    assert "no provider gone" in (checks[f"session.{gone}"].cause or "")
    assert "maestro sessions default" in (checks["default.openai"].fix or "")


# -- the environment -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("HTTPS_PROXY", f"http://me:{CANARY}@"),
        ("https_proxy", f"http://me:{CANARY}@host:99999"),
        ("HTTP_PROXY", "http://host:port"),
        ("ALL_PROXY", f"ftp://me:{CANARY}@127.0.0.1:1"),
        ("NO_PROXY", "localhost,[::"),
    ],
)
async def test_a_bad_proxy_is_an_error_that_names_the_variable(tmp_path: Path, name: str, value: str) -> None:
    checks = await diagnose(tmp_path, **{name: value})
    assert checks["proxies"].severity == "error"
    assert f"unset {name}" in (checks["proxies"].fix or "")
    assert CANARY not in text(checks)


async def test_proxies_are_told_without_user_and_password() -> None:
    environment = {
        "https_proxy": f"http://me:{CANARY}@proxy.example:3128/",
        "HTTPS_PROXY": "http://other:1",
        "ALL_PROXY": f"socks5h://{CANARY}@[::1]:1080",
        "NO_PROXY": f"localhost, .example.com,10.0.0.0/8,[::1],http://me:{CANARY}@here",
    }
    [check] = surroundings.proxies(environment)
    assert check.ok
    assert "https_proxy http://proxy.example:3128;" in check.label
    assert "ALL_PROXY socks5h://[::1]:1080" in check.label
    assert CANARY not in check.label


@pytest.mark.parametrize("name", ["SSL_CERT_FILE", "SSL_CERT_DIR"])
async def test_certificates_that_are_not_there_are_told(tmp_path: Path, name: str) -> None:
    [check] = await listed(lambda: surroundings.certificates({name: str(tmp_path / "gone")}))
    assert check.severity == "warning"
    assert f"unset {name}" in (check.fix or "")
    (tmp_path / "empty.pem").write_text("nothing")
    [check] = await listed(lambda: surroundings.certificates({"SSL_CERT_FILE": str(tmp_path / "empty.pem")}))
    assert "no certificates" in (check.cause or "")
    [check] = await listed(lambda: surroundings.certificates({"SSL_CERT_DIR": f"/nowhere:{tmp_path}"}))
    assert check.ok


async def test_keys_of_the_environment_say_whether_they_are_used(tmp_path: Path) -> None:
    checks = await diagnose(tmp_path, GEMINI_API_KEY=CANARY, GOOGLE_API_KEY=f"{CANARY}2", OPENAI_API_KEY=CANARY)
    assert "editor asks" in checks["environment.OPENAI_API_KEY"].label
    hidden = [check for name, check in checks.items() if name.startswith("environment.G") and not check.ok]
    assert [check.severity for check in hidden] == ["info"]
    assert command(hidden[0]).startswith("unset G")
    assert CANARY not in text(checks)


# -- the network -----------------------------------------------------------------------------------------------------


async def test_only_providers_one_is_signed_in_to_are_asked(tmp_path: Path) -> None:
    async with product(tmp_path, "openai", "gemini") as (services, [openai, gemini]):
        await services.sessions.delete("my-gemini")
        checks = await examine(services, network=True)
        assert {name for name in checks if name.startswith("network")} == {"network.openai"}
        assert re.search(r" in \d+ ms: \d+ models", checks["network.openai"].label)
        assert len(openai.requests) == 1
        assert gemini.requests == []


async def test_each_provider_fails_by_itself(tmp_path: Path) -> None:
    fast = {"retry": {"baseDelayMs": 1}}
    async with product(tmp_path, "openai", "anthropic", "gemini", settings=fast) as (services, [openai, anthropic, _]):
        await openai.server.aclose()
        anthropic.service.keys = frozenset()
        checks = await examine(services, network=True)
        assert checks["network.openai"].severity == "error"
        assert "cannot be reached" in (checks["network.openai"].cause or "")
        assert "providers.openai.baseUrl" in (checks["network.openai"].fix or "")
        assert command(checks["network.anthropic"]) == "maestro login anthropic --name my-anthropic --key"
        assert checks["network.gemini"].ok


async def test_a_provider_that_says_nothing_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("maestro.services.checks.network.SECONDS", 0.3)

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    silent = await asyncio.start_server(listen, "127.0.0.1", 0)
    port = silent.sockets[0].getsockname()[1]
    async with silent, closed(tmp_path, OPENAI_BASE_URL=f"http://127.0.0.1:{port}/v1") as services:
        await provider.create_session("openai", "api_key", name="work", api_key=CANARY)
        checks = await examine(services, network=True)
    assert "No answer" in (checks["network.openai"].cause or "")


async def test_without_a_session_nobody_is_asked(tmp_path: Path) -> None:
    async with product(tmp_path, "openai", signed_in=False) as (services, [openai]):
        assert (await examine(services, network=True))["network"].ok
        assert openai.requests == []


# -- the doctor itself -----------------------------------------------------------------------------------------------


def _raises(*_: object) -> None:
    raise ValueError(PLAIN_CANARY)


def _hangs(*_: object) -> None:
    time.sleep(4)


@pytest.mark.parametrize("work", [_raises, _hangs])
async def test_a_check_that_fails_or_hangs_is_a_failed_check(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, work: Callable[..., None]
) -> None:
    monkeypatch.setattr(installation, "python", work)
    monkeypatch.setattr(store_checks, "examine", work)
    monkeypatch.setattr(places, "private", work)
    checks = await diagnose(tmp_path)
    assert errors(checks) == {"python.version", "store.readable", "directories.private"}
    assert checks["proxies"].ok
    assert PLAIN_CANARY not in text(checks)
