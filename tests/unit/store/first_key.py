"""Seals a credential as soon as it is told to, and prints the key it was sealed with: `first_key DIRECTORY`."""

import asyncio
import os
import sys
from pathlib import Path

from maestro.database.database import Database
from maestro.vault.vault import Label, Vault


async def main(directory: Path) -> None:
    database = Database(directory / "maestro.db")
    await database.read(lambda connection: None)
    vault = Vault(database, directory / "vault.key", os.environ)
    print("ready", flush=True)
    sys.stdin.readline()
    sealed = await vault.seal(Label("openai", "api_key", str(os.getpid())), b"secret")
    print(sealed.hex(), flush=True)
    await database.aclose()


asyncio.run(main(Path(sys.argv[1])))
