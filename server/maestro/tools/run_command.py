"""`run_command`: runs a program in the workspace folder, without a shell, and ends everything it started."""

import asyncio
import os
import shlex
import shutil
import signal
from asyncio import Queue
from codecs import getincrementaldecoder
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path
from time import monotonic
from typing import Annotated

from pydantic import Field

from maestro.errors import MaestroError
from maestro.tools.base import Call, Outcome, ToolSpec, check_asked
from maestro.tools.environment import scrub
from maestro.tools.inputs import ToolInput, input_schema, misfit, parse
from maestro.tools.output import Capture, Printer
from maestro.tools.processes import Command, Ended, run_to_end
from maestro.workspace.changes import Snapshot, snapshot
from maestro_protocol.intents import Observed
from maestro_protocol.permissions import PermissionSubject
from maestro_protocol.tools import ToolAnnotations

_OBSERVING_SECONDS = 1.0
"""Longer nobody who cancelled a command waits to learn what it wrote."""
_NO_MORE = "[more is not shown while it runs]\n"
OFF = "Commands are off; the setting `tools.runCommand` allows them."


class RunCommandInput(ToolInput):
    argv: list[Annotated[str, Field(max_length=100_000)]] = Field(
        min_length=1,
        max_length=1_000,
        description="The program and its arguments, one per item; no shell reads them, so nothing is to be quoted.",
    )
    timeout_ms: int | None = Field(default=None, ge=1, description="How long it may run, in milliseconds.")


class RunCommand:
    spec = ToolSpec(
        name="run_command",
        description=(
            "Run a program in the workspace folder and return what it prints. No shell: pipes, `&&`, globs and "
            "variables are plain text. Its standard input is empty, and whatever it leaves running is ended."
        ),
        input_schema=input_schema(RunCommandInput),
        annotations=ToolAnnotations(read_only=False, destructive=True, open_world=True),
    )

    async def subject(self, call: Call) -> PermissionSubject:
        wanted = await self._wanted(call)
        return await asyncio.to_thread(lambda: _subject(wanted, call, _program(wanted, call)))

    async def run(self, call: Call) -> Outcome:
        wanted = await self._wanted(call)
        program = await asyncio.to_thread(_program, wanted, call)
        check_asked(call, await asyncio.to_thread(_subject, wanted, call, program))
        before = await asyncio.to_thread(snapshot, call.around.folder)
        try:
            return await self._run(call, wanted, program, before)
        except asyncio.CancelledError:
            await _tell_cancelled(call, wanted, before)
            raise

    async def _run(self, call: Call, wanted: RunCommandInput, program: str | None, before: Snapshot) -> Outcome:
        tools, folder = call.around.settings.tools, call.around.folder
        scrubbed = await asyncio.to_thread(scrub, call.around.environment)
        timeout = min(wanted.timeout_ms or tools.timeout_ms, tools.timeout_ms) / 1000
        output = _Output(call, tools.max_output_bytes, scrubbed.secrets.union(call.around.secrets()))
        began = monotonic()
        try:
            command = Command(wanted.argv, program, folder, scrubbed.environment, timeout)
            ended = await run_to_end(command, output.add)
            seconds = monotonic() - began
            text = await output.end()
        except (OSError, ValueError) as error:
            raise MaestroError("toolFailed", _not_started(error)) from None
        finally:
            output.close()
        after = await asyncio.to_thread(snapshot, folder)
        observed = _observed(wanted, before, after, ended.exit_code)
        return Outcome(
            "\n".join([*_said(ended, seconds, timeout), text or "(no output)"]), ended.exit_code != 0, observed
        )

    async def _wanted(self, call: Call) -> RunCommandInput:
        wanted = parse(RunCommandInput, call.input, self.spec.name)
        if not call.around.settings.tools.run_command:
            raise MaestroError("permissionDenied", OFF)
        if not wanted.argv[0] or any("\0" in argument for argument in wanted.argv):
            raise misfit(self.spec.name, "`argv` names no program, or holds a NUL character")
        if os.sep in wanted.argv[0] or (os.altsep and os.altsep in wanted.argv[0]):
            await asyncio.to_thread(_check_program, wanted.argv[0], call)
        return wanted


