"""Tools the editor offers: it runs them, Maestro checks what comes back."""

import asyncio

from pydantic import ValidationError

from maestro.editor import Editor, NoAnswer
from maestro.errors import MaestroError
from maestro.tools.base import Call, Outcome, ToolSpec
from maestro.tools.output import shortened
from maestro_protocol.permissions import PermissionSubject
from maestro_protocol.tools import ToolInvokeParams, ToolInvokeResult, ToolRegistration

INVOKE = "maestro/tool/invoke"


class ClientTool:
    def __init__(self, registration: ToolRegistration, editor: Editor) -> None:
        self._editor = editor
        self.spec = ToolSpec(
            name=registration.name,
            description=registration.description,
            input_schema=registration.input_schema,
            annotations=registration.annotations,
            origin="client",
        )

    async def subject(self, call: Call) -> PermissionSubject:
        kind = self.spec.annotations
        reads = kind.read_only and not kind.open_world
        return PermissionSubject(type="read" if reads else "other", tool=self.spec.name, input=call.input)

    async def run(self, call: Call) -> Outcome:
        tools = call.around.settings.tools
        params = ToolInvokeParams(
            tool_call_id=call.id,
            name=self.spec.name,
            input=call.input,
            intent=call.intent,
            timeout_ms=tools.timeout_ms,
            chat_id=call.chat_id,
        )
        try:
            answer = ToolInvokeResult.from_wire(await self._editor.call(INVOKE, params, tools.timeout_ms / 1000))
        except NoAnswer:
            message = f"The editor's tool `{self.spec.name}` did not answer in time; try again or do without it."
            raise MaestroError("clientToolTimeout", message) from None
        except ValidationError:
            message = f"The editor's tool `{self.spec.name}` answered something that cannot be read; do without it."
            raise MaestroError("toolFailed", message) from None
        content = await asyncio.to_thread(shortened, answer.content, tools.max_output_bytes, call.around.secrets())
        return Outcome(content, failed=answer.is_error)
