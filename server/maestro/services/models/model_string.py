"""The grammar of model strings: `[session:][provider/]model[@effort]`."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import get_args

from maestro_protocol.chat import Effort

AUTO = "auto"
"""What would be used if no model had been named; behind a provider, that provider's default."""
_EFFORTS: dict[str, Effort] = {word: word for word in get_args(Effort)}


@dataclass(frozen=True, slots=True)
class ModelString:
    """One reading of a string. `model` is a long or a short name, or `auto`; `provider` an id, however it was spelt."""

    model: str
    provider: str | None = None
    session: str | None = None
    effort: Effort | None = None

    @property
    def is_auto(self) -> bool:
        """Whether nothing but, perhaps, a session and an effort was said."""
        return self.provider is None and self.model == AUTO

    def __str__(self) -> str:
        session = f"{self.session}:" if self.session else ""
        provider = f"{self.provider}/" if self.provider else ""
        return f"{session}{provider}{self.model}{f'@{self.effort}' if self.effort else ''}"


def readings(text: str, provider_of: Callable[[str], str | None], sessions: Iterable[str]) -> Sequence[ModelString]:
    """Everything a string can mean: first the most literal, last the one that is meant unless a list has another name
    exactly as it stands.

    `provider_of` knows the id of a provider by its first part. A model's own slashes, colons and `@` survive: `x:` is a
    session only if one is called so, `x/` a provider only if there is one, `@x` an effort only if it is one.
    """
    session = max((one for one in sessions if text.startswith(f"{one}:")), key=len, default=None)
    found = list(_without_session(text, None, provider_of))
    if session is not None:
        found += _without_session(text.removeprefix(f"{session}:"), session, provider_of)
    return found


def _without_session(text: str, session: str | None, provider_of: Callable[[str], str | None]) -> Iterator[ModelString]:
    name, _, word = text.rpartition("@")
    yield _named(text, session, None, provider_of)
    if name and (effort := _EFFORTS.get(word.lower())):
        yield _named(name, session, effort, provider_of)


def _named(
    name: str, session: str | None, effort: Effort | None, provider_of: Callable[[str], str | None]
) -> ModelString:
    first, slash, rest = name.partition("/")
    provider = provider_of(first) if slash else None
    return ModelString(rest if provider else name, provider, session, effort)
