"""An audit of a route: what one model does not answer is asked of the next."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field, replace

from maestro.audit.asking.budget import Budget
from maestro.errors import MaestroError
from maestro.services.audit_document import Question
from maestro.services.models import Journey, Target, reason_to_leave
from maestro_protocol.audit import AuditResult
from maestro_protocol.events import AuditRerouted


@dataclass(slots=True)
class AuditRoute:
    """All documents of an audit go the same way: who comes later begins where the others are."""

    journey: Journey
    question: Question
    """What is asked now, and of whom."""
    allow: Callable[[Target], Awaitable[Budget]]
    """The budget at a target's prices; raises MaestroError where no code may go there, or its prices are not known."""
    tell: Callable[[AuditRerouted], None]
    _moving: asyncio.Lock = field(default_factory=asyncio.Lock)

    def __post_init__(self) -> None:
        self._ask(self.journey.target, self.question.budget)

    @property
    def target(self) -> Target:
        """Whom it asks now."""
        return self.journey.target

    async def begin(self) -> None:
        """Do not ask one that is known to refuse."""
        if detour := self.journey.detour:
            await self._move(self.journey.obstacle, detour)

    async def after(self, asked: Question, result: AuditResult) -> Question | None:
        """What to ask where this came of a question; None where the route does not go on."""
        async with self._moving:
            if result.error is None or reason_to_leave(self.target, result.error) is None:
                return None
            if asked is not self.question:
                return self.question  # another document has gone on
            reason = reason_to_leave(self.target, result.error) or ""
            moved = await self._move(reason, self.journey.others())
            return self.question if moved else None

    async def _move(self, reason: str, others: Iterable[Target]) -> bool:
        left = self.target
        for target in others:
            self.journey.go_to(target)
            try:
                budget = (await self.allow(target)).after(self.question.budget)
            except MaestroError as error:
                reason = f"{reason} {target.model_id} was passed over: {error.message}"
                continue
            self._ask(target, budget)
            to = {"from": left.model_id, "to": target.model_id, "session_id": target.session_id}
            self.tell(AuditRerouted.model_validate({"audit_id": self.question.audit_id, "reason": reason, **to}))
            return True
        return False

    def _ask(self, target: Target, budget: Budget) -> None:
        self.question = replace(
            self.question,
            provider=target.provider,
            session_id=target.session_id,
            model=target.model,
            effort=target.effort,
            budget=budget,
            once=self.journey.has_others,
            elsewhere=self.after,
        )
