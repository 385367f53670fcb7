"""An audit's question in the form the engine gives it, put to a role in front of a simulated service."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from secrets import token_hex

from maestro.audit.asking.wire import SCHEMA
from maestro.failures import UpstreamError
from maestro.providers.base import AuditRole, Connection, ProviderInfo, RawReply, StructuredRequest
from maestro.store.credentials import Credential
from maestro.transport import Transport
from maestro_protocol.base import JsonObject
from maestro_protocol.settings import ProviderSettings, TransportSettings
from tests.simulators.fixtures import Personas, Simulation, simulate
from tests.unit.providers.support import connect

CODE = "1| def f(x):\n2|     return eval(x)"
FAULTS = [
    ("html", "server"),
    ("429=1", "rate_limited"),
    ("503", "overloaded"),
    ("401", "auth_invalid"),
    ("disconnect", "network"),
    ("reset", "stream_interrupted"),
    ("cut", "stream_interrupted"),
    ("hangup", "stream_interrupted"),
]
"""A persona, and what the failure is called."""


@dataclass(slots=True)
class Asking:
    """A role in front of a service; `nonces` are those of the requests composed so far."""

    role: AuditRole
    connection: Connection
    sim: Simulation
    model: str
    nonces: list[str] = field(default_factory=list)

    def compose(self) -> StructuredRequest:
        nonce = token_hex(16)
        self.nonces.append(nonce)
        chunk = {"id": "c1", "symbol": "f", "start_line": 1, "code": CODE}
        data = {"audit_id": nonce, "file": "app.py", "language": "python", "skeleton": "", "chunks": [chunk]}
        user = f"MARK {nonce} begin\n{json.dumps(data)}\nMARK {nonce} end"
        return StructuredRequest(self.model, "You review source code.", user, SCHEMA, 4000)

    async def ask(self) -> RawReply:
        return await self.role.generate_structured(self.connection, self.compose)

    async def fail(self) -> UpstreamError:
        """The failure that must come."""
        try:
            reply = await self.ask()
        except UpstreamError as error:
            return error
        raise AssertionError(reply)

    @property
    def bodies(self) -> list[JsonObject]:
        """What was sent to be answered."""
        return [request.json for request in self.sim.requests if request.method == "POST"]

    def check(self, reply: RawReply) -> None:
        """The reply is whole, and answers the last request composed."""
        assert (reply.truncated, reply.filtered) == (False, False)
        answer = json.loads(reply.text)
        assert answer["audit_id"] == self.nonces[-1]
        assert [finding["rule"] for finding in answer["findings"]] == ["code-injection"]
        assert reply.usage is not None and reply.usage.output_tokens > 0


@asynccontextmanager
async def asking(
    role: AuditRole,
    info: ProviderInfo,
    model: str,
    persona: Personas = (),
    *,
    path: str = "",
    service: str = "",
    credential: Credential | None = None,
    settings: ProviderSettings | None = None,
    transport: TransportSettings | None = None,
    **options: str,
) -> AsyncIterator[Asking]:
    """`path` is what the base URL ends with, `service` the simulator's name; `options` are the simulator's."""
    http = Transport(transport or TransportSettings())
    async with simulate(service or info.id, persona, **options) as sim:
        base_url = f"{sim.base_url}{path}"
        connection = connect(info, settings, base_url=base_url, credential=credential, http=http)
        try:
            yield Asking(role, connection, sim, model)
        finally:
            await http.aclose()


def describes(body: JsonObject) -> bool:
    """Whether the schema is told in words."""
    return "fits this JSON Schema" in json.dumps(body)
