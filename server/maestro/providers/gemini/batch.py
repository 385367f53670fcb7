"""Many structured requests to Gemini as one job: the Batch API, which answers within a day at half the price.

Method, body, statistics and states `BATCH_STATE_*` are those of Google's reference (ai.google.dev/api/batch-api); that
state and results stand in the operation's `metadata`, and the states `JOB_STATE_*`, are google-genai 3.4's
(`batches.py`, `types.JobState`); clients also find the results in `response`. A batch that was not done within 48 hours
expires without results (ai.google.dev/gemini-api/docs/batch-api).
"""

import re
from collections.abc import Mapping, Sequence
from functools import partial
from urllib.parse import quote

from pydantic import JsonValue

from maestro.errors import MaestroError
from maestro.failures import Failure, UpstreamError, classify_error
from maestro.providers.base import BatchPhase, BatchState, Connection, RawReply, StructuredRequest
from maestro.providers.gemini import code_assist
from maestro.providers.gemini.audit import SHAPES, body, read_reply
from maestro.providers.gemini.auth import auth_headers
from maestro.providers.request import join
from maestro.providers.structured import Manner, step_down
from maestro.streaming.wire.values import object_of, objects_of, text_of
from maestro.transport import HttpRequest
from maestro_protocol.base import JsonObject

_VERSION = "v1beta"
"""Where the reference has the method; it serves the `-latest` aliases too."""
_NAME = re.compile(r"batches/[A-Za-z0-9._~-]{1,200}")
_MOST_REQUESTS = 10_000
"""More never come back: requests inside the body share 20 MB."""
_STATES: Mapping[str, BatchPhase] = {
    "UNSPECIFIED": "pending",
    "QUEUED": "pending",
    "PENDING": "pending",
    "SUCCEEDED": "succeeded",
    "PARTIALLY_SUCCEEDED": "succeeded",
    "FAILED": "failed",
    "CANCELLED": "cancelled",
    "EXPIRED": "expired",
}
"""Any other state is one on the way."""
_ENDS: Mapping[BatchPhase, Failure] = {
    "succeeded": Failure("malformed", "Gemini's batch has no answer to this request."),
    "failed": Failure("server", "Gemini could not process the batch."),
    "cancelled": Failure("invalid_request", "The batch was cancelled before this request was answered."),
    "expired": Failure(
        "overloaded", "Gemini did not get to the batch within 48 hours; submit it again, or a smaller one."
    ),
}
"""What came of a request without an answer of its own."""
_RPC_CODES = {
    3: "INVALID_ARGUMENT",
    4: "DEADLINE_EXCEEDED",
    5: "NOT_FOUND",
    7: "PERMISSION_DENIED",
    8: "RESOURCE_EXHAUSTED",
    9: "FAILED_PRECONDITION",
    13: "INTERNAL",
    14: "UNAVAILABLE",
    16: "UNAUTHENTICATED",
}
"""Errors inside a batch are told in gRPC's numbers, not in those of HTTP."""


async def submit_batch(connection: Connection, requests: Sequence[StructuredRequest]) -> str:
    """`POST models/{model}:batchGenerateContent`; see `BatchRole`."""
    _check(connection, requests)
    return await step_down(lambda: requests, SHAPES, partial(_submit, connection))


async def poll_batch(connection: Connection, name: str) -> BatchState:
    """`GET batches/{id}`; see `BatchRole`."""
    request = HttpRequest("GET", _url(connection, _checked(name)), auth_headers(connection))
    return read_state((await connection.http.fetch(request)).json)


async def cancel_batch(connection: Connection, name: str) -> None:
    """`POST batches/{id}:cancel`; see `BatchRole`."""
    url = _url(connection, f"{_checked(name)}:cancel")
    await connection.http.fetch(HttpRequest("POST", url, auth_headers(connection), {}))


