"""Permission to run a tool: asked of the user with a deadline, remembered where the user said so."""

import json
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from pydantic import ValidationError

from maestro.database.database import Database
from maestro.editor import Editor, NoAnswer
from maestro.intents import grants, policy
from maestro.intents.plain import plain
from maestro.runtime import Runtime
from maestro.services.chat_stores import ChatStores
from maestro.services.turn import new_id
from maestro.services.waiting import finished
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

_DETAILS = 2_000
"""Characters of what is asked about that a plain question shows."""
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
    def __init__(self, runtime: Runtime, editor: Editor, stores: ChatStores) -> None:
        self._runtime = runtime
        self._editor = editor
        self._stores = stores

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
        return await self._find(self._stores.disk, question) or await self._find(self._stores.memory, question)

    async def _find(self, database: Database, question: Question) -> Grant | None:
        subject, chat_id, folder = question.subject, question.chat_id, question.workspace_folder
        return await database.read(lambda connection: grants.find(connection, subject.tool, subject, chat_id, folder))

    async def list(self) -> Sequence[Grant]:
        """Those for a chat in memory are kept there, and end with it."""
        return [*await self._stores.memory.read(grants.all), *await self._stores.disk.read(grants.all)]

    async def revoke(self, grant_id: str) -> bool:
        """Whether there was one to take back."""
        revoked = [
            await database.run(lambda connection: grants.revoke(connection, grant_id))
            for database in (self._stores.memory, self._stores.disk)
        ]
        return any(revoked)

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
        database = self._stores.of(question.chat_id) if option.scope == "chat" else self._stores.disk
        await finished(
            database.run(
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
    """Everything a person needs to decide, where the client draws nothing itself."""
    reasons = "; ".join(one.reason for one in params.risk.assessments if one.risk_level == params.risk.level)
    risk = f"Risk: {params.risk.level}{f' ({reasons})' if reasons else ''}."
    return "\n".join(filter(None, (params.summary, _details(params.subject), risk)))


def _details(subject: PermissionSubject) -> str:
    """What the summary shortens: nothing that is allowed is hidden but for its length, which is told."""
    if subject.argv is not None:
        return _whole(shlex.join(subject.argv))
    if subject.type == "edit":
        old, new = _whole(subject.old_text or ""), _whole(subject.new_text or "")
        return f"- {old}\n+ {new}" if subject.old_text else f"+ {new}"
    return _whole(json.dumps(subject.input, ensure_ascii=False)) if subject.input is not None else subject.url or ""


def _whole(text: str) -> str:
    shown = "\n".join(plain(line) for line in text[:_DETAILS].split("\n"))
    return f"{shown} … ({len(text) - _DETAILS:,} more characters)" if len(text) > _DETAILS else shown
