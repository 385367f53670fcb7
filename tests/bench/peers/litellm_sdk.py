"""LiteLLM, which turns every wire into Chat Completions."""

import litellm
from peer import serve

PREFIXES = {"chat": "openai", "messages": "anthropic"}


async def turn(order, out):
    model, messages = f"{PREFIXES[order['wire']]}/{order['model']}", [{"role": "user", "content": "Go"}]
    stream = await litellm.acompletion(model, messages, stream=True, api_base=order["baseUrl"], api_key="sk-simulated")
    async for chunk in stream:
        if chunk.choices and (text := chunk.choices[0].delta.content):
            out.text(text)


serve(turn)
