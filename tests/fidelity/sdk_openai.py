"""Scenarios for OpenAI's own SDK; runs under the side environment's interpreter."""

# mypy: ignore-errors
from loop import serve
from openai import APIError, OpenAI
from pydantic import BaseModel

TOOL = {
    "type": "object",
    "properties": {"city": {"type": "string"}},
    "required": ["city"],
    "additionalProperties": False,
}
FRANCE = "What is the capital of France?"


class City(BaseModel):
    city: str
    people: int


def client(base_url, key="sk-simulated", retries=0):
    return OpenAI(base_url=f"{base_url}/v1", api_key=key, max_retries=retries)


def models(base_url):
    return [model.id for model in client(base_url).models.list()]


def stream(base_url):
    with client(base_url).responses.stream(model="gpt-5.5", input=FRANCE, reasoning={"summary": "auto"}) as events:
        kinds = [event.type for event in events]
        final = events.get_final_response()
    usage = final.usage.output_tokens_details.reasoning_tokens
    return {"kinds": kinds, "text": final.output_text, "status": final.status, "reasoning": usage}


def create_stream(base_url):
    events = list(client(base_url).responses.create(model="gpt-5.5", input=FRANCE, stream=True))
    return {"numbers": [event.sequence_number for event in events], "last": events[-1].type}


def whole(base_url):
    return client(base_url).responses.create(model="gpt-5.5", input=FRANCE).output_text


def background(base_url):
    """Read three events, lose the stream, take it up again behind the last one."""
    api = client(base_url)
    first = api.responses.create(model="gpt-5.5", input=FRANCE, background=True, stream=True)
    seen = [next(iter(first)) for _ in range(7)]
    first.close()
    name = seen[0].response.id
    rest = list(api.responses.retrieve(name, stream=True, starting_after=seen[-1].sequence_number))
    text = "".join(event.delta for event in [*seen, *rest] if event.type == "response.output_text.delta")
    numbers = [event.sequence_number for event in [*seen, *rest]]
    cancelled = api.responses.cancel(name).status
    return {"text": text, "numbers": numbers, "second": seen[1].type, "last": rest[-1].type, "cancelled": cancelled}


def tool(base_url):
    api = client(base_url)
    tools = [{"type": "function", "name": "get_weather", "parameters": TOOL, "strict": True}]
    with api.responses.stream(model="gpt-5.5", input="How is the weather?", tools=tools) as events:
        kinds = [event.type for event in events]
        call = events.get_final_response().output[0]
    result = {"type": "function_call_output", "call_id": call.call_id, "output": "sunny"}
    asked = [{"role": "user", "content": "How is the weather?"}, call.model_dump(exclude_none=True), result]
    for item in asked:
        item.pop("parsed_arguments", None)
    answer = api.responses.create(model="gpt-5.5", input=asked, tools=tools)
    return {"name": call.name, "arguments": call.arguments, "kinds": kinds, "answer": answer.output_text}


def structured(base_url):
    parsed = client(base_url).responses.parse(model="gpt-5.5", input="Name a city.", text_format=City).output_parsed
    return parsed.model_dump()


def _held_to(base_url, form, **more):
    asked = {"model": "gpt-5.5", "input": "Name a city.", "text": {"format": form}, **more}
    return client(base_url).responses.create(**asked).output_text


def structured_stream(base_url):
    form = {"type": "json_schema", "name": "answer", "schema": TOOL, "strict": True}
    with client(base_url).responses.stream(model="gpt-5.5", input="Name a city.", text={"format": form}) as events:
        return events.get_final_response().output_text


def loose_schema(base_url):
    return _held_to(base_url, {"type": "json_schema", "name": "answer", "schema": {"type": "object"}, "strict": True})


def json_mode(base_url):
    return _held_to(base_url, {"type": "json_object"}, input="Name a city as JSON.")


def json_mode_unnamed(base_url):
    return _held_to(base_url, {"type": "json_object"})


def sampling(base_url):
    return client(base_url).responses.create(model="gpt-5.5", input=FRANCE, temperature=0).output_text


def chat(base_url):
    messages = [{"role": "user", "content": FRANCE}]
    with client(base_url).chat.completions.stream(
        model="gpt-4o", messages=messages, stream_options={"include_usage": True}
    ) as events:
        kinds = [event.type for event in events]
        final = events.get_final_completion()
    choice = final.choices[0]
    return {
        "kinds": kinds,
        "text": choice.message.content,
        "finish": choice.finish_reason,
        "usage": final.usage.total_tokens,
    }


def chat_tool(base_url):
    tools = [{"type": "function", "function": {"name": "get_weather", "parameters": TOOL, "strict": True}}]
    messages = [{"role": "user", "content": "How is the weather?"}]
    with client(base_url).chat.completions.stream(model="gpt-4o", messages=messages, tools=tools) as events:
        final = [event for event in events] and events.get_final_completion()
    call = final.choices[0].message.tool_calls[0]
    return {"name": call.function.name, "arguments": call.function.arguments, "finish": final.choices[0].finish_reason}


def bad_key(base_url):
    client(base_url, key="sk-revoked").models.list()


def unknown_parameter(base_url):
    client(base_url).responses.create(model="gpt-5.5", input="x", extra_body={"shiny": 1})


def empty_input(base_url):
    client(base_url).responses.create(model="gpt-5.5", input=[])


def missing_model(base_url):
    client(base_url).post("/responses", body={"input": "x"}, cast_to=object)


def once(base_url):
    """One plain request, without another try."""
    return whole(base_url)


def retried(base_url):
    """One plain request of a client that tries again twice."""
    return client(base_url, retries=2).responses.create(model="gpt-5.5", input=FRANCE).output_text


def failure(error):
    told = {"text": str(error)}
    if isinstance(error, APIError):
        told |= {"code": error.code, "param": error.param, "status": getattr(error, "status_code", None)}
        told |= {"request_id": getattr(error, "request_id", None), "kind": error.type}
    return told


SCENARIOS = [models, stream, create_stream, whole, background, tool, structured, chat, chat_tool]
SCENARIOS += [structured_stream, loose_schema, json_mode, json_mode_unnamed, sampling]
SCENARIOS += [bad_key, unknown_parameter, empty_input, missing_model, once, retried]
serve({scenario.__name__: scenario for scenario in SCENARIOS}, failure)
