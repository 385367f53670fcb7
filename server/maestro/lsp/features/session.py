"""`maestro/session/*`"""

from functools import partial

from maestro.lsp.context import RequestContext
from maestro_protocol.sessions import (
    Session,
    SessionBindParams,
    SessionBindResult,
    SessionCancelParams,
    SessionCancelResult,
    SessionContinueParams,
    SessionCreateParams,
    SessionDeleteParams,
    SessionDeleteResult,
    SessionListParams,
    SessionListResult,
    SessionParams,
    SessionRenameParams,
    SessionUpdateParams,
    Step,
    StepDone,
)


async def session_create(params: SessionCreateParams, context: RequestContext) -> Step:
    step = await context.services.logins.create(params)
    if isinstance(step, StepDone):
        _announce(context, "created", step.session)
    return step


async def session_continue(params: SessionContinueParams, context: RequestContext) -> Step:
    step = await context.services.logins.proceed(params.login_id, params.inputs)
    if isinstance(step, StepDone):
        _announce(context, "created", step.session)
        context.after_response(partial(context.services.logins.announce, params.login_id))
    return step


async def session_cancel(params: SessionCancelParams, context: RequestContext) -> SessionCancelResult:
    if not await context.services.logins.cancel(params.login_id):
        return SessionCancelResult(status="notFound")
    context.after_response(partial(context.services.logins.announce, params.login_id))
    return SessionCancelResult(status="cancelled")


async def session_list(params: SessionListParams, context: RequestContext) -> SessionListResult:
    return SessionListResult(sessions=[*await context.services.sessions.list(params.provider)])


async def session_get(params: SessionParams, context: RequestContext) -> Session:
    return await context.services.sessions.get(params.session_id)


async def session_rename(params: SessionRenameParams, context: RequestContext) -> Session:
    return _announce(context, "renamed", await context.services.sessions.rename(params.session_id, params.name))


async def session_update(params: SessionUpdateParams, context: RequestContext) -> Session:
    return _announce(context, "updated", await context.services.sessions.update(params))


async def session_set_default(params: SessionParams, context: RequestContext) -> Session:
    return _announce(context, "defaultChanged", await context.services.sessions.set_default(params.session_id))


async def session_bind(params: SessionBindParams, context: RequestContext) -> SessionBindResult:
    result = await context.services.sessions.bind(params)
    context.after_response(partial(context.services.sessions.announce, "bound"))
    return result


async def session_refresh(params: SessionParams, context: RequestContext) -> Session:
    return _announce(context, "refreshed", await context.services.sessions.refresh(params.session_id))


async def session_validate(params: SessionParams, context: RequestContext) -> Session:
    return _announce(context, "validated", await context.services.sessions.validate(params.session_id))


async def session_delete(params: SessionDeleteParams, context: RequestContext) -> SessionDeleteResult:
    session = await context.services.sessions.delete(params.session_id, revoke=params.revoke)
    if session is not None:
        _announce(context, "deleted", session)
    return SessionDeleteResult(deleted=session is not None)


def _announce(context: RequestContext, reason: str, session: Session) -> Session:
    """Tell every change once the answer that names it is out."""
    context.after_response(partial(context.services.sessions.announce, reason, session.id))
    return session
