"""Where the key of the credentials is, and whether it can be had now."""

import tempfile
from collections.abc import Mapping
from pathlib import Path

from maestro.database.database import Database
from maestro.directories import directories
from maestro.runtime import Runtime
from maestro.services.checks.outcome import bad, good, off_loop
from maestro.vault.vault import Vault, VaultStatus
from maestro_protocol.doctor import Check

_NAME = "vault.key"
_TO_KEYRING = "`maestro vault rotate --to keyring`"
_TO_PASSPHRASE = "set MAESTRO_VAULT_PASSPHRASE, then `maestro vault rotate --to passphrase`"


async def key(runtime: Runtime) -> list[Check]:
    """Of the store that is there: one round trip to wherever the key is."""
    return [_told(await runtime.sessions.vault.status())]


async def key_to_be(environment: Mapping[str, str]) -> list[Check]:
    """Where there is no store: where its first key would go. A database elsewhere is asked, so that none is made."""
    folder = await off_loop(lambda: tempfile.TemporaryDirectory(prefix="maestro-doctor-"), 1)
    database = Database(Path(folder.name) / "maestro.db")
    try:
        vault = Vault(database, directories(environment).data / "vault.key", environment)
        return [_told(await vault.status())]
    finally:
        await database.aclose()
        await off_loop(folder.cleanup, 1)


def _told(status: VaultStatus) -> Check:
    took = f"{status.round_trip_ms:.1f} ms"
    if not status.usable:
        label = f"The key of the credentials is out of reach (after {took})"
        problem, fix = status.problem or "Nobody says why", status.fix or "see the log"
        return bad(_NAME, "error", label, problem, fix)
    verb = "is" if status.created else "would go"
    if status.source == "keyring":
        place = "in" if status.created else "into"
        return good(_NAME, f"The key {verb} {place} the system keyring {status.name} (round trip {took})")
    if status.source == "passphrase":
        label = f"The key {verb} under the passphrase in MAESTRO_VAULT_PASSPHRASE ({status.name}, {took})"
        cause = "Whoever reads this variable has the key"
        return bad(
            _NAME, "info", label, cause, f"keep it secret; or move the key into the system keyring: {_TO_KEYRING}"
        )
    label = f"The key {verb} {'in' if status.created else 'into'} the file {status.name} (round trip {took})"
    cause = "A file protects less than a keyring: whoever reads your files has it"
    if status.created:
        return bad(_NAME, "warning", label, cause, f"{_TO_KEYRING}; or {_TO_PASSPHRASE}")
    return bad(
        _NAME, "warning", label, cause, "unlock a system keyring, or set MAESTRO_VAULT_PASSPHRASE, before you sign in"
    )
