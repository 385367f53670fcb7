"""`maestro login`: sign in to a provider, by key or in the browser. `maestro logout`: sign out."""

import argparse
import asyncio
import getpass
import sys
import webbrowser
from collections.abc import Mapping, Sequence

from pydantic import SecretStr

from maestro import provider
from maestro.app import Services
from maestro.cli.lines import next_line
from maestro.cli.terminal import TerminalEditor, checked, harmless, run_with_services, say
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

_ELSEWHERE: Mapping[str, tuple[str, str]] = {
    "apiKey": ("The API key", "pipe it in"),
    "clientId": ("The client id", "give it as the setting `providers.{provider}.oauth.clientId`"),
    "clientSecret": ("The client secret", "give it as the setting `providers.{provider}.oauth.clientSecret`"),
    "path": ("The path", "pipe it in"),
    "profile": ("The profile", "give it by `--option profile=NAME`"),
}
"""What a step may ask for, and how else to say it; the rest is piped in."""


def run(options: argparse.Namespace) -> int:
    """0 when signed in."""
    return run_with_services(lambda services: _login(services, options))


def run_logout(options: argparse.Namespace) -> int:
    """0 when there was such a session."""
    return run_with_services(lambda services: _logout(services, options))


async def _login(services: Services, options: argparse.Namespace) -> int:
    _check_way(options)
    params = checked(
        SessionCreateParams,
        {
            "provider": options.provider,
            "authType": await _auth_type(options),
            "name": options.name,
            "flow": options.flow,
            "options": _options(options.option),
            "validate": options.validate,
        },
    )
    step = await services.logins.create(params)
    while not isinstance(step, StepDone):
        step = await _answer(services, step, options)
    say(f"Signed in: {_described(step.session)}")
    return 0


async def _logout(services: Services, options: argparse.Namespace) -> int:
    session = await services.sessions.delete(options.session, revoke=not options.keep_tokens)
    if session is None:
        say("There is no such session; `maestro sessions` lists them.")
        return 1
    say(f"Signed out: {_described(session)}")
    return 0


async def _answer(services: Services, step: Step, options: argparse.Namespace) -> Step:
    if isinstance(step, StepInput):
        inputs = {field.key: await _ask(field, options.provider) for field in step.fields}
        return await services.logins.proceed(step.login_id, inputs)
    if isinstance(step, StepDeviceCode):
        say(f"Open {step.verification_uri} and enter the code {step.user_code}")
        return await _completed(services, step.login_id)
    assert isinstance(step, StepOpenUrl)
    say(f"Open this address in a browser:\n\n{step.url}\n")
    if not options.no_browser and sys.stdin.isatty():
        webbrowser.open(step.url)
    return await _browser_or_paste(services, step, returns=_flow(options) != "paste")


async def _browser_or_paste(services: Services, step: StepOpenUrl, *, returns: bool) -> Step:
    """Whichever comes first; a paste that is refused may be tried again. `returns`: the browser comes back by itself.

    Raises:
        MaestroError: 4005 where a paste is the only way and nobody can paste.
    """
    editor = services.editor
    assert isinstance(editor, TerminalEditor)
    while True:
        start = "Waiting for the browser; or paste" if returns else "Paste"
        say(f"{start} what it shows at the end, or its address, and press Enter.")
        pasted, done = asyncio.ensure_future(next_line()), asyncio.ensure_future(editor.login_completed(step.login_id))
        await asyncio.wait((pasted, done), return_when=asyncio.FIRST_COMPLETED)
        if done.done():
            pasted.cancel()
            return _step_of(done.result())
        line = pasted.result()
        if line is None and not returns:
            done.cancel()
            message = "What the browser shows cannot be pasted here; pipe it in, or run this in a terminal."
            raise MaestroError("loginCancelled", message)
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


async def _ask(field: StepField, provider_id: str) -> SecretStr:
    """Typed by the user; a secret is not shown. From a pipe it is a line.

    Raises:
        MaestroError: -32602 where there is no line any more.
    """
    answer = await _typed(f"{harmless(field.label, sys.stderr)}: ", secret=field.secret)
    if answer is None:
        what, way = _ELSEWHERE.get(field.key, ("The answer", "pipe it in"))
        way = way.format(provider=provider_id)
        raise MaestroError("invalidParams", f"{what} cannot be asked here; {way}, or run this in a terminal.")
    return SecretStr(answer)


async def _typed(prompt: str, *, secret: bool) -> str | None:
    if sys.stdin.isatty() and secret:
        try:
            return await asyncio.to_thread(getpass.getpass, prompt, sys.stderr)
        except (EOFError, UnicodeDecodeError):
            return None
    if sys.stdin.isatty():
        sys.stderr.write(prompt)
        sys.stderr.flush()
    return await next_line()


def _check_way(options: argparse.Namespace) -> None:
    """A way of signing in that contradicts the flow is not silently left out."""
    flag = "--key" if options.key else "--oauth"
    if options.flow and (options.key or options.oauth) and options.key != (options.flow == "key"):
        raise MaestroError("invalidParams", f"{flag} and --flow {options.flow} exclude each other; give one of them.")


def _flow(options: argparse.Namespace) -> str | None:
    """The flow of a login by OAuth: the one that was named, else the provider's first."""
    rows = [row for row in provider.list_providers() if row.id == options.provider]
    flows = [flow for row in rows for kind in row.auth_types if kind.auth_type == "oauth" for flow in kind.flows]
    return options.flow or next(iter(flows), None)


async def _auth_type(options: argparse.Namespace) -> AuthType:
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
    return "oauth" if (await next_line() or "").strip() == "2" else "api_key"


def _options(pairs: Sequence[str]) -> JsonObject | None:
    """`mode=api_key` -> `{"mode": "api_key"}`; `true` and `false` are meant as such."""
    words: dict[str, bool] = {"true": True, "false": False}
    split = [pair.partition("=") for pair in pairs]
    return {name: words.get(value, value) for name, _, value in split} or None


def _described(session: Session) -> str:
    who = f", {session.identity.email}" if session.identity and session.identity.email else ""
    return f"'{session.name}' of {session.provider} ({session.auth_type}{who})"
