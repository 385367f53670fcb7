"""What the providers' lists of models say, for how long it is believed, and what the settings add."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from maestro import provider
from maestro.addresses import split
from maestro.errors import MaestroError
from maestro.runtime import Runtime
from maestro.services.local_servers import running
from maestro.services.models import configured
from maestro.services.models.target import Target
from maestro.services.sessions import SessionService
from maestro.store.snapshot import StoredSession
from maestro_protocol.models import Model, ModelListParams, ModelListResult, ModelSource
from maestro_protocol.sessions import Provider


@dataclass(frozen=True, slots=True)
class _Listing:
    models: Sequence[Model]
    fetched_at: datetime


class Listings:
    def __init__(self, runtime: Runtime, sessions: SessionService) -> None:
        self._runtime = runtime
        self._sessions = sessions
        self._listings: dict[tuple[str, str | None], _Listing] = {}
        self._in_process: dict[str, bool] = {}

    async def list(self, params: ModelListParams) -> ModelListResult:
        """The models of one provider, or of every one that can be asked. One that fails is said in `sources`; what the
        settings know of it is listed all the same.

        Raises:
            MaestroError: 4101, 4007 or 4103 for a provider or session that does not exist, 4001 where a provider that
                was named has no session.
        """
        asked = await self._whom_to_ask(params.provider, params.session_id)
        answers = await asyncio.gather(*(self._ask(row, session, params.refresh) for row, session in asked))
        models = {model.id: model for listing, _ in answers for model in listing}
        return ModelListResult(models=list(models.values()), sources=[source for _, source in answers])

    async def known(self, target: Target) -> Model | None:
        """What the last list said of a model. Only a provider in this process is asked now: no request is sent."""
        is_listed = (target.provider, target.session_id) in self._listings
        if not is_listed and self.is_in_process(target.provider):
            models = await provider.list_models(target.provider, "api_key", target.session_id)
            return _named(target, self._merged(target.provider, models))
        return self.listed(target)

    def listed(self, target: Target) -> Model | None:
        """What the last list said of a model."""
        listing = self._listings.get((target.provider, target.session_id))
        return _named(target, self._merged(target.provider, listing.models if listing else ()))

    async def fetch(self, target: Target) -> None:
        """Have the service's list, if it can be had, for `listed`."""
        row = next((row for row in provider.list_providers() if row.id == target.provider), None)
        if row is not None:
            await self._ask(row, target.session, refresh=False)

    def of(self, provider_id: str | None) -> Iterable[Model]:
        """What is known already of the models of a provider, or of all: by the settings, and by lists of any session.

        Nobody is asked.
        """
        names = dict.fromkeys([*(key[0] for key in self._listings), *self._runtime.settings.providers])
        for name in names if provider_id is None else [provider_id]:
            known = [model for key, one in self._listings.items() if key[0] == name for model in one.models]
            yield from self._merged(name, known)

    def shown(self, models: Iterable[Model]) -> tuple[Sequence[Model], Sequence[Model]]:
        """The models to show, and those hidden since the settings say that they do not chat."""
        settings, parts = self._runtime.settings, (list[Model](), list[Model]())
        for model in models:
            parts[model.name in settings.provider(model.provider).invalid_models].append(model)
        return parts

    def _merged(self, provider_id: str, listed: Sequence[Model]) -> Sequence[Model]:
        return configured.merged(provider_id, listed, self._runtime.settings.provider(provider_id))

    def is_in_process(self, provider_id: str) -> bool:
        """Whether asking the provider sends nothing anywhere; for each provider it is found out once."""
        if provider_id not in self._in_process:
            address = provider.connection(provider_id).base_url if not provider.needs_key(provider_id) else "//remote"
            self._in_process[provider_id] = not split(address).hostname
        return self._in_process[provider_id]

    async def _whom_to_ask(
        self, provider_id: str | None, reference: str | None
    ) -> Sequence[tuple[Provider, StoredSession | None]]:
        rows = {row.id: row for row in provider.list_providers()}
        if reference is not None:
            stored = self._runtime.sessions.find(reference, provider_id)
            return [(rows[stored.session.provider], stored)]
        if provider_id is not None:
            if provider_id not in rows:
                message = "There is no such provider; use one of the candidates."
                raise MaestroError("providerNotFound", message, candidates=provider.candidates())
            return [*self._signed_in([rows[provider_id]])] or [(rows[provider_id], self._sessions.choose(provider_id))]
        listing = [row for row in rows.values() if "models" in row.roles]
        keyless = await running(
            [provider.connection(row.id) for row in listing if provider.is_open(row.id)], self._runtime.settings
        )
        return [*((rows[name], None) for name in keyless), *self._signed_in(listing)]

    def _signed_in(self, rows: Iterable[Provider]) -> Iterable[tuple[Provider, StoredSession]]:
        for row in rows:
            stored = [s for s in self._runtime.sessions.list(row.id) if s.id in self._runtime.sessions.snapshot.stored]
            for session in stored:
                yield row, self._runtime.sessions.find(session.id)
            if not stored:
                try:
                    chosen = self._sessions.choose(row.id)
                except MaestroError:
                    continue  # nobody signed in to this provider: not a failure of the list
                if chosen:
                    yield row, chosen

    async def _ask(
        self, row: Provider, session: StoredSession | None, refresh: bool
    ) -> tuple[Sequence[Model], ModelSource]:
        """What the provider lists; while it does not answer, what it listed before and what the settings know."""
        key = (row.id, session.session.id if session else None)
        known, source = self._listings.get(key), ModelSource(provider=row.id, session_id=key[1], status="ok")
        if known is None or refresh or datetime.now(UTC) - known.fetched_at >= self._lifetime:
            try:
                models = await self._fetch(row, session)
            except MaestroError as error:
                source.error = error.info()
            else:
                known = self._listings[key] = _Listing(models, datetime.now(UTC))
        listed = self._merged(row.id, known.models if known else ())
        if source.error is not None:
            source.status = "stale" if known or listed else "error"
        source.fetched_at = known.fetched_at if known else None
        return listed, source

    @property
    def _lifetime(self) -> timedelta:
        return timedelta(minutes=self._runtime.settings.models.cache_minutes)

    async def _fetch(self, row: Provider, session: StoredSession | None) -> Sequence[Model]:
        """What the service lists; of one without a list its default model.

        Raises:
            MaestroError: what kept the service from answering: 4204 also where that was its slowness.
        """
        if "models" not in row.roles:
            name = provider.default_model(row.id)
            return [Model(id=f"{row.id}/{name}", provider=row.id, name=name)] if name else []
        patience = self._runtime.settings.models.list_timeout_ms / 1000
        stored = session.session if session else None
        try:
            async with asyncio.timeout(patience):
                return await provider.list_models(
                    row.id, stored.auth_type if stored else "api_key", stored.id if stored else None
                )
        except TimeoutError:
            message = (
                f"{row.label} did not list its models within {patience:g} s; try again, or raise "
                "`models.listTimeoutMs`."
            )
            raise MaestroError("unreachable", message, provider=row.id) from None


def _named(target: Target, models: Iterable[Model]) -> Model | None:
    return next((model for model in models if target.model in (model.name, model.id)), None)
