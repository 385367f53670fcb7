"""Scenarios for OpenAI's own SDK as a client of Azure; runs under the side environment's interpreter."""

# mypy: ignore-errors
from loop import serve
from openai import APIError, AzureOpenAI

HELLO = [{"role": "user", "content": "What is the capital of France?"}]
TOKEN = "eyJ0eXAi.eyJhdWQi.c2lnbmVk"
VERSION = "2025-04-01-preview"


def client(base_url, **credential):
    known = credential or {"api_key": "simulated"}
    return AzureOpenAI(azure_endpoint=base_url, api_version=VERSION, max_retries=0, **known)


def asked(api, model="acme/large-1", **more):
    return api.chat.completions.create(model=model, messages=HELLO, max_completion_tokens=500, **more)


def stream(base_url):
    chunks = list(asked(client(base_url), stream=True, stream_options={"include_usage": True}))
    texts = [choice.delta.content or "" for chunk in chunks for choice in chunk.choices]
    return {"text": "".join(texts), "first": len(chunks[0].choices), "tokens": chunks[-1].usage.completion_tokens}


def whole(base_url):
    return asked(client(base_url)).choices[0].message.content


def token(base_url):
    return asked(client(base_url, azure_ad_token=TOKEN)).choices[0].message.content


def bad_key(base_url):
    asked(client(base_url, api_key="invalid"))


def no_deployment(base_url):
    asked(client(base_url), model="gpt-nobody-deployed")


def old_cap(base_url):
    client(base_url).chat.completions.create(model="acme/large-1", messages=HELLO, max_tokens=5)


def failure(error):
    told = {"text": str(error)}
    return told | {"code": error.code, "status": error.status_code} if isinstance(error, APIError) else told


SCENARIOS = [stream, whole, token, bad_key, no_deployment, old_cap]
serve({scenario.__name__: scenario for scenario in SCENARIOS}, failure)
