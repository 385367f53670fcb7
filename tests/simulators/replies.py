"""What a simulated model says: a plain deterministic answer, or the script that a test hands in."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Literal, TypeAlias

from tests.simulators import structured
from tests.simulators.wire import STAMP, Json

Finish: TypeAlias = Literal["stop", "length", "filter", "nothing", "pause"]
"""`filter`: the service's own filter cut in; `nothing`: an answer without any candidate; `pause`: there is more to say,
for sending the answer back, where the service knows such a thing."""


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A call the model makes. `arguments` is the raw JSON text, cut into fragments on the wire."""

    name: str
    arguments: str = "{}"
    id: str = ""
    """Left empty: made up from the position."""


@dataclass(frozen=True, slots=True)
class Tokens:
    """Token counts before any provider's own way of counting; `input` includes `cached`."""

    input: int = 0
    output: int = 0
    cached: int = 0
    reasoning: int = 0


@dataclass(frozen=True, slots=True)
class Script:
    """One turn of the model. `deltas` fixes the pieces of the text; else it is cut at words."""

    text: str = ""
    reasoning: str = ""
    refusal: str = ""
    tool_calls: tuple[ToolCall, ...] = ()
    finish: Finish = "stop"
    tokens: Tokens | None = None
    """None: counted from the words."""
    deltas: tuple[str, ...] | None = None
    endless: bool = False
    """The output cap of the request does not cut it; for measurements."""

    @property
    def pieces(self) -> tuple[str, ...]:
        return self.deltas if self.deltas is not None else cut(self.text)

    def counted(self, prompt: "Prompt") -> Tokens:
        if self.tokens is not None:
            return self.tokens
        calls = sum(len(cut(call.arguments)) + 4 for call in self.tool_calls)
        thinking = len(cut(self.reasoning))
        output = len(self.pieces) + len(cut(self.refusal)) + calls + thinking
        return Tokens(input=prompt.size, output=output, reasoning=thinking)

    def limited(self, limit: int | None) -> "Script":
        """The turn as it ends when the output cap of the request is reached."""
        if limit is None or self.endless or len(self.pieces) <= limit:
            return self
        kept = self.pieces[:limit]
        return replace(self, text="".join(kept), deltas=kept, tool_calls=(), finish="length")


@dataclass(frozen=True, slots=True)
class ToolSpec:
    """A tool as the request declares it; `schema` is what its arguments have to satisfy."""

    name: str
    schema: Json


@dataclass(frozen=True, slots=True)
class Prompt:
    """What a request asks, whatever its wire."""

    model: str = ""
    text: str = ""
    """The last thing the user wrote."""
    size: int = 1
    tools: tuple[ToolSpec, ...] = ()
    force_tool: bool = False
    tool_results: tuple[str, ...] = ()
    """What the tools returned, when the last message brings results."""
    schema: Json | None = None
    """Structured output is wanted, of this shape."""
    reasoning: bool = False
    """The reasoning, or its summary, is wanted in the answer."""
    limit: int | None = None
    """Output tokens at most."""


Reply: TypeAlias = Script | Callable[[Prompt], Script]

_ESSAY = """\
Here is a small service with FastAPI that takes payments through Stripe and trusts only its webhook.

Create the checkout session on the server, never in the browser, and give it your own order number as metadata. \
The browser is sent to the address that Stripe returns; coming back from there proves nothing, because anyone can \
open the success page. What counts is the webhook.

```python
import os

import stripe
from fastapi import FastAPI, Header, HTTPException, Request

app = FastAPI()
SECRET = os.environ["STRIPE_WEBHOOK_SECRET"]


@app.post("/webhook")
async def webhook(request: Request, stripe_signature: str = Header()) -> dict[str, bool]:
    payload = await request.body()
    try:
        event = stripe.Webhook.construct_event(payload, stripe_signature, SECRET)
    except (ValueError, stripe.SignatureVerificationError) as error:
        raise HTTPException(400, "invalid signature") from error
    if event["type"] == "checkout.session.completed":
        await mark_paid(event["id"], event["data"]["object"])
    return {"received": True}
```

Three things go wrong most often. First, the signature covers the raw bytes: read `request.body()` before anything \
parses it. Second, Stripe delivers at least once: store `event["id"]` under a unique constraint and answer 200 to a \
repetition. Third, answer quickly: put the work on a queue and return, or Stripe will deliver again while the first \
attempt is still running.

Test it with `stripe listen --forward-to localhost:8000/webhook`, then with a wrong signature, a repeated event and \
a body that was changed by one byte. Each of them must leave the order as it was.
"""

_KNOWN: tuple[tuple[str, str], ...] = (
    (r"capital of france", "The capital of France is Paris."),
    (r"fastapi|stripe", _ESSAY),
    (r"emoji|unicode", "Grüße, 世界! 👩‍💻 says: naïve café — 🎉 done."),
    (r"2 ?\+ ?2", "2 + 2 equals 4."),
)


@dataclass(slots=True)
class Scripts:
    """The queue of scripted replies; when it is empty the deterministic answer is given."""

    queue: list[Reply] = field(default_factory=list)
    always: Reply | None = None

    def next(self, prompt: Prompt) -> Script:
        reply = self.queue.pop(0) if self.queue else self.always
        if reply is None:
            return plain_answer(prompt)
        return reply if isinstance(reply, Script) else reply(prompt)


def plain_answer(prompt: Prompt) -> Script:
    """The answer without a script: structured if asked, a tool call if one is wanted, else text."""
    reasoning = "The user asks something simple. A short answer is enough." if prompt.reasoning else ""
    if prompt.schema is not None:
        return Script(text=json.dumps(structured.instance(prompt.schema)))
    if prompt.tool_results:
        return Script(text=f"The tool returned: {'; '.join(prompt.tool_results)}", reasoning=reasoning)
    wanted = tuple(tool for tool in prompt.tools if _names(prompt.text, tool.name))
    if not wanted and prompt.force_tool:
        wanted = prompt.tools[:1]
    if wanted:
        calls = tuple(ToolCall(tool.name, json.dumps(structured.instance(tool.schema))) for tool in wanted)
        return Script(tool_calls=calls, reasoning=reasoning)
    for pattern, text in _KNOWN:
        if re.search(pattern, prompt.text, re.IGNORECASE):
            return Script(text=text, reasoning=reasoning)
    return Script(text=f"You said: {prompt.text}" if prompt.text else "Hello.", reasoning=reasoning)


def _names(text: str, tool: str) -> bool:
    """Whether the user's words name the tool: `get_weather` is named by "weather"."""
    words = [word for word in re.split(r"[^a-z0-9]+", tool.lower()) if len(word) > 3] or [tool.lower()]
    return any(word in text.lower() for word in words)


def cut(text: str) -> tuple[str, ...]:
    """Text in pieces the size of tokens, which joined give the text again."""
    return tuple(re.findall(r"\s*\S{1,12}|\s+$", text))


def numbered(count: int, *, stamped: bool = False) -> Script:
    """`count` deltas, for measurements."""
    mark = f" {STAMP.decode()}" if stamped else ""
    deltas = tuple(f" word{number}{mark}" for number in range(count))
    return Script(text="".join(deltas), deltas=deltas, endless=True)
