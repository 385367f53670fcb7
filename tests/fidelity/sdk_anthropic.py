"""Scenarios for Anthropic's own SDK; runs under the side environment's interpreter."""

# mypy: ignore-errors
from anthropic import Anthropic, APIStatusError
from loop import serve
from pydantic import BaseModel, Field

TOOLS = [
    {
        "name": "get_weather",
        "description": "The weather in a city.",
        "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    }
]
FRANCE = [{"role": "user", "content": "What is the capital of France?"}]
OLD = {"anthropic-version": "2023-06-01"}


class City(BaseModel):
    city: str = Field(min_length=1, pattern="^[A-Z]")
    people: int = Field(ge=0)


def client(base_url, key="sk-ant-api03-simulated", retries=0):
    return Anthropic(base_url=base_url, api_key=key, max_retries=retries)


def models(base_url):
    return [model.id for model in client(base_url).models.list(limit=7)]


def stream(base_url):
    with client(base_url).messages.stream(
        model="claude-opus-5-5", max_tokens=4000, thinking={"type": "adaptive"}, messages=FRANCE
    ) as events:
        kinds = [event.type for event in events]
        final = events.get_final_message()
    thinking, text = final.content
    sealed = bool(thinking.signature)
    return {
        "kinds": kinds,
        "text": text.text,
        "sealed": sealed,
        "stop": final.stop_reason,
        "out": final.usage.output_tokens,
    }


def whole(base_url):
    return client(base_url).messages.create(model="claude-opus-5-5", max_tokens=100, messages=FRANCE).content[0].text


def tool(base_url):
    """A call after thinking, sent back with its signature and its result."""
    api = client(base_url)
    asked = [{"role": "user", "content": "How is the weather?"}]
    common = {"model": "claude-opus-5-5", "max_tokens": 4000, "thinking": {"type": "adaptive"}, "tools": TOOLS}
    with api.messages.stream(messages=asked, **common) as events:
        final = events.get_final_message()
    call = final.content[-1]
    blocks = [block.model_dump(exclude_none=True) for block in final.content]
    result = {"type": "tool_result", "tool_use_id": call.id, "content": "sunny"}
    asked += [{"role": "assistant", "content": blocks}, {"role": "user", "content": [result]}]
    answer = api.messages.create(messages=asked, **common)
    return {"name": call.name, "input": call.input, "stop": final.stop_reason, "answer": answer.content[-1].text}


def tampered_thinking(base_url):
    blocks = [{"type": "thinking", "thinking": "other", "signature": "bm8="}, {"type": "text", "text": "x"}]
    messages = [*FRANCE, {"role": "assistant", "content": blocks}, {"role": "user", "content": "go on"}]
    client(base_url).messages.create(model="claude-opus-5-5", max_tokens=100, messages=messages)


def unanswered_tool(base_url):
    call = {"type": "tool_use", "id": "toolu_1", "name": "get_weather", "input": {}}
    messages = [*FRANCE, {"role": "assistant", "content": [call]}, {"role": "user", "content": "go on"}]
    client(base_url).messages.create(model="claude-opus-5-5", max_tokens=100, messages=messages)


def structured(base_url):
    schema = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
    form = {"format": {"type": "json_schema", "schema": {**schema, "additionalProperties": False}}}
    answer = client(base_url).messages.create(
        model="claude-opus-5-5", max_tokens=100, messages=FRANCE, output_config=form
    )
    return answer.content[0].text


def parsed(base_url):
    """A model whose limits the SDK turns into words."""
    api = client(base_url)
    return api.messages.parse(
        model="claude-opus-5-5", max_tokens=100, messages=FRANCE, output_format=City
    ).parsed_output.model_dump()


def limits(base_url):
    """The same limits as keywords."""
    schema = {**City.model_json_schema(), "additionalProperties": False}
    form = {"format": {"type": "json_schema", "schema": schema}}
    client(base_url).messages.create(model="claude-opus-5-5", max_tokens=100, messages=FRANCE, output_config=form)


def structured_stream(base_url):
    schema = {"type": "object", "properties": {"city": {"type": "string"}}, "additionalProperties": False}
    form = {"format": {"type": "json_schema", "schema": schema}}
    with client(base_url).messages.stream(
        model="claude-opus-5-5", max_tokens=100, messages=FRANCE, output_config=form
    ) as events:
        return "".join(events.text_stream)


def _sampled(base_url, headers):
    answer = client(base_url).messages.create(
        model="claude-opus-5-5", max_tokens=100, messages=FRANCE, extra_headers=headers, extra_body={"temperature": 1}
    )
    return answer.content[0].text


def sampling_old(base_url):
    return _sampled(base_url, OLD)


def sampling_new(base_url):
    return _sampled(base_url, {"anthropic-version": "2026-10-21"})


def no_version(base_url):
    return _sampled(base_url, {"anthropic-version": ""})


def key_header(base_url):
    """The key in `x-api-key`, as the curl examples send it."""
    headers = {"x-api-key": "sk-ant-api03-simulated", "authorization": ""}
    api = client(base_url)
    return (
        api.messages.create(model="claude-opus-5-5", max_tokens=100, messages=FRANCE, extra_headers=headers)
        .content[0]
        .text
    )


def bad_key(base_url):
    list(client(base_url, key="sk-ant-api03-revoked").models.list())


def bad_role(base_url):
    messages = [{"role": "assistant", "content": "I start"}]
    client(base_url).messages.create(model="claude-opus-5-5", max_tokens=100, messages=messages)


def once(base_url):
    return whole(base_url)


def once_stream(base_url):
    with client(base_url).messages.stream(model="claude-opus-5-5", max_tokens=100, messages=FRANCE) as events:
        return list(events.text_stream)


def retried(base_url):
    api = client(base_url, retries=2)
    return api.messages.create(model="claude-opus-5-5", max_tokens=100, messages=FRANCE).content[0].text


def failure(error):
    told = {"text": str(error)}
    if isinstance(error, APIStatusError):
        told |= {"status": error.status_code, "request_id": error.request_id, "body": error.body}
    return told


SCENARIOS = [models, stream, whole, tool, tampered_thinking, unanswered_tool, structured, sampling_old, sampling_new]
SCENARIOS += [parsed, limits, structured_stream]
SCENARIOS += [no_version, key_header, bad_key, bad_role, once, once_stream, retried]
serve({scenario.__name__: scenario for scenario in SCENARIOS}, failure)
