"""Writes a chat of thousands of messages where a server will find it: `python -m tests.editors.vscode.long_chat`."""

import os
import sqlite3
from contextlib import closing
from datetime import UTC, datetime

from maestro.chats import journal, rows
from maestro.database.opening import open_database
from maestro.database.transactions import transaction
from maestro.directories import directories
from maestro_protocol.chat import Usage
from maestro_protocol.conversations import Chat
from maestro_protocol.events import ChatEvent, TextDelta, TurnCompleted, TurnStarted

TURNS = 2500
CHAT = "chat_long"
_WORDS = "The parser reads one token ahead, and what it cannot place it reports with its *line*. " * 3
_NOW = datetime.now(UTC)


def main() -> None:
    chat = Chat(id=CHAT, title="A long chat", state="idle", usage=Usage(), last_seq=0, created_at=_NOW, updated_at=_NOW)
    path = directories(os.environ).data / "maestro.db"
    path.parent.mkdir(parents=True, exist_ok=True)
    with closing(open_database(path).connection) as connection, transaction(connection):
        rows.insert(connection, chat)
        for number in range(TURNS):
            _add_turn(connection, number)


def _add_turn(connection: sqlite3.Connection, number: int) -> None:
    turn_id, seq = f"turn_{number}", 4 * number
    ask = {"user_message_id": f"msg_{number}", "text": f"Question {number}?"}
    events: list[ChatEvent] = [
        TurnStarted(chat_id=CHAT, turn_id=turn_id, seq=seq + 1, model="openai/gpt-5.5", **ask),
        *(
            TextDelta(
                chat_id=CHAT, turn_id=turn_id, seq=seq + place, message_id=f"{turn_id}.1", part_id="p", text=_WORDS
            )
            for place in (2, 3)
        ),
        TurnCompleted(chat_id=CHAT, turn_id=turn_id, seq=seq + 4, stop_reason="endTurn", usage=Usage(total_tokens=9)),
    ]
    journal.append(connection, CHAT, events)


if __name__ == "__main__":
    main()
