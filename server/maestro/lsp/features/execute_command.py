"""`workspace/executeCommand`, for editors with no client of ours: returns at once, the work shows its own progress."""

import asyncio
import os
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TypeAlias

from pydantic import JsonValue

from maestro.cancelling import cancel_once
from maestro.errors import MaestroError
from maestro.lsp.calls import Calls
from maestro.lsp.commands import Command, Feature, at_most, optional_text_at
from maestro.lsp.connection import Connection
from maestro.lsp.context import RequestContext
from maestro.lsp.editor import LspEditor
from maestro.lsp.features.audit_commands import audit_commands
from maestro.lsp.features.doctor import doctor
from maestro.lsp.features.finding_commands import finding_commands
from maestro.lsp.features.session import session_set_default
from maestro.lsp.handshake import Handshake
from maestro.lsp.logs import incident
from maestro.lsp.messages import RpcError, Token, encode
from maestro_protocol.doctor import DoctorParams
from maestro_protocol.sessions import SessionParams

NewContext: TypeAlias = Callable[[Token | None], RequestContext]

DEADLINE = 10.0
"""Seconds the editor has to allow progress."""
CHOICE_SECONDS = 300.0


class Commands:
    """The commands `initialize` announces."""

    def __init__(
        self, handshake: Handshake, connection: Connection, editor: LspEditor, new_context: NewContext
    ) -> None:
        self._shows_progress = handshake.can("window", "workDoneProgress")
        self._connection = connection
        self._editor = editor
        self._new_context = new_context
        self.table: Mapping[str, Command] = {
            **audit_commands(self._start, editor),
            **finding_commands(self._start, editor),
            "maestro.session.select": self._select_session,
            "maestro.doctor": self._doctor,
        }

    def _select_session(self, arguments: Sequence[JsonValue]) -> None:
        at_most(arguments, 1)
        chosen = optional_text_at(arguments, 0, "a session's id or name")
        self._start(partial(self._select, chosen))

    def _doctor(self, arguments: Sequence[JsonValue]) -> None:
        at_most(arguments, 0)
        self._start(self._examine)

    async def _examine(self, context: RequestContext) -> None:
        """Say what is wrong, the worst first, and how to mend that."""
        checks = (await doctor(DoctorParams(), context)).checks
        wrong = [check for check in checks if not check.ok and check.severity != "info"]
        wrong.sort(key=lambda check: check.severity != "error")
        if not wrong:
            self._editor.show(f"Maestro is in order: {len(checks)} checks passed.")
            return
        count = f"{len(wrong)} checks failed" if len(wrong) > 1 else "One check failed"
        first = f"{wrong[0].label}. {wrong[0].fix or wrong[0].cause or ''}".rstrip()
        self._editor.show(f"{count}: {first}", error=wrong[0].severity == "error")

    async def _select(self, chosen: str | None, context: RequestContext) -> None:
        """Make a session its provider's default; the user chooses where the command does not say."""
        if chosen is None:
            sessions = {f"{s.name} ({s.provider})": s.id for s in await context.services.sessions.list(None)}
            question = "Which session should be used?" if sessions else "There is no session yet; create one first."
            title = await self._editor.ask(question, list(sessions), CHOICE_SECONDS)
            chosen = sessions.get(title or "")
        if chosen is not None:
            await session_set_default(SessionParams(session_id=chosen), context)

    def _start(self, feature: Feature) -> None:
        self._connection.spawn(self._run(feature), "a command")

    async def _run(self, feature: Feature) -> None:
        token = await self._progress_token(self._connection.calls)
        context = self._new_context(token)
        forget = self._connection.on_cancel(token, partial(_cancel, asyncio.current_task()))
        try:
            await feature(context)
            for call in context.hooks:
                call()
        except MaestroError as error:
            self._editor.show(error.message, error=True)
        except Exception as error:
            number = incident(error, "a command")
            self._editor.show(f"Maestro failed; its log says more at incident {number}.", error=True)
        finally:
            forget()
            context.work.end()

    async def _progress_token(self, calls: Calls) -> Token | None:
        """A token the editor shows progress for, if it does such things."""
        if not self._shows_progress:
            return None
        token = f"maestro-{os.urandom(6).hex()}"
        try:
            await calls.call("window/workDoneProgress/create", encode({"token": token}), DEADLINE)
        except (TimeoutError, RpcError):
            return None
        return token


def _cancel(task: "asyncio.Task[None] | None") -> None:
    if task is not None:
        cancel_once(task)
