"""R1 to R5 under any order of sends, cancels, answers, disconnects and crashes.

Each story is played in two windows, which are real server processes on one home. Whatever happened: one answer per
request, every event before its answer and in the log, no gap in the log over the chat's whole life, one end for each
turn and each call.
"""

import signal
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from maestro_protocol.base import JsonObject
from tests.e2e.client import ResponseError, is_answer, key
from tests.e2e.conversation_editor import PERMISSION, Editor
from tests.e2e.conversations import NOTES, Sent, Talk, World, call, check_log, edit, log_of, world
from tests.simulators.personas import drip
from tests.simulators.replies import Prompt, Script

Kind: TypeAlias = Literal["short", "long", "read", "edit"]
Step: TypeAlias = tuple[str, int, int, str]
"""What to do, in which window, with which chat, and how."""

WINDOWS = 2
CHATS = 2
KINDS: Sequence[Kind] = ("short", "long", "read", "edit")
WAYS = ("request", "work", "chat")
LONG = " ".join(f"word{number}" for number in range(40))


def model(prompt: Prompt) -> Script:
    """What is answered depends on what is asked; long answers take about a second."""
    if prompt.tool_results:
        return Script(text="That is all.")
    if "read" in prompt.text:
        return Script(text="Look.", reasoning="Hm.", tool_calls=(call("read_file", path="notes.md"),))
    if "edit" in prompt.text:
        return Script(tool_calls=(edit("Buy", "Buy some"), call("list_files")))
    return Script(text=LONG if "long" in prompt.text else "Yes.")


@dataclass
class Window:
    """A window, and how many of its questions were answered."""

    talk: Talk
    answered: int = 0

    def __post_init__(self) -> None:
        self.client.choose(None)
        self.answered = len(self.client.questions())

    @property
    def client(self) -> Editor:
        return self.talk.client

    def answer(self, option_id: str) -> None:
        """Answer the oldest open question; those taken back are answered all the same."""
        questions = self.client.questions()[self.answered :]
        if questions:
            self.answered += 1
            self.client.answer(questions[0], option_id)

    def answer_all(self) -> None:
        """Say no from now on, also to what was asked before."""
        self.client.choose("deny")
        while self.answered < len(self.client.questions()):
            self.answer("deny")

    def waits(self) -> bool:
        """Whether a question is open."""
        return self.answered < len([m for m in self.client.messages if m.get("method") == PERMISSION])


@dataclass
class Story:
    """One play: the windows of now, and everything that was sent, in windows that ended too."""

    world: World
    windows: list[Window]
    chats: list[str] = field(default_factory=list)
    sent: list[tuple[str, Sent]] = field(default_factory=list)

    def begin(self) -> None:
        for _ in range(CHATS):
            self.chats.append(self.windows[0].client.request("maestro/chat/create", {})["id"])

    def play(self, step: Step) -> None:
        what, at, chat, how = step
        window = self.windows[at]
        match what:
            case "send" | "queue":
                window.talk.chat_id = self.chats[chat]
                delivery = "queue" if what == "queue" else "reject"
                self.sent.append((self.chats[chat], window.talk.send(f"A {how} one.", delivery=delivery)))
            case "progress":
                self.wait_for_progress()
            case "cancel":
                self.cancel(window, self.chats[chat], how)
            case "permission":
                window.answer("deny" if how == "request" else "allowOnce")
            case _:
                self.crash(at, how)

    def wait_for_progress(self) -> None:
        """Let the last message come to its first event or to its answer, unless a question is open before it."""
        if self.sent and self._is_alive(sent := self.sent[-1][1]):
            deadline = time.monotonic() + 30
            while not any(_is_of(message, sent) for message in sent.client.received()):
                if any(window.waits() for window in self.windows):
                    return
                assert time.monotonic() < deadline
                time.sleep(0.005)  # either window may be the one that speaks

    def cancel(self, window: Window, chat_id: str, how: str) -> None:
        mine = [sent for where, sent in self.sent if where == chat_id and sent.client is window.client]
        if how == "chat":
            window.client.start("maestro/chat/cancel", {"chatId": chat_id})
        elif mine and how == "work":
            window.client.notify("window/workDoneProgress/cancel", {"token": mine[-1].work})
        elif mine:
            window.client.cancel(mine[-1].id)

    def crash(self, at: int, how: str) -> None:
        """End one server; a new window takes its place, and the other one goes on."""
        client = self.windows[at].client
        if how == "disconnect":
            assert client.process.stdin is not None
            client.process.stdin.close()
            assert client.wait_exit() == 1
        else:
            client.process.send_signal(signal.SIGKILL)
            client.wait_exit()
        self.windows[at] = Window(self.world.alive(WINDOWS)[-1])

    def end(self) -> None:
        """Say no to what is asked until everything is answered, and hold the play to the rules."""
        for window in self.windows:
            window.answer_all()
        for _, sent in self.sent:
            if self._is_alive(sent):
                _outcome(sent)
        for window in self.windows:
            self.check(window.client)

    def check(self, client: Editor) -> None:
        """What every window sees at the end."""
        logs = {chat_id: log_of(client, chat_id, page=7) for chat_id in self.chats}
        for chat_id, log in logs.items():
            check_log(log)
            assert client.request("maestro/chat/get", {"chatId": chat_id})["chat"]["state"] == "idle"
        for chat_id, sent in self.sent:
            _check(sent, logs[chat_id], alive=self._is_alive(sent))
        assert client.request("maestro/intent/verify")["ok"]

    def _is_alive(self, sent: Sent) -> bool:
        return any(sent.client is window.client for window in self.windows)


