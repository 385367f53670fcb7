"""`maestro login`: sign in to a provider, by key or in the browser. `maestro logout`: sign out."""

import argparse
import asyncio
import getpass
import sys
import webbrowser
from collections.abc import Sequence

from pydantic import SecretStr

from maestro import provider
from maestro.app import Services
from maestro.cli.lines import next_line
from maestro.cli.terminal import TerminalEditor, run_with_services, say
from maestro.errors import MaestroError
from maestro_protocol.base import JsonObject
from maestro_protocol.sessions import (
    AuthType,
    Session,
    SessionCreateParams,
    SessionLoginCompletedParams,
    Step,
    StepDeviceCode,
    StepDone,
    StepField,
    StepInput,
    StepOpenUrl,
)


def run(options: argparse.Namespace) -> int:
    """0 when signed in."""
    return run_with_services(lambda services: _login(services, options))


def run_logout(options: argparse.Namespace) -> int:
    """0 when there was such a session."""
    return run_with_services(lambda services: _logout(services, options))


async def _login(services: Services, options: argparse.Namespace) -> int:
    params = SessionCreateParams.model_validate(
        {
            "provider": options.provider,
            "auth_type": _auth_type(options),
            "name": options.name,
            "flow": options.flow,
            "options": _options(options.option),
            "validate": options.validate,
        }
    )
    step = await services.logins.create(params)
    while not isinstance(step, StepDone):
        step = await _answer(services, step, browser=not options.no_browser)
    say(f"Signed in: {_described(step.session)}")
    return 0


async def _logout(services: Services, options: argparse.Namespace) -> int:
    session = await services.sessions.delete(options.session, revoke=not options.keep_tokens)
    if session is None:
        say("There is no such session; `maestro sessions` lists them.")
        return 1
    say(f"Signed out: {_described(session)}")
    return 0


async def _answer(services: Services, step: Step, *, browser: bool) -> Step:
    if isinstance(step, StepInput):
        inputs = {field.key: await _ask(field) for field in step.fields}
        return await services.logins.proceed(step.login_id, inputs)
    if isinstance(step, StepDeviceCode):
        say(f"Open {step.verification_uri} and enter the code {step.user_code}")
        return await _completed(services, step.login_id)
    assert isinstance(step, StepOpenUrl)
    say(f"Open this address in a browser:\n\n{step.url}\n")
    if browser and sys.stdin.isatty():
        webbrowser.open(step.url)
    return await _browser_or_paste(services, step)


async def _browser_or_paste(services: Services, step: StepOpenUrl) -> Step:
    """Whichever comes first; a paste that is refused may be tried again."""
    editor = services.editor
    assert isinstance(editor, TerminalEditor)
    while True:
        say("Waiting for the browser; or paste what it shows at the end, or its address, and press Enter.")
        pasted, done = asyncio.ensure_future(next_line()), asyncio.ensure_future(editor.login_completed(step.login_id))
        await asyncio.wait((pasted, done), return_when=asyncio.FIRST_COMPLETED)
        if done.done():
            pasted.cancel()
            return _step_of(done.result())
        line = pasted.result()
        if line is None:
            return _step_of(await done)
        try:
            return await services.logins.proceed(step.login_id, {"code": SecretStr(line)})
        except MaestroError as error:
            if not services.logins.is_open(step.login_id):
                raise
            say(error.message)
        finally:
            done.cancel()


async def _completed(services: Services, login_id: str) -> Step:
    editor = services.editor
    assert isinstance(editor, TerminalEditor)
    return _step_of(await editor.login_completed(login_id))


def _step_of(completed: SessionLoginCompletedParams) -> StepDone:
    if completed.session is None:
        error = completed.error
        raise MaestroError(error.data.kind if error else "loginFailed", error.message if error else "The login failed.")
    return StepDone(session=completed.session)


async def _ask(field: StepField) -> SecretStr:
    """Typed by the user; a secret is not shown. From a pipe it is a line."""
    prompt = f"{field.label}: "
    if sys.stdin.isatty() and field.secret:
        return SecretStr(await asyncio.to_thread(getpass.getpass, prompt, sys.stderr))
    if sys.stdin.isatty():
        sys.stderr.write(prompt)
        sys.stderr.flush()
    return SecretStr(await next_line() or "")


def _auth_type(options: argparse.Namespace) -> AuthType:
    """By key where one is piped in or nothing else is offered; in the browser where that was asked for."""
    if options.flow not in (None, "key") or options.oauth:
        return "oauth"
    if options.key or options.flow == "key" or not sys.stdin.isatty():
        return "api_key"
    rows = [row for row in provider.list_providers() if row.id == options.provider]
    kinds = [kind for row in rows for kind in row.auth_types]
    if "oauth" not in [kind.auth_type for kind in kinds]:
        return "api_key"
    say("Sign in 1: with an API key, or 2: in the browser?")
    return "oauth" if input().strip() == "2" else "api_key"


def _options(pairs: Sequence[str]) -> JsonObject | None:
    """`mode=api_key` -> `{"mode": "api_key"}`; `true` and `false` are meant as such."""
    words: dict[str, bool] = {"true": True, "false": False}
    split = [pair.partition("=") for pair in pairs]
    return {name: words.get(value, value) for name, _, value in split} or None


def _described(session: Session) -> str:
    who = f", {session.identity.email}" if session.identity and session.identity.email else ""
    return f"'{session.name}' of {session.provider} ({session.auth_type}{who})"
