"""One request for callers that have no event loop: the thread waits for its answer."""

import json

import httpx

from maestro.failures import Failure, UpstreamError, classify_response
from maestro.transport.client import new_blocking_client
from maestro.transport.errors import SENDING_ERRORS, failure_of, request_id
from maestro.transport.requests import HttpReply, HttpRequest, outgoing
from maestro_protocol.settings import TransportSettings


def fetch_blocking(request: HttpRequest, settings: TransportSettings) -> HttpReply:
    """Send and read the whole JSON answer, on a connection of its own; an empty one is None.

    Raises:
        UpstreamError: the service refused, could not be reached, or answered no JSON (`malformed`).
    """
    try:
        with new_blocking_client(settings) as client:
            response = client.send(outgoing(client, request, {}))
    except SENDING_ERRORS as error:
        failure = failure_of(error)
    else:
        return _read(response)
    raise UpstreamError(failure)


def _read(response: httpx.Response) -> HttpReply:
    status, headers = response.status_code, dict(response.headers)
    failure = Failure("malformed", "The answer is not JSON.")
    try:
        if response.is_success:
            return HttpReply(status, headers, json.loads(response.content) if response.content else None)
        failure = classify_response(status, headers, response.content)
    except (ValueError, RecursionError):
        pass
    raise UpstreamError(failure, http_status=status, request_id=request_id(headers))
