"""`maestro chat`: ask a model something and read the answer as it comes."""

import argparse
import sys

from maestro import provider
from maestro.app import Services
from maestro.cli.terminal import run_with_services, say, styled
from maestro.errors import MaestroError
from maestro_protocol.base import WireModel
from maestro_protocol.chat import ChatCompleteParams, ChatMessage
from maestro_protocol.events import ReasoningDelta, TextDelta, ToolReady, TurnRetrying


class _Screen:
    """An `EventSink` that prints text as it arrives."""

    has_room = True

    def __init__(self, *, reasoning: bool) -> None:
        self._reasoning = reasoning
        self._column = ""

    def send(self, event: WireModel) -> None:
        match event:
            case TextDelta(text=text):
                self._write(text)
            case ReasoningDelta(text=text) if self._reasoning:
                self._write(styled(text, 2))
            case ToolReady(name=name):
                say(f"The model asks for the tool {name}.")
            case TurnRetrying(delay_ms=delay_ms, error=error):
                say(f"{error.message} Trying again in {delay_ms / 1000:.1f} s.")

    async def room(self) -> None:
        """Writing to a terminal makes its own room."""

    def close(self) -> None:
        """End the last line."""
        if self._column and not self._column.endswith("\n"):
            self._write("\n")

    def _write(self, text: str) -> None:
        self._column = text or self._column
        sys.stdout.write(text)
        sys.stdout.flush()


def run(options: argparse.Namespace) -> int:
    """0 when the model answered to its end, 1 otherwise."""
    words = [" ".join(options.message)] if options.message else []
    if not sys.stdin.isatty() and (piped := sys.stdin.read().strip()):
        words.append(piped)
    if not words:
        say('Say something: maestro chat "What does this error mean?"')
        return 2
    return run_with_services(lambda services: _ask(services, "\n\n".join(words), options))


async def _ask(services: Services, text: str, options: argparse.Namespace) -> int:
    model = options.model or _default_of(options.provider)
    target = await services.models.target(model, None)
    if target.session and target.session.session.source == "env":
        hint = target.session.session.key_hint
        say(f"{target.model_id}, with the key from the environment{f' (…{hint})' if hint else ''}")
    screen = _Screen(reasoning=options.reasoning)
    params = ChatCompleteParams(messages=[ChatMessage(role="user", content=text)], model=target.model_id)
    try:
        result = await services.chats.complete(params, screen, max_latency_ms=0)
    finally:
        screen.close()
    if result.stop_reason not in ("endTurn", "toolUse"):
        say(f"The answer ended early: {result.stop_reason}.")
        return 1
    return 0


def _default_of(provider_id: str | None) -> str | None:
    if provider_id is None:
        return None
    if model := provider.default_model(provider_id):
        return f"{provider_id}/{model}"
    raise MaestroError("modelNotFound", f"{provider_id} has no default model; name one with --model {provider_id}/….")
