"""Logins as the editor has them: steps that are answered, an end that is told exactly once."""

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias
from uuid import uuid4

from pydantic import SecretStr

from maestro import provider
from maestro.editor import Editor
from maestro.errors import MaestroError
from maestro.providers.oauth import Granted
from maestro.services.idempotency import Idempotency
from maestro.services.sessions import SessionService
from maestro_protocol.errors import Issue
from maestro_protocol.sessions import (
    Provider,
    Session,
    SessionCreateParams,
    SessionLoginCompletedParams,
    Step,
    StepDone,
    StepField,
    StepInput,
)

_API_KEY_FIELD = StepField(key="apiKey", label="API key", secret=True)
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class KeyLogin:
    """A login that asks for a key and nothing else; driven like `maestro.auth.login.Login`."""

    id: str = field(default_factory=lambda: f"login_{uuid4().hex[:16]}")

    async def begin(self) -> StepInput:
        return StepInput(login_id=self.id, fields=[_API_KEY_FIELD])

    async def answer(self, inputs: Mapping[str, SecretStr]) -> SecretStr:
        if "apiKey" not in inputs:
            issue = Issue(path="inputs.apiKey", message="is required")
            raise MaestroError("invalidParams", "The login needs `inputs.apiKey`.", issues=[issue])
        return inputs["apiKey"]

    async def cancel(self) -> bool:
        return True

    @property
    def ended(self) -> bool:
        return False


_AnyLogin: TypeAlias = provider.Login | KeyLogin


@dataclass(slots=True)
class _Open:
    """A login on its way, and how it ended. Its answer may come twice, by the browser and pasted: one task keeps it."""

    params: SessionCreateParams
    login: _AnyLogin
    waiting: "asyncio.Task[None] | None" = None
    """Waits for what ends the login beside its answers: the browser, the device, the time."""
    keeping: "asyncio.Task[Session] | None" = None
    answering: int = 0
    """Requests that will tell the end after their response."""
    error: MaestroError | None = None


