"""What a chat's requests may take of its model's context window."""

from collections.abc import Iterable
from contextlib import suppress

from maestro.context import tokens
from maestro.context.budget import Budget
from maestro.errors import MaestroError
from maestro.runtime import Runtime
from maestro.services.models import ModelService, Target
from maestro.services.tools import ToolService
from maestro.tools.base import Tool
from maestro_protocol.conversations import Chat
from maestro_protocol.models import Model


class Budgets:
    def __init__(self, runtime: Runtime, models: ModelService, tools: ToolService) -> None:
        self._runtime = runtime
        self._models = models
        self._tools = tools

    async def of(self, chat: Chat) -> Budget:
        """The budget of the chat's next request, as far as its model is known."""
        target: Target | None = None
        with suppress(MaestroError):
            target = await self._models.target(chat.model, chat.session_id, chat.id)
        model = await self._models.known(target) if target else None
        offered = await self._tools.known(chat.workspace_folder)
        return self.of_request(target.provider if target else "", model, chat.system, offered.values())

    def of_request(
        self,
        provider_id: str,
        model: Model | None,
        system: str | None = None,
        tools: Iterable[Tool] = (),
        max_tokens: int | None = None,
    ) -> Budget:
        """What is kept for the answer never takes more than half of the window."""
        size = self._runtime.settings.chat.context_tokens or (model.context_window if model else None)
        reserved = max_tokens or self._runtime.settings.provider(provider_id).max_tokens
        if model is not None and model.max_output:
            reserved = min(reserved, model.max_output)
        schemas = "".join(f"{tool.spec.description}{tool.spec.input_schema}" for tool in tools)
        overhead = tokens.estimate(schemas) + tokens.estimate(system or "")
        return Budget(size, min(reserved, (size or reserved * 2) // 2), overhead)
