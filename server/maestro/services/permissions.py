"""Permission to run a tool: asked of the user with a deadline, remembered where the user said so."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from pydantic import ValidationError

from maestro.database.database import Database
from maestro.editor import Editor, NoAnswer
from maestro.intents import grants, policy
from maestro.runtime import Runtime
from maestro.services.turn import new_id
from maestro_protocol.intents import Intent
from maestro_protocol.permissions import (
    Grant,
    PermissionOption,
    PermissionRequestParams,
    PermissionRequestResult,
    PermissionResolvedParams,
    PermissionSubject,
    Risk,
)

REQUEST, RESOLVED = "maestro/permission/request", "maestro/permission/resolved"


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked for. `workspace_folder` is the chat's, as a URI."""

    chat_id: str
    workspace_folder: str | None
    turn_id: str
    tool_call_id: str
    subject: PermissionSubject
    intent: Intent | None
    risk: Risk


@dataclass(frozen=True, slots=True)
class Answer:
    """`option` is None where nobody decided: time ran out, or what came was none of the options."""

    option: PermissionOption | None
    by: Literal["client", "timeout", "cancel"]

    @property
    def allowed(self) -> bool:
        return self.option is not None and self.option.effect == "allow"


class PermissionService:
    def __init__(self, runtime: Runtime, editor: Editor, database: Database) -> None:
        self._runtime = runtime
        self._editor = editor
        self._database = database

    async def ask(self, question: Question) -> Answer:
        """The user's answer, and the grant that follows from it. Cancelling the task withdraws the question."""
        seconds = self._runtime.settings.permissions.timeout_ms / 1000
        params = PermissionRequestParams(
            request_id=new_id("perm"),
            chat_id=question.chat_id,
            turn_id=question.turn_id,
            tool_call_id=question.tool_call_id,
            summary=policy.summary(question.subject, question.intent),
            subject=question.subject,
            intent=question.intent,
            risk=question.risk,
            options=_options(question),
            expires_at=datetime.now(UTC) + timedelta(seconds=seconds),
        )
        by: Literal["client", "timeout", "cancel"] = "cancel"
        try:
            answer = await self._answer(params, seconds)
            by = answer.by
        finally:
            self._editor.notify(RESOLVED, PermissionResolvedParams(request_id=params.request_id, by=by))
        await self._remember(question, answer)
        return answer

    async def grant_for(self, question: Question) -> Grant | None:
        """What covers this call already; nothing covers high risk."""
        if question.risk.level == "high":
            return None
        return await self._database.read(
            lambda connection: grants.find(
                connection, question.subject.tool, question.subject, question.chat_id, question.workspace_folder
            )
        )

    async def list(self) -> Sequence[Grant]:
        return await self._database.read(grants.all)

    async def revoke(self, grant_id: str) -> bool:
        return await self._database.run(lambda connection: grants.revoke(connection, grant_id))

    async def _answer(self, params: PermissionRequestParams, seconds: float) -> Answer:
        if not self._editor.offers("permission"):
            return await self._ask_plainly(params, seconds)
        try:
            wire = await self._editor.call(REQUEST, params, seconds)
            result = PermissionRequestResult.from_wire(wire)
        except NoAnswer:
            return Answer(None, "timeout")
        except ValidationError:
            return Answer(None, "client")
        if result.outcome == "cancelled":
            return Answer(None, "cancel")
        return Answer(next((one for one in params.options if one.option_id == result.option_id), None), "client")

    async def _ask_plainly(self, params: PermissionRequestParams, seconds: float) -> Answer:
        """Where the client draws no questions of ours, as `window/showMessageRequest`."""
        named = {one.name: one for one in params.options}
        chosen = await self._editor.ask(_told(params), list(named), seconds)
        return Answer(named[chosen], "client") if chosen in named else Answer(None, "timeout")

    async def _remember(self, question: Question, answer: Answer) -> None:
        option = answer.option
        if option is None or option.effect != "allow" or option.scope == "once":
            return
        in_chat = question.chat_id if option.scope == "chat" else None
        folder = question.workspace_folder if option.scope == "workspace" else None
        await asyncio.shield(
            self._database.run(
                lambda connection: grants.add(
                    connection,
                    question.subject.tool,
                    question.subject,
                    option.scope,
                    chat_id=in_chat,
                    workspace_folder=folder,
                )
            )
        )


def _options(question: Question) -> list[PermissionOption]:
    """Without a folder nothing can be allowed for it."""
    return [one for one in policy.options(question.risk) if one.scope != "workspace" or question.workspace_folder]


def _told(params: PermissionRequestParams) -> str:
    """Everything a person needs to decide, in one sentence each."""
    reasons = "; ".join(one.reason for one in params.risk.assessments if one.risk_level == params.risk.level)
    risk = f"Risk: {params.risk.level}{f' ({reasons})' if reasons else ''}."
    return f"{params.summary} {risk}"
