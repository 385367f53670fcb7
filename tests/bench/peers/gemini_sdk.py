"""Google's own SDK."""

from google import genai
from peer import serve

clients = {}


def connect(url):
    options = {"base_url": url, "api_version": "v1"}
    return clients.get(url) or clients.setdefault(url, genai.Client(api_key="AIzaSimulated", http_options=options))


async def turn(order, out):
    models = connect(order["baseUrl"]).aio.models
    async for chunk in await models.generate_content_stream(model=order["model"], contents="Go"):
        if chunk.text:
            out.text(chunk.text)


serve(turn)
