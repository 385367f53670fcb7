"""`maestro/model/discover`: the services people have sessions with are asked which of their models chat."""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from contextlib import suppress
from typing import NamedTuple, TypeVar

from pydantic import JsonValue

from maestro import provider
from maestro.directories import directories
from maestro.errors import MaestroError
from maestro.provider_file import why_not_written
from maestro.providers import registry
from maestro.runtime import Runtime
from maestro.services.local_servers import running
from maestro.services.models.discovery import CAP, ModelDiscoveryService
from maestro.services.models.provider_config import ProviderConfig
from maestro.services.models.provider_manager import Discovered, ProviderManager
from maestro.services.sessions import SessionService
from maestro.store.snapshot import StoredSession
from maestro.vault.background import Background
from maestro_protocol.chat import ChatMessage, ChatParams
from maestro_protocol.models import Discovery, ModelDiscoverParams, ModelDiscoverResult
from maestro_protocol.sessions import AuthType
from maestro_protocol.settings import ProviderSettings

T = TypeVar("T")

_LONGEST = 6 * 3600.0  # seconds; some services have hundreds of models
_ABOUT_THE_MODEL = ("modelNotFound", "upstreamBadRequest", "contentFiltered", "contextWindowExceeded")
_log = logging.getLogger(__name__)


class _Belief(NamedTuple):
    """What was found and is not in the file: what the settings said, and what counts instead."""

    said: ProviderSettings
    held: ProviderSettings


class Discoverer:
    """Asks by the sessions there are; keys are read where requests are made, and never come here."""

    def __init__(self, runtime: Runtime, sessions: SessionService) -> None:
        self._runtime = runtime
        self._sessions = sessions
        self._before: dict[str, _Asked] = {}
        self._beliefs: dict[str, _Belief] = {}

    async def discover(
        self, params: ModelDiscoverParams, told: Callable[[str], None] | None = None
    ) -> ModelDiscoverResult:
        """What came of asking one provider, or all that there is a session of. What was found is believed at once.

        `told` hears of each provider once it was asked; without it the log does.

        Raises:
            MaestroError: 4101 with candidates, 4104 for a provider whose models need no discovery, 4001 and 4103 where
                a session must be chosen first.
        """
        asked = await self._whom_to_ask(params.provider)
        loop = asyncio.get_running_loop()

        def report(message: str) -> None:
            loop.call_soon_threadsafe(told or _log.info, message)

        manager = ProviderManager(asked, report, directories(self._runtime.environment).data)
        for name, one in asked.items():
            one.believe(self._runtime.settings.provider(name))
        through = _Interface(loop)
        manager.discovery_service = through
        try:
            is_success = await Background().call(
                lambda: manager.discover_models(params.force_refresh, persist_on_success=False), _LONGEST
            )
        finally:
            through.stop()
        self._before |= asked
        found = [name for name, outcome in manager.discovered.items() if outcome.status == "ok"]
        for name in found:
            self._believe(name, manager)
        return ModelDiscoverResult(
            providers=[_told(name, outcome) for name, outcome in manager.discovered.items()],
            persisted=params.persist and is_success and bool(found) and await self._persist(manager),
        )

    async def _persist(self, manager: ProviderManager) -> bool:
        """What cannot be written is told, and holds as long as this process."""
        try:
            await Background().call(manager.write, 60)
        except (OSError, MaestroError) as error:
            self._runtime.warn(why_not_written(manager.path(), error))
            return False
        for name in manager.keys():
            self._beliefs.pop(name, None)
        _log.info("Provider configurations persisted to YAML")
        return True

    def _believe(self, name: str, manager: ProviderManager) -> None:
        """Have it in the settings, so that lists show it before the file is read again."""
        settings, outcome = self._runtime.settings, manager.discovered[name]
        known = settings.provider(name)
        models = {**known.valid_models, **{long: manager.get_short_name(long) for long in outcome.added}}
        held = known.model_copy(update={"valid_models": models, "invalid_models": manager[name].get_invalid_models()})
        self._beliefs[name] = _Belief(self._said(name), held)
        self._runtime.settings = settings.model_copy(update={"providers": {**settings.providers, name: held}})

    def _said(self, name: str) -> ProviderSettings:
        """What the settings said before anything was believed; once they were read again it is they that count."""
        now, belief = self._runtime.settings.provider(name), self._beliefs.get(name)
        return belief.said if belief is not None and belief.held == now else now

    async def _whom_to_ask(self, only: str | None) -> "dict[str, _Asked]":
        known = [row.id for row in provider.list_providers()]
        compatible = [name for name in known if registry.is_compatible(name)]
        if only is not None and only not in known:
            message = "There is no such provider; `maestro/provider/list` names them."
            raise MaestroError("providerNotFound", message, candidates=compatible)
        if only is not None and only not in compatible:
            message = f"Every model that {only} lists does chat; use `maestro/model/list` with `refresh`."
            raise MaestroError("unsupported", message, provider=only)
        if only is not None:
            return {only: self._asked(only, self._session(only), is_askable=not provider.needs_key(only))}
        keyless = [provider.connection(name) for name in compatible if provider.is_open(name)]
        here = await running(keyless, self._runtime.settings)
        asked = {name: self._asked(name, self._session_or_none(name), is_askable=name in here) for name in compatible}
        return {name: one for name, one in asked.items() if one.is_askable}

    def _asked(self, name: str, stored: StoredSession | None, *, is_askable: bool) -> "_Asked":
        said = self._said(name)
        asked = _Asked(
            provider=name,
            session=stored.session.id if stored else None,
            auth_type=stored.session.auth_type if stored else "api_key",
            is_askable=is_askable or stored is not None,
            valid_models=dict(said.valid_models),
            invalid_models=list(said.invalid_models),
        )
        if (before := self._before.get(name)) and before.session == asked.session:
            asked.remember(before)
        return asked

    def _session(self, name: str) -> StoredSession | None:
        """None where there is no key at all. Raises 4001 where there are some and none is the one, and 4103."""
        try:
            return self._sessions.choose(name)
        except MaestroError as error:
            if error.kind != "authRequired" or error.data.candidates:
                raise
            return None

    def _session_or_none(self, name: str) -> StoredSession | None:
        """As in the list of all models, nothing that a person would have to choose first."""
        with suppress(MaestroError):
            return self._sessions.choose(name)
        return None


