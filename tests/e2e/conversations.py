"""Conversations as an editor has them: a folder, a person who answers, and models that follow scripts."""

import json
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import JsonValue

from maestro_protocol.base import JsonObject
from tests.e2e.client import Client, ResponseError
from tests.e2e.conversation_editor import Editor
from tests.e2e.environment import environment
from tests.e2e.simulated import Simulated
from tests.e2e.turns import check_turn, new_token, text_of
from tests.simulators.anthropic import Anthropic
from tests.simulators.compatible import Compatible
from tests.simulators.gateways import GATEWAYS as QUIRKS
from tests.simulators.gemini import Gemini
from tests.simulators.openai import OpenAI
from tests.simulators.replies import Prompt, Reply, ToolCall
from tests.simulators.service import Persona, Service

SERVICES: Mapping[str, Callable[[], Service]] = {
    "openai": OpenAI,
    "anthropic": Anthropic,
    "gemini": Gemini,
    "groq": lambda: Compatible(gateway="groq"),
    "openrouter": lambda: Compatible(gateway="openrouter"),
}
GATEWAYS = ("groq", "openrouter")
MODELS = {
    "openai": "openai/gpt-5.5",
    "anthropic": "anthropic/claude-sonnet-5-5",
    "gemini": "gemini/gemini-3.5-pro",
    "groq": "groq/llama-4",
    "openrouter": "openrouter/acme/large-1",
}
SESSION = "mine"
NOTES = "# Notes\n\nBuy milk.\n"
_GIT = ("git", "-c", "user.name=Ada", "-c", "user.email=ada@example.com", "-c", "commit.gpgsign=false")
_EDITS: JsonObject = {"applyEdit": True, "workspaceEdit": {"documentChanges": True, "resourceOperations": ["create"]}}


@dataclass
class Sent:
    """A message under way in a chat, with both of its tokens."""

    client: Editor
    id: JsonValue
    token: str
    work: str

    @property
    def events(self) -> list[JsonObject]:
        """What was told so far."""
        return self.client.events(self.token)

    @property
    def started(self) -> JsonObject:
        return self.client.event(self.token, lambda event: event["type"] == "turn.started")

    @property
    def chat_id(self) -> str:
        return str(self.started["chatId"])

    @property
    def text(self) -> str:
        return text_of(self.events)

    def result(self) -> JsonObject:
        """The answer, after checking R2 to R6 on the events before it. Raises ResponseError."""
        try:
            return self.client.response(self.id)
        finally:
            check_turn(self.client, self.id, self.token)

    def refusal(self) -> ResponseError:
        """The error of a message that never began a turn."""
        error = self.client.refusal(self.id)
        assert self.events == []
        return error

    def failure(self) -> ResponseError:
        """The error of a turn that began."""
        error = self.client.refusal(self.id)
        check_turn(self.client, self.id, self.token)
        return error

    def wait(self, kind: str) -> JsonObject:
        """The first event of this type, once it has come."""
        return self.client.event(self.token, lambda event: event["type"] == kind)

    def of(self, kind: str) -> list[JsonObject]:
        return [event for event in self.events if event["type"] == kind]

    def calls(self) -> list[tuple[str, str]]:
        """What each call of a tool came to: its status and what the model was told."""
        return [(event["status"], event["content"]) for event in self.of("tool.completed")]


