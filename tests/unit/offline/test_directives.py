"""What a message spells out is called, exactly so, in its order; what the tools answered is told."""

import json
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maestro.intents import schema
from maestro.providers.base import ChatRequest
from maestro.providers.offline import streaming
from maestro.providers.offline.declared import declare
from maestro.providers.offline.directives import find_directives
from maestro.streaming.messages import Content, Done, FunctionCall, Message, Reasoning
from maestro.streaming.parser import StreamOptions, parse_stream
from maestro_protocol.base import JsonObject
from maestro_protocol.chat import ChatMessage, ChatParams, TextPart, Tool, ToolCallPart
from maestro_protocol.intents import Intent
from tests.unit.offline.connection import connect


def _tool(name: str, members: JsonObject | None = None) -> Tool:
    return Tool(name=name, input_schema={"type": "object", "properties": members or {}})


READ, EDIT, RUN = _tool("read_file"), _tool("apply_edit"), _tool("run_command")
TOOLS = (RUN, READ, EDIT, _tool("read"))


def user(text: str) -> ChatMessage:
    return ChatMessage(role="user", content=text)


def told(text: str) -> ChatMessage:
    return ChatMessage(role="tool", content=text, tool_call_id="call_offline_1")


async def ask(
    *messages: ChatMessage, tools: Sequence[Tool] = TOOLS, params: ChatParams | None = None
) -> Sequence[Message]:
    request = ChatRequest("assistant", messages, params or ChatParams(), tuple(tools))
    stream = await streaming.open_stream(connect(), request)
    return [message async for message in parse_stream(stream, "offline", StreamOptions(wire=stream.wire))]


def calls_of(messages: Sequence[Message]) -> list[tuple[str, JsonObject | None]]:
    return [(message.name, message.arguments) for message in messages if isinstance(message, FunctionCall)]


def text_of(messages: Sequence[Message]) -> str:
    return "".join(message.text for message in messages if isinstance(message, Content))


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "text",
    [
        'Call read_file {"path": "inventory.py", "startLine": 1}',
        'Please `read_file` {"path": "inventory.py", "startLine": 1}, then tell me.',
        'read_file: {"path": "inventory.py",\n  "startLine": 1}',
        'Use the tool read_file with {"path": "inventory.py", "startLine": 1}',
        'read_file with JSON: {"path": "inventory.py", "startLine": 1}',
    ],
)
async def test_a_tool_that_is_named_with_its_arguments_is_called_with_exactly_these(text: str) -> None:
    messages = await ask(user(text))
    assert calls_of(messages) == [("read_file", {"path": "inventory.py", "startLine": 1})]
    assert text_of(messages) == ""
    assert isinstance(messages[-1], Done)
    assert messages[-1].stop_reason == "toolUse"


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "text",
    [
        'Call delete_file {"path": "a.py"}',
        'my_read_file {"path": "a.py"}',
        'read_files {"path": "a.py"}',
        "What does read_file do?",
        'read_file is not followed by {"path": "a.py"}',
        'a.py:\n```python\nread_file {"path": "a.py"}\n```\n',
    ],
)
async def test_what_is_no_directive_is_answered_as_ever(text: str) -> None:
    messages = await ask(user(text))
    assert calls_of(messages) == []
    assert "nothing here was understood" in text_of(messages)


@pytest.mark.asyncio
async def test_directives_are_made_one_after_the_other_whatever_came_of_them() -> None:
    asked = user('First read_file {"path": "a.py"}, then apply_edit {"path": "a.py"}. Last run_command {"argv": ["x"]}')
    first = await ask(asked)
    assert calls_of(first) == [("read_file", {"path": "a.py"})]
    second = await ask(asked, told("There is no file a.py."))
    assert calls_of(second) == [("apply_edit", {"path": "a.py"})]
    third = await ask(asked, told("one"), told("two"))
    assert calls_of(third) == [("run_command", {"argv": ["x"]})]
    last = await ask(asked, told("no such file"), told("y" * 1000), told(""))
    assert calls_of(last) == []
    text = text_of(last)
    assert "`read_file` answered:\n\n> no such file" in text
    assert "`apply_edit` answered:\n\n> " + "y" * 300 + " …" in text
    assert "`run_command` answered:" in text
    assert "no model has read it" in text
    assert isinstance(last[-1], Done)
    assert last[-1].stop_reason == "endTurn"


@pytest.mark.asyncio
async def test_only_what_follows_the_last_user_message_counts() -> None:
    before = [user('read_file {"path": "a.py"}'), told("one")]
    messages = await ask(*before, ChatMessage(role="assistant", content="done"), user('read_file {"path": "b.py"}'))
    assert calls_of(messages) == [("read_file", {"path": "b.py"})]
    assert calls_of(await ask(*before, user("Thanks"))) == []


@pytest.mark.asyncio
@pytest.mark.parametrize("joint", ["and at once", "In parallel"])
async def test_what_is_joined_is_called_in_one_round(joint: str) -> None:
    asked = user(
        f'read_file {{"path": "a"}} {joint} read {{"path": "b"}}, {joint} read_file {{"path": "c"}} then '
        'run_command {"argv": []}'
    )
    messages = await ask(asked)
    assert calls_of(messages) == [("read_file", {"path": "a"}), ("read", {"path": "b"}), ("read_file", {"path": "c"})]
    ids = [message.id for message in messages if isinstance(message, FunctionCall)]
    assert len(set(ids)) == 3
    assert calls_of(await ask(asked, told("1"), told("2"), told("3"))) == [("run_command", {"argv": []})]
    assert calls_of(await ask(asked, told("1"))) == [("read", {"path": "b"}), ("read_file", {"path": "c"})]


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("text", "raw"),
    [
        ('apply_edit {"path": a.py}, then read_file {"path": "b"}', '{"path": a.py}'),
        ('apply_edit {"path": "a.py"\nread_file {"path": "b"}', '{"path": "a.py"'),
        ('apply_edit {"line": NaN} read_file {"path": "b"}', '{"line": NaN}'),
    ],
)
async def test_arguments_that_are_no_json_go_out_as_a_broken_call_and_the_next_one_follows(text: str, raw: str) -> None:
    [call] = [message for message in await ask(user(text)) if isinstance(message, FunctionCall)]
    assert (call.name, call.arguments, call.raw_arguments) == ("apply_edit", None, raw)
    assert calls_of(await ask(user(text), told("not run"))) == [("read_file", {"path": "b"})]


