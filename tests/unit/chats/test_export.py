"""A chat as a text: readable whatever was said in it, or complete."""

import json
import re

from hypothesis import given
from hypothesis import strategies as st

from maestro.chats.export import to_json, to_markdown
from maestro_protocol.chat import ImagePart, ReasoningPart, ReplayPart, ToolCallPart
from maestro_protocol.conversations import Chat, Message
from tests.unit.chats.support import Script, assistant, call, chat, tool, user

CHAT = chat().model_copy(update={"model": "openai/gpt"})
INTENT = {"purpose": "maintenance", "scope": "canary-scope", "risk_level": "low"}

WHOLE = """\
# A title

- Model: openai/gpt
- Begun: 2026-01-02 03:04 UTC
- Last changed: 2026-01-02 03:04 UTC

## User

Hello

## Assistant

<details>
<summary>Reasoning</summary>

```
Let me look.
```

</details>

I read.

<details>
<summary>Tool: read_file</summary>

```json
{
  "path": "x"
}
```

Result (completed):

````
```
code
```
````

</details>

## Assistant

Half an

*The answer broke off here.*
"""


def test_a_chat_as_a_person_reads_it() -> None:
    first = assistant("a", ReasoningPart(text="Let me look."), "I read.", call("c", path="x"))
    result = tool("t", "c", "```\ncode\n```\n")
    last = assistant("b", "Half an").model_copy(update={"incomplete": True})
    assert to_markdown(CHAT, [user("u"), first, result, last]) == WHOLE


def test_the_intent_is_no_part_of_a_tools_input() -> None:
    for name in ("intent", "maestro_intent"):
        with_intent = ToolCallPart(tool_call_id="c", name="x", input={name: dict(INTENT), "path": "y"})
        text = to_markdown(CHAT, [assistant("a", with_intent)])
        assert "canary-scope" not in text
        assert '"path": "y"' in text
        assert "*No result.*" in text
    own = ToolCallPart(tool_call_id="c", name="x", input={"intent": "its own argument"})
    assert "its own argument" in to_markdown(CHAT, [assistant("a", own)])


def test_a_result_without_its_call_is_still_shown() -> None:
    text = to_markdown(CHAT, [tool("t", "c", "orphan")])
    assert "<summary>Tool result</summary>" in text
    assert "orphan" in text


def test_code_that_was_left_open_is_closed() -> None:
    for text, end in (
        ("```py\nx = 1", "```py\nx = 1\n```"),
        ("````\n```\nx", "````\n```\nx\n````"),
        ("~~~\n```\nx\n~~~", "~~~\n```\nx\n~~~"),
        ("a ```b``` c", "a ```b``` c"),
        ("```\nx\n```", "```\nx\n```"),
        ("```a`b\nx", "```a`b\nx"),
    ):
        assert to_markdown(CHAT, [assistant("a", text), user("u", "next")]).endswith(f"{end}\n\n## User\n\nnext\n")


def test_names_cannot_break_out_of_their_lines() -> None:
    evil = ToolCallPart(tool_call_id="c", name="x</summary>\n# Forged", input={})
    image = ImagePart(mime_type="image/png\n#", data="")
    text = to_markdown(chat(title="T\n\n## User <b>"), [assistant("a", evil, image)])
    assert text.startswith("# T ## User &lt;b&gt;\n")
    assert "<summary>Tool: x&lt;/summary&gt; # Forged</summary>" in text
    assert "\n# Forged" not in text
    assert "*(an image, image/png #)*" in text


@given(st.text(st.sampled_from("`~x\n "), max_size=40))
def test_no_result_ends_its_own_fence(result: str) -> None:
    text = to_markdown(CHAT, [assistant("a", call("c")), tool("t", "c", result)])
    fence = re.search(r"Result \(completed\):\n\n(`{3,})\n", text)
    assert fence is not None
    shown, _, rest = text[fence.end() :].rpartition(f"\n{fence[1]}\n")
    assert not [line for line in shown.split("\n") if re.fullmatch(rf" {{0,3}}{fence[1]}`*\s*", line)]
    assert rest == "\n</details>\n"


def test_json_holds_everything() -> None:
    replayed = ReplayPart(wire="messages", items=[{"n": None, "big": 10**40}])
    said = [user("u", "half \ud83d"), assistant("a", "ä", replayed)]
    text = to_json(CHAT, said, events=Script().started().events)
    text.encode()
    found = json.loads(text)
    assert (found["format"], found["version"]) == ("maestro.chat", 1)
    assert Chat.from_wire(found["chat"]) == CHAT
    assert [Message.from_wire(message) for message in found["messages"]] == said
    assert found["events"][0]["type"] == "turn.started"
    assert "ä" in to_json(CHAT, said[1:])
