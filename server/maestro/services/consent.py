"""Nothing leaves this machine for an audit before the workspace is trusted and the user agreed."""

import asyncio
from collections import defaultdict
from urllib.parse import urlsplit

from maestro.addresses import is_local
from maestro.editor import Editor
from maestro.errors import MaestroError
from maestro.providers.base import Connection, ProviderInfo
from maestro.runtime import Runtime

_ALLOW, _REFUSE = "Allow", "Don't allow"
_PATIENCE = 60.0


class Consent:
    """Remembers, for as long as the process lives, to which providers the user lets this workspace's code go."""

    def __init__(self, runtime: Runtime, editor: Editor) -> None:
        self._runtime = runtime
        self._editor = editor
        self._given: set[str] = set()
        self._asking: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def require(self, connection: Connection) -> None:
        """Return if code may be sent there; ask the user if nobody has answered yet.

        Raises:
            MaestroError: 4603 without trust or consent, after a refusal, or 60 s without an answer.
        """
        provider = connection.info
        if not urlsplit(connection.base_url).hostname:
            return  # it lives in this process
        if not self._editor.trusted:
            raise _refused(provider, "The workspace is not trusted, so no code is sent; trust it to audit.")
        if is_local(connection.base_url):
            return
        setting = self._runtime.settings.audit.consent
        if setting == "never":
            raise _refused(provider, "The setting `audit.consent` is `never`, so no code is sent.")
        if setting == "always":
            return
        # Audits that start together ask once.
        async with self._asking[provider.id]:
            if provider.id not in self._given:
                await self._ask(provider)
                self._given.add(provider.id)

    async def _ask(self, provider: ProviderInfo) -> None:
        message = f"Send code of this workspace to {provider.label} for audits?"
        if await self._editor.ask(message, (_ALLOW, _REFUSE), _PATIENCE) != _ALLOW:
            sentence = f"Sending code to {provider.label} was not agreed to; run the audit again to be asked again."
            raise _refused(provider, sentence)


def _refused(provider: ProviderInfo, message: str) -> MaestroError:
    return MaestroError("consentRequired", message, provider=provider.id)
