"""The calls of a turn: declared in the ledger, permitted, run, and held against what they said they would do."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from maestro.audit.intents.intent_rules import Changed
from maestro.errors import MaestroError
from maestro.intents import assess, policy, schema
from maestro.services.call_events import CallEvents, Status
from maestro.services.call_records import CallRecords, Scene
from maestro.services.permissions import Answer, PermissionService, Question
from maestro.services.repetition import Repetition
from maestro.services.scope_check import outside, paths_outside
from maestro.services.waiting import finished
from maestro.streaming.messages import FunctionCall
from maestro.telemetry import Telemetry
from maestro.tools.base import Call, Edited, Outcome, Surroundings, Tool
from maestro.workspace.git import repository
from maestro.workspace.languages import language_of
from maestro.workspace.tracking import is_tracked
from maestro_protocol.chat import Limit, StopReason
from maestro_protocol.intents import Intent, IntentRecord, Observed
from maestro_protocol.permissions import PermissionSubject, Risk

_INVALID_INTENTS = 3
"""So many calls without a valid intent end the turn."""
_GRACE_SECONDS = 5.0
"""A tool that knows its own deadline says more about it than we do."""
_STOPPED = "The turn was stopped."


@dataclass(frozen=True, slots=True)
class Written:
    """What a call did to files, and what of it its scope does not cover."""

    tool: str
    folder: Path
    changes: Sequence[Changed]
    mismatch: Sequence[str]
    """A sentence for everything outside its scope, not only files."""
    record: IntentRecord


@dataclass(frozen=True, slots=True)
class _Declared:
    """A call that stands in the ledger."""

    asked: FunctionCall
    tool: Tool
    call: Call
    subject: PermissionSubject
    risk: Risk
    record: IntentRecord


class _Refused(Exception):
    """The call is not run; the model is told why."""

    def __init__(self, content: str, status: Status = "failed") -> None:
        super().__init__(content)
        self.content = content
        self.status: Status = status


class ToolCalls:
    """Runs the calls of one turn, round by round. Once `stop` is set nothing more is run."""

    def __init__(
        self,
        scene: Scene,
        tools: Mapping[str, Tool],
        around: Surroundings,
        permissions: PermissionService,
        records: CallRecords,
        events: CallEvents,
        telemetry: Telemetry,
        *,
        on_written: Callable[[Written], Awaitable[None]],
        while_asking: Callable[[], AbstractContextManager[None]],
    ) -> None:
        """`on_written` hears what a call did; `while_asking` surrounds the user's time."""
        self._scene = scene
        self._tools = tools
        self._around = around
        self._permissions = permissions
        self._records = records
        self._telemetry = telemetry
        self._on_written = on_written
        self._while_asking = while_asking
        self._repetition = Repetition()
        self._invalid_intents = 0
        self.events = events
        self.stop: tuple[StopReason, Limit | None] | None = None

    async def run(self, calls: Sequence[FunctionCall]) -> None:
        """Run them: neighbours that only read together, everything else one after another, in the order of the calls.

        Raises:
            MaestroError: 4901 if the ledger cannot be written; then the tool is not run.
        """
        together: list[_Declared] = []
        for call in calls:
            reads = self._only_reads(call)
            if not reads:
                await self._run_together(together)
                together = []
            if (declared := await self._prepare(call)) is not None:
                together.append(declared)
            if not reads:
                await self._run_together(together)
                together = []
        await self._run_together(together)

    def _only_reads(self, call: FunctionCall) -> bool:
        tool = self._tools.get(call.name)
        return tool is None or tool.spec.annotations.read_only

    async def _run_together(self, ready: Sequence[_Declared]) -> None:
        if len(ready) == 1:
            await self._run(ready[0])
            return
        try:
            async with asyncio.TaskGroup() as group:
                for one in ready:
                    group.create_task(self._run(one))
        except BaseExceptionGroup as failures:
            raise failures.exceptions[0] from None

    # -- before the run -----------------------------------------------------------------------------------------------

    async def _prepare(self, call: FunctionCall) -> _Declared | None:
        """The call, declared and permitted; None if it is not to be run, which the model has been told then."""
        try:
            return await self._declare(call)
        except _Refused as refusal:
            self.events.finish(call, refusal.status, refusal.content)
        except MaestroError as error:
            if error.kind == "storageFailed":
                raise
            self.events.finish(call, "failed", error.message)
        return None

    async def _declare(self, call: FunctionCall) -> _Declared:
        tool, taken = self._understand(call)
        prepared = Call(
            id=call.id,
            input=taken.input,
            around=self._around,
            intent=taken.intent,
            chat_id=self._scene.chat_id,
            print=lambda text: self.events.printed(call, text),
        )
        subject = await self._subject(tool, prepared, call)
        risk = await self._risk(tool, subject, taken.intent)
        record = await self._records.declare(call, taken.intent, risk, subject)
        try:
            self._check_intent(tool, taken, risk)
            self._check_repetition(call, taken)
        except _Refused:
            self.events.ready(call, taken.input, "denied", risk=risk)
            await self._records.decide(record, "refused", "policy")
            raise
        declared = _Declared(call, tool, replace(prepared, subject=subject), subject, risk, record)
        await self._permit(declared)
        return declared

    def _understand(self, call: FunctionCall) -> tuple[Tool, schema.Taken]:
        tool = self._tools.get(call.name)
        if self.stop is not None or tool is None or call.arguments is None:
            self.events.ready(call, call.arguments, "denied")
        if self.stop is not None:
            raise _Refused("This call was not run: the turn had to end.", "cancelled")
        if tool is None:
            there = ", ".join(self._tools) or "none"
            raise _Refused(f"There is no tool `{call.name}`; there are: {there}.")
        if call.arguments is None:
            raise _Refused("The arguments are no complete JSON object, so the call was not run; send it again.")
        return tool, schema.take(call.arguments, tool.spec.input_schema)

    async def _subject(self, tool: Tool, prepared: Call, call: FunctionCall) -> PermissionSubject:
        try:
            return await tool.subject(prepared)
        except MaestroError:
            self.events.ready(call, prepared.input, "denied", prepared.intent)
            asked = PermissionSubject(type="other", tool=call.name, input=prepared.input)
            record = await self._records.declare(call, prepared.intent, Risk(level="low"), asked)
            await self._records.decide(record, "refused", "policy")
            raise

    async def _risk(self, tool: Tool, subject: PermissionSubject, intent: Intent | None) -> Risk:
        folder, edited = self._around.folder, subject.type == "edit" and subject.path
        in_git = await asyncio.to_thread(repository, str(folder)) is not None
        tracked = await is_tracked(folder, edited) if in_git and edited else None
        found = await asyncio.to_thread(
            assess.assess,
            subject,
            tool.spec.annotations,
            in_git,
            tracked,
            scope=intent.scope if intent else None,
            private_folders=[str(one) for one in self._around.private],
        )
        return assess.risk_of(intent.risk_level if intent else None, found)

    def _check_intent(self, tool: Tool, taken: schema.Taken, risk: Risk) -> None:
        if taken.intent is not None or (tool.spec.annotations.read_only and risk.level == "low"):
            return
        self._invalid_intents += 1
        if self._invalid_intents >= _INVALID_INTENTS:
            self.stop = ("limit", "intent")
        raise _Refused(taken.problem or schema.MISSING)

    def _check_repetition(self, call: FunctionCall, taken: schema.Taken) -> None:
        if self._repetition.is_too_many(call.name, taken.input):
            self.stop = ("limit", "loop")
            raise _Refused("The same call was made three times with nothing changed in between, so the turn ends.")

    async def _permit(self, declared: _Declared) -> None:
        """Return if the call may be run, with the decision in the ledger."""
        scene, call, record, risk = self._scene, declared.asked, declared.record, declared.risk
        given, intent = declared.call.input, declared.call.intent
        question = Question(
            scene.chat_id, scene.workspace_folder, scene.turn_id, call.id, declared.subject, intent, risk
        )
        grant = await self._permissions.grant_for(question)
        if policy.decide(declared.tool.spec.annotations.read_only, risk, grant) == "run":
            self.events.ready(call, given, "granted" if grant else "notNeeded", intent, risk)
            await self._records.decide(record, "allowed", "grant" if grant else "policy")
            return
        self.events.ready(call, given, "pending", intent, risk)
        try:
            await self.events.told()  # the question is about a call that the editor has heard of
            with self._while_asking():
                answer = await self._permissions.ask(question)
        except asyncio.CancelledError:
            self.events.finish(call, "cancelled", _STOPPED, record.id)
            await finished(self._records.decide(record, "cancelled", "cancel"))
            raise
        await self._take_answer(record, answer)

    async def _take_answer(self, record: IntentRecord, answer: Answer) -> None:
        option = answer.option.option_id if answer.option else None
        if answer.allowed:
            await self._records.decide(record, "allowed", answer.by, option)
            return
        await self._records.decide(record, "denied", answer.by, option)
        if answer.option is None:
            self.stop = ("toolDenied", None)
            raise _Refused("Nobody allowed this call, so it was not run.", "denied")
        raise _Refused("The user did not allow this call. Go on without it, or ask what to do instead.", "denied")

    # -- the run ------------------------------------------------------------------------------------------------------

    async def _run(self, ready: _Declared) -> None:
        seen = [Observed(partial=True)]
        try:
            outcome = await self._carry_out(replace(ready, call=replace(ready.call, observe=seen.append)))
        except asyncio.CancelledError:
            self.events.finish(ready.asked, "cancelled", _STOPPED, ready.record.id)
            await finished(self._observe(ready, seen[-1]))
            raise
        await finished(self._conclude(ready, outcome), then_cancel=True)

    async def _carry_out(self, ready: _Declared) -> Outcome:
        seconds = ready.call.around.settings.tools.timeout_ms / 1000
        with self._telemetry.tool(ready.asked.name, ready.asked.id) as span:
            span.asked(ready.call.input)
            try:
                await self.events.told()
                async with asyncio.timeout(seconds + _GRACE_SECONDS):
                    outcome = await ready.tool.run(ready.call)
            except TimeoutError:
                outcome = Outcome(f"The tool did not end within {seconds:g} s and was stopped.", failed=True)
            except MaestroError as error:
                outcome = Outcome(error.message, failed=True)
            span.ended(outcome.content, failed=outcome.failed)
            return outcome

    async def _conclude(self, ready: _Declared, outcome: Outcome) -> None:
        """Hold what was observed against the scope, and tell everybody."""
        call, observed = ready.asked, outcome.observed or Observed()
        mismatch = await self._observe(ready, observed)
        if not outcome.failed and not ready.tool.spec.annotations.read_only:
            self._repetition.something_changed(call.name, ready.call.input)
        status: Status = "failed" if outcome.failed else "completed"
        self.events.finish(call, status, outcome.content, ready.record.id, outcome.observed)
        if observed.paths or mismatch:
            files = await paths_outside(ready.call, ready.tool.spec.annotations, observed) if mismatch else ()
            changes = _changes(self._around.folder, observed.paths or (), outcome.edited, files)
            await self._on_written(Written(call.name, self._around.folder, changes, mismatch, ready.record))

    async def _observe(self, ready: _Declared, observed: Observed) -> Sequence[str]:
        """Write down what was seen, and give what of it lies outside the scope."""
        mismatch = await outside(ready.call, ready.tool.spec.annotations, observed)
        await self._records.observe(ready.record, observed, mismatch)
        return mismatch


def _changes(folder: Path, paths: Sequence[str], edited: Sequence[Edited], outside: Sequence[str]) -> Sequence[Changed]:
    """What was written, with the texts as far as a tool knows them."""
    texts = {one.path: one for one in edited}
    found: list[Changed] = []
    for path in paths:
        language, is_outside = language_of(PurePosixPath(path)), path in outside
        if (known := texts.get(path)) is not None:
            found.append(Changed(known.uri, path, language, known.before, known.after, is_outside))
        else:
            found.append(Changed((folder / path).as_uri(), path, language, is_outside=is_outside))
    return found
