"""Which models there are, and what a short name means."""

import asyncio
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Literal
from urllib.parse import urlsplit

from maestro import provider
from maestro.audit.asking.budget import Prices
from maestro.errors import MaestroError
from maestro.runtime import Runtime
from maestro.services.local_servers import running
from maestro.services.sessions import SessionService
from maestro.store.snapshot import StoredSession
from maestro_protocol.errors import Issue
from maestro_protocol.models import Model, ModelListParams, ModelListResult, ModelResolveResult, ModelSource
from maestro_protocol.sessions import Provider

_MatchedBy = Literal["exact", "short", "prefix", "default"]


@dataclass(frozen=True, slots=True)
class Target:
    """What a request goes to. `model` is the provider's own name; `session` is None where none is needed."""

    provider: str
    session: StoredSession | None
    model: str

    @property
    def model_id(self) -> str:
        """`provider/long-name`."""
        return f"{self.provider}/{self.model}"

    @property
    def session_id(self) -> str | None:
        return self.session.session.id if self.session else None


@dataclass(frozen=True, slots=True)
class _Listing:
    models: Sequence[Model]
    fetched_at: datetime


class ModelService:
    def __init__(self, runtime: Runtime, sessions: SessionService) -> None:
        self._runtime = runtime
        self._sessions = sessions
        self._listings: dict[tuple[str, str | None], _Listing] = {}
        self._in_process: dict[str, bool] = {}

    async def list(self, params: ModelListParams) -> ModelListResult:
        """The models of one provider, or of every one that can be asked. One that fails is said in `sources`.

        Raises:
            MaestroError: 4101, 4007 or 4103 for a provider or session that does not exist.
        """
        asked = await self._whom_to_ask(params.provider, params.session_id)
        answers = await asyncio.gather(*(self._ask(row, session, params.refresh) for row, session in asked))
        models = {model.id: model for listing, _ in answers for model in listing}
        return ModelListResult(models=list(models.values()), sources=[source for _, source in answers])

    async def providers(self) -> Sequence[Provider]:
        """Every provider there is; of those on this machine, whether they answer now."""
        rows, settings = provider.list_providers(), self._runtime.settings
        if not settings.models.probe_local_servers:
            return rows
        keyless = [provider.connection(row.id) for row in rows if not provider.needs_key(row.id)]
        seen = dict.fromkeys((connection.info.id for connection in keyless), False)
        seen.update(dict.fromkeys(await running(keyless, settings), True))
        return [row.model_copy(update={"running": seen.get(row.id)}) for row in rows]

    async def resolve(self, name: str, reference: str | None = None) -> ModelResolveResult:
        """What `4o`, `openai/gpt-4o` or `work:openai/gpt-4o` means, held against the lists.

        Raises:
            MaestroError: 4102 or 4103 with candidates that resolve, 4007 for a session that does not exist.
        """
        reference, name = self._split_session(name, reference)
        listed = await self.list(ModelListParams(session_id=reference))
        found, matched_by = _match(name, listed.models)
        session = self._sessions.choose(found.provider, reference)
        return ModelResolveResult(
            model=found, session_id=session.session.id if session else None, matched_by=matched_by
        )

    async def target(self, name: str | None, reference: str | None, chat_id: str | None = None) -> Target:
        """Where a request goes. A full name (`provider/model`) is taken at its word, so that no list is fetched first.

        Raises:
            MaestroError: as `resolve`, and 4001 if a session must be chosen first.
        """
        try:
            return await self._target(name, reference, chat_id)
        except MaestroError as error:
            if error.kind not in ("sessionNotFound", "authRequired"):
                raise
        with suppress(MaestroError):  # another window may have made the session just now
            await self._runtime.sessions.sync()
        return await self._target(name, reference, chat_id)

    async def known(self, target: Target) -> Model | None:
        """What the last list said of a model. Only a provider in this process is asked now: no request is sent."""
        listing = self._listings.get((target.provider, target.session_id))
        models: Sequence[Model] = listing.models if listing else ()
        if listing is None and self._is_in_process(target.provider):
            models = await provider.list_models(target.provider, "api_key", target.session_id)
        return next((model for model in models if target.model in (model.name, model.id)), None)

    async def prices(self, target: Target) -> Prices | None:
        """What a model costs, where a list of models has said so."""
        model = await self.known(target)
        if model is None or model.prices is None:
            return None
        return Prices(Decimal(model.prices.input), Decimal(model.prices.output))

    def _is_in_process(self, provider_id: str) -> bool:
        """Whether asking the provider sends nothing anywhere; for each provider it is found out once."""
        if provider_id not in self._in_process:
            address = provider.connection(provider_id).base_url if not provider.needs_key(provider_id) else "//remote"
            self._in_process[provider_id] = not urlsplit(address).hostname
        return self._in_process[provider_id]

    async def _target(self, name: str | None, reference: str | None, chat_id: str | None) -> Target:
        if not name:
            return await self._default_target(reference, chat_id)
        session, rest = self._split_session(name, reference)
        provider_id, _, model = rest.partition("/")
        if model and _is_provider(provider_id):
            self._check_provider(session, provider_id)
            return Target(provider_id, self._sessions.choose(provider_id, session, chat_id), model)
        if session is not None:
            stored = self._runtime.sessions.find(session)
            return Target(stored.session.provider, stored, rest)
        found = (await self.resolve(rest)).model
        return Target(found.provider, self._sessions.choose(found.provider, None, chat_id), found.name)

    async def _default_target(self, reference: str | None, chat_id: str | None) -> Target:
        """Neither model nor provider was named: the session's default, else the settings', else the provider's."""
        stored = self._runtime.sessions.find(reference) if reference else self._bound(chat_id)
        if stored is None and (named := self._runtime.settings.defaults.chat):
            return await self._target(named, None, chat_id)
        provider_id = stored.session.provider if stored else provider.get_default_provider()
        stored = stored or self._choose_for_default(provider_id, chat_id)
        defaults = stored.session.defaults if stored else None
        model = (defaults.model if defaults else None) or provider.default_model(provider_id) or ""
        if not model:
            message = "No model was named and this provider has no default one; name a model, or set `defaults.chat`."
            raise MaestroError("modelNotFound", message, provider=provider_id)
        return Target(provider_id, stored, model.removeprefix(f"{provider_id}/"))

    def _choose_for_default(self, provider_id: str, chat_id: str | None) -> StoredSession | None:
        """Of the default provider; where there is none, the error says which sessions there are of others."""
        try:
            return self._sessions.choose(provider_id, None, chat_id)
        except MaestroError as error:
            others = [
                one for one in self._runtime.sessions.list() if one.source == "vault" and one.provider != provider_id
            ]
            if error.kind != "authRequired" or error.data.candidates or not others:
                raise
            names = [f"'{one.name}' of {one.provider}" for one in others[:5]]
            message = (
                f"The default provider is {provider_id}, and there is no session of it. Name a session or a model "
                f"(there is {', '.join(names)}), or set `defaults.provider`."
            )
            raise MaestroError(
                "authRequired", message, provider=provider_id, candidates=[one.id for one in others[:20]]
            ) from None

    def _check_provider(self, reference: str | None, provider_id: str) -> None:
        """Raises 4007 for a session of another provider than the model's."""
        if reference is None:
            return
        of = [one for one in self._runtime.sessions.list() if reference in (one.id, one.name)]
        if of and provider_id not in [one.provider for one in of]:
            issue = Issue(path="sessionId", message="is a session of another provider than the model's")
            message = (
                f"The session '{of[0].name}' is one of {of[0].provider}, the model one of {provider_id}; change one."
            )
            raise MaestroError("sessionNotFound", message, provider=provider_id, session_id=of[0].id, issues=[issue])

    def _bound(self, chat_id: str | None) -> StoredSession | None:
        """The session the chat or the workspace is bound to: the default provider's, or the only one."""
        bound = self._sessions.bound(chat_id)
        of_default = [one for one in bound if one.session.provider == provider.get_default_provider()]
        return of_default[0] if of_default else bound[0] if len(bound) == 1 else None

    def _split_session(self, name: str, reference: str | None) -> tuple[str | None, str]:
        """`work:openai/gpt-4o` -> (`work`, `openai/gpt-4o`) if a session has that name; a model's own colon stays.

        Raises:
            MaestroError: -32602 where the request names another session besides.
        """
        if ":" in name:
            known = {known for session in self._runtime.sessions.list() for known in (session.id, session.name)}
            named = [session for session in known if name.startswith(f"{session}:")]
            if named:
                longest = max(named, key=len)
                if reference is not None and not self._is_same(reference, longest):
                    issue = Issue(path="model", message="names another session than `sessionId`")
                    message = "`model` names another session than `sessionId`; name one of the two."
                    raise MaestroError("invalidParams", message, issues=[issue])
                return longest, name.removeprefix(f"{longest}:")
        return reference, name

    def _is_same(self, one: str, other: str) -> bool:
        find = self._runtime.sessions.find
        return one == other or find(one).session.id == find(other).session.id

    async def _whom_to_ask(
        self, provider_id: str | None, reference: str | None
    ) -> Sequence[tuple[Provider, StoredSession | None]]:
        rows = {row.id: row for row in provider.list_providers()}
        if reference is not None:
            stored = self._runtime.sessions.find(reference, provider_id)
            return [(rows[stored.session.provider], stored)]
        if provider_id is not None:
            if provider_id not in rows:
                message = "There is no such provider; `maestro/provider/list` names them."
                raise MaestroError("providerNotFound", message, candidates=sorted(rows))
            return [*self._signed_in([rows[provider_id]])] or [(rows[provider_id], self._sessions.choose(provider_id))]
        listing = [row for row in rows.values() if "models" in row.roles]
        keyless = await running(
            [provider.connection(row.id) for row in listing if not provider.needs_key(row.id)], self._runtime.settings
        )
        return [*((rows[name], None) for name in keyless), *self._signed_in(listing)]

    def _signed_in(self, rows: Iterable[Provider]) -> Iterable[tuple[Provider, StoredSession]]:
        for row in rows:
            stored = [s for s in self._runtime.sessions.list(row.id) if s.id in self._runtime.sessions.snapshot.stored]
            for session in stored:
                yield row, self._runtime.sessions.find(session.id)
            if not stored and provider.needs_key(row.id):
                try:
                    chosen = self._sessions.choose(row.id)
                except MaestroError:
                    continue  # nobody signed in to this provider: not a failure of the list
                if chosen:
                    yield row, chosen

    async def _ask(
        self, row: Provider, session: StoredSession | None, refresh: bool
    ) -> tuple[Sequence[Model], ModelSource]:
        session_id = session.session.id if session else None
        key, lifetime = (row.id, session_id), timedelta(minutes=self._runtime.settings.models.cache_minutes)
        known = self._listings.get(key)
        if known and not refresh and datetime.now(UTC) - known.fetched_at < lifetime:
            return known.models, ModelSource(
                provider=row.id, session_id=session_id, status="ok", fetched_at=known.fetched_at
            )
        try:
            auth_type = session.session.auth_type if session else "api_key"
            models = await provider.list_models(row.id, auth_type, session_id)
        except MaestroError as error:
            status: Literal["stale", "error"] = "stale" if known else "error"
            fetched_at = known.fetched_at if known else None
            source = ModelSource(
                provider=row.id, session_id=session_id, status=status, fetched_at=fetched_at, error=error.info()
            )
            return known.models if known else (), source
        listing = self._listings[key] = _Listing(models, datetime.now(UTC))
        return models, ModelSource(provider=row.id, session_id=session_id, status="ok", fetched_at=listing.fetched_at)


def _is_provider(name: str) -> bool:
    try:
        provider.needs_key(name)
    except MaestroError:
        return False
    return True


def _match(name: str, models: Sequence[Model]) -> tuple[Model, _MatchedBy]:
    """The one model a name means: its id or name, its short name, or the only one that begins so."""
    tests: tuple[tuple[_MatchedBy, list[Model]], ...] = (
        ("exact", [m for m in models if name == m.id] or [m for m in models if name == m.name]),
        ("short", [m for m in models if name == m.short_name]),
        ("prefix", [m for m in models if m.name.startswith(name) or m.id.startswith(name)]),
    )
    whole = not name.rpartition("/")[2]  # `offline/` begins every name there is, and means none of them
    for matched_by, found in tests[:2] if whole else tests:
        if len(found) == 1:
            return found[0], matched_by
        if found:
            message = "Several models fit this name; use one of the candidates."
            raise MaestroError("ambiguous", message, candidates=[m.id for m in found[:20]])
    close = [m.id for m in models if name.rpartition("/")[2].lower() in m.id.lower()]
    message = "No provider you are signed in to has this model; use one of the candidates, or `provider/model`."
    raise MaestroError("modelNotFound", message, candidates=close[:20] or [m.id for m in models[:20]])
