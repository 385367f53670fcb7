"""Can the providers one is signed in to be reached, each asked for its models and for nothing else."""

import asyncio
from collections.abc import Iterator
from time import perf_counter

from maestro import provider
from maestro.errors import MaestroError
from maestro.services.checks.outcome import bad, good, guarded
from maestro.services.checks.sessions import login_command
from maestro.store.snapshot import Snapshot
from maestro_protocol.doctor import Check
from maestro_protocol.sessions import Session

SECONDS = 8.0


async def reach(snapshot: Snapshot) -> list[Check]:
    """A check per provider, all at once. A key or login that is only offered is not used."""
    asked = list(_signed_in(snapshot))
    if not asked:
        return [good("network", "There is no provider to ask: nobody is signed in")]
    found = await asyncio.gather(*(guarded(f"network.{one.provider}", _ask(one), SECONDS + 1) for one in asked))
    return [check for checks in found for check in checks]


def _signed_in(snapshot: Snapshot) -> Iterator[Session]:
    """One session of each provider: the default one, else the first that needs no login."""
    chosen = [session for session in snapshot.list() if session.id in snapshot.stored or session.is_default]
    for name in dict.fromkeys(session.provider for session in chosen):
        sessions = [session for session in chosen if session.provider == name]
        yield min(sessions, key=lambda one: (not one.is_default, one.status in ("needsLogin", "revoked")))


async def _ask(session: Session) -> list[Check]:
    name = f"network.{session.provider}"
    if session.status in ("needsLogin", "revoked"):
        label = f"{session.provider} was not asked"
        return [bad(name, "info", label, f"Session '{session.name}' needs a login", login_command(session))]
    begin = perf_counter()
    try:
        async with asyncio.timeout(SECONDS):
            models = await provider.list_models(session.provider, session.auth_type, session.id)
    except MaestroError as error:
        return [bad(name, "error", f"{session.provider} did not answer well", error.message, _fix(session, error))]
    except TimeoutError:
        cause = f"No answer within {SECONDS:.0f} seconds"
        return [bad(name, "error", f"{session.provider} did not answer", cause, _reachable(session))]
    elapsed = (perf_counter() - begin) * 1000
    return [
        good(name, f"{session.provider} answered session '{session.name}' in {elapsed:.0f} ms: {len(models)} models")
    ]


def _fix(session: Session, error: MaestroError) -> str:
    match error.kind:
        case "authRejected" | "authExpired" | "authRequired":
            return login_command(session)
        case "unreachable":
            return _reachable(session)
        case "vaultUnavailable" | "storageFailed":
            return "mend `vault.key` and `store.readable` first"
    return f"do what the sentence says, then `maestro sessions validate {session.id}`"


def _reachable(session: Session) -> str:
    return (
        f"check the network connection, the check `proxies`, and the setting `providers.{session.provider}.baseUrl` or "
        "the vendor's variable for it"
    )
