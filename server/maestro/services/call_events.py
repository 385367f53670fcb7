"""What is told of a call: that it is ready, what it prints, and once how it ended."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from time import perf_counter
from typing import Literal, TypeAlias

from maestro.services.turn_stream import TurnStream
from maestro.streaming.messages import FunctionCall
from maestro_protocol.base import JsonObject
from maestro_protocol.events import ToolCompleted, ToolOutputDelta, ToolReady
from maestro_protocol.intents import Intent, Observed
from maestro_protocol.permissions import Risk

Status: TypeAlias = Literal["completed", "failed", "denied", "cancelled", "interrupted"]
Permission: TypeAlias = Literal["notNeeded", "pending", "granted", "denied"]


@dataclass(frozen=True, slots=True)
class Result:
    """What the model is told about one call."""

    call: FunctionCall
    status: Status
    content: str
    intent_id: str | None = None


class CallEvents:
    def __init__(
        self, out: TurnStream, on_result: Callable[[Result], None], settled: Callable[[], Awaitable[None]]
    ) -> None:
        """`on_result` hears of each result just before its event; `settled` waits for what was handed on by `out`."""
        self._out = out
        self._settled = settled
        self._on_result = on_result
        self._began: dict[str, float] = {}
        self.finished: set[str] = set()
        """The ids of the calls that have ended."""

    def ready(
        self,
        call: FunctionCall,
        given: JsonObject | None,
        permission: Permission,
        intent: Intent | None = None,
        risk: Risk | None = None,
    ) -> None:
        """`given` is the input without the intent."""
        self._began[call.id] = perf_counter()
        self._out.emit(
            ToolReady,
            tool_call_id=call.id,
            name=call.name,
            input=given,
            complete=call.complete,
            intent=intent,
            risk=risk,
            permission=permission,
        )

    async def told(self) -> None:
        """Wait until everything told so far is on its way to the editor. Raises 4901."""
        await self._out.flushed()
        await self._settled()

    def printed(self, call: FunctionCall, text: str) -> None:
        self._out.emit(ToolOutputDelta, tool_call_id=call.id, text=text)

    def finish(
        self,
        call: FunctionCall,
        status: Status,
        content: str,
        intent_id: str | None = None,
        observed: Observed | None = None,
    ) -> None:
        """The end of a call, for the model too."""
        if call.id not in self.finished:
            self._on_result(Result(call, status, content, intent_id))
            self.end(call.id, status, content, intent_id, observed)

    def end(
        self,
        call_id: str,
        status: Status,
        content: str,
        intent_id: str | None = None,
        observed: Observed | None = None,
    ) -> None:
        """The end of a call that the model never made whole: there is nothing to answer."""
        if call_id in self.finished:
            return
        self.finished.add(call_id)
        elapsed = perf_counter() - self._began.get(call_id, perf_counter())
        self._out.emit(
            ToolCompleted,
            tool_call_id=call_id,
            status=status,
            content=content,
            duration_ms=round(elapsed * 1000),
            intent_id=intent_id,
            observed=observed,
        )
