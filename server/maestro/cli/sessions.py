"""`maestro sessions`: the named sessions, and what can be done with them."""

import argparse
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

from maestro.app import Services
from maestro.cli.terminal import run_with_services, say
from maestro_protocol.sessions import Session, SessionBindParams

_Action: TypeAlias = Callable[[Services, argparse.Namespace], Awaitable[Session | None]]


def run(options: argparse.Namespace) -> int:
    """Without an action the list; else the action, and the session as it then is."""
    action = _ACTIONS.get(options.action)
    return run_with_services(lambda services: _act(services, options, action) if action else _list(services, options))


async def _list(services: Services, options: argparse.Namespace) -> int:
    sessions = await services.sessions.list(options.provider)
    _print(sessions, as_json=options.json)
    if not sessions and not options.json:
        say("There is no session yet; `maestro login PROVIDER` makes one.")
    return 0


async def _act(services: Services, options: argparse.Namespace, action: _Action) -> int:
    session = await action(services, options)
    if session is not None:
        _print([session], as_json=options.json)
    return 0


async def _rename(services: Services, options: argparse.Namespace) -> Session:
    return await services.sessions.rename(options.session, options.name)


async def _set_default(services: Services, options: argparse.Namespace) -> Session:
    return await services.sessions.set_default(options.session)


async def _validate(services: Services, options: argparse.Namespace) -> Session:
    return await services.sessions.validate(options.session)


async def _refresh(services: Services, options: argparse.Namespace) -> Session:
    return await services.sessions.refresh(options.session)


async def _bind(services: Services, options: argparse.Namespace) -> Session:
    params = SessionBindParams(session_id=options.session, workspace_folder=_uri(options.folder))
    bound = await services.sessions.bind(params)
    assert isinstance(bound, Session)
    return bound


async def _release(services: Services, options: argparse.Namespace) -> None:
    await services.sessions.bind(SessionBindParams(workspace_folder=_uri(options.folder)))
    say(f"{options.folder} uses the default sessions now.")


async def _import(services: Services, options: argparse.Namespace) -> None:
    notices = await services.imports.run(again=True)
    for notice in notices or ("There is nothing to import.",):
        say(notice)


_ACTIONS: Mapping[str, _Action] = {
    "rename": _rename,
    "default": _set_default,
    "bind": _bind,
    "release": _release,
    "validate": _validate,
    "refresh": _refresh,
    "import": _import,
}


def _uri(folder: str) -> str:
    return Path(folder).resolve().as_uri()


def _print(sessions: Sequence[Session], *, as_json: bool) -> None:
    if as_json:
        print(json.dumps({"sessions": [session.to_wire() for session in sessions]}, indent=2))
        return
    for session in sessions:
        print(_row(session))
        if session.problem:
            say(f"  {session.problem}")


def _row(session: Session) -> str:
    """`* work  openai  oauth chatgpt  active  me@example.com  until 14:05`"""
    until = session.expires_at.astimezone().strftime("until %Y-%m-%d %H:%M") if session.expires_at else ""
    who = (session.identity.email if session.identity else None) or (f"…{session.key_hint}" if session.key_hint else "")
    kind = f"{session.auth_type} {session.mode or ''}".strip()
    mark = "*" if session.is_default else " "
    columns = (f"{session.name:<24}", f"{session.provider:<12}", f"{kind:<15}", f"{session.status:<11}", session.source)
    return "  ".join([mark, *columns, who, until]).rstrip()