class _Asked(ProviderConfig):
    """A provider by its id and a session of it, instead of an address and a key."""

    provider: str
    session: str | None
    auth_type: AuthType
    is_askable: bool

    def believe(self, settings: ProviderSettings) -> None:
        """What counts by now, also where it is in no file."""
        self.valid_models, self.invalid_models = dict(settings.valid_models), list(settings.invalid_models)

    def remember(self, other: "_Asked") -> None:
        """What the service listed last."""
        self._cached_models, self._cache_timestamp = other._cached_models, other._cache_timestamp


class _Interface(ModelDiscoveryService):
    """The same questions, put to the universal interface on the event loop; the thread that asks waits."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__()
        self._loop = loop
        self._stopped = False
        self._current: Future[object] | None = None

    def stop(self) -> None:
        """Nobody waits any more: end the request under way, and send no other."""
        self._stopped = True
        if self._current is not None:
            self._current.cancel()

    def validate_api_key(self, config: ProviderConfig) -> bool:
        return _asked(config).is_askable

    def validate_model(self, config: ProviderConfig, model_name: str) -> bool:
        """Raises MaestroError."""
        try:
            self._chat_with(_asked(config), model_name)
        except MaestroError as error:
            if error.kind not in _ABOUT_THE_MODEL and not _is_forbidden(error, model_name):
                raise
            return False
        return True

    def _list(self, config: ProviderConfig) -> list[dict[str, JsonValue]]:
        asked = _asked(config)
        models = self._answer(provider.list_models(asked.provider, asked.auth_type, asked.session))
        return [{"id": model.name} for model in models]

    def _chat_with(self, asked: "_Asked", model: str) -> None:
        messages = [ChatMessage(role="user", content="Hi")]
        try:
            params = ChatParams(max_tokens=16)
            self._answer(provider.complete_text(asked.provider, asked.session, messages, model=model, params=params))
        except MaestroError as error:
            if not CAP.search(error.message):
                raise
            self._answer(provider.complete_text(asked.provider, asked.session, messages, model=model))

    def _answer(self, work: Coroutine[None, None, T]) -> T:
        future = asyncio.run_coroutine_threadsafe(work, self._loop)
        self._current = future  # type: ignore[assignment]
        if self._stopped:
            future.cancel()
        return future.result()


def _asked(config: ProviderConfig) -> _Asked:
    assert isinstance(config, _Asked)
    return config


def _is_forbidden(error: MaestroError, model: str) -> bool:
    """The model, not the key: the service names it."""
    return error.data.http_status == 403 and model in error.message


def _told(name: str, outcome: Discovered) -> Discovery:
    error = outcome.error
    if error is not None and not isinstance(error, MaestroError):
        _log.warning("the discovery of %s failed with %s", name, type(error).__name__)
        error = MaestroError("internalError", f"Asking {name} failed in a way that was not expected; see the log.")
    return Discovery(
        provider=name,
        status=outcome.status,
        valid=len(outcome.valid),
        invalid=len(outcome.invalid),
        added=list(outcome.added),
        error=error.info() if error else None,
    )
