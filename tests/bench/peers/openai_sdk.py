"""OpenAI's own SDK, on the Responses and the Chat Completions wire."""

from openai import AsyncOpenAI
from peer import serve

clients = {}


async def turn(order, out):
    url, body = order["baseUrl"], order["body"]
    client = clients.get(url) or clients.setdefault(url, AsyncOpenAI(base_url=url, api_key="sk-simulated"))
    if order["wire"] == "responses":
        async for event in await client.responses.create(**body):
            if event.type == "response.output_text.delta":
                out.text(event.delta)
    else:
        async for chunk in await client.chat.completions.create(**body):
            if chunk.choices and (text := chunk.choices[0].delta.content):
                out.text(text)


serve(turn)
