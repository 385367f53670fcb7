"""A program in front of the services: it reads events, answers questions for permission, and sees nothing else."""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import TypeAlias, cast

from pydantic import JsonValue

from maestro.editor import Change, Document, Feature, NoAnswer
from maestro.positions import Encoding
from maestro_protocol.audit import Finding
from maestro_protocol.base import CallParams, WireModel
from maestro_protocol.events import TurnEvent
from maestro_protocol.permissions import PermissionRequestParams, PermissionRequestResult

Ask: TypeAlias = Callable[[PermissionRequestParams], Awaitable[str]]
"""Answers with the id of one of the question's options."""

_ROOM = 256
"""Events that may wait for a slow reader before the provider is read no further."""

_log = logging.getLogger(__name__)


class ProgramEditor:
    """An `Editor` for programs: files come from disk, messages go to the log. Without `ask` the answer is no."""

    trusted = True
    position_encoding: Encoding = "utf-32"
    applies_edits = False

    def __init__(self, folder: Path, ask: Ask | None) -> None:
        self.folders: Sequence[str] = [folder.as_uri()]
        self._ask = ask

    def show(self, message: str, *, error: bool = False) -> None:
        _log.log(logging.ERROR if error else logging.WARNING, "%s", message)

    def notify(self, method: str, params: WireModel) -> None:
        """A program asks when it wants to know."""

    async def ask(self, message: str, options: Sequence[str], timeout: float) -> str | None:
        """Nobody sits here."""
        return None

    def opened(self, uri: str) -> Document | None:
        """Files come from disk."""
        return None

    def offers(self, feature: Feature) -> bool:
        return feature == "permission"

    async def call(self, method: str, params: CallParams, timeout: float) -> JsonValue:
        """Only questions for permission are answered. What `ask` raises ends the turn."""
        if not isinstance(params, PermissionRequestParams):
            raise NoAnswer("A program answers questions for permission only.")
        deadline = asyncio.timeout(timeout)
        try:
            async with deadline:
                chosen = await self._ask(params) if self._ask else _no(params)
        except TimeoutError:
            if not deadline.expired():
                raise
            raise NoAnswer("The program did not answer in time.") from None
        return PermissionRequestResult(option_id=chosen).to_wire()

    async def apply(self, change: Change, label: str, timeout: float) -> str | None:
        raise NoAnswer("A program makes no edits.")

    def publish(self, uri: str, version: int | None, findings: Sequence[Finding]) -> None:
        """Nothing is on screen to be replaced."""


class Events:
    """An `EventSink` that is read as it comes."""

    def __init__(self) -> None:
        self._waiting: deque[TurnEvent] = deque()
        self._news, self._taken = asyncio.Event(), asyncio.Event()
        self._ended = False

    @property
    def has_room(self) -> bool:
        return len(self._waiting) < _ROOM

    def send(self, event: WireModel) -> None:
        self._waiting.append(cast("TurnEvent", event))
        self._news.set()

    async def room(self) -> None:
        while not self.has_room:
            self._taken.clear()
            await self._taken.wait()

    def end(self) -> None:
        """Nothing is sent any more."""
        self._ended = True
        self._news.set()

    async def next(self) -> TurnEvent | None:
        """The next event; None once there are no more."""
        while not self._waiting:
            if self._ended:
                return None
            self._news.clear()
            await self._news.wait()
        self._taken.set()
        return self._waiting.popleft()


def _no(params: PermissionRequestParams) -> str | None:
    return next((one.option_id for one in params.options if one.effect == "deny"), None)
