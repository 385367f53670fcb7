"""Named agents for programs: an agent is a chat with a name, a session and a model, and is there again next time.

In a few lines:

    async with Agents.open() as agents:
        await agents.start_agent("reviewer", "openai")
        print((await agents.send_message("reviewer", "Look at a.py")).text)
"""

import asyncio
import os
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Self, TypeAlias

from pydantic import ValidationError

from maestro.app import Services, build
from maestro.chats import rows
from maestro.errors import MaestroError
from maestro.program import Ask, Events, ProgramEditor
from maestro.provider import default_model, use
from maestro.services.models import Target
from maestro.settings import load, tolerant
from maestro.workspace.projects import projects_around
from maestro_protocol.base import JsonObject
from maestro_protocol.chat import ChatSendParams, ChatSendResult, StopReason, Usage
from maestro_protocol.conversations import Chat, ChatCreateParams, ChatListParams, ChatUpdateParams
from maestro_protocol.errors import Issue
from maestro_protocol.events import TextDelta, TurnCompleted, TurnEvent, TurnRestarted

if TYPE_CHECKING:
    import sqlite3

_Turn: TypeAlias = asyncio.Task[ChatSendResult]


@dataclass(frozen=True, slots=True)
class Agent:
    """`model` is `provider/long-name`, with an `@effort` where one was named; `session` is a session's name, None where
    the provider needs none."""

    name: str
    chat_id: str
    provider: str
    model: str
    session: str | None


@dataclass(frozen=True, slots=True)
class Reply:
    """What an agent said in one turn. `usage` is of the whole turn."""

    text: str
    stop_reason: StopReason
    usage: Usage
    turn_id: str


