"""`maestro chat`: ask a model something and read the answer as it comes."""

import argparse
import asyncio
import sys

from maestro import provider
from maestro.app import Services
from maestro.cli.terminal import harmless, run_with_services, say, styled
from maestro.errors import MaestroError
from maestro.services.models import AUTO
from maestro_protocol.base import WireModel
from maestro_protocol.chat import ChatCompleteParams, ChatMessage
from maestro_protocol.events import ReasoningDelta, TextDelta, ToolReady, TurnNotice, TurnRerouted, TurnRetrying


class _Screen:
    """An `EventSink` that prints text as it arrives, and stops the answer when that fails: nobody reads it then."""

    has_room = True

    def __init__(self, *, reasoning: bool) -> None:
        self._reasoning = reasoning
        self._last = ""
        self._answer = asyncio.current_task()
        self.failure: OSError | ValueError | None = None

    def send(self, event: WireModel) -> None:
        match event:
            case TextDelta(text=text):
                self._write(harmless(text, sys.stdout))
            case ReasoningDelta(text=text) if self._reasoning:
                self._write(styled(harmless(text, sys.stdout), 2))
            case ToolReady(name=name):
                say(f"The model asks for the tool {name}.")
            case TurnRerouted(to=to, reason=reason):
                say(f"{reason} {to} answers.")
            case TurnNotice(message=message):
                say(message)
            case TurnRetrying(delay_ms=delay_ms, error=error):
                say(f"{error.message} Trying again in {delay_ms / 1000:.1f} s.")

    async def room(self) -> None:
        """Writing to a terminal makes its own room."""

    def close(self) -> None:
        """End the last line."""
        if self._last and not self._last.endswith("\n"):
            self._write("\n")

    def _write(self, text: str) -> None:
        if self.failure:
            return
        self._last = text or self._last
        try:
            sys.stdout.write(text)
            sys.stdout.flush()
        except (OSError, ValueError) as failure:
            self.failure = failure
            if self._answer is not None:
                self._answer.cancel()


def run(options: argparse.Namespace) -> int:
    """0 when the model answered to its end, 2 without a question, 130 when it was interrupted, else 1."""
    words = [said] if (said := " ".join(options.message).strip()) else []
    if not sys.stdin.isatty() and (piped := sys.stdin.read().strip()):
        words.append(piped)
    if not words:
        say('Say something: maestro chat "What does this error mean?"')
        return 2
    return run_with_services(lambda services: _ask(services, "\n\n".join(words), options))


async def _ask(services: Services, text: str, options: argparse.Namespace) -> int:
    model = model_named(options.provider, options.model)
    target = await services.models.target(model, options.session, role="complete")
    if target.session and (place := target.session.session.key_place):
        hint = target.session.session.key_hint
        say(f"{target.model_id}, with the key in {place}{f' (…{hint})' if hint else ''}")
    screen = _Screen(reasoning=options.reasoning)
    message = ChatMessage(role="user", content=text)
    params = ChatCompleteParams(messages=[message], model=model, session_id=options.session)
    try:
        result = await services.completions.complete(params, screen, max_latency_ms=0)
    finally:
        screen.close()
    if screen.failure:
        raise screen.failure
    if result.stop_reason == "cancelled":
        return 130
    if result.stop_reason not in ("endTurn", "toolUse"):
        say(f"The answer ended early: {result.stop_reason}.")
        return 1
    return 0


def model_named(provider_id: str | None, model: str | None) -> str | None:
    """What --provider and --model mean together. Raises 4101 for a provider there is not, -32602 for a route."""
    if provider_id is None:
        return model
    provider_id = provider.find_id(provider_id) or provider_id
    provider.needs_key(provider_id)
    if model is not None and _is_route(model):
        message = f"`{model}` is a route, which says itself which providers it asks; leave out --provider."
        raise MaestroError("invalidParams", message, provider=provider_id)
    prefix, named = f"{provider_id}/", model or AUTO
    return prefix + (named[len(prefix) :] if named.lower().startswith(prefix.lower()) else named)


def _is_route(name: str) -> bool:
    settings = provider.current().settings
    text = settings.aliases.get(name, name)
    return any(settings.route(one) is not None for one in (text, text.rpartition("@")[0]))
