"""Which session a request gets, and which model where none was named; never a silent one."""

from typing import NamedTuple

from maestro import provider
from maestro.errors import MaestroError
from maestro.runtime import Runtime
from maestro.services.models.model_string import AUTO
from maestro.services.sessions import SessionService
from maestro.store.snapshot import StoredSession
from maestro_protocol.errors import Issue


class Before(NamedTuple):
    """What a chat used last: it goes on with that unless something else is said."""

    model: str | None = None
    session_id: str | None = None


NOTHING = Before()


class Choice:
    def __init__(self, runtime: Runtime, sessions: SessionService) -> None:
        self._runtime = runtime
        self._sessions = sessions

    def session(
        self, provider_id: str, reference: str | None, chat_id: str | None, before: Before = NOTHING
    ) -> StoredSession | None:
        """The named session, else the one the chat used last with this provider, else as `SessionService.choose`.

        Raises:
            MaestroError: 4007 for a session that is gone, or of another provider than the model's; 4001, 4103.
        """
        self.check_provider(reference, provider_id)
        if reference is None and self._provider_before(before) == provider_id:
            reference = before.session_id
        return self._sessions.choose(provider_id, reference, chat_id)

    def check_provider(self, reference: str | None, provider_id: str) -> None:
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

    def for_default(self, reference: str | None, chat_id: str | None) -> tuple[str, StoredSession | None]:
        """The provider and the session where no model was named: the named session's, else the bound one's, else the
        default provider's."""
        stored = self._runtime.sessions.find(reference) if reference else self.bound(chat_id)
        if stored is not None:
            return stored.session.provider, stored
        provider_id = provider.get_default_provider()
        return provider_id, self._of_default_provider(provider_id, chat_id)

    def default_name(self, provider_id: str, stored: StoredSession | None, *, is_asked: bool = True) -> str:
        """The session's default model, else the provider's; `auto` is a name like others to some.

        Not `is_asked` for a provider that nothing led to but its being the default one.

        Raises:
            MaestroError: 4102 where there is none.
        """
        defaults = stored.session.defaults if stored else None
        name = (defaults.model if defaults else None) or provider.default_model(provider_id)
        if not name:
            own = f"`providers.{provider_id}.defaultModel`"
            settings = own if is_asked else f"`defaults.chat` or {own}"
            message = f"No model was named and {provider_id} has no default one; name a model, or set {settings}."
            raise MaestroError("modelNotFound", message, provider=provider_id)
        own = name.removeprefix(f"{provider_id}/")
        return name if own == AUTO else own  # the full name of OpenRouter's own model begins with its provider twice

    def bound(self, chat_id: str | None) -> StoredSession | None:
        """The session the chat or the workspace is bound to: the default provider's, or the only one."""
        bound = self._sessions.bound(chat_id)
        of_default = [one for one in bound if one.session.provider == provider.get_default_provider()]
        return of_default[0] if of_default else bound[0] if len(bound) == 1 else None

    def _provider_before(self, before: Before) -> str | None:
        """Of the session if it is still there, so that one which is gone is missed and not replaced."""
        if before.session_id is None:
            return None
        stored = self._runtime.sessions.snapshot.get(before.session_id)
        return stored.session.provider if stored else (before.model or "").partition("/")[0]

    def _of_default_provider(self, provider_id: str, chat_id: str | None) -> StoredSession | None:
        """Where there is none, the error says which sessions there are of others."""
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