class Agents:
    """The agents of a folder, in which their tools work. A name is one agent's there.

    The chats are those of the editors: one that somebody has given a name is an agent too. A process has one `Agents`
    open at a time.
    """

    def __init__(self, services: Services) -> None:
        self._services = services
        self._folder = services.editor.folders[0]
        self._turns: dict[_Turn, str] = {}
        self._stopped: set[_Turn] = set()

    @classmethod
    @asynccontextmanager
    async def open(
        cls,
        *,
        environment: Mapping[str, str] | None = None,
        folder: Path | str = ".",
        settings: JsonObject | None = None,
        ask: Ask | None = None,
    ) -> AsyncIterator[Self]:
        """The agents until the block ends; turns that run then are cancelled.

        `settings` are as an editor's. `ask` is asked what only a person may allow and answers with an option's id;
        without it everything of that kind is denied.

        Raises:
            MaestroError: -32602 for settings that do not fit, and for a folder that is none.
        """
        environment = os.environ if environment is None else environment
        editor = ProgramEditor(await asyncio.to_thread(_folder, folder), ask)
        projects = await asyncio.to_thread(projects_around, editor.folders)
        loaded = await asyncio.to_thread(load, environment, settings, tolerant(editor.show), projects=projects)
        services = build(loaded, environment, editor, use_environment_keys=True)
        services.runtime.projects = lambda: projects
        agents = cls(services)
        try:
            await services.open()
            services.refresher.start()
            yield agents
        finally:
            await agents._end(list(agents._turns))
            await services.aclose()
            use(None)

    async def start_agent(
        self,
        name: str,
        provider: str,
        *,
        session: str | None = None,
        model: str | None = None,
        system: str | None = None,
    ) -> Agent:
        """Begin an agent, or go on with the one of this name, with what is given instead of what it had.

        Without `session` it is the provider's default one, without `model` the session's or the provider's.

        Raises:
            MaestroError: 4008 if an agent of this name talks to another provider; 4101, 4102, and 4001, 4007 or 4103
                for sessions; -32602 for what cannot be a name.
        """
        there = await self._find(name)
        if there is not None and there.model is not None and _provider_of(there.model) != provider:
            message = "An agent of this name talks to another provider; stop it first, or choose another name."
            raise MaestroError("sessionNameTaken", message, chat_id=there.id, provider=_provider_of(there.model))
        if there is None:
            return await self._begin(name, await self._target(provider, session, model), system)
        target = await self._target(provider, session or there.session_id, model or there.model, there.id)
        return await self._go_on(there, target, system)

    async def send_message(self, name: str, text: str, *, on_event: Callable[[TurnEvent], None] | None = None) -> Reply:
        """Say something to an agent and wait for its answer; `on_event` hears what happens meanwhile.

        A turn that `cancel` stopped is a reply with that stop reason. If the waiting task is cancelled, or if
        `on_event` raises, the turn is cancelled too, and the exception goes on.

        Raises:
            MaestroError: 4301 without such an agent, 4302 while it is answering, the provider's failures.
        """
        texts: dict[tuple[str, str], str] = {}
        completed: TurnCompleted | None = None
        async with aclosing(self.stream_message(name, text)) as events:
            async for event in events:
                match event:
                    case TextDelta(message_id=message_id, part_id=part_id):
                        texts[message_id, part_id] = texts.get((message_id, part_id), "") + event.text
                    case TurnRestarted(message_id=message_id):
                        texts = {key: said for key, said in texts.items() if key[0] != message_id}
                    case TurnCompleted():
                        completed = event
                if on_event is not None:
                    on_event(event)
        assert completed is not None  # every turn that began ends with one
        return Reply("\n\n".join(texts.values()), completed.stop_reason, completed.usage, completed.turn_id)

    async def stream_message(self, name: str, text: str) -> AsyncGenerator[TurnEvent, None]:
        """The events of a turn, `turn.completed` last. Closing the iterator cancels the turn and waits for its end.

        Raises:
            MaestroError: as `send_message`; -32800 for a turn that was cancelled before its first event.
        """
        begun = False
        chat, events = await self._get(name), Events()
        latency = self._services.runtime.settings.stream.max_latency_ms
        work = self._services.chats.send(ChatSendParams(chat_id=chat.id, input=text), events, latency)
        turn = asyncio.create_task(work)
        self._turns[turn] = chat.id
        turn.add_done_callback(self._ended)
        turn.add_done_callback(lambda _: events.end())
        try:
            while (event := await events.next()) is not None:
                begun = True
                yield event
        finally:
            await self._end([turn])
        if not turn.cancelled():
            turn.result()
        elif not begun:
            raise MaestroError("requestCancelled", "The turn was cancelled before it began.", chat_id=chat.id)

    async def list_agents(self) -> Sequence[Agent]:
        """The agents there are, the one that spoke last first."""
        return [self._agent(chat, chat.model) for chat in await self._chats(None) if chat.model is not None]

    async def cancel(self, name: str) -> bool:
        """Stop what the agent is doing; False if it does nothing here. Raises 4301."""
        turns = self._turns_of(await self._get(name))
        self._stop(turns)
        return bool(turns)

    async def stop_agent(self, name: str) -> None:
        """Forget an agent and everything said, after stopping what it is doing here.

        Raises:
            MaestroError: 4301 without such an agent, 4302 while it is answering in another process.
        """
        chat = await self._get(name)
        await self._end(self._turns_of(chat))
        if removed := await self._services.history.delete(chat.id):
            self._services.feed.removed(removed)

    def _turns_of(self, chat: Chat) -> Sequence[_Turn]:
        return [turn for turn, chat_id in self._turns.items() if chat_id == chat.id]

    def _stop(self, turns: Sequence[_Turn]) -> None:
        """Cancel each once: a second cancellation would hit the clean-up of the first."""
        for turn in turns:
            if turn not in self._stopped and not turn.done():
                self._stopped.add(turn)
                turn.cancel()

    async def _end(self, turns: Sequence[_Turn]) -> None:
        """Stop those that still run, and wait until they have ended."""
        self._stop(turns)
        if turns:
            await asyncio.wait(turns)

    def _ended(self, turn: _Turn) -> None:
        del self._turns[turn]
        self._stopped.discard(turn)
        if not turn.cancelled():
            turn.exception()  # seen, also if nobody reads the events to their end

    async def _begin(self, name: str, target: Target, system: str | None) -> Agent:
        params = ChatCreateParams(
            title=name,
            session_id=target.session_id,
            model=target.string,
            workspace_folder=self._folder,
            system=system,
        )
        chat = await self._services.history.create(params)
        self._services.feed.release(chat.id)
        return self._agent(chat, target.string)

    async def _go_on(self, chat: Chat, target: Target, system: str | None) -> Agent:
        wanted = (target.session_id, target.string, chat.system if system is None else system or None)
        if wanted != (chat.session_id, chat.model, chat.system):
            params = ChatUpdateParams(chat_id=chat.id, session_id=target.session_id, model=target.string, system=system)
            chat = await self._services.history.update(params)
            self._services.feed.changed(chat.id)
        return self._agent(chat, target.string)

    async def _target(
        self, provider: str, session: str | None, model: str | None, chat_id: str | None = None
    ) -> Target:
        """Raises 4101, 4102, 4001, 4007, 4103."""
        usual = default_model(provider)
        if model is None:
            await self._services.sessions.list(provider)  # another process may have made one
            stored = self._services.sessions.choose(provider, session, chat_id)
            defaults = stored.session.defaults if stored else None
            session = stored.session.id if stored else None
            model = (defaults.model if defaults else None) or usual
        if not model:
            raise MaestroError("modelNotFound", "This provider has no default model; name one.", provider=provider)
        return await self._services.models.target(f"{provider}/{model.removeprefix(f'{provider}/')}", session, chat_id)

    async def _get(self, name: str) -> Chat:
        """Raises 4301."""
        if chat := await self._find(name):
            return chat
        raise MaestroError("chatNotFound", "There is no agent of this name in this folder; start it first.")

    async def _find(self, name: str) -> Chat | None:
        """Raises 4103 where several chats were called so, -32602 for what cannot be a name."""
        _check(name)
        found = [chat for chat in await self._chats(name) if chat.title == name]
        if len(found) > 1:
            message = "Several chats of this folder have the agent's name; rename or delete all but one."
            raise MaestroError("ambiguous", message, candidates=[chat.id for chat in found])
        return found[0] if found else None

    async def _chats(self, query: str | None) -> Sequence[Chat]:
        """The folder's chats that somebody has given a name; with `query` those that have its words."""
        found: list[Chat] = []
        params = ChatListParams(query=query, workspace_folder=self._folder, limit=500)
        while True:
            page = await self._services.history.list(params)
            found += await self._services.stores.disk.read(partial(_named, page.chats))
            if page.next_cursor is None:
                return found
            params = params.model_copy(update={"cursor": page.next_cursor})

    def _agent(self, chat: Chat, model: str) -> Agent:
        session = chat.session_id
        if session is not None:
            with suppress(MaestroError):  # one that was deleted is told by its id
                session = self._services.sessions.known(session).name
        return Agent(chat.title, chat.id, _provider_of(model), model, session)


def _named(chats: Sequence[Chat], connection: "sqlite3.Connection") -> list[Chat]:
    named: list[Chat] = []
    for chat in chats:
        with suppress(MaestroError):  # in memory only, or forgotten by another process just now
            if rows.is_titled(connection, chat.id):
                named.append(chat)
    return named


def _check(name: str) -> None:
    try:
        ChatCreateParams(title=name)
        fits = bool(name.strip())
    except ValidationError:
        fits = False
    if not fits:
        issue = Issue(path="name", message="must have 1 to 200 characters, not all of them blanks")
        raise MaestroError("invalidParams", "An agent's name has 1 to 200 characters; choose another.", issues=[issue])


def _provider_of(model: str) -> str:
    return model.partition("/")[0]


def _folder(path: Path | str) -> Path:
    folder = Path(path).resolve()
    if not folder.is_dir():
        issue = Issue(path="folder", message="is no folder")
        raise MaestroError("invalidParams", "The folder for the agents does not exist; name another.", issues=[issue])
    return folder
