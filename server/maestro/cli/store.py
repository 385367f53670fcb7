"""`maestro store restore` and `maestro vault rotate`: care for what is kept."""

import argparse
import os
from pathlib import Path

from maestro.app import Services
from maestro.cli.terminal import run_with_services, say
from maestro.database.backups import restore
from maestro.directories import directories
from maestro.errors import MaestroError


def run(options: argparse.Namespace) -> int:
    """0 when the backup is the store now; what was there before is a backup of its own."""
    path = directories(os.environ).data / "maestro.db"
    try:
        kept = restore(path, Path(options.backup))
    except MaestroError as error:
        say(error.message)
        return 1
    say(f"Restored. What was there before is in {kept}.")
    return 0


def run_rotate(options: argparse.Namespace) -> int:
    """0 when every credential is under the new key."""
    return run_with_services(lambda services: _rotate(services, options))


async def _rotate(services: Services, options: argparse.Namespace) -> int:
    rotation = await services.runtime.sessions.vault.rotate(
        options.to, os.environ.get("MAESTRO_VAULT_NEW_PASSPHRASE") or None
    )
    say(f"{rotation.rotated} credentials are under a new key, which is kept in {rotation.source}.")
    for session_id in rotation.unopened:
        say(f"The credential of session {session_id} does not open and was left as it is; sign in to it again.")
    return 1 if rotation.unopened else 0