def build_batch(connection: Connection, requests: Sequence[StructuredRequest], manner: Manner) -> HttpRequest:
    """The whole request as data. Each inner one is numbered, since the order of the answers is nowhere promised."""
    rows: list[JsonValue] = [
        {"request": body(request, manner), "metadata": {"key": str(number)}} for number, request in enumerate(requests)
    ]
    batch: JsonObject = {"displayName": "maestro", "inputConfig": {"requests": {"requests": rows}}}
    model = quote(requests[0].model.removeprefix("models/"), safe="")
    url = _url(connection, f"models/{model}:batchGenerateContent")
    return HttpRequest("POST", url, auth_headers(connection), {"batch": batch})


def read_state(answer: JsonValue) -> BatchState:
    """The state in a long-running operation, with the results once it is over.

    Raises:
        UpstreamError: this is no such operation.
    """
    operation = object_of(answer)
    metadata, error = object_of(operation.get("metadata")), object_of(operation.get("error"))
    word = text_of(metadata.get("state"))
    if not word and not operation.get("done"):
        raise UpstreamError(Failure("malformed", "Gemini did not say how far the batch is."))
    state = _STATES.get(re.sub(r"^(?:BATCH|JOB)_STATE_", "", word), "running")
    if operation.get("done") and state not in _ENDS:
        state = "failed" if error else "succeeded"
    if state not in _ENDS:
        return BatchState(state)
    end = _failure(error) if error and state == "failed" else _ENDS[state]
    output = object_of(metadata.get("output")) or object_of(operation.get("response"))
    counted = text_of(object_of(metadata.get("batchStats")).get("requestCount"))
    count = int(counted) if counted.isdecimal() and int(counted) <= _MOST_REQUESTS else 0
    return BatchState(state, _replies(_rows(output), count, end), None if state == "succeeded" else end)


def _rows(output: JsonObject) -> list[JsonObject]:
    """The list of results, which stands in an object of its own name."""
    inlined = output.get("inlinedResponses")
    return objects_of(inlined.get("inlinedResponses") if isinstance(inlined, dict) else inlined)


def _replies(rows: Sequence[JsonObject], count: int, missing: Failure) -> tuple[RawReply | Failure, ...]:
    """One per request, in their order: by the number each was sent with, else as they come."""
    numbered = {_number(row, place): row for place, row in enumerate(rows)}
    count = max(count, len(rows), min(max(numbered, default=-1) + 1, _MOST_REQUESTS))
    return tuple(_reply(numbered[place]) if place in numbered else missing for place in range(count))


def _number(row: JsonObject, place: int) -> int:
    key = text_of(object_of(row.get("metadata")).get("key"))
    return int(key) if key.isdecimal() and len(key) < 9 else place


def _reply(row: JsonObject) -> RawReply | Failure:
    if error := object_of(row.get("error")):
        return _failure(error)
    try:
        return read_reply(row.get("response"))
    except UpstreamError as refusal:
        return refusal.failure


def _failure(error: JsonObject) -> Failure:
    code = error.get("code")
    word = _RPC_CODES.get(code) if isinstance(code, int) else None
    return classify_error({"error": {**error, "code": word} if word else error})


def _check(connection: Connection, requests: Sequence[StructuredRequest]) -> None:
    if code_assist.is_on(connection):
        message = "Code Assist takes no batches; use a session with an API key or a login of your own project."
        raise MaestroError("unsupported", message, session_id=connection.session.id)
    if len({request.model for request in requests}) != 1:
        raise MaestroError("invalidParams", "A batch has at least one request, and all of them go to the same model.")


def _checked(name: str) -> str:
    if _NAME.fullmatch(name) is None:
        raise MaestroError("invalidParams", "This is no name of a batch; it is what submitting it returned.")
    return name


def _url(connection: Connection, path: str) -> str:
    return join(connection.base_url, f"{connection.settings.api_version or _VERSION}/{path}")


async def _submit(connection: Connection, requests: Sequence[StructuredRequest], manner: Manner) -> str:
    name = text_of(object_of((await connection.http.fetch(build_batch(connection, requests, manner))).json).get("name"))
    if _NAME.fullmatch(name) is None:
        raise UpstreamError(Failure("malformed", "Gemini took the batch without giving it a name."))
    return name
