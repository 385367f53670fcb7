"""`maestro/doctor`"""

from maestro.lsp.context import RequestContext
from maestro_protocol.doctor import DoctorParams, DoctorResult


async def doctor(params: DoctorParams, context: RequestContext) -> DoctorResult:
    return await context.services.doctor.examine(network=params.network)
