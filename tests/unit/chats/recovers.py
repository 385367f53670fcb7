"""Ends the turns of dead processes when it is told to, and prints in which chats: `recovers DATABASE`."""

import asyncio
import sys
from pathlib import Path

from maestro.chats.recovery import close_interrupted
from maestro.database.database import Database


async def main(path: Path) -> None:
    database = Database(path)
    await database.read(lambda connection: None)
    print("ready", flush=True)
    sys.stdin.readline()
    print(*await database.run(lambda connection: close_interrupted(connection, None)), flush=True)
    await database.aclose()


asyncio.run(main(Path(sys.argv[1])))
