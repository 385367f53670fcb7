"""One of several processes that want to use one login at the same moment: `python -m tests.e2e.refresh_worker N`.

Says `ready`, waits for a line, sends N requests at once, and prints what became of them as JSON.
"""

import asyncio
import json
import sys
from collections import Counter

from maestro import provider
from maestro.errors import MaestroError
from maestro_protocol.chat import ChatMessage

HELLO = [ChatMessage(role="user", content="hello")]


async def ask() -> str:
    try:
        answer = await provider.complete_text("anthropic", "shared", HELLO, model="claude-sonnet-5-5")
    except MaestroError as error:
        return f"{error.kind}: {error.message}"
    return answer.stop_reason


async def main(requests: int) -> None:
    await provider.current().sessions.sync()
    print("ready", flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    print(json.dumps(Counter(await asyncio.gather(*(ask() for _ in range(requests))))), flush=True)
    await provider.current().aclose()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