def _check_program(name: str, call: Call) -> None:
    """A program named by its path must lie in the workspace, or where programs are looked for anyway.

    Its folder counts, and not where a link to it leads: the `python` of a virtual environment is such a link.
    """
    folder = Path(os.path.realpath(os.path.join(call.around.folder, os.path.dirname(name))))
    if any(folder.is_relative_to(inside) for inside in (call.around.folder, *call.around.gate.folders)):
        return
    searched = call.around.environment.get("PATH", os.defpath).split(os.pathsep)
    if folder not in {Path(os.path.realpath(entry)) for entry in searched if os.path.isabs(entry)}:
        message = "The program lies neither in the workspace nor on PATH; name one that does."
        raise MaestroError("outsideWorkspace", message)


def _program(wanted: RunCommandInput, call: Call) -> str | None:
    """The file that is run; None if there is none, which the attempt to run it explains."""
    name, folder = wanted.argv[0], call.around.folder
    if os.path.dirname(name):
        return os.path.join(folder, name)
    searched = call.around.environment.get("PATH", os.defpath).split(os.pathsep)
    # What is relative on PATH is so to the folder the command runs in.
    return shutil.which(name, path=os.pathsep.join(os.path.join(folder, entry) for entry in searched))


def _subject(wanted: RunCommandInput, call: Call, program: str | None) -> PermissionSubject:
    """`uri` and `cwd` say where the program and the folder really are."""
    return PermissionSubject(
        type="command",
        tool=RunCommand.spec.name,
        argv=wanted.argv,
        cwd=os.path.realpath(call.around.folder),
        uri=Path(os.path.realpath(program)).as_uri() if program else None,
    )


def _observed(wanted: RunCommandInput, before: Snapshot, after: Snapshot, exit_code: int | None) -> Observed:
    return Observed(
        paths=list(before.changed(after)),
        commands=[shlex.join(wanted.argv)],
        exit_code=exit_code,
        partial=None if before.complete and after.complete else True,
    )


async def _tell_cancelled(call: Call, wanted: RunCommandInput, before: Snapshot) -> None:
    """What a command wrote before it was ended, as far as that is soon known."""
    with suppress(TimeoutError):
        async with asyncio.timeout(_OBSERVING_SECONDS):
            after = await asyncio.to_thread(snapshot, call.around.folder)
        call.observe(_observed(wanted, before, after, None))


def _not_started(error: Exception) -> str:
    match error:
        case FileNotFoundError():
            return "There is no such program; `argv[0]` is looked up on PATH, and no shell is there to know built-ins."
        case PermissionError():
            return "The program may not be executed: it is a folder, or not marked as executable."
        case _:
            return "The operating system refused to start the program; its file or its arguments do not fit."


def _said(ended: Ended, seconds: float, timeout: float) -> list[str]:
    if ended.exit_code is None:
        said = [f"Its time of {timeout:g} s was up, so the command and everything it started was ended."]
    elif ended.exit_code < 0:
        said = [f"The command was ended by {_signal_name(-ended.exit_code)} after {seconds:.1f} s."]
    else:
        said = [f"The command ended with exit code {ended.exit_code} after {seconds:.1f} s."]
    if ended.left_running:
        said.append(f"It left {ended.left_running} process(es) running, which were ended.")
    return said


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


class _Output:
    """What a command prints: kept for the model, and the beginning of it passed on while it runs.

    Hiding secrets takes long enough to be done on a thread, by a task of its own.
    """

    def __init__(self, call: Call, limit: int, known: Collection[str]) -> None:
        self._capture = Capture(limit)
        self._decoder = getincrementaldecoder("utf-8")("replace")
        self._known = known
        self._print = call.print
        self._room = limit
        self._pending: Queue[str | None] = Queue()
        self._showing = asyncio.create_task(self._show())

    def add(self, data: bytes) -> None:
        self._capture.add(data)
        if self._room > 0:
            self._pending.put_nowait(self._decoder.decode(data[: self._room]))
            self._room -= len(data)
            if self._room <= 0:
                self._pending.put_nowait(None)

    async def end(self) -> str:
        """All of it, as far as it was kept; what is to be shown has been shown then."""
        if self._room > 0:
            self._pending.put_nowait(self._decoder.decode(b"", final=True))
            self._pending.put_nowait(None)
        await self._showing
        return await asyncio.to_thread(self._capture.text, self._known)

    def close(self) -> None:
        self._showing.cancel()

    async def _show(self) -> None:
        printer = Printer(self._known)
        while (text := await self._pending.get()) is not None:
            if shown := await asyncio.to_thread(printer.add, text):
                self._print(shown)
        # Where the room is used up, what is left may be half a secret.
        if rest := await asyncio.to_thread(printer.rest) if self._room > 0 else _NO_MORE:
            self._print(rest)
