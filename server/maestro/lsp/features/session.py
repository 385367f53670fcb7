"""`maestro/session/*`"""

from functools import partial

from maestro.lsp.context import RequestContext
from maestro_protocol.sessions import (
    Session,
    SessionCancelParams,
    SessionCancelResult,
    SessionContinueParams,
    SessionCreateParams,
    SessionDeleteParams,
    SessionDeleteResult,
    SessionListParams,
    SessionListResult,
    SessionParams,
    Step,
    StepDone,
)


async def session_create(params: SessionCreateParams, context: RequestContext) -> Step:
    step = await context.services.sessions.create(params)
    if isinstance(step, StepDone):
        _announce(context, step.session, "created")
    return step


async def session_continue(params: SessionContinueParams, context: RequestContext) -> Step:
    sessions = context.services.sessions
    step = await sessions.proceed(params.login_id, params.inputs)
    if isinstance(step, StepDone):
        _announce(context, step.session, "created")
        context.after_response(partial(sessions.announce_login, params.login_id, step.session))
    return step


async def session_cancel(params: SessionCancelParams, context: RequestContext) -> SessionCancelResult:
    sessions = context.services.sessions
    if not sessions.cancel(params.login_id):
        return SessionCancelResult(status="notFound")
    context.after_response(partial(sessions.announce_cancelled_login, params.login_id))
    return SessionCancelResult(status="cancelled")


async def session_list(params: SessionListParams, context: RequestContext) -> SessionListResult:
    return SessionListResult(sessions=context.services.sessions.list(params.provider))


async def session_get(params: SessionParams, context: RequestContext) -> Session:
    return context.services.sessions.get(params.session_id)


async def session_set_default(params: SessionParams, context: RequestContext) -> Session:
    session = context.services.sessions.set_default(params.session_id)
    _announce(context, session, "defaultChanged")
    return session


async def session_validate(params: SessionParams, context: RequestContext) -> Session:
    session = await context.services.sessions.validate(params.session_id)
    _announce(context, session, "validated")
    return session


async def session_delete(params: SessionDeleteParams, context: RequestContext) -> SessionDeleteResult:
    session = context.services.sessions.delete(params.session_id)
    if session is None:
        return SessionDeleteResult(deleted=False)
    _announce(context, session, "deleted")
    return SessionDeleteResult(deleted=True)


def _announce(context: RequestContext, session: Session, reason: str) -> None:
    context.after_response(partial(context.services.sessions.announce_change, session, reason))
