"""The least a relay over httpx does: bytes, lines, JSON, text."""

import json

import httpx
from peer import serve, text_of

client = httpx.AsyncClient(trust_env=False, timeout=60)


async def turn(order, out):
    wire = order["wire"]
    rest = b""
    async with client.stream("POST", order["url"], headers=order["headers"], json=order["body"]) as response:
        async for chunk in response.aiter_bytes():
            *lines, rest = (rest + chunk).split(b"\n")
            for line in lines:
                if line.startswith(b"data: {") and (text := text_of(json.loads(line[6:]), wire)):
                    out.text(text)


serve(turn)
