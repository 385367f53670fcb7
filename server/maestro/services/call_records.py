"""The ledger's side of a turn's calls: each step is committed before what it allows."""

import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from maestro.database.database import Database
from maestro.intents import ledger
from maestro.services.turn import Turn
from maestro.streaming.messages import FunctionCall
from maestro_protocol.intents import Decision, Intent, IntentRecord, Observed
from maestro_protocol.permissions import PermissionSubject, Risk


@dataclass(frozen=True, slots=True)
class Scene:
    """Whose calls these are."""

    chat_id: str
    turn: Turn
    workspace_folder: str | None
    """A URI."""

    @property
    def turn_id(self) -> str:
        return self.turn.id


class CallRecords:
    """Every method raises 4901 if the ledger cannot be written."""

    def __init__(self, database: Database, scene: Scene) -> None:
        self._database = database
        self._scene = scene

    async def declare(
        self, call: FunctionCall, intent: Intent | None, risk: Risk, subject: PermissionSubject
    ) -> IntentRecord:
        scene = self._scene
        declaration = ledger.Declaration(
            chat_id=scene.chat_id,
            turn_id=scene.turn_id,
            tool_call_id=call.id,
            tool=call.name,
            intent=intent,
            declared_by="model" if intent else "none",
            risk=risk,
            subject=subject,
            session_id=scene.turn.target.session_id,
            model=scene.turn.target.model_id,
        )
        return await self._write(lambda connection: ledger.declare(connection, declaration))

    async def decide(
        self,
        record: IntentRecord,
        outcome: Literal["allowed", "denied", "cancelled", "refused"],
        by: Literal["policy", "grant", "client", "timeout", "cancel"],
        option_id: str | None = None,
    ) -> None:
        decision = Decision(outcome=outcome, by=by, option_id=option_id, at=datetime.now(UTC))
        await self._write(lambda connection: ledger.decide(connection, record.id, decision))

    async def observe(self, record: IntentRecord, observed: Observed, mismatch: Sequence[str]) -> None:
        await self._write(lambda connection: ledger.observe(connection, record.id, observed, mismatch))

    async def _write(self, work: Callable[[sqlite3.Connection], IntentRecord]) -> IntentRecord:
        return await self._database.run(work)
