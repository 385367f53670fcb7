"""Anthropic's own SDK."""

from anthropic import AsyncAnthropic
from peer import serve

clients = {}


async def turn(order, out):
    url = order["baseUrl"]
    client = clients.get(url) or clients.setdefault(url, AsyncAnthropic(base_url=url, api_key="sk-simulated"))
    async for event in await client.messages.create(**order["body"]):
        if event.type == "content_block_delta" and event.delta.type == "text_delta":
            out.text(event.delta.text)


serve(turn)
