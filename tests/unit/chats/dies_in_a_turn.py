"""Begins a turn, logs what it says and waits to be killed: `dies_in_a_turn DATABASE`."""

import asyncio
import sqlite3
import sys
from pathlib import Path

from maestro.chats import journal
from maestro.database.database import Database
from tests.unit.chats.support import Script, begin, kept, say, user


def work(connection: sqlite3.Connection) -> None:
    kept(connection)
    begin(connection)
    say(connection, "chat_1", user("msg_user", "Hello", "turn_1"))
    script = Script().started().text("Half an ans").used().call_started("a").call_ready("a", {"path": "x"})
    journal.append(connection, "chat_1", script.events)


async def main(path: Path) -> None:
    await Database(path).run(work)
    print("ready", flush=True)
    sys.stdin.readline()


asyncio.run(main(Path(sys.argv[1])))