@pytest.mark.asyncio
async def test_a_name_inside_arguments_is_no_call() -> None:
    asked = user('apply_edit {"newText": "read_file {}"} and read {}')
    assert calls_of(await ask(asked)) == [("apply_edit", {"newText": "read_file {}"})]
    assert calls_of(await ask(asked, told("done"))) == [("read", {})]


@pytest.mark.asyncio
async def test_it_reasons_on_request_in_every_round_but_the_arguments_are_no_request() -> None:
    asked = user('Think, then read_file {"path": "a.py"} and read {}')
    for done in ([], [told("one")]):
        messages = await ask(asked, *done)
        assert any(isinstance(message, Reasoning) for message in messages)
        assert calls_of(messages)
    quiet = await ask(user('read_file {"path": "reason.py", "rationale": "think"}'))
    assert not any(isinstance(message, Reasoning) for message in quiet)
    assert any(isinstance(one, Reasoning) for one in await ask(user("read {}"), params=ChatParams(effort="low")))


@pytest.mark.asyncio
async def test_parts_and_calls_in_between_change_nothing() -> None:
    asked = ChatMessage(role="user", content=[TextPart(text='read_file {"path": "a"}'), TextPart(text="read {}")])
    part = ToolCallPart(tool_call_id="call_offline_1", name="read_file", input={"path": "a"})
    called = ChatMessage(role="assistant", content=[part])
    assert calls_of(await ask(asked, called, told("one"))) == [("read", {})]


def _offered(members: JsonObject, *, required: bool, closed: bool = False) -> Tool:
    own: JsonObject = {"type": "object", "properties": members}
    if closed:
        own |= {"required": list(members), "additionalProperties": False}
    return Tool(name="work", input_schema=schema.with_intent(own, required=required))


@pytest.mark.parametrize(
    ("arguments", "scope"),
    [
        ({"path": "src/a.py", "newText": "x"}, "src/a.py"),
        ({"argv": ["pytest", "-q", "tests"]}, "pytest"),
        ({"command": "ruff check ."}, "ruff"),
        ({"url": "https://docs.python.org/3/"}, "docs.python.org"),
        ({"target": "http://me:secret@127.0.0.1:8000/x"}, "127.0.0.1"),
        ({"edits": [{"filePath": "a"}, {"filePath": "b"}, {"filePath": "a"}]}, "a, b"),
        ({"glob": "**/*", "pattern": "def"}, "work"),
        ({"path": " "}, "work"),
        ({}, "work"),
    ],
)
def test_an_intent_says_what_the_arguments_say(arguments: JsonObject, scope: str) -> None:
    own: JsonObject = {"type": "object", "properties": {}}
    for required, risk in ((True, "medium"), (False, "low")):
        filled = declare(arguments, _offered({}, required=required))
        taken = schema.take(filled, own)
        assert taken.problem is None
        assert taken.intent == Intent.model_validate({"purpose": "maintenance", "scope": scope, "riskLevel": risk})
        assert taken.input == arguments


def test_an_intent_of_the_users_own_goes_out_unchanged() -> None:
    wrong: JsonObject = {"path": "a", "intent": {"purpose": "fun"}}
    assert declare(wrong, _offered({}, required=True)) == wrong
    assert declare({"path": "a"}, READ) == {"path": "a"}


def test_a_tool_with_an_intent_of_its_own_and_a_strict_one() -> None:
    members: JsonObject = {"intent": {"type": "string"}}
    filled = declare({"intent": "buy"}, _offered(members, required=True))
    assert filled["intent"] == "buy"
    assert schema.take(filled, {"type": "object", "properties": members}).problem is None
    closed = _offered({"path": {"type": "string"}}, required=False, closed=True)
    intent = declare({"path": "a"}, closed)["intent"]
    assert isinstance(intent, dict)
    assert (intent["rationale"], intent["risk_level"]) == (None, "medium")


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**20), 10**20) | st.text(st.characters(exclude_characters="`")),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
_OBJECTS = st.dictionaries(st.text(st.characters(exclude_characters="`"), max_size=8), _JSON, max_size=4)


@given(st.lists(st.tuples(st.sampled_from([tool.name for tool in TOOLS]), _OBJECTS), max_size=4), st.booleans())
def test_every_directive_is_found_with_its_arguments(made: list[tuple[str, JsonObject]], pretty: bool) -> None:
    text = " then ".join(f"{name} {json.dumps(value, indent=1 if pretty else None)}" for name, value in made)
    found = find_directives(text, [tool.name for tool in TOOLS])
    assert [(one.name, one.arguments) for one in found.directives] == made
    rounds, done = 0, 0
    while due := found.due(done):
        rounds, done = rounds + 1, done + len(due)
    assert rounds == done == len(made)


@given(st.text("read_file{}\"': \\\n`and at once", max_size=60))
def test_any_text_is_read_and_what_is_found_stands_there(text: str) -> None:
    found = find_directives(text, ["read_file", "read"])
    assert all(one.raw in text and one.raw.startswith("{") for one in found.directives)
