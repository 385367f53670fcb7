"""`maestro sessions`: the named sessions, and what can be done with them."""

import argparse
import json
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeAlias
from urllib.parse import unquote, urlsplit

from maestro import provider
from maestro.app import Services
from maestro.cli.terminal import checked, harmless, run_with_services, say
from maestro.errors import MaestroError
from maestro_protocol.sessions import Session, SessionBindParams, SessionRenameParams

_Action: TypeAlias = Callable[[Services, argparse.Namespace], Awaitable[Session | None]]


def run(options: argparse.Namespace) -> int:
    """Without an action the list; else the action, and the session as it then is.

    1 when it was in vain; of `import` also when anything stays where it was.
    """
    if options.action == "import":
        return run_with_services(_import)
    action = _ACTIONS.get(options.action)
    return run_with_services(lambda services: _act(services, options, action) if action else _list(services, options))


async def _list(services: Services, options: argparse.Namespace) -> int:
    _check_provider(options.provider)
    sessions = await services.sessions.list(options.provider)
    _print(sessions, as_json=options.json)
    await services.runtime.sessions.sync()  # says why, where the list lacks what cannot be read
    if not sessions and not options.json:
        say("There is no session yet; `maestro login PROVIDER` makes one.")
    return 0


def _check_provider(wanted: str | None) -> None:
    known = [row.id for row in provider.list_providers()]
    if wanted is not None and wanted not in known:
        raise MaestroError("providerNotFound", f"There is no provider {wanted}; there are {', '.join(known)}.")


async def _act(services: Services, options: argparse.Namespace, action: _Action) -> int:
    session = await action(services, options)
    if session is not None:
        _print([session], as_json=options.json)
    return 0


async def _rename(services: Services, options: argparse.Namespace) -> Session:
    params = checked(SessionRenameParams, {"sessionId": options.session, "name": options.name})
    return await services.sessions.rename(params.session_id, params.name)


async def _set_default(services: Services, options: argparse.Namespace) -> Session:
    return await services.sessions.set_default(options.session)


async def _validate(services: Services, options: argparse.Namespace) -> Session:
    return await services.sessions.validate(options.session)


async def _refresh(services: Services, options: argparse.Namespace) -> Session:
    return await services.sessions.refresh(options.session)


async def _bind(services: Services, options: argparse.Namespace) -> Session:
    params = checked(SessionBindParams, {"sessionId": options.session, "workspaceFolder": _uri(options.folder)})
    bound = await services.sessions.bind(params)
    assert isinstance(bound, Session)
    return bound


async def _release(services: Services, options: argparse.Namespace) -> None:
    folder = _uri(options.folder)
    await services.sessions.bind(checked(SessionBindParams, {"workspaceFolder": folder}))
    say(f"{_place(folder)} uses the default sessions now.")


async def _import(services: Services) -> int:
    notices = [*await services.imports.run(again=True)]
    for notice in notices:
        say(notice.text)
    moved = await services.imports.keys.move()
    for notice in moved:
        say(notice.text)
    if not (notices or moved):
        say("There is nothing to import.")
    return 0 if all(notice.is_done for notice in (*notices, *moved)) else 1


_ACTIONS: Mapping[str, _Action] = {
    "rename": _rename,
    "default": _set_default,
    "bind": _bind,
    "release": _release,
    "validate": _validate,
    "refresh": _refresh,
}


def _uri(folder: str) -> str:
    return Path(folder).resolve().as_uri()


def _print(sessions: Sequence[Session], *, as_json: bool) -> None:
    if as_json:
        print(json.dumps({"sessions": [session.to_wire() for session in sessions]}, indent=2))
        return
    for session in sessions:
        print(_cell(_row(session)))
        for target in session.bound_to:
            print(f"    bound to {_cell(_place(target))}")
        if session.problem:
            say(f"  {_cell(session.problem)}")


def _cell(text: str) -> str:
    """On one line, and harmless."""
    return harmless(" ".join(text.splitlines()), sys.stdout)


def _place(target: str) -> str:
    """A folder by its path; a chat by its id."""
    return unquote(urlsplit(target).path) if target.startswith("file://") else f"chat {target}"


def _row(session: Session) -> str:
    """`* work  openai  oauth chatgpt  active  me@example.com  until 14:05`"""
    until = session.expires_at.astimezone().strftime("until %Y-%m-%d %H:%M") if session.expires_at else ""
    who = (session.identity.email if session.identity else None) or (f"…{session.key_hint}" if session.key_hint else "")
    kind = f"{session.auth_type} {session.mode or ''}".strip()
    mark = "*" if session.is_default else " "
    columns = (f"{session.name:<24}", f"{session.provider:<12}", f"{kind:<15}", f"{session.status:<11}", session.source)
    return "  ".join([mark, *columns, who, until]).rstrip()
