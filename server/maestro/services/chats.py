"""Turns of chats: a message is sent, an agent answers it, and what happens is logged, told and kept."""

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from itertools import count

from maestro.chats import turns
from maestro.context.attach import attach
from maestro.context.budget import Budget
from maestro.editor import Editor
from maestro.errors import MaestroError
from maestro.runtime import Runtime
from maestro.services.agent import Agent, Clock
from maestro.services.budgets import Budgets
from maestro.services.call_events import CallEvents
from maestro.services.call_records import CallRecords, Scene
from maestro.services.chat_feed import ChatFeed
from maestro.services.chat_log import ChatLog, Listener
from maestro.services.chat_stores import ChatStores, is_ephemeral
from maestro.services.context_files import ContextFiles
from maestro.services.findings import FindingStore
from maestro.services.history import HistoryService
from maestro.services.idempotency import Idempotency
from maestro.services.intent_findings import IntentFindings
from maestro.services.left_open import LeftOpen
from maestro.services.models import Before, DeprecationNotices, ModelService, Target
from maestro.services.permissions import PermissionService
from maestro.services.prompt import Prompt
from maestro.services.rerouting import Rerouting
from maestro.services.running import Running, Slot
from maestro.services.sending import Begun, Sending, begin, check_input
from maestro.services.sink import EventSink
from maestro.services.spending import Spending
from maestro.services.status import StatusService
from maestro.services.tool_calls import ToolCalls, Written
from maestro.services.tools import ToolService
from maestro.services.transcript import Transcript
from maestro.services.turn import Turn, new_id
from maestro.services.turn_records import keep_left, record_turn
from maestro.services.turn_stream import TurnStream
from maestro.services.waiting import finished
from maestro.telemetry import Telemetry
from maestro.workspace.gate import Gate
from maestro_protocol.chat import ChatParams, ChatSendParams, ChatSendResult
from maestro_protocol.conversations import Chat, ChatCreateParams, ChatState
from maestro_protocol.events import TurnNotice

_RENEW_SECONDS = 100.0
_LOOK_AGAIN_SECONDS = 1.0
"""How long a queued message waits for news of another window before it tries for itself."""


