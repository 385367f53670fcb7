"""An audit that sends nothing, and keeps what it would have sent."""

from dataclasses import dataclass, field
from urllib.parse import urlsplit

from maestro import provider
from maestro.audit.asking.exchange import Compose, Generate, RawReply
from maestro.errors import MaestroError
from maestro.services.audit_means import Means
from maestro.services.models import Target
from maestro.transport import HttpRequest, encoded_json

NOTHING_SENT = "Nothing was sent: this is a dry run."
_AT_ONCE = 8


@dataclass(slots=True)
class DryRun:
    """`requests` come in no order; what a service answers may lead to more of them."""

    requests: list[HttpRequest] = field(default_factory=list)

    @property
    def means(self) -> Means:
        return Means(_AT_ONCE, self._generate_for, sends=False)

    @property
    def size(self) -> int:
        """Bytes of all bodies."""
        return sum(len(encoded_json(request.json or {})) for request in self.requests)

    def _generate_for(self, target: Target) -> Generate:
        async def generate(compose: Compose) -> RawReply:
            request = await provider.preview_audit(target.provider, target.session_id, compose)
            if request is not None:
                self.requests.append(request)
            raise MaestroError("requestFailed", NOTHING_SENT)

        return generate


def line(request: HttpRequest) -> bytes:
    """A JSON object with the path and, byte for byte, the body."""
    path = encoded_json({"path": urlsplit(request.url).path}).removesuffix(b"}")
    return path + b',"body":' + encoded_json(request.json or {}) + b"}\n"
