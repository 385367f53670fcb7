"""What a model string says here: by this user's aliases, sessions and providers, and by the lists that are known."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from maestro import provider
from maestro.errors import MaestroError
from maestro.runtime import Runtime
from maestro.services.models.listings import Listings
from maestro.services.models.model_string import AUTO, ModelString, readings
from maestro_protocol.chat import Effort
from maestro_protocol.errors import Issue


@dataclass(frozen=True, slots=True)
class Wish:
    """A string without its aliases, and what was said around them."""

    text: str
    session: str | None = None
    effort: Effort | None = None
    alias: str | None = None
    """The first one."""

    def blamed(self, error: MaestroError) -> MaestroError:
        """A failure to find the model, told of the alias that stands for it."""
        if self.alias is None or error.kind not in ("modelNotFound", "ambiguous"):
            return error
        path, problem = f"aliases.{self.alias}", "stands for no model there is"
        message = f"`{path}` {problem}; change it, or use one of the candidates."
        issue = Issue(path=path, message=problem)
        return MaestroError(error.kind, message, candidates=error.data.candidates, issues=[issue])


class Naming:
    def __init__(self, runtime: Runtime, listings: Listings) -> None:
        self._runtime = runtime
        self._listings = listings

    def unaliased(self, text: str, session: str | None) -> Wish:
        """The string an alias stands for. An alias comes before a model of its name, never before a full name.

        Raises:
            MaestroError: -32602 for an alias that leads back to itself, or that names another session.
        """
        wish, seen = Wish(text, session), list[str]()
        while found := self._alias(wish.text):
            if found.model in seen:
                raise _misfit(seen[0], "leads back to itself; let it stand for a full name, as `provider/model`")
            seen.append(found.model)
            wish = Wish(
                self._runtime.settings.aliases[found.model],
                self._one_session(wish.session, found.session),
                wish.effort or found.effort,
                seen[0],
            )
        return wish

    def read(self, wish: Wish) -> ModelString:
        """The reading that is meant: one that a known list has exactly as it stands, else the string taken apart.

        Raises:
            MaestroError: -32602 for a string that names another session than the request does.
        """
        found = self._readings(wish.text)
        meant = next((one for one in found if self._is_listed(one)), found[-1])
        session = self._one_session(wish.session, meant.session)
        return replace(self._own(meant), session=session, effort=wish.effort or meant.effort)

    def _own(self, said: ModelString) -> ModelString:
        """Some services' own names begin with theirs: Groq's `groq/compound` is no model called `compound`."""
        whole = replace(said, model=f"{said.provider}/{said.model}")
        is_own = said.provider is not None and said.model != AUTO and not self._is_listed(said)
        return whole if is_own and self._is_listed(whole) else said

    def is_default(self, said: ModelString) -> bool:
        """Whether a default is meant; to a provider that lists a model called `auto`, that is a name like others."""
        return said.is_auto or (said.model == AUTO and not self._is_listed(said))

    def _readings(self, text: str) -> Sequence[ModelString]:
        names = [name for session in self._runtime.sessions.list() for name in (session.id, session.name)]
        return readings(text, provider.find_id, names)

    def _alias(self, text: str) -> ModelString | None:
        """The reading that is one. What a list has as a full name, exactly as it stands, is none."""
        for one in self._readings(text):
            if one.provider is not None and self._is_listed(one):
                return None
            if one.provider is None and one.model in self._runtime.settings.aliases:
                return one
        return None

    def _is_listed(self, reading: ModelString) -> bool:
        return any(reading.model == model.name for model in self._listings.of(reading.provider))

    def _one_session(self, reference: str | None, session: str | None) -> str | None:
        if reference is None or session is None or self._is_same(reference, session):
            return session or reference
        issue = Issue(path="model", message="names another session than `sessionId`")
        message = "`model` names another session than `sessionId`; name one of the two."
        raise MaestroError("invalidParams", message, issues=[issue])

    def _is_same(self, one: str, other: str) -> bool:
        find = self._runtime.sessions.find
        return one == other or find(one).session.id == find(other).session.id


def _misfit(alias: str, what: str) -> MaestroError:
    path = f"aliases.{alias}"
    return MaestroError("invalidParams", f"`{path}` {what}.", issues=[Issue(path=path, message=what)])
