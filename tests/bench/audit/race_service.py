"""A provider that answers when it is told to, and tells of every line that is bad."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from maestro.failures import Failure, UpstreamError
from maestro.providers.base import Compose, Connection, RawReply, StructuredRequest
from maestro_protocol.base import JsonObject
from tests.bench.audit.race_model import BAD, RULE, expect
from tests.unit.audit.model import answer, claim, data_of, raw

_FAILURES: tuple[tuple[Failure, float], ...] = (
    (Failure("invalid_request", "No."), 3),
    (Failure("network", "Late."), 1),
)


@dataclass(eq=False)
class Asked:
    """A request that waits for its reply."""

    request: StructuredRequest
    reply: "asyncio.Future[RawReply]"

    def parts(self) -> set[tuple[object, ...]]:
        """What it asks about, as far as two requests can be told to ask the same."""
        data, system = data_of(self.request), self.request.system
        chunks = data["chunks"]
        assert isinstance(chunks, list)
        return {(system, data["skeleton"], _bare(str(chunk["code"]))) for chunk in chunks if isinstance(chunk, dict)}


class Service:
    """A provider that answers when it is told to."""

    def __init__(self) -> None:
        self.waiting: list[Asked] = []
        self.asked = 0

    async def generate_structured(self, connection: Connection, compose: Compose) -> RawReply:
        asked = Asked(compose(), asyncio.get_running_loop().create_future())
        for other in self.waiting:
            expect(not asked.parts() & other.parts(), "equal chunks are asked once", asked.parts() & other.parts())
        self.waiting.append(asked)
        self.asked += 1
        try:
            return await asked.reply
        finally:
            self.waiting.remove(asked)

    def answer(self, dice: Random) -> None:
        """One of those that wait, in some way."""
        open_ = [asked for asked in self.waiting if not asked.reply.done()]
        if not open_:
            return
        asked = dice.choice(open_)
        way = dice.choices(("honest", "cut", "broken", "failure"), (8, 1, 1, 2))[0]
        if way == "failure":
            failure = dice.choices([one for one, _ in _FAILURES], [weight for _, weight in _FAILURES])[0]
            asked.reply.set_exception(UpstreamError(failure))
            return
        text = answer(asked.request, *_claims(asked.request))
        if way == "cut":
            asked.reply.set_result(raw(text[: dice.randrange(len(text))], truncated=True))
        else:
            asked.reply.set_result(raw(text if way == "honest" else "I would rather not."))

    def answer_all(self) -> None:
        for asked in self.waiting:
            if not asked.reply.done():
                asked.reply.set_result(raw(answer(asked.request, *_claims(asked.request))))


def _claims(request: StructuredRequest) -> Iterator[JsonObject]:
    """Every line that is bad."""
    chunks = data_of(request)["chunks"]
    assert isinstance(chunks, list)
    for chunk in chunks:
        assert isinstance(chunk, dict)
        for line in str(chunk["code"]).split("\n"):
            number, _, words = line.partition("| ")
            if BAD.search(words.partition("#")[0]):
                title = f"Wrong: {words.strip()}"[:70]
                yield claim(words, line=int(number), symbol=str(chunk["symbol"]), rule=RULE, title=title)


def _bare(code: str) -> str:
    return "\n".join(line.partition("| ")[2] for line in code.split("\n"))
