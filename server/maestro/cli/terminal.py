"""A terminal in front of the services: asks on stderr, prints answers on stdout."""

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import TextIO

from maestro.app import Services, build
from maestro.errors import MaestroError
from maestro.positions import Encoding
from maestro.services.editor import Document
from maestro.settings import load
from maestro_protocol.audit import Finding
from maestro_protocol.base import WireModel
from maestro_protocol.sessions import SessionLoginCompletedParams

_CONTROLS = dict.fromkeys([*range(9), *range(11, 32), *range(127, 160)])


class TerminalEditor:
    """An `Editor` for commands: files come from disk."""

    trusted = True
    position_encoding: Encoding = "utf-32"

    def __init__(self, folder: Path) -> None:
        self.folders: Sequence[str] = [folder.as_uri()]
        self._completed: dict[str, SessionLoginCompletedParams] = {}
        self._told = asyncio.Event()

    def show(self, message: str, *, error: bool = False) -> None:
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
        choices = ", ".join(f"{number}: {option}" for number, option in enumerate(options, 1))
        sys.stderr.write(f"{message}\n{choices}? ")
        sys.stderr.flush()
        answer = (await asyncio.to_thread(sys.stdin.readline)).strip()
        numbered = {str(number): option for number, option in enumerate(options, 1)}
        return numbered.get(answer, answer if answer in options else None)

    def document(self, uri: str) -> Document:
        path = Path(uri.removeprefix("file://"))
        try:
            return Document(uri, path.read_text(encoding="utf-8"), path.suffix.lstrip("."), None)
        except (OSError, UnicodeDecodeError):
            raise MaestroError("auditTargetInvalid", f"{path.name} cannot be read as text.") from None

    def publish(self, uri: str, version: int | None, findings: Sequence[Finding]) -> None:
        """Nothing is on screen to be replaced."""


def run_with_services(work: Callable[[Services], Awaitable[int]]) -> int:
    """Run a command's work; a failure becomes one sentence on stderr and exit code 1."""

    editor = TerminalEditor(Path.cwd())

    async def main() -> int:
        services = build(load(os.environ, None), os.environ, editor, use_environment_keys=True)
        try:
            await services.open()
            return await work(services)
        finally:
            await services.aclose()

    try:
        return asyncio.run(main())
    except MaestroError as error:
        say(error.message)
        for candidate in error.data.candidates or []:
            say(f"  {candidate}")
        return 1


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
