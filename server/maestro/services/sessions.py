"""Named sessions: which there are, which one is meant, and never one chosen silently."""

import logging
from collections.abc import Mapping, Sequence
from contextlib import suppress

from maestro import provider
from maestro.connections import adopting, what_is_offered
from maestro.editor import Editor
from maestro.errors import MaestroError
from maestro.runtime import Runtime
from maestro.sign_in import check_name
from maestro.store.snapshot import BindingKind, StoredSession, references
from maestro_protocol.errors import Issue
from maestro_protocol.sessions import (
    AuthType,
    Provider,
    Session,
    SessionBindParams,
    SessionBindResult,
    SessionDidChangeParams,
    SessionReleased,
    SessionUpdateParams,
)

_log = logging.getLogger(__name__)


class SessionService:
    """`use_environment` lets keys from environment variables be used unasked, as the terminal commands do."""

    def __init__(self, runtime: Runtime, editor: Editor, *, use_environment: bool) -> None:
        self._runtime = runtime
        self._editor = editor
        self._use_environment = use_environment
        self._announced: Mapping[str, Session] | None = None
        self._unanswered: set[str] = set()

    async def open(self) -> None:
        """Read the store and follow it. One that cannot be read is told, and takes nothing else down."""
        sessions = self._runtime.sessions
        sessions.told = self.announce
        try:
            await sessions.sync()
        except MaestroError as error:
            self._editor.show(error.message, error=True)
        else:
            sessions.watch()
            self._announced = self._current()
        for notice in sessions.database.take_notices():
            self._editor.show(notice)

    async def list(self, provider_id: str | None) -> Sequence[Session]:
        """All sessions, those of the environment and of other tools included; only those, without a store."""
        await self._sync()
        return self._runtime.sessions.list(provider_id)

    async def get(self, reference: str) -> Session:
        """Raises 4007 or 4103."""
        await self._sync()
        return self._runtime.sessions.find(reference).session

    async def _find(self, reference: str) -> Session | None:
        try:
            return await self.get(reference)
        except MaestroError as error:
            if error.kind != "sessionNotFound":
                raise
            return None

    async def _sync(self) -> None:
        """What cannot be read was told when the server started; what is known is what there is."""
        try:
            await self._runtime.sessions.sync()
        except MaestroError as error:
            _log.warning("%s", error.message)

    def known(self, session_id: str) -> Session:
        """A session as it was last read. Raises 4007."""
        return self._runtime.sessions.find(session_id).session

    async def refuse_taken_name(self, provider_id: str, auth_type: AuthType, name: str) -> None:
        """Before anybody is sent to a browser; the store decides again when the login is kept. Raises 4008."""
        await self._sync()
        self._runtime.sessions.holder(provider_id, auth_type, name)

    async def rename(self, reference: str, name: str) -> Session:
        """Raises 4007, 4103, 4008 for a taken name, 4104 for a session that is not kept here."""
        check_name(name)
        session = await self.get(reference)
        return await self._runtime.sessions.rename(session.id, name)

    async def update(self, params: SessionUpdateParams) -> Session:
        """Raises 4007, 4103, -32602 for a mode the session does not have."""
        session = await self.get(params.session_id)
        changes: dict[str, object] = {}
        if params.defaults is not None:
            changes["defaults"] = params.defaults
        if params.mode is not None:
            if params.mode not in (session.modes or []):
                issue = Issue(path="mode", message="is not one of the session's modes")
                message = f"Session '{session.name}' cannot be used in this mode; its `modes` say in which it can."
                raise MaestroError("invalidParams", message, session_id=session.id, issues=[issue])
            changes["mode"] = params.mode
        return await self._runtime.sessions.change(session.id, **changes)

    async def set_default(self, reference: str) -> Session:
        """Raises 4007 or 4103."""
        session = await self.get(reference)
        return await self._runtime.sessions.set_default(session.id)

    async def bind(self, params: SessionBindParams) -> SessionBindResult:
        """Use a session in a folder or a chat, or release it. Raises 4007, 4103; -32602 without exactly one target."""
        kind, target = _target(params)
        if params.session_id is None:
            return SessionReleased(released=list(await self._runtime.sessions.release(kind, target)))
        session = await self.get(params.session_id)
        return await self._runtime.sessions.bind(session.id, kind, target)

    async def release_chat(self, chat_id: str) -> None:
        """Undo the bindings of a chat that is gone."""
        if any(self._runtime.sessions.snapshot.bound("chat", chat_id)):
            await self._runtime.sessions.release("chat", chat_id)

    async def refresh(self, reference: str) -> Session:
        """Renew a login now. Raises 4007, 4103, 4104 for a key, 4003 for a login that has ended."""
        session = await self.get(reference)
        return await provider.refresh_tokens(session.provider, session.id)

    async def validate(self, reference: str) -> Session:
        """Ask the provider; the answer shows in the session's status.

        Raises:
            MaestroError: 4007, 4103, or what kept the provider from answering.
        """
        session = await self.get(reference)
        try:
            return await provider.validate_auth(session.provider, session.id)
        except MaestroError as error:
            if error.kind not in ("authRejected", "authExpired"):
                raise
            problem = error.message
        return await self._runtime.sessions.change(session.id, status="needsLogin", problem=problem)

    async def delete(self, reference: str, *, revoke: bool | None = None) -> Session | None:
        """Forget a session; None if there was none. Raises 4103, or 4104 for one that is not kept here."""
        session = await self._find(reference)
        if session is None:
            return None
        try:
            deleted = await provider.delete_session(session.provider, session.auth_type, session.id, revoke=revoke)
        except MaestroError as error:
            if error.kind == "providerNotFound":  # its plug-in is gone; it stays the user's to delete
                return await self._runtime.sessions.delete(session.id)
            if error.kind != "sessionNotFound":
                raise
            return None
        return session if deleted else None

    def choose(
        self, provider_id: str, reference: str | None = None, chat_id: str | None = None
    ) -> StoredSession | None:
        """The session to use with a provider; None where none is needed and none is known.

        A named one, else the chat's, else the workspace's, else the provider's default, else its only stored one, else
        (in a terminal) the environment's.

        Raises:
            MaestroError: 4001 with an action that adopts the environment's key where there is one; 4007, 4103.
        """
        sessions = self._runtime.sessions
        if reference is not None:
            return sessions.find(reference, provider_id)
        of_provider = [one for one in self.bound(chat_id) if one.session.provider == provider_id]
        if chosen := next(iter(of_provider), None) or sessions.default(provider_id):
            return chosen
        known = sessions.list(provider_id)
        if self._use_environment and (keys := [one.id for one in known if one.source == "env"]):
            return sessions.find(keys[0], provider_id)
        if not known and not provider.needs_key(provider_id):
            return None
        raise self._nothing_chosen(provider_id, known)

    def bound(self, chat_id: str | None = None) -> Sequence[StoredSession]:
        """The sessions bound to the chat, then those bound to the workspace folders.

        Raises:
            MaestroError: 4103 where folders that are open together are bound to different sessions of a provider.
        """
        sessions = self._runtime.sessions.snapshot
        to_chat = list(sessions.bound("chat", chat_id)) if chat_id else []
        to_folders: dict[str, StoredSession] = {}
        for folder in self._editor.folders:
            for one in sessions.bound("workspaceFolder", canonical(folder)):
                other = to_folders.setdefault(one.session.provider, one)
                if other.session.id != one.session.id:
                    ids = [other.session.id, one.session.id]
                    message = "The open folders are bound to different sessions; name the session to use."
                    raise MaestroError("ambiguous", message, provider=one.session.provider, candidates=ids)
        return [*to_chat, *to_folders.values()]

    async def tell_about_the_key(self) -> None:
        """Where the key of the credentials is, once, if it is not in a keyring."""
        with suppress(MaestroError):
            if notice := await self._runtime.sessions.vault.notice():
                self._editor.show(notice)

    # -- what the editor is told --------------------------------------------------------------------------------------

    def hold(self, session_id: str) -> None:
        """Say nothing of this session before `announce` is called for it: its answer is not out yet (R2)."""
        self._unanswered.add(session_id)

    def announce(self, reason: str, session_id: str | None = None) -> None:
        """Tell the editor what changed since it was last told; to be called after the response, if one names it."""
        if session_id is not None:
            self._unanswered.discard(session_id)
        before, now = self._announced or {}, self._current()
        held = self._unanswered
        changed = [now[one] for one in now if one not in held and _differs(now[one], before.get(one))]
        removed = [one for one in before if one not in now]
        self._announced = {**{one: before[one] for one in held if one in before}} | {
            one: session for one, session in now.items() if one not in held
        }
        if changed or removed:
            self._editor.notify(
                "maestro/session/didChange",
                SessionDidChangeParams.model_validate({"changed": changed, "removed": removed, "reason": reason}),
            )

    def _current(self) -> Mapping[str, Session]:
        return {session.id: session for session in self._runtime.sessions.list()}

    def _nothing_chosen(self, provider_id: str, known: Sequence[Session]) -> MaestroError:
        stored = references([session for session in known if session.source == "vault"])
        offered = [session for session in known if session.source != "vault"]
        row = next(row for row in provider.list_providers() if row.id == provider_id)
        if self._use_environment and not stored and not offered:
            return _no_key(row)
        return _choose_one(row, stored, offered)


