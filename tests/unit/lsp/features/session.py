"""`maestro/session/*`, as far as the tests need it."""

import asyncio

from maestro.errors import MaestroError
from maestro.lsp.context import RequestContext
from maestro_protocol.sessions import SessionListParams, SessionListResult, SessionParams, StepDone

entered: list[str] = []
gates: dict[str, asyncio.Event] = {}


async def session_list(params: SessionListParams, context: RequestContext) -> SessionListResult:
    if params.provider:
        raise MaestroError("providerNotFound", "There is no such provider.", candidates=["openai"])
    return SessionListResult(sessions=[])


async def session_set_default(params: SessionParams, context: RequestContext) -> SessionListResult:
    entered.append(params.session_id)
    await gates[params.session_id].wait()
    return SessionListResult(sessions=[])


async def session_get(params: SessionParams, context: RequestContext) -> StepDone:
    return StepDone.model_construct(session=object())  # type: ignore[arg-type]
