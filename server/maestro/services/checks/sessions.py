"""The named sessions: in which state each is, and what to type where one needs a login."""

import asyncio
import shlex
from collections.abc import Iterator, Mapping
from datetime import datetime

from maestro.connections import find_provider
from maestro.errors import MaestroError
from maestro.runtime import Runtime
from maestro.services.checks.outcome import bad, good
from maestro.store.credentials import OAuthCredential
from maestro.store.snapshot import Snapshot
from maestro_protocol.doctor import Check
from maestro_protocol.sessions import Session

_OPENING_SECONDS = 1.0
_FLOWS: Mapping[str, str] = {
    "workloadIdentity": "workloadIdentity",
    "authorizedUser": "credentialsFile",
    "serviceAccount": "credentialsFile",
    "profile": "profile",
}
"""Which login gives a credential of this grant; the provider's usual one gives the rest."""


async def sessions(runtime: Runtime, snapshot: Snapshot, *, opening: bool) -> list[Check]:
    """A check for each session; with `opening` also whether its stored credential opens."""
    shown = [session for session in snapshot.list() if session.source != "env"]
    broken, flows = await _open(runtime, snapshot) if opening else ({}, {})
    checks = [_check(runtime, session, broken.get(session.id), flows.get(session.id)) for session in shown]
    return [*checks, *_lost_defaults(snapshot)]


def nobody() -> Check:
    """What stands in the place of stored sessions where there are none."""
    return bad("sessions", "info", "There is no session", "Nobody has signed in yet", "`maestro login PROVIDER`")


def login_command(session: Session, flow: str | None = None) -> str:
    """What to type to sign in to a session again."""
    words = ["maestro", "login", session.provider, "--name", session.name]
    words += ["--key"] if session.auth_type == "api_key" else ["--flow", flow] if flow else ["--oauth"]
    words += ["--option", "mode=api_key"] if session.auth_type == "oauth" and session.mode == "api_key" else []
    return f"`{shlex.join(words)}`"


async def _open(runtime: Runtime, snapshot: Snapshot) -> tuple[dict[str, str], dict[str, str]]:
    """Why credentials do not open, and by which flow the others came; as far as a second reaches."""
    broken: dict[str, str] = {}
    flows: dict[str, str] = {}
    try:
        async with asyncio.timeout(_OPENING_SECONDS):
            for name in snapshot.stored:
                try:
                    credential, _ = await runtime.sessions.credential(name)
                except MaestroError as error:
                    if error.kind == "storageFailed":
                        broken[name] = error.message
                    continue
                if isinstance(credential, OAuthCredential) and credential.grant in _FLOWS:
                    flows[name] = _FLOWS[credential.grant]
    except TimeoutError:
        pass
    return broken, flows


def _check(runtime: Runtime, session: Session, broken: str | None, flow: str | None) -> Check:
    name, label = f"session.{session.id}", _label(runtime, session)
    again = login_command(session, flow)
    if not _is_known(runtime, session.provider):
        cause = f"There is no provider {session.provider} here any more"
        fix = f"install its plug-in, set `providers.{session.provider}.baseUrl`, or `maestro logout {session.id}`"
        return bad(name, "warning", label, cause, fix)
    if broken is not None:
        fix = f"`maestro logout {session.id} --keep-tokens`, then {again}"
        return bad(name, "error", label, broken, fix)
    if session.source == "profile" and session.status == "needsLogin":
        cause, _, fix = (session.problem or "Its login has expired; sign in with its owner").partition("; ")
        return bad(name, "warning" if session.is_default or session.bound_to else "info", label, cause, fix)
    if session.status in ("needsLogin", "revoked"):
        cause = session.problem or "Its login was ended at the provider"
        return bad(name, "warning", label, cause, again)
    if runtime.sessions.is_unsaved(session.id):
        cause = "Its renewed login could not be stored and is in this process's memory only"
        return bad(name, "warning", label, cause, "mend `store.readable`, and do not end this process before")
    if session.status == "expired":
        return _expired(name, label, session)
    if session.problem:
        return bad(name, "warning", label, session.problem, f"`maestro sessions validate {session.id}`")
    return good(name, label)


def _expired(name: str, label: str, session: Session) -> Check:
    """The next request renews it; where that failed, the session says so."""
    fix = f"`maestro sessions refresh {session.id}`"
    if session.problem:
        return bad(name, "warning", label, session.problem, fix)
    return bad(name, "info", label, "Its token has ended; the next request renews it", fix)


def _label(runtime: Runtime, session: Session) -> str:
    """No address and no account: what the doctor says is often shown to others."""
    kind = f"login ({session.mode})" if session.mode else "login"
    if session.auth_type == "api_key":
        kind = f"API key …{session.key_hint}" if session.key_hint else "API key"
    parts = [kind, session.status]
    if session.expires_at is not None:
        parts.append(f"token until {_time(session.expires_at)}")
    if session.source == "profile":
        parts.append("of another tool")
    if session.is_default:
        parts.append("default")
    if session.bound_to:
        parts.append(f"bound to {len(session.bound_to)}")
    return f"Session '{session.name}' of {session.provider}: {', '.join(parts)}"


def _lost_defaults(snapshot: Snapshot) -> Iterator[Check]:
    for provider, chosen in snapshot.defaults.items():
        if snapshot.get(chosen) is None:
            yield bad(
                f"default.{provider}",
                "warning",
                f"The default session of {provider} is not there",
                f"{chosen} comes from a variable or another tool's login, which this machine does not have now",
                "choose another one of `maestro sessions`: `maestro sessions default SESSION`",
            )


def _is_known(runtime: Runtime, provider: str) -> bool:
    try:
        find_provider(runtime, provider)
    except MaestroError:
        return False
    return True


def _time(moment: datetime) -> str:
    return moment.astimezone().strftime("%Y-%m-%d %H:%M")
