"""Where a request goes."""

from dataclasses import dataclass, replace

from maestro.store.snapshot import StoredSession
from maestro_protocol.chat import ChatParams, Effort


@dataclass(frozen=True, slots=True)
class Target:
    """What a request goes to. `model` is the provider's own name; `session` is None where none is needed."""

    provider: str
    session: StoredSession | None
    model: str
    effort: Effort | None = None
    """How hard the model shall think, where its name said so (`openai/gpt-5.5@high`)."""
    route: str | None = None
    """The route this was chosen from, as it was named."""
    alternatives: "tuple[Target, ...]" = ()
    """What the route asks next, in this order."""
    notices: tuple[str, ...] = ()
    """Which of the route's models cannot be asked, and why."""

    @property
    def model_id(self) -> str:
        """`provider/long-name`."""
        return f"{self.provider}/{self.model}"

    @property
    def string(self) -> str:
        """What means the same again: the route, or the id with the effort."""
        if self.route is not None:
            return self.route
        return f"{self.model_id}@{self.effort}" if self.effort else self.model_id

    @property
    def session_id(self) -> str | None:
        return self.session.session.id if self.session else None

    @property
    def bound_session_id(self) -> str | None:
        """The session that whoever means the same again must name besides `string`: a route chooses for itself."""
        return None if self.route is not None else self.session_id

    def following(self, notice: str) -> "Target | None":
        """The route's next one in this one's place, and why; None where there is none."""
        if not self.alternatives:
            return None
        first, *others = self.alternatives
        return replace(first, route=self.route, alternatives=tuple(others), notices=(*self.notices, notice))

    def at(self, effort: Effort) -> "Target":
        """The same, the others of its route included, with this effort; a route is remembered with it."""
        others = tuple(replace(one, effort=effort) for one in self.alternatives)
        route = self.route and f"{self.route}@{effort}"
        return replace(self, effort=effort, route=route, alternatives=others)

    def applied(self, params: ChatParams | None) -> ChatParams:
        """The parameters of a request, which has the last word about the effort."""
        given = params or ChatParams()
        return given.model_copy(update={"effort": given.effort or self.effort})