def _is_of(message: JsonObject, sent: Sent) -> bool:
    if is_answer(message):
        return key(message["id"]) == key(sent.id)
    return message.get("method") == "$/progress" and message["params"]["token"] == sent.token


def _outcome(sent: Sent) -> None:
    try:
        sent.client.response(sent.id)
    except ResponseError as error:
        assert error.code in (4302, -32800), error


def _check(sent: Sent, log: Sequence[JsonObject], *, alive: bool) -> None:
    positions = [at for at, message in enumerate(sent.client.received()) if _is_of(message, sent)]
    messages = [sent.client.messages[at] for at in positions]
    answers = [message for message in messages if is_answer(message)]
    assert len(answers) == 1 if alive else len(answers) <= 1, "R1"
    assert not answers or messages[-1] is answers[0], "R2: nothing for a token after the answer"
    events = sent.events
    assert all(event == log[event["seq"] - 1] for event in events), "R3: what was told is what is kept"
    assert [event["seq"] for event in events] == sorted(event["seq"] for event in events)
    ends = [event for event in events if event["type"] == "turn.completed"]
    if answers and "result" in answers[0]:
        assert len(ends) == 1, "R4"
        assert events[-1]["type"] == "turn.completed"
        assert "message" not in answers[0]["result"], "R5"
    assert len(ends) <= 1


_WINDOWS, _CHATS = st.integers(0, WINDOWS - 1), st.integers(0, CHATS - 1)
_SENDING = st.tuples(st.sampled_from(["send", "queue"]), _WINDOWS, _CHATS, st.sampled_from(KINDS))
_OTHERS = st.tuples(st.sampled_from(["cancel", "progress", "permission"]), _WINDOWS, _CHATS, st.sampled_from(WAYS))
_LIVES = st.lists(st.one_of(_SENDING, _OTHERS), min_size=4, max_size=14)
_CRASHES = st.tuples(st.just("crash"), _WINDOWS, st.just(0), st.sampled_from(["disconnect", "kill"]))
scripts = st.tuples(_LIVES, _CRASHES, _LIVES).map(lambda parts: [*parts[0], parts[1], *parts[2]])
KILLED: list[Step] = [
    ("send", 0, 0, "long"),
    ("progress", 0, 0, ""),
    ("queue", 0, 0, "short"),
    ("queue", 1, 0, "short"),
    ("crash", 0, 0, "kill"),
    ("send", 0, 0, "short"),
]
LEFT: list[Step] = [
    ("send", 1, 0, "edit"),
    ("queue", 0, 0, "edit"),
    ("permission", 1, 0, "work"),
    ("crash", 1, 0, "disconnect"),
]
STOPPED: list[Step] = [
    ("send", 0, 0, "read"),
    ("send", 0, 1, "long"),
    ("cancel", 0, 1, "work"),
    ("queue", 1, 1, "read"),
    ("cancel", 0, 1, "chat"),
]


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with world(tmp_path_factory.mktemp("home")) as stage:
        stage.simulated.service.personas.append(drip(0.005))
        stage.simulated.service.scripts.always = model
        yield stage
        for window in stage.alive(WINDOWS):
            window.client.end()


@settings(
    max_examples=12,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.large_base_example],
)
@given(scripts)
@example(KILLED)
@example(LEFT)
@example(STOPPED)
def test_whatever_happens_the_rules_hold(stage: World, script: list[Step]) -> None:
    (stage.folder / "notes.md").write_text(NOTES)
    story = Story(stage, [Window(talk) for talk in stage.alive(WINDOWS)])
    story.begin()
    for step in script:
        story.play(step)
    story.end()