class ChatService:
    def __init__(
        self,
        runtime: Runtime,
        stores: ChatStores,
        *,
        history: HistoryService,
        feed: ChatFeed,
        running: Running,
        models: ModelService,
        budgets: Budgets,
        spending: Spending,
        tools: ToolService,
        permissions: PermissionService,
        findings: FindingStore,
        intents: IntentFindings,
        files: ContextFiles,
        status: StatusService,
        telemetry: Telemetry,
        editor: Editor,
        gate: Gate,
    ) -> None:
        self._runtime = runtime
        self._stores = stores
        self._history = history
        self._feed = feed
        self._running = running
        self._models = models
        self._budgets = budgets
        self._spending = spending
        self._tools = tools
        self._permissions = permissions
        self._findings = findings
        self._intents = intents
        self._files = files
        self._status = status
        self._telemetry = telemetry
        self._editor = editor
        self._gate = gate
        self._deprecations = DeprecationNotices()
        self._sent = Idempotency[ChatSendResult]()
        self._left_open = LeftOpen(stores, feed)

    async def send(self, params: ChatSendParams, events: EventSink | None, max_latency_ms: int) -> ChatSendResult:
        """Add a message to a chat, or to a new one, and answer it. Cancelling the task is a stop reason.

        Raises:
            MaestroError: 4208, 4301, 4302, 4402, 4406, 4501, 4502, 4701 and what choosing a session and a model may
                raise, all before anything is kept; the provider's failures; 4901.
        """
        ran = False

        async def run() -> ChatSendResult:
            nonlocal ran
            ran = True
            return await self._send(params, events, max_latency_ms / 1000)

        result = await self._sent.once(params.client_request_id, params, run)
        # Whoever got the text as events is not sent it again; a repeated request got none.
        return result.model_copy(update={"message": None}) if ran and events is not None else result

    async def cancel(self, chat_id: str, turn_id: str | None) -> bool:
        """Stop the chat's turn, also one of another window; False if it is idle, or at another turn than the named one.

        Raises:
            MaestroError: 4301.
        """
        slot = self._running.of(chat_id)
        if slot is None or not slot.begun:
            elsewhere = await self._stores.of(chat_id).run(
                lambda connection: turns.ask_to_cancel(connection, chat_id, turn_id)
            )
            if elsewhere or slot is None:
                return elsewhere
        if turn_id not in (None, slot.turn_id):
            return False
        slot.cancel()
        return True

    async def _send(self, params: ChatSendParams, events: EventSink | None, latency: float) -> ChatSendResult:
        new = None if params.chat_id else self._history.draft(ChatCreateParams())
        turn_id = new_id("turn")
        queue = (params.delivery or self._runtime.settings.chat.delivery) == "queue"
        async with self._running.turn(new.id if new else params.chat_id or "", turn_id, queue=queue) as slot:
            chat = new or await self._history.find(params.chat_id or "")
            sending = await self._prepare(params, chat, turn_id)
            with self._running.admitted(), self._status.busy(f"{sending.turn.target.model_id} is answering"):
                begun = await self._begin(sending, queue=queue)
                slot.begun = True
                return await self._answer(sending, slot, begun, events, latency)

    async def _prepare(self, params: ChatSendParams, chat: Chat, turn_id: str) -> Sending:
        """Everything that can be refused before anything is written."""
        target = await self._target(chat, params)
        offer = await self._tools.offer(params.tools, chat.workspace_folder)
        content, attached = await attach(
            params.input, self._gate, self._editor.position_encoding, self._findings.diagnostics
        )
        check_input(content, attached)
        chat = chat.model_copy(update={"model": target.string, "session_id": target.bound_session_id})
        model = await self._models.known(target)
        max_tokens = params.params.max_tokens if params.params else None
        turn = Turn(target, self._models.prices, turn_id)
        if self._spending.is_limited:
            await self._models.prices.known(target)
        budget = self._budgets.of_request(target.provider, model, chat.system, offer.tools.values(), max_tokens)
        return Sending(
            params=params,
            chat=chat,
            is_new=params.chat_id is None,
            turn=turn,
            allowance=self._spending.allowance(turn.row(), turn.price, max_tokens),
            lease=turns.lease_of(chat.id),
            content=content,
            attached=attached,
            prompt=Prompt(self._stores, chat, budget, self._runtime.settings.chat, params.context_ids),
            offer=offer,
            model=model,
            follows_left_open=chat.id in self._left_open,
        )

    async def _target(self, chat: Chat, params: ChatSendParams) -> Target:
        """What the request names, else what the chat is bound to, else what it used last: another model of its provider
        is no other session."""
        bound = [one.session for one in self._runtime.sessions.snapshot.bound("chat", chat.id)]
        if not bound:
            before = Before(chat.model, chat.session_id)
        else:
            before = Before(chat.model if chat.model and self._models.suits(chat.model, bound) else None)
        target = await self._models.target(params.model, params.session_id, chat.id, before=before)
        if bound and not params.model and not params.session_id:
            target = self._models.routes.narrowed(target, bound)
        self._models.routes.note_use(target)
        return target

    # -- begin --------------------------------------------------------------------------------------------------------

    async def _begin(self, sending: Sending, *, queue: bool) -> Begun:
        """Write the message and the turn down. Raises 4302 for another window's turn, 4502 for what does not fit the
        model, 4208 for what does not fit the budgets."""
        chat_id = sending.chat.id
        workspace = await sending.prompt.workspace()
        if sending.is_new:
            self._feed.hold(chat_id)
        while True:
            work = self._stores.of(chat_id).run(lambda connection: begin(connection, sending, workspace))
            try:
                begun = await finished(work, then_cancel=True)
                self._left_open.forget(chat_id)
                return begun
            except MaestroError as error:
                if error.kind == "contextTooLarge" and await self._passes_over(sending, error):
                    continue
                if error.kind != "turnInProgress" or not queue:
                    raise
            await self._feed.wait(_LOOK_AGAIN_SECONDS)

    async def _passes_over(self, sending: Sending, error: MaestroError) -> bool:
        """Begin with the next model of the route, for the context does not fit this one; False if there is none."""
        target = sending.turn.target
        following = target.following(f"{target.model_id} of the route was passed over: {error.message}")
        if following is None:
            return False
        budget = await self._measure(sending, following)
        sending.turn.go_to(following)
        sending.prompt.budget = budget
        return True

    # -- answer -------------------------------------------------------------------------------------------------------

    async def _answer(
        self, sending: Sending, slot: Slot, begun: Begun, events: EventSink | None, latency: float
    ) -> ChatSendResult:
        turn, chat_id, started = sending.turn, sending.chat.id, begun.started
        log = ChatLog(
            self._stores.of(chat_id), chat_id, Listener(events, self._feed.context_changed, failed=slot.cancel)
        )
        self._tell_begun(chat_id, begun, events)
        out = TurnStream(log, chat_id, turn.id, count(started.seq + 1).__next__, latency)
        log.with_completed(None, lambda connection: _end(connection, sending))
        holding = asyncio.create_task(self._hold(sending))
        agent = self._agent(sending, log, out)
        if words := self._deprecations.take(chat_id, sending.model):
            out.emit(TurnNotice, severity="warning", message=words)
        try:
            with (
                self._models.routes.under_way(turn),
                self._telemetry.turn(turn.target.provider, turn.target.model, chat_id) as span,
            ):
                span.asked(started.text or "")
                await turn.run(out, agent.answer, span)
        except MaestroError as error:
            error.data.chat_id = chat_id
            raise
        finally:
            holding.cancel()
            if is_ephemeral(chat_id):
                self._stores.disk.post(lambda connection: record_turn(connection, turn))
            await self._settle(log, sending, events)
            self._spending.ended(turn.row(), turn.outcome, turn.cost_later)
        return ChatSendResult(
            chat_id=chat_id,
            turn_id=turn.id,
            user_message_id=sending.message_id,
            message=agent.message(),
            stop_reason=turn.stop_reason,
            limit=turn.limit,
            usage=turn.usage,
            cost=turn.cost,
            model=turn.target.model_id,
            last_seq=log.last_seq,
        )

    def _tell_begun(self, chat_id: str, begun: Begun, events: EventSink | None) -> None:
        """The first event introduces the chat; without events the answer will (R2)."""
        self._feed.context_changed(begun.changes)
        if events is not None:
            events.send(begun.started)
            self._feed.release(chat_id)

    def _agent(self, sending: Sending, log: ChatLog, out: TurnStream) -> Agent:
        turn, chat, settings = sending.turn, sending.chat, self._runtime.settings
        clock, words = Clock(settings.chat.max_turn_ms), Transcript(chat.id, turn.id, log)
        scene = Scene(chat.id, turn, chat.workspace_folder)
        calls = ToolCalls(
            scene,
            sending.offer.tools,
            sending.offer.around,
            self._permissions,
            CallRecords(self._stores.disk, scene),
            CallEvents(out, words.told, log.settled),
            self._telemetry,
            on_written=partial(self._note_written, out),
            while_asking=_Asking(self._stores, self._feed, chat.id, clock),
        )
        params = sending.params.params or ChatParams()
        measure, keep = partial(self._measure, sending), partial(self._keep_left, sending)
        rerouting = Rerouting(self._models, turn, out, measure, sending.prompt, keep)
        return Agent(
            turn,
            sending.allowance,
            sending.prompt,
            words,
            calls,
            clock,
            sending.offer.tools,
            params,
            settings,
            out,
            rerouting,
        )

    async def _keep_left(self, sending: Sending) -> None:
        """Raises MaestroError: 4901."""
        await self._stores.of(sending.chat.id).run(lambda connection: keep_left(connection, sending.turn))

    async def _measure(self, sending: Sending, target: Target) -> Budget:
        """What the turn may take at another model."""
        if self._spending.is_limited:
            await self._models.prices.known(target)
        model = await self._models.sized(target, sending.prompt.tokens)
        max_tokens = sending.params.params.max_tokens if sending.params.params else None
        tools = sending.offer.tools.values()
        return self._budgets.of_request(target.provider, model, sending.chat.system, tools, max_tokens)

    async def _note_written(self, out: TurnStream, written: Written) -> None:
        """What a context holds of these files is stale, and what was done outside a scope is told."""
        if written.mismatch:
            what = f"`{written.tool}` left its declared scope. {' '.join(written.mismatch)}"
            out.emit(TurnNotice, severity="warning", message=what)
        for one in written.changes:
            self._files.changed((written.folder / one.path).as_uri())
        await self._intents.report_intents(written.record, written.folder, written.changes)

    async def _settle(self, log: ChatLog, sending: Sending, events: EventSink | None) -> None:
        """Everything is written and sent after this, also what a cancellation left. Raises 4901."""
        chat_id = sending.chat.id
        try:
            await finished(log.settled())
        except MaestroError as error:
            error.data.chat_id, error.data.turn_id = chat_id, sending.turn.id
            await finished(self._left_open.abandon(sending, events))
            raise
        finally:
            self._feed.changed(chat_id)

    async def _hold(self, sending: Sending) -> None:
        """Keep the right to answer in the chat for as long as it takes."""
        database = self._stores.of(sending.chat.id)
        while True:
            await asyncio.sleep(_RENEW_SECONDS)
            database.post(lambda connection: turns.renew(connection, sending.lease))


class _Asking:
    """While the user is asked: the clock stands still, and the chat says that it waits for somebody."""

    def __init__(self, stores: ChatStores, feed: ChatFeed, chat_id: str, clock: Clock) -> None:
        self._stores = stores
        self._feed = feed
        self._chat_id = chat_id
        self._clock = clock

    @contextmanager
    def __call__(self) -> Iterator[None]:
        self._say("requiresAction")
        try:
            with self._clock.paused():
                yield
        finally:
            self._say("running")

    def _say(self, state: ChatState) -> None:
        chat_id = self._chat_id
        self._stores.of(chat_id).post(lambda connection: turns.set_state(connection, chat_id, state))
        self._feed.changed(chat_id)


def _end(connection: sqlite3.Connection, sending: Sending) -> None:
    turn = sending.turn
    turns.end(connection, turn.id, keep_left(connection, turn), sending.lease)