@dataclass
class Talk:
    """One window with a model that follows scripts."""

    client: Editor
    simulated: Simulated
    folder: Path
    model: str
    chat_id: str | None = None
    """The chat that `send` goes on with; None begins a new one."""

    def say(self, *replies: Reply) -> None:
        """What the model says next."""
        self.simulated.service.scripts.queue.extend(replies)

    def always(self, reply: Reply | None) -> None:
        """What the model says when nothing else was scripted."""
        self.simulated.service.scripts.always = reply

    @property
    def prompts(self) -> list[Prompt]:
        """What the provider understood of each request so far."""
        return self.simulated.service.prompts

    @property
    def bodies(self) -> list[JsonObject]:
        """The bodies of the generations asked for so far."""
        return [request.json for request in list(self.simulated.server.requests) if request.method == "POST"]

    def last_body(self) -> str:
        """The last generation's body as text."""
        return json.dumps(self.bodies[-1], ensure_ascii=False)

    def send(self, text: JsonValue, *replies: Reply, **more: JsonValue) -> Sent:
        """Send a message to the chat, which the model answers by these scripts; does not wait."""
        self.say(*replies)
        sent = Sent(self.client, None, new_token(), new_token())
        params: JsonObject = {"input": text, "model": self.model, "sessionId": SESSION}
        params |= {"chatId": self.chat_id} if self.chat_id else {}
        params |= {"partialResultToken": sent.token, "workDoneToken": sent.work, **more}
        sent.id = self.client.start("maestro/chat/send", params)
        return sent

    def ask(self, text: JsonValue, *replies: Reply, **more: JsonValue) -> Sent:
        """The same, in one chat, until it is answered."""
        sent = self.send(text, *replies, **more)
        self.chat_id = sent.result()["chatId"]
        return sent

    def request(self, method: str, **params: JsonValue) -> JsonObject:
        """A request about the chat."""
        return self.client.request(f"maestro/{method}", {"chatId": self.chat_id, **params})

    def log(self, chat_id: str | None = None) -> list[JsonObject]:
        return log_of(self.client, chat_id or str(self.chat_id))

    def context(self) -> list[JsonObject]:
        """The chunks of the chat, in the order they are sent."""
        return self.request("context/list", scope="chat")["chunks"]

    def intents(self, **by: JsonValue) -> list[JsonObject]:
        """What the ledger holds, the oldest first."""
        return self.client.request("maestro/intent/list", by)["intents"][::-1]


@dataclass
class World:
    """A home, a folder under git, and one simulated provider; any number of windows on them."""

    home: Path
    provider: str
    simulated: Simulated
    settings: JsonObject = field(default_factory=dict)
    variables: Mapping[str, str] = field(default_factory=dict)
    clients: list[Editor] = field(default_factory=list)

    @property
    def folder(self) -> Path:
        return self.home / "work"

    def window(
        self,
        *,
        features: Sequence[str] = ("permission", "clientTools"),
        edits: bool = False,
        trusted: bool = True,
        **settings: JsonValue,
    ) -> Talk:
        """Open a window: a server process on this home, signed in."""
        client = Editor(environment(self.home, **{**self.simulated.base_urls(), **self.variables}))
        client.documents = {}
        client.choose("deny")
        self.clients.append(client)
        is_gateway = self.provider in GATEWAYS
        providers: JsonObject = (
            {self.provider: {"baseUrl": self.simulated.url + QUIRKS[self.provider].base}} if is_gateway else {}
        )
        client.initialize(
            {
                "clientId": "test",
                "trusted": trusted,
                "features": {name: {} for name in features},
                "settings": {"providers": providers, **self.settings, **settings},
            },
            capabilities={"window": {"workDoneProgress": True}, "workspace": _EDITS if edits else {}},
            workspaceFolders=[{"uri": self.folder.as_uri(), "name": "work"}],
        )
        if edits:
            client.apply_edits()
        self._sign_in(client)
        return Talk(client, self.simulated, self.folder, MODELS[self.provider])

    def alive(self, count: int) -> list[Talk]:
        """So many windows whose servers run, opened if there are fewer; the ones opened last come last."""
        while len(running := [client for client in self.clients if client.process.poll() is None]) < count:
            self.window()
        return [Talk(client, self.simulated, self.folder, MODELS[self.provider]) for client in running]

    def play(self, *personas: Persona) -> None:
        """What goes wrong with the provider from now on; without any nothing, and nothing is scripted any more."""
        self.simulated.service.play(personas)
        self.simulated.service.scripts.queue.clear()
        self.simulated.service.scripts.always = None

    def _sign_in(self, client: Editor) -> None:
        sessions = client.request("maestro/session/list", {"provider": self.provider})["sessions"]
        if SESSION not in [session["name"] for session in sessions]:
            key = "AIza-not-a-real-key-0001" if self.provider == "gemini" else "sk-simulated-key-0001"
            params = {"provider": self.provider, "authType": "api_key", "name": SESSION, "apiKey": key}
            assert client.request("maestro/session/create", params)["type"] == "done"


