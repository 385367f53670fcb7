"""Scenarios for Google's own SDK; runs under the side environment's interpreter."""

# mypy: ignore-errors
from google.genai import Client, errors, types
from loop import serve
from pydantic import BaseModel

MODEL = "gemini-3.8-flash"
FRANCE = "What is the capital of France?"
WEATHER = {
    "name": "get_weather",
    "description": "The weather in a city.",
    "parameters": {"type": "OBJECT", "properties": {"city": {"type": "STRING"}}, "required": ["city"]},
}
TOOLS = types.GenerateContentConfig(tools=[types.Tool(function_declarations=[WEATHER])])


class City(BaseModel):
    city: str
    people: int


_open = []


def client(base_url, key="AIzaSimulated", version=None, retry=None):
    """A client that outlives the expression it is made in: the SDK closes its pool with it."""
    options = types.HttpOptions(base_url=base_url, api_version=version, retry_options=retry)
    _open.append(Client(api_key=key, http_options=options))
    return _open[-1]


def models(base_url):
    return [model.name for model in client(base_url).models.list(config={"page_size": 20})]


def stream(base_url):
    config = types.GenerateContentConfig(thinking_config=types.ThinkingConfig(include_thoughts=True))
    chunks = list(client(base_url).models.generate_content_stream(model=MODEL, contents=FRANCE, config=config))
    parts = [part for chunk in chunks for part in chunk.candidates[0].content.parts or []]
    usage = chunks[-1].usage_metadata
    return {
        "text": "".join(part.text for part in parts if part.text and not part.thought),
        "thoughts": "".join(part.text for part in parts if part.thought),
        "signed": any(part.thought_signature for part in parts),
        "finish": chunks[-1].candidates[0].finish_reason.name,
        "usage": [usage.prompt_token_count, usage.candidates_token_count, usage.thoughts_token_count],
    }


def latest(base_url):
    return client(base_url, version="v1beta").models.generate_content(model="gemini-flash-latest", contents=FRANCE).text


def latest_on_v1(base_url):
    client(base_url).models.generate_content(model="gemini-flash-latest", contents=FRANCE)


def whole(base_url):
    return client(base_url).models.generate_content(model=MODEL, contents=FRANCE).text


def _call(api):
    asked = [types.Content(role="user", parts=[types.Part(text="How is the weather?")])]
    content = api.models.generate_content(model=MODEL, contents=asked, config=TOOLS).candidates[0].content
    call = next(part.function_call for part in content.parts if part.function_call)
    result = types.Part.from_function_response(name=call.name, response={"result": "sunny"})
    return call, content, asked, types.Content(role="user", parts=[result])


def tool(base_url):
    api = client(base_url)
    call, content, asked, result = _call(api)
    answer = api.models.generate_content(model=MODEL, contents=[*asked, content, result], config=TOOLS)
    return {"name": call.name, "args": call.args, "answer": answer.text}


def unsigned_call(base_url):
    api = client(base_url)
    _, content, asked, result = _call(api)
    for part in content.parts:
        part.thought_signature = None
    api.models.generate_content(model=MODEL, contents=[*asked, content, result], config=TOOLS)


def structured(base_url):
    config = types.GenerateContentConfig(response_mime_type="application/json", response_schema=City)
    return client(base_url).models.generate_content(model=MODEL, contents="A city", config=config).parsed.model_dump()


def _raw_schema(base_url, key, schema):
    generation = {"responseMimeType": "application/json", key: schema}
    config = types.GenerateContentConfig(http_options=types.HttpOptions(extra_body={"generationConfig": generation}))
    return client(base_url).models.generate_content(model=MODEL, contents="A city", config=config).text


def json_schema(base_url):
    schema = {"type": "object", "properties": {"n": {"type": ["integer", "null"]}}, "additionalProperties": False}
    return _raw_schema(base_url, "responseJsonSchema", schema)


def schema_refused(base_url):
    schema = {"type": "OBJECT", "properties": {}, "additionalProperties": False}
    return _raw_schema(base_url, "responseSchema", schema)


def bad_key(base_url):
    list(client(base_url, key="AIzaRevoked-invalid").models.list())


def once(base_url):
    return whole(base_url)


def once_stream(base_url):
    return [chunk.text for chunk in client(base_url).models.generate_content_stream(model=MODEL, contents=FRANCE)]


def retried(base_url):
    retry = types.HttpRetryOptions(attempts=3, initial_delay=0.01, jitter=0.01)
    return client(base_url, retry=retry).models.generate_content(model=MODEL, contents=FRANCE).text


def blocked(base_url):
    feedback = client(base_url).models.generate_content(model=MODEL, contents=FRANCE).prompt_feedback
    return feedback.block_reason.name


def _batch(api):
    """Two requests, in the SDK's own spelling."""
    config = types.GenerateContentConfig(response_mime_type="application/json", response_schema=City)
    asked = [{"contents": [{"role": "user", "parts": [{"text": text}]}], "config": config} for text in ("A", "B")]
    return api.batches.create(model=MODEL, src=asked, config={"display_name": "two"})


def batch(base_url):
    api = client(base_url)
    job = _batch(api)
    states = [job.state.name]
    while not job.done:
        job = api.batches.get(name=job.name)
        states.append(job.state.name)
    return {"states": states, "texts": [one.response and one.response.text for one in job.dest.inlined_responses or []]}


def batch_error(base_url):
    api = client(base_url)
    job = _batch(api)
    while not job.done:
        job = api.batches.get(name=job.name)
    return [one.error and [one.error.code, one.error.message] for one in job.dest.inlined_responses]


def batch_end(base_url):
    api = client(base_url)
    job = api.batches.get(name=_batch(api).name)
    return [job.state.name, job.done, job.dest is None]


def batch_cancelled(base_url):
    api = client(base_url)
    job = _batch(api)
    api.batches.cancel(name=job.name)
    return api.batches.get(name=job.name).state.name


def batch_unknown(base_url):
    client(base_url).batches.get(name="batches/unknown")


def failure(error):
    told = {"text": str(error)}
    if isinstance(error, errors.APIError):
        told |= {"code": error.code, "status": error.status, "message": error.message, "details": error.details}
    return told


SCENARIOS = [models, stream, latest, latest_on_v1, whole, tool, unsigned_call, structured, json_schema, schema_refused]
SCENARIOS += [batch, batch_error, batch_end, batch_cancelled, batch_unknown]
SCENARIOS += [bad_key, once, once_stream, retried, blocked]
serve({scenario.__name__: scenario for scenario in SCENARIOS}, failure)
