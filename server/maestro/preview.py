"""What would be sent, without sending it."""

from contextlib import suppress
from dataclasses import replace
from typing import NoReturn

from maestro.addresses import split
from maestro.connections import home, oauth_role
from maestro.failures import Failure, UpstreamError
from maestro.providers import registry
from maestro.providers.base import Compose, Connection
from maestro.runtime import Runtime
from maestro.store.credentials import ApiKeyCredential, OAuthCredential
from maestro.streaming.messages import Wire
from maestro.transport import HttpReply, HttpRequest, HttpStream, Transport
from maestro_protocol.settings import TransportSettings

_NOTHING_SENT = Failure("network", "Nothing is sent in a dry run.")


class _Recorder(Transport):
    """Keeps the first request without its headers, which carry the key, and refuses it before it becomes HTTP."""

    def __init__(self) -> None:
        super().__init__(TransportSettings())
        self.request: HttpRequest | None = None

    async def open(self, request: HttpRequest, wire: Wire) -> HttpStream:
        self._refuse(request)

    async def fetch(self, request: HttpRequest) -> HttpReply:
        self._refuse(request)

    def _refuse(self, request: HttpRequest) -> NoReturn:
        self.request = self.request or replace(request, headers={})
        raise UpstreamError(_NOTHING_SENT)


async def preview(runtime: Runtime, ready: Connection, compose: Compose) -> HttpRequest | None:
    """The first request for one JSON object, as the provider builds it; None if it lives in this process.

    No key is read for it, and no login renewed.
    """
    if not split(ready.base_url).hostname:
        return None
    recorder = _Recorder()
    role = registry.resolve(home(ready.info), registry.AUDIT)
    with suppress(UpstreamError):
        await role.generate_structured(replace(await _dressed(runtime, ready), http=recorder), compose)
    return recorder.request


async def _dressed(runtime: Runtime, ready: Connection) -> Connection:
    """With whatever kind of credential decides about address and body, but no key."""
    session = ready.session
    if session.auth_type == "api_key":
        return replace(ready, credential=ApiKeyCredential("not-sent")) if session.id else ready
    credential = ready.credential
    if session.source == "vault":
        credential, _ = await runtime.sessions.credential(session.id)
    if not isinstance(credential, OAuthCredential):
        return ready
    return oauth_role(ready.info).authorised(ready, credential)
