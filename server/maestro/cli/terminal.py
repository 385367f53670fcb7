"""A terminal in front of the services: asks on stderr, prints answers on stdout."""

import asyncio
import logging
import os
import sys
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple, TextIO, TypeVar

from pydantic import JsonValue, ValidationError

from maestro.app import Services, build
from maestro.cli.lines import next_line
from maestro.editor import Change, Document, Feature, NoAnswer
from maestro.errors import MaestroError
from maestro.lsp import logs
from maestro.positions import Encoding
from maestro.providers.registry import provider_ids
from maestro.redact import redact
from maestro.services.baselines import Baselines
from maestro.settings import load, tolerant
from maestro.validation import issues_of, sentence
from maestro.workspace.projects import projects_around
from maestro_protocol.audit import Finding
from maestro_protocol.base import CallParams, JsonObject, Params, WireModel
from maestro_protocol.sessions import SessionLoginCompletedParams

P = TypeVar("P", bound=Params)

_CONTROLS = dict.fromkeys(
    [
        *(*range(9), *range(11, 32), *range(127, 160)),
        *(*range(0x200B, 0x2010), *range(0x2028, 0x202F), *range(0x2060, 0x206A), 0xFEFF),
    ]
)
"""Also those nobody sees, some of which turn the order of the others around."""


GONE = "The folder you are in is gone or closed to you; change to another one."


class Exits(NamedTuple):
    """Exit codes: of a fault or a broken output, and of what was asked for in vain."""

    failed: int
    refused: int


_USUAL = Exits(1, 1)


class TerminalEditor:
    """An `Editor` for commands: files come from disk."""

    trusted = True
    position_encoding: Encoding = "utf-32"

    def __init__(self, folder: Path) -> None:
        self.folders: Sequence[str] = [folder.as_uri()]
        self._completed: dict[str, SessionLoginCompletedParams] = {}
        self._told = asyncio.Event()
        self._shown: list[str] = []

    def show(self, message: str, *, error: bool = False) -> None:
        """Once: what keeps several things from working need not be said for each."""
        if not any(message.endswith(shown) for shown in self._shown):
            self._shown.append(message)
            say(message)

    def notify(self, method: str, params: WireModel) -> None:
        """Only how logins end is waited for."""
        if isinstance(params, SessionLoginCompletedParams):
            self._completed[params.login_id] = params
            self._told.set()

    async def login_completed(self, login_id: str) -> SessionLoginCompletedParams:
        """How the login ended, once it has."""
        while login_id not in self._completed:
            self._told.clear()
            await self._told.wait()
        return self._completed[login_id]

    async def ask(self, message: str, options: Sequence[str], timeout: float) -> str | None:
        """One of the options, typed or by number; None without a terminal."""
        if not sys.stdin.isatty():
            return None
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout):
                return await self._choice(message, options)
        sys.stderr.write("\n")
        return None

    async def _choice(self, message: str, options: Sequence[str]) -> str | None:
        choices = ", ".join(f"{number}: {option}" for number, option in enumerate(options, 1))
        sys.stderr.write(f"{message}\n{choices}? ")
        sys.stderr.flush()
        answer = (await next_line() or "").strip()
        numbered = {str(number): option for number, option in enumerate(options, 1)}
        return numbered.get(answer, answer if answer in options else None)

    def opened(self, uri: str) -> Document | None:
        """Files come from disk."""
        return None

    def offers(self, feature: Feature) -> bool:
        """A terminal declares nothing."""
        return False

    async def call(self, method: str, params: CallParams, timeout: float) -> JsonValue:
        raise NoAnswer("A terminal answers no requests.")

    @property
    def applies_edits(self) -> bool:
        return False

    async def apply(self, change: Change, label: str, timeout: float) -> str | None:
        raise NoAnswer("A terminal makes no edits.")

    def publish(self, uri: str, version: int | None, findings: Sequence[Finding]) -> None:
        """Nothing is on screen to be replaced."""


def run_with_services(
    work: Callable[[Services], Awaitable[int]],
    editor: TerminalEditor | None = None,
    *,
    exits: Exits = _USUAL,
    baselines: Baselines | None = None,
    environment: Mapping[str, str] = os.environ,
) -> int:
    """Run a command's work; a failure becomes one sentence on stderr and an exit code."""

    try:
        editor = editor or TerminalEditor(Path.cwd())
    except OSError:
        say(GONE)
        return exits.refused

    async def main() -> int:
        asyncio.get_running_loop().set_exception_handler(logs.loop_error)
        projects = projects_around(editor.folders)
        settings = load(environment, None, tolerant(editor.show), projects=projects, built_in=provider_ids)
        services = build(settings, environment, editor, use_environment_keys=True, baselines=baselines)
        services.runtime.projects = lambda: projects
        try:
            await services.open()
            return await work(services)
        finally:
            await services.aclose()

    try:
        with _warnings(editor):
            return asyncio.run(main())
    except MaestroError as error:
        editor.show(error.message)
        for candidate in error.data.candidates or []:
            say(f"  {candidate}")
        return exits.refused
    except OSError as error:
        if error.filename is None:  # of a stream, which `main` knows to end
            raise
        return fault(error, exits.failed)
    except Exception as error:
        return fault(error, exits.failed)


def fault(error: Exception, code: int = 1) -> int:
    """What nobody expected is a sentence to the person and an incident in the log; returns the exit code."""
    logging.getLogger().addHandler(logging.NullHandler())  # else it would go to stderr
    logged = logs.open_file(os.environ, "info")
    number = logs.incident(error, "a command")
    unlogged = f"its log cannot be opened ({type(error).__name__})"
    where = f"its log says more at incident {number}" if logged else unlogged
    say(f"Maestro failed; {where}.")
    return code


def checked(kind: type[P], values: JsonObject) -> P:
    """What was typed, by its wire names, as a request's parameters. Raises -32602 in one sentence."""
    try:
        return kind.from_wire({name: value for name, value in values.items() if value is not None})
    except ValidationError as error:
        issues = issues_of(error, values)
    raise MaestroError("invalidParams", f"In what was given, {sentence(issues)}; correct it.", issues=issues)


class _Warnings(logging.Handler):
    """Shows warnings as sentences; Python's own way would add tracebacks."""

    def __init__(self, editor: TerminalEditor) -> None:
        super().__init__(logging.WARNING)
        self._editor = editor

    def emit(self, record: logging.LogRecord) -> None:
        try:
            self._editor.show(redact(record.getMessage()))
        except Exception:  # a closed stderr is no reason to stop
            return


@contextmanager
def _warnings(editor: TerminalEditor) -> Iterator[None]:
    handler = _Warnings(editor)
    logging.getLogger().addHandler(handler)
    try:
        yield
    finally:
        logging.getLogger().removeHandler(handler)


def say(text: str) -> None:
    """A line for the person, beside the answer."""
    sys.stderr.write(harmless(text, sys.stderr) + "\n")


def harmless(text: str, stream: TextIO) -> str:
    """The text as a terminal may have it: without the control characters that would steer it."""
    return text.translate(_CONTROLS) if stream.isatty() else text


def styled(text: str, *codes: int, stream: TextIO | None = None) -> str:
    """The text in ANSI colours if the stream is a terminal that wants them."""
    if not (stream or sys.stdout).isatty() or os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return text
    return f"\x1b[{';'.join(map(str, codes))}m{text}\x1b[0m"
