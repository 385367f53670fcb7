"""Named sessions: signing in, choosing one, and never choosing silently."""

from uuid import uuid4

from pydantic import SecretStr

from maestro import provider
from maestro.errors import MaestroError
from maestro.runtime import Runtime
from maestro.services.editor import Editor
from maestro.services.idempotency import Idempotency
from maestro.store.sessions import StoredSession
from maestro_protocol.base import JsonObject
from maestro_protocol.errors import Command, Issue
from maestro_protocol.sessions import (
    Provider,
    Session,
    SessionCreateParams,
    SessionDidChangeParams,
    SessionLoginCompletedParams,
    Step,
    StepDone,
    StepField,
    StepInput,
)

_API_KEY_FIELD = StepField(key="apiKey", label="API key", secret=True)


class SessionService:
    """`use_environment` lets keys from environment variables be used unasked, as the terminal commands do."""

    def __init__(self, runtime: Runtime, editor: Editor, *, use_environment: bool) -> None:
        self._runtime = runtime
        self._editor = editor
        self._use_environment = use_environment
        self._logins: dict[str, SessionCreateParams] = {}
        self._created = Idempotency[Step]()

    async def create(self, params: SessionCreateParams) -> Step:
        """Start a login: done at once with a key, else a step that asks for it.

        Raises:
            MaestroError: 4101, 4104 for a way of signing in the provider lacks, 4008, and 4002 if `validate` was
                asked for and the provider refused the key (then nothing is stored).
        """
        return await self._created.once(params.client_request_id, params, lambda: self._create(params))

    async def proceed(self, login_id: str, inputs: dict[str, SecretStr]) -> Step:
        """Answer a login's step. A refused key leaves the login open for another try.

        Raises:
            MaestroError: 4004 for an unknown login, -32602 for a missing field, and as `create`.
        """
        params = self._logins.get(login_id)
        if params is None:
            raise MaestroError("loginFailed", "This login has ended; create the session again.")
        if "apiKey" not in inputs:
            issue = Issue(path="inputs.apiKey", message="is required")
            raise MaestroError("invalidParams", "The login needs `inputs.apiKey`.", issues=[issue])
        step = await self._with_key(params, inputs["apiKey"])
        del self._logins[login_id]
        return step

    def cancel(self, login_id: str) -> bool:
        """Give up a login; False if there was none."""
        return self._logins.pop(login_id, None) is not None

    def list(self, provider_id: str | None) -> list[Session]:
        """All sessions, those the environment offers included."""
        return list(self._runtime.sessions.list(provider_id))

    def get(self, reference: str) -> Session:
        """Raises 4007 or 4103."""
        return self._runtime.sessions.find(reference).session

    def set_default(self, reference: str) -> Session:
        """Raises 4007 or 4103."""
        return self._runtime.sessions.set_default(reference)

    async def validate(self, reference: str) -> Session:
        """Ask the provider; the answer shows in the session's status.

        Raises:
            MaestroError: 4007, 4103, or what kept the provider from answering.
        """
        session = self._runtime.sessions.find(reference).session
        try:
            await provider.validate_auth(session.provider, session.id)
        except MaestroError as error:
            if error.kind not in ("authRejected", "authExpired"):
                raise
            return self._runtime.sessions.set_status(session.id, "needsLogin")
        return self._runtime.sessions.set_status(session.id, "active")

    def delete(self, reference: str) -> Session | None:
        """Forget a session; None if there was none. Raises 4103, or 4104 for one of the environment."""
        try:
            return self._runtime.sessions.delete(reference)
        except MaestroError as error:
            if error.kind != "sessionNotFound":
                raise
            return None

    def choose(self, provider_id: str, reference: str | None = None) -> StoredSession | None:
        """The session to use with a provider; None where none is needed.

        A named one, else the provider's default, else its only stored one, else (in a terminal) the environment's.

        Raises:
            MaestroError: 4001 with an action that adopts the environment's key where there is one; 4007, 4103.
        """
        sessions = self._runtime.sessions
        if reference is not None:
            return sessions.find(reference, provider_id)
        if chosen := sessions.default(provider_id):
            return chosen
        offered = [s.id for s in sessions.list(provider_id) if s.source == "env"]
        if offered and self._use_environment:
            return sessions.find(offered[0], provider_id)
        if not provider.needs_key(provider_id):
            return None
        stored = [s.name for s in sessions.list(provider_id) if s.source != "env"]
        row = self._provider(provider_id)
        raise _no_key(row) if self._use_environment and not stored else _nothing_chosen(row, offered, stored)

    def announce_change(self, session: Session, reason: str) -> None:
        """Tell the editor; to be called after the response that names the session."""
        removed = [session.id] if reason == "deleted" else []
        changed = [] if removed else [session]
        self._editor.notify(
            "maestro/session/didChange",
            SessionDidChangeParams.model_validate({"changed": changed, "removed": removed, "reason": reason}),
        )

    def announce_login(self, login_id: str, session: Session) -> None:
        """Tell the editor that a login succeeded."""
        completed = SessionLoginCompletedParams(login_id=login_id, session=session)
        self._editor.notify("maestro/session/loginCompleted", completed)

    def announce_cancelled_login(self, login_id: str) -> None:
        """Tell the editor that a login was given up."""
        error = MaestroError("loginCancelled", "The login was cancelled.")
        completed = SessionLoginCompletedParams(login_id=login_id, error=error.info())
        self._editor.notify("maestro/session/loginCompleted", completed)

    async def _create(self, params: SessionCreateParams) -> Step:
        row = self._provider(params.provider)
        flows = [flow for kind in row.auth_types if kind.auth_type == params.auth_type for flow in kind.flows]
        if not flows or params.flow not in (None, *flows):
            raise MaestroError(
                "unsupported",
                f"{row.label} cannot be signed in to this way here; `maestro/provider/list` says how.",
                provider=row.id,
                candidates=[f"{kind.auth_type}: {', '.join(kind.flows)}" for kind in row.auth_types],
            )
        if params.api_key is not None:
            return await self._with_key(params, params.api_key)
        login_id = f"login_{uuid4().hex[:16]}"
        self._logins[login_id] = params
        return StepInput(login_id=login_id, fields=[_API_KEY_FIELD])

    async def _with_key(self, params: SessionCreateParams, key: SecretStr) -> Step:
        session_id = await provider.create_session(
            params.provider, params.auth_type, name=params.name, api_key=key, validate=params.validate_
        )
        return StepDone(session=self.get(session_id))

    def _provider(self, provider_id: str) -> Provider:
        rows = {row.id: row for row in provider.list_providers()}
        if provider_id not in rows:
            raise MaestroError(
                "providerNotFound",
                "There is no such provider; `maestro/provider/list` names them.",
                candidates=sorted(rows),
            )
        return rows[provider_id]


def _no_key(row: Provider) -> MaestroError:
    variable = f"set {row.env.name}" if row.env else "create a session"
    message = f"There is no key for {row.label}: {variable}, or choose another provider with --provider."
    return MaestroError("authRequired", message, provider=row.id)


def _nothing_chosen(row: Provider, offered: list[str], stored: list[str]) -> MaestroError:
    if stored:
        message = f"Several sessions of {row.label} fit; name one, or make one the default."
        return MaestroError("authRequired", message, provider=row.id, candidates=stored)
    if offered and row.env:
        message = f"Choose a session for {row.label}: create one, or adopt the key in {row.env.name}."
        adopt: list[str | JsonObject] = [offered[0]]
        action = Command(title=f"Use the key in {row.env.name}", command="maestro.session.select", arguments=adopt)
        return MaestroError("authRequired", message, provider=row.id, candidates=offered, action=action)
    message = f"There is no session for {row.label} yet; create one with an API key."
    return MaestroError("authRequired", message, provider=row.id)
