"""What all simulated services share: who may come in, which reply is next, and the personas that spoil it."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count

from tests.simulators import audits
from tests.simulators.oauth_server import AuthServer
from tests.simulators.replies import Prompt, Script, Scripts
from tests.simulators.wire import Answer, Json, Request

BAD_KEY = ("invalid", "revoked", "wrong", "expired")
"""A key with one of these words is refused when a service was given no list of keys."""

_ASIDE = ("/cancel", ":cancel", ":loadCodeAssist", ":onboardUser")
"""Requests that generate nothing."""


class Refused(Exception):
    """The request is answered with an error; raised by checks, caught in one place."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status)
        self.answer = answer


@dataclass(frozen=True, slots=True)
class Delay:
    """How long to wait, and in which spelling the service says so: seconds, ms, date, retryinfo, text."""

    seconds: float
    spelling: str = "seconds"


@dataclass(frozen=True, slots=True)
class Context:
    """One request on its way through a service."""

    service: "Service"
    request: Request


@dataclass(frozen=True, slots=True)
class Persona:
    """One thing that goes wrong. It acts on generations (POST) unless `path` names a part of other paths."""

    name: str
    refuse: Callable[[Context], Answer | None] | None = None
    """An answer instead of the real one; no reply is used up."""
    script: Callable[[Script], Script] | None = None
    answer: Callable[[Answer, Context], Answer] | None = None
    audit: audits.AuditFlaw | None = None
    times: int | None = None
    """Only the first N requests that it matches."""
    skip: int = 0
    """Leave the first N requests alone."""
    path: str | None = None
    prebuilt: bool = False
    """The answer is built once per address and model, then sent as it is."""

    def first(self, times: int) -> "Persona":
        return replace(self, times=times)

    def after(self, skip: int) -> "Persona":
        return replace(self, skip=skip)

    def on(self, path: str) -> "Persona":
        return replace(self, path=path)

    def matches(self, request: Request) -> bool:
        if self.path is not None:
            return self.path in request.path
        return request.method == "POST" and not request.path.endswith(_ASIDE)


class Service(ABC):
    """A provider's HTTP interface over scripted replies."""

    name: str
    keys: frozenset[str] | None = None
    """Keys that are let in; None: every key without a word of BAD_KEY."""

    def __init__(self, personas: Sequence[Persona] = (), scripts: Scripts | None = None) -> None:
        self.personas = list(personas)
        self.scripts = scripts or Scripts()
        self.auth = AuthServer()
        self.prompts: list[Prompt] = []
        """What was understood of each generation, for tests."""
        self._seen: dict[int, int] = {}
        self._numbers = count(1)
        self._prebuilt: dict[tuple[str, str], Answer] = {}
        self._active: list[Persona] = []

    async def handle(self, request: Request) -> Answer:
        context = Context(self, request)
        signs_in = self.auth.serves(request.path)
        active = self._take_personas(request)
        prebuilt = any(persona.prebuilt for persona in active)
        key = (request.target, self._model_of(request)) if prebuilt else ("", "")
        if key in self._prebuilt:
            return self._prebuilt[key]
        try:
            if not signs_in:
                self.authorise(request)
            for persona in active:
                if persona.refuse and (refusal := persona.refuse(context)) is not None:
                    return self.decorate(refusal)
            self._active = active  # no await until the answer stands: nothing can come between
            answer = self.decorate(self.auth.respond(request) if signs_in else self.respond(request))
        except Refused as refused:
            return self.decorate(refused.answer)
        for persona in active:
            answer = persona.answer(answer, context) if persona.answer else answer
        if prebuilt:
            self._prebuilt[key] = answer
        return answer

    @abstractmethod
    def authorise(self, request: Request) -> None:
        """Raises Refused for a request without a valid credential."""

    @abstractmethod
    def respond(self, request: Request) -> Answer:
        """Check the request and answer it; raises Refused."""

    @abstractmethod
    def refusal(self, status: int, *, delay: Delay | None = None, message: str = "", kind: str = "") -> Answer:
        """An error in the service's own shape; `kind` is the service's own word for it where it has several."""

    @abstractmethod
    def stream_error(self, answer: Answer, sent: int, kind: str) -> tuple[bytes, ...]:
        """What the service sends in a stream that fails after `sent` parts; `kind` as in `refusal`."""

    @abstractmethod
    def decorate(self, answer: Answer) -> Answer:
        """Add the headers that the service sends with everything."""

    @abstractmethod
    def environment(self, base_url: str) -> Mapping[str, str]:
        """The variables that point a client here."""

    def oauth_environment(self, base_url: str) -> Mapping[str, str]:
        """The variables that point Maestro's API and login settings here; empty where one signs in by key only."""
        return {}

    def authorize(self, url: str) -> str:
        """What a user who agrees gets of the authorize page, without HTTP: an address, or the code to paste.

        Raises:
            Denied: the page refuses the request.
        """
        return self.auth.authorize(url)

    def sign_in(self, client_id: str = "", scope: str = "") -> Json:
        """The tokens of a new login, as the token endpoint would answer them."""
        return self.auth.sign_in(client_id, scope)

    def number(self) -> int:
        """A number for the next id."""
        return next(self._numbers)

    def turn(self, prompt: Prompt) -> Script:
        """What the model says to this prompt, with the personas that touch it."""
        self.prompts.append(prompt)
        request = audits.request_in(prompt.text)
        if request is not None and not self.scripts.queue and self.scripts.always is None:
            reply = audits.reply_to(request)
            for persona in self._active:
                reply = persona.audit(reply) if persona.audit else reply
            script = reply.script()
        else:
            script = self.scripts.next(prompt)
        for persona in self._active:
            script = persona.script(script) if persona.script else script
        return script.limited(prompt.limit)

    def play(self, personas: Sequence[Persona]) -> None:
        """Replace the personas; their counters and what was built for them start anew."""
        self.personas = list(personas)
        self._seen.clear()
        self._prebuilt.clear()

    def accepts_key(self, key: str) -> bool:
        if self.keys is not None:
            return key in self.keys
        return bool(key) and not any(word in key for word in BAD_KEY)

    def token_problem(self, token: str) -> str:
        """Why an access token is refused: `unknown`, `expired`, `revoked`; empty when it is good.

        A token that nobody issued is judged as a key is, as long as nobody has signed in here.
        """
        problem = self.auth.problem(token)
        if problem == "unknown" and (self.keys is not None or not self.auth.families) and self.accepts_key(token):
            return ""
        return problem

    def body(self, request: Request) -> Json:
        """The JSON body; raises Refused when there is none."""
        try:
            return request.json
        except ValueError:
            raise Refused(self.refusal(400, message="We could not parse the JSON body of your request.")) from None

    def _model_of(self, request: Request) -> str:
        try:
            return str(request.json.get("model", ""))
        except ValueError:
            return ""

    def _take_personas(self, request: Request) -> list[Persona]:
        active: list[Persona] = []
        for index, persona in enumerate(self.personas):
            if not persona.matches(request) or (persona.path is None and self.auth.serves(request.path)):
                continue
            seen = self._seen[index] = self._seen.get(index, 0) + 1
            if seen > persona.skip and (persona.times is None or seen <= persona.skip + persona.times):
                active.append(persona)
        return active
