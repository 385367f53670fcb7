"""`maestro store restore` and `maestro vault rotate`: care for what is kept."""

import argparse
import os
from collections.abc import Mapping
from pathlib import Path

from maestro.app import Services
from maestro.cli.terminal import run_with_services, say
from maestro.database.backups import restore
from maestro.directories import directories
from maestro.errors import MaestroError
from maestro.vault.key_sources import VARIABLE

_NEW_VARIABLE = "MAESTRO_VAULT_NEW_PASSPHRASE"
_PLACES: Mapping[str, str] = {
    "keyring": "in the system keyring",
    "file": "in a key file",
    "passphrase": "under a passphrase",
}


def run(options: argparse.Namespace) -> int:
    """0 when the backup is the store now; what was there before is a backup of its own."""
    path = directories(os.environ).data / "maestro.db"
    try:
        kept = restore(path, Path(options.backup))
    except MaestroError as error:
        say(error.message)
        return 1
    say(f"Restored. What was there before is in {kept}.")
    return run_with_services(_seal)


async def _seal(services: Services) -> int:
    """A backup from before there was a vault holds credentials in clear text; here the user vouches for them."""
    await services.runtime.sessions.vault.seal_legacy(trusted=True)
    return 0


def run_rotate(options: argparse.Namespace) -> int:
    """0 when every credential is under the new key."""
    if options.to == "passphrase" and not any(os.environ.get(name) for name in (VARIABLE, _NEW_VARIABLE)):
        say(f"There is no passphrase; set {VARIABLE} to the one to use from now on, then run this again.")
        return 1
    return run_with_services(lambda services: _rotate(services, options))


async def _rotate(services: Services, options: argparse.Namespace) -> int:
    rotation = await services.runtime.sessions.vault.rotate(options.to, os.environ.get(_NEW_VARIABLE) or None)
    counted = "1 credential is" if rotation.rotated == 1 else f"{rotation.rotated} credentials are"
    say(f"{counted} under a new key, which is kept {_PLACES[rotation.source]}.")
    for session_id in rotation.unopened:
        say(f"The credential of session {session_id} does not open and was left as it is; sign in to it again.")
    return 1 if rotation.unopened else 0