class LoginService:
    def __init__(self, sessions: SessionService, editor: Editor) -> None:
        self._sessions = sessions
        self._editor = editor
        self._open: dict[str, _Open] = {}
        self._ended: dict[str, _Open] = {}
        """Those whose end was not told yet."""
        self._past: set[str] = set()
        self._created = Idempotency[Step]()

    async def create(self, params: SessionCreateParams) -> Step:
        """Start a login; with a key, or credentials in a file, it is done at once.

        Raises:
            MaestroError: 4101, 4104 for a way of signing in the provider lacks, 4008, 4004, and 4002 if `validate`
                was asked for and the provider refused the credential (then nothing is stored).
        """
        return await self._created.once(params.client_request_id, params, lambda: self._create(params))

    async def proceed(self, login_id: str, inputs: Mapping[str, SecretStr]) -> Step:
        """Answer a login's step. What is refused leaves the login open for another try, where another can succeed.

        Raises:
            MaestroError: 4004 for an unknown login, -32602 for a missing field, and as `create`.
        """
        opened = self._open.get(login_id)
        if opened is None:
            raise self._no_such_login(login_id)
        opened.answering += 1
        try:
            return await self._went(opened, await opened.login.answer(inputs))
        except BaseException as error:
            if opened.login.ended and opened.keeping is None and isinstance(error, MaestroError):
                self._end(opened, error)
            if opened.answering == 1:
                asyncio.get_running_loop().call_soon(self._tell, login_id)  # after the response
            raise
        finally:
            opened.answering -= 1

    def is_open(self, login_id: str) -> bool:
        """Whether the login can still be answered."""
        return login_id in self._open

    async def cancel(self, login_id: str) -> bool:
        """Give up a login; False if there was none."""
        opened = self._open.get(login_id)
        if opened is None or opened.keeping is not None:
            return False
        self._end(opened, MaestroError("loginCancelled", "The login was cancelled."))
        await opened.login.cancel()
        return True

    async def aclose(self) -> None:
        """End every open login; each is told."""
        for login_id in list(self._open):
            await self.cancel(login_id)
            self.announce(login_id)

    def announce(self, login_id: str) -> None:
        """Tell the editor how a login ended; to be called after the response that ended it. Once per login."""
        self._tell(login_id)

    async def _create(self, params: SessionCreateParams) -> Step:
        row = _provider(params.provider)
        flows = [flow for kind in row.auth_types if kind.auth_type == params.auth_type for flow in kind.flows]
        if not flows or params.flow not in (None, *flows):
            raise _no_such_way(row)
        await self._sessions.refuse_taken_name(params.provider, params.auth_type, params.name)
        if params.auth_type == "api_key":
            opened = _Open(params, KeyLogin())
            return await self._went(opened, params.api_key or await opened.login.begin())
        opened = _Open(params, provider.begin_login(params.provider, params.flow, params.options))
        return await self._went(opened, await opened.login.begin())

    async def _went(self, opened: _Open, outcome: Step | Granted | SecretStr) -> Step:
        """The step that follows: the end, if the login gave something to keep."""
        if isinstance(outcome, Granted | SecretStr):
            return StepDone(session=await self._finish(opened, outcome))
        self._open[opened.login.id] = opened
        if isinstance(opened.login, provider.Login) and opened.waiting is None:
            opened.waiting = asyncio.create_task(self._wait(opened))
        return outcome

    async def _finish(self, opened: _Open, outcome: Granted | SecretStr) -> Session:
        """Keep what the login gave, once, whoever brought it and whether or not its request is still there."""
        if opened.keeping is None:
            opened.keeping = asyncio.create_task(self._keep(opened.params, outcome))
        try:
            session = await asyncio.shield(opened.keeping)
        except MaestroError as error:
            if isinstance(outcome, SecretStr):
                opened.keeping = None  # another key may do
            else:
                self._end(opened, error)  # the code is used up
            raise
        except asyncio.CancelledError:
            opened.keeping.add_done_callback(lambda kept: self._kept_for_nobody(opened, kept))
            raise
        self._end(opened)
        return session

    def _kept_for_nobody(self, opened: _Open, kept: "asyncio.Task[Session]") -> None:
        """The request was cancelled while its login was being kept: no answer tells how that ended."""
        if kept.cancelled():
            return
        error = kept.exception()
        if error is None:
            self._end(opened)
            self._sessions.announce("created", kept.result().id)
        elif isinstance(opened.login, KeyLogin):
            opened.keeping = None  # another key may do
        elif isinstance(error, MaestroError):
            self._end(opened, error)
        self._tell(opened.login.id)

    async def _keep(self, params: SessionCreateParams, outcome: Granted | SecretStr) -> Session:
        if isinstance(outcome, Granted):
            session = await provider.keep_login(params.provider, params.name, outcome, validate=params.validate_)
            for notice in outcome.notices:
                self._editor.show(notice)
        else:
            session_id = await provider.create_session(
                params.provider, params.auth_type, name=params.name, api_key=outcome, validate=params.validate_
            )
            session = self._sessions.known(session_id)
        self._sessions.hold(session.id)
        await self._sessions.tell_about_the_key()
        return session

    async def _wait(self, opened: _Open) -> None:
        """Until the browser or the device has answered, the time is up, or the login ended another way."""
        assert isinstance(opened.login, provider.Login)
        try:
            session = await self._finish(opened, await opened.login.granted())
        except MaestroError as error:
            self._end(opened, error)
        except Exception as fault:
            _log.error("a login failed by a fault: %s", type(fault).__name__)
            self._end(opened, MaestroError("loginFailed", "The login failed by a fault of Maestro; begin it again."))
        else:
            if not opened.answering:
                self._sessions.announce("created", session.id)
        if not opened.answering:
            self._tell(opened.login.id)

    def _no_such_login(self, login_id: str) -> MaestroError:
        if login_id in self._past:
            return MaestroError("loginFailed", "This login has ended; create the session again.")
        message = "The server was restarted since this login began, which ended it; create the session again."
        return MaestroError("loginCancelled", message)

    def _end(self, opened: _Open, error: MaestroError | None = None) -> None:
        """Note how it ended; the first end counts."""
        if self._open.pop(opened.login.id, None) is not None:
            opened.error = error
            self._past.add(opened.login.id)
            self._ended[opened.login.id] = opened
            if opened.waiting is not None and opened.waiting is not asyncio.current_task():
                opened.waiting.cancel()

    def _tell(self, login_id: str) -> None:
        opened = self._ended.pop(login_id, None)
        if opened is None:
            return
        session = opened.keeping.result() if opened.keeping and opened.error is None else None
        error = opened.error.info() if opened.error else None
        completed = SessionLoginCompletedParams(login_id=login_id, session=session, error=error)
        self._editor.notify("maestro/session/loginCompleted", completed)


def _provider(provider_id: str) -> Provider:
    rows = {row.id: row for row in provider.list_providers()}
    if provider_id not in rows:
        message = "There is no such provider; use one of the candidates."
        raise MaestroError("providerNotFound", message, candidates=provider.candidates())
    return rows[provider_id]


def _no_such_way(row: Provider) -> MaestroError:
    message = f"{row.label} cannot be signed in to this way here; use one of the candidates."
    ways = [f"{kind.auth_type}: {', '.join(kind.flows)}" for kind in row.auth_types]
    return MaestroError("unsupported", message, provider=row.id, candidates=ways)
