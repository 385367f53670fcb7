"""What the tests of the keyring do in a process of its own: `keyring_steps STEP DIRECTORY`. Prints one JSON object."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from time import monotonic, sleep

from maestro.database.database import Database
from maestro.errors import MaestroError
from maestro.vault.vault import Label, Vault
from tests.unit.store.support import load, rows, store

LABEL = Label("openai", "api_key", "work")
SECRET = b"canary-keyring-4711"

Report = dict[str, object]


class Process:
    """A database, and as many vaults as there are runs of Maestro."""

    def __init__(self, directory: Path) -> None:
        self.database = Database(directory / "maestro.db")
        self.key_file = directory / "vault.key"
        self.vault = self.fresh()

    def fresh(self) -> Vault:
        return Vault(self.database, self.key_file, os.environ)

    async def seal(self) -> None:
        await store(self.database, self.vault, "ses_1", LABEL, SECRET)

    async def open(self) -> bool:
        return await load(self.database, self.fresh(), "ses_1") == SECRET

    async def state(self) -> Report:
        keys = await rows(self.database, "SELECT source, active FROM vault_keys ORDER BY created_at")
        return {"keys": keys, "key_file": self.key_file.exists()}


async def seal(process: Process) -> Report:
    await process.seal()
    return {"opened": await process.open(), "notice": await process.vault.notice()}


async def open_(process: Process) -> Report:
    return {"opened": await process.open()}


async def status(process: Process) -> Report:
    before = await process.vault.status()
    await process.seal()
    after = await process.fresh().status()
    fields = ("usable", "source", "name", "created", "problem")
    return {key: [getattr(before, key), getattr(after, key)] for key in fields} | {"ms": after.round_trip_ms}


async def lock(process: Process) -> Report:
    await process.seal()
    lock_collection()
    return await failure(process.open) | {"running": await load(process.database, process.vault, "ses_1") == SECRET}


async def lock_first(process: Process) -> Report:
    lock_collection()
    return await failure(process.seal)


async def forget(process: Process) -> Report:
    import keyring

    await process.seal()
    ((key_id,),) = await rows(process.database, "SELECT id FROM vault_keys")
    keyring.delete_password("maestro", str(key_id))
    return await failure(process.open)


async def stop(process: Process) -> Report:
    """The service hangs, and goes on later."""
    await process.seal()
    daemon = int(os.environ["KEYRING_PID"])
    vault = process.fresh()

    async def again() -> None:
        await load(process.database, vault, "ses_1")

    os.kill(daemon, signal.SIGSTOP)
    slow = await failure(again)
    quick = await failure(again)
    os.kill(daemon, signal.SIGCONT)
    end = monotonic() + 20
    while (last := await failure(again)).get("error") and monotonic() < end:
        await process.database.read(lambda _: sleep(0.05))
    return {"slow": slow, "quick": quick, "last": last}


async def hang(process: Process) -> Report:
    return await failure(process.seal)


async def rotate_into(process: Process) -> Report:
    os.environ["PYTHON_KEYRING_BACKEND"] = "keyring.backends.fail.Keyring"
    process.vault = process.fresh()
    await process.seal()
    del os.environ["PYTHON_KEYRING_BACKEND"]
    rotation = await process.fresh().rotate("keyring")
    process.key_file.rename(process.key_file.with_name("away"))
    return {"rotated": rotation.rotated, "source": rotation.source, "opened": await process.open()}


async def race(process: Process) -> Report:
    others = [Process(process.key_file.parent) for _ in range(4)]
    await asyncio.gather(*(other.vault.seal(LABEL, SECRET) for other in others))
    await process.seal()
    opened = [await load(other.database, other.vault, "ses_1") == SECRET for other in others]
    await asyncio.gather(*(other.database.aclose() for other in others))
    return {"opened": opened, "entries": len(entries())}


def lock_collection() -> None:
    import secretstorage

    collection = secretstorage.get_default_collection(secretstorage.dbus_init())
    collection.lock()
    assert collection.is_locked()


def entries() -> list[str]:
    import secretstorage

    collection = secretstorage.get_default_collection(secretstorage.dbus_init())
    return [item.get_label() for item in collection.get_all_items()]


async def failure(call: Callable[[], Awaitable[object]]) -> Report:
    begin = monotonic()
    try:
        await call()
    except MaestroError as error:
        return {"error": error.code, "message": error.message, "seconds": monotonic() - begin}
    return {"error": None}


STEPS = {
    step.__name__.rstrip("_"): step
    for step in (seal, open_, status, lock, lock_first, forget, stop, hang, rotate_into, race)
}


async def main(step: str, directory: Path) -> None:
    process = Process(directory)
    report = await failure_or(STEPS[step], process)
    print(json.dumps(report | await process.state()))
    await process.database.aclose()


async def failure_or(step: Callable[[Process], Awaitable[Report]], process: Process) -> Report:
    try:
        return await step(process)
    except MaestroError as error:
        return {"error": error.code, "message": error.message}


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], Path(sys.argv[2])))