def canonical(folder: str) -> str:
    """A folder's URI as bindings know it: no slash at its end."""
    return folder.rstrip("/")


def _differs(session: Session, before: Session | None) -> bool:
    """Whether there is a change to tell: when it was last used is none."""
    return before is None or session.model_copy(update={"last_used_at": before.last_used_at}) != before


def _target(params: SessionBindParams) -> tuple[BindingKind, str]:
    if params.chat_id and not params.workspace_folder:
        return "chat", params.chat_id
    if params.workspace_folder and not params.chat_id:
        if "://" not in params.workspace_folder:
            issue = Issue(path="workspaceFolder", message="must be a URI, as file:///home/me/project")
            message = "`workspaceFolder` must be a URI, as file:///home/me/project."
            raise MaestroError("invalidParams", message, issues=[issue])
        return "workspaceFolder", canonical(params.workspace_folder)
    issue = Issue(path="workspaceFolder", message="exactly one of `workspaceFolder` and `chatId` is required")
    raise MaestroError("invalidParams", "Name either a workspace folder or a chat to bind.", issues=[issue])


def _no_key(row: Provider) -> MaestroError:
    variable = f"set {row.env.name}, or run" if row.env else "run"
    message = f"There is no session of {row.label}: {variable} `maestro login {row.id}`."
    return MaestroError("authRequired", message, provider=row.id)


def _choose_one(row: Provider, stored: Sequence[str], offered: Sequence[Session]) -> MaestroError:
    if stored:
        message = f"Several sessions of {row.label} fit; name one, or make one the default."
        return MaestroError("authRequired", message, provider=row.id, candidates=list(stored))
    if offered:
        message = f"Choose a session for {row.label}: create one, or adopt {what_is_offered(offered[0])}."
        ids = [session.id for session in offered]
        return MaestroError("authRequired", message, provider=row.id, candidates=ids, action=adopting(offered[0]))
    message = f"There is no session for {row.label} yet; create one."
    return MaestroError("authRequired", message, provider=row.id)