@contextmanager
def world(
    home: Path, provider: str = "openai", variables: Mapping[str, str] | None = None, **settings: JsonValue
) -> Iterator[World]:
    """A world whose windows have these settings; their servers are held to what must always hold at the end."""
    with ExitStack() as stack:
        simulated = stack.enter_context(Simulated(SERVICES[provider]()))
        made = World(home, provider, simulated, settings, variables or {})
        made.folder.mkdir(exist_ok=True)
        (made.folder / "notes.md").write_text(NOTES)
        keep_in_git(made.folder)
        try:
            yield made
        finally:
            for client in made.clients:
                client.close()
        for client in made.clients:
            client.check()


@contextmanager
def talk(home: Path, provider: str = "openai", **settings: JsonValue) -> Iterator[Talk]:
    """One window on a world of its own; ends in order, every request answered."""
    with world(home, provider, **settings) as alone:
        window = alone.window()
        yield window
        window.client.end()


def keep_in_git(folder: Path) -> None:
    """Have git know every file of the folder, so that changing one can be undone."""
    for arguments in (["init", "-q"], ["add", "-A"], ["commit", "-q", "-m", "begin"]):
        subprocess.run([*_GIT, *arguments], cwd=folder, check=True, capture_output=True)


def intent(scope: str = "notes.md", risk: str = "low", purpose: str = "maintenance") -> JsonObject:
    """An intent as a model declares it."""
    return {"purpose": purpose, "scope": scope, "risk_level": risk}


def call(tool: str, declared: JsonValue = None, call_id: str = "", **given: JsonValue) -> ToolCall:
    """A call of a tool as a model writes it, with the intent unless that is None."""
    return ToolCall(tool, json.dumps({**given, **({} if declared is None else {"intent": declared})}), call_id)


def edit(old: str = "milk", new: str = "bread", **declared: str) -> ToolCall:
    """A call that changes the notes."""
    return call("apply_edit", intent(**declared), path="notes.md", oldText=old, newText=new)


def command(*argv: str, **declared: str) -> ToolCall:
    """A call that runs a program."""
    return call("run_command", intent(**{"scope": argv[0], **declared}), argv=[*argv])


def log_of(client: Client, chat_id: str, page: int = 500) -> list[JsonObject]:
    """A chat's whole log, read page by page."""
    events: list[JsonObject] = []
    while True:
        params = {"chatId": chat_id, "afterSeq": len(events), "limit": page}
        found = client.request("maestro/chat/events", params)
        events += found["events"]
        if found["complete"]:
            assert found["lastSeq"] == len(events)
            return events


def check_log(events: Sequence[JsonObject]) -> None:
    """R3 and R4 on a whole log: no gaps, one terminal event for each turn and for each call of a tool."""
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    told = [event for event in events if "turnId" in event]
    turns = list(dict.fromkeys(event["turnId"] for event in told))
    for turn_id in turns:
        own = [event for event in told if event["turnId"] == turn_id]
        kinds = [event["type"] for event in own]
        assert (kinds[0], kinds[-1]) == ("turn.started", "turn.completed"), kinds
        assert (kinds.count("turn.started"), kinds.count("turn.completed")) == (1, 1), kinds
        calls = {event["toolCallId"] for event in own if event["type"] in ("tool.started", "tool.ready")}
        ended = [event["toolCallId"] for event in own if event["type"] == "tool.completed"]
        assert sorted(ended) == sorted(calls), kinds


def texts(node: JsonValue) -> Iterator[str]:
    """Every string in a JSON value."""
    if isinstance(node, str):
        yield node
    elif isinstance(node, dict):
        for value in node.values():
            yield from texts(value)
    elif isinstance(node, list):
        for value in node:
            yield from texts(value)
