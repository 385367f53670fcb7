"""What a tool is: told to the model by its spec, asked for as a subject, run with a call."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol

from maestro.editor import Editor
from maestro.errors import MaestroError
from maestro.workspace.gate import Gate
from maestro_protocol.base import JsonObject
from maestro_protocol.intents import Intent, Observed
from maestro_protocol.permissions import PermissionSubject
from maestro_protocol.settings import Settings
from maestro_protocol.tools import ToolAnnotations


@dataclass(frozen=True, slots=True)
class ToolSpec:
    """What a model and a client are told. `input_schema` is a JSON Schema of an object, without the intent."""

    name: str
    description: str
    input_schema: JsonObject
    annotations: ToolAnnotations
    origin: Literal["builtIn", "client", "mcp"] = "builtIn"


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Where a call happens. `folder` is the chat's workspace folder, its links resolved; `secrets` gives the values
    that must not stand in anything a tool returns."""

    folder: Path
    gate: Gate
    editor: Editor
    settings: Settings
    environment: Mapping[str, str] = field(repr=False)
    secrets: Callable[[], Collection[str]] = field(default=tuple, repr=False)
    private: Collection[Path] = ()
    """Maestro's own folders."""


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a tool. `print` shows output while the tool runs; what counts is the outcome's content.

    `subject` is what was asked for, of a call that is run. `observe` hears what a call did that was cancelled, which
    has no outcome, before the cancellation goes on.
    """

    id: str
    input: JsonObject
    around: Surroundings
    intent: Intent | None = None
    chat_id: str | None = None
    print: Callable[[str], None] = lambda text: None
    subject: PermissionSubject | None = field(default=None, repr=False)
    observe: Callable[[Observed], None] = lambda observed: None


@dataclass(frozen=True, slots=True)
class Edited:
    """What became of one file, whole texts; before a new file it is empty."""

    path: str
    """Relative to the workspace folder."""
    uri: str
    before: str = field(repr=False)
    after: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Outcome:
    """`content` is what the model is told; `failed` says that it is about a failure; `edited` is of the files among
    those observed whose texts the tool knows."""

    content: str
    failed: bool = False
    observed: Observed | None = None
    edited: Sequence[Edited] = ()


def check_asked(call: Call, now: PermissionSubject) -> None:
    """Whether what the call leads to `now` is what was asked for.

    Raises:
        MaestroError: -32801 if it is not: a link may have been put there while somebody thought about the question.
    """
    if call.subject is not None and now != call.subject:
        message = "What this call leads to changed after it was asked for, so nothing was done; make the call again."
        raise MaestroError("contentModified", message)


class Tool(Protocol):
    """Cancelling `run` must end whatever it started."""

    @property
    def spec(self) -> ToolSpec: ...

    async def subject(self, call: Call) -> PermissionSubject:
        """What the call would do, for a person and for rules; does nothing.

        Raises:
            MaestroError: -32602 for input that does not fit, 4406 for a path that is not the workspace's.
        """
        ...

    async def run(self, call: Call) -> Outcome:
        """Do it.

        Raises:
            MaestroError: what went wrong, as a sentence the model may read; -32801 if it is not what was asked for.
        """
        ...
