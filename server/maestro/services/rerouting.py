"""A turn of a route goes on elsewhere where whom it asked cannot answer."""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field

from maestro.context.budget import Budget
from maestro.errors import MaestroError
from maestro.services.models import LARGE, Journey, ModelService, Target, reason_to_leave
from maestro.services.prompt import Prompt
from maestro.services.turn import Turn
from maestro.services.turn_stream import TurnStream
from maestro_protocol.errors import Issue
from maestro_protocol.events import TurnNotice, TurnRerouted


async def _nothing_to_keep() -> None:
    """What is kept at the end does."""


@dataclass(slots=True)
class Rerouting:
    """The targets of one turn. `prompt` is composed anew for each, and one that it does not fit is passed over."""

    models: ModelService
    turn: Turn
    out: TurnStream
    measure: Callable[[Target], Awaitable[Budget | None]]
    """What a target takes in."""
    prompt: Prompt | None = None
    keep: Callable[[], Awaitable[None]] = _nothing_to_keep
    """Writes down who was left, before somebody else is asked."""
    journey: Journey = field(init=False)
    _route: str | None = field(init=False)
    _left: list[Issue] = field(default_factory=list)
    """Who was left, and why."""

    def __post_init__(self) -> None:
        self.journey = self.models.journey(self.turn.target)
        self._route = self.turn.target.route

    @property
    def has_others(self) -> bool:
        return self.journey.has_others

    async def begin(self) -> None:
        """Say what of the route is missing, and do not ask one that is known to refuse."""
        for notice in self.turn.target.notices:
            self.out.emit(TurnNotice, severity="warning", message=notice)
        if detour := self.journey.detour:
            await self._move(self.journey.obstacle, detour)
        elif self.has_others and self._is_too_large_to_guess:
            target = self.turn.target
            if not await self._fits(target, await self.measure(target)):
                await self._move(f"The context does not fit {target.model_id}.", self.journey.others())

    @property
    def _is_too_large_to_guess(self) -> bool:
        """Whether it matters how much the model takes, and its provider has not told yet."""
        large = self.prompt is not None and self.prompt.tokens >= LARGE
        return large and not self.models.is_sized(self.turn.target)

    def is_due(self, error: MaestroError) -> bool:
        """Whether the route goes on after this failure."""
        return self.has_others and reason_to_leave(self.turn.target, error) is not None

    async def move(self, error: MaestroError) -> bool:
        """Go on with the next one that the context fits; False if there is none."""
        reason = reason_to_leave(self.turn.target, error)
        return reason is not None and await self._move(reason, self.journey.others())

    def retold(self, error: MaestroError) -> MaestroError:
        """The failure of the last one; where others were left before, with all of them in its `issues`."""
        if not self._left:
            return error
        issues = [*self._left, Issue(path=self.turn.target.model_id, message=error.message)]
        whole = f"None of the {len(issues)} models that the route `{self._route}` came to has answered"
        return error.retold(f"{whole}; of the last one: {error.message}", issues)

    async def _move(self, reason: str, others: Iterable[Target]) -> bool:
        left = self.turn.target
        for target in others:
            self.journey.go_to(target)
            if not await self._fits(target, await self.measure(target)):
                continue
            self._left.append(Issue(path=left.model_id, message=reason))
            self.turn.go_to(target)
            self.models.routes.note_use(target)
            await self.keep()
            to = {"to": target.model_id, "session_id": target.session_id}
            self.out.emit(TurnRerouted, from_=left.model_id, reason=reason, **to)
            return True
        return False

    async def _fits(self, target: Target, budget: Budget | None) -> bool:
        if self.prompt is None or budget is None:
            return True
        try:
            await self.prompt.refit(budget)
        except MaestroError as error:
            if error.kind != "contextTooLarge":
                raise
            notice = f"{target.model_id} of the route was passed over: {error.message}"
            self.out.emit(TurnNotice, severity="warning", message=notice)
            return False
        return True
