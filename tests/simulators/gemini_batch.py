"""Gemini's batches: jobs that are asked for until they are done, and what may become of them."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from tests.simulators.gemini_checks import camel, error, fail
from tests.simulators.service import Context, Persona, Refused
from tests.simulators.wire import Answer, Json, dump

_EXPIRY = timedelta(hours=48)
_MAX_BYTES = 20 * 1024 * 1024
_KIND = "type.googleapis.com/google.ai.generativelanguage.v1main."
_BATCH = frozenset({"displayName", "inputConfig", "priority", "model"})
_DONE = ("SUCCEEDED", "FAILED", "CANCELLED", "EXPIRED")

Generate = Callable[[Json], Json]
"""The whole answer to one `GenerateContentRequest`; raises Refused."""


@dataclass(slots=True)
class _Job:
    name: str
    model: str
    display_name: str
    rows: list[Json]
    created: datetime
    polls: int = 0
    cancelled: bool = False


@dataclass(eq=False, slots=True)
class Batches:
    """The jobs of one project. Tests set `polls` and move the clock."""

    polls: int = 1
    """How often a job is asked for before it is done."""
    age: timedelta = timedelta()
    """How far the clock is ahead."""
    jobs: dict[str, _Job] = field(default_factory=dict)

    def submit(self, model: str, body: Json, generate: Generate) -> Json:
        """The operation of a new job. Requests of a wrong form are refused before it is one."""
        if len(dump(body)) > _MAX_BYTES:
            raise Refused(error(400, "Request payload size exceeds the limit: 20971520 bytes."))
        batch = _read(body.get("batch"), "batch")
        rows = ((batch.get("inputConfig") or {}).get("requests") or {}).get("requests") or []
        if not batch.get("displayName"):
            fail("* BatchGenerateContentRequest.batch.display_name: display_name is required.\n", "batch.display_name")
        if not rows:
            fail("* BatchGenerateContentRequest.batch.input_config: input_config is required.\n", "batch.input_config")
        answered = [{"response": generate(row.get("request") or {}), **_metadata(row)} for row in rows]
        name = f"batches/{uuid4().hex}"
        job = self.jobs[name] = _Job(name, model, batch["displayName"], answered, self._now())
        return self._operation(job)

    def poll(self, name: str) -> Json:
        job = self._find(name)
        job.polls += 1
        return self._operation(job)

    def cancel(self, name: str) -> Json:
        job = self._find(name)
        if self._state(job) in _DONE:
            raise Refused(error(400, "The batch is already in a terminal state.", status="FAILED_PRECONDITION"))
        job.cancelled = True
        return {}

    def _find(self, name: str) -> _Job:
        if name not in self.jobs:
            raise Refused(error(404, "Requested entity was not found."))
        return self.jobs[name]

    def _state(self, job: _Job) -> str:
        if job.cancelled:
            return "CANCELLED"
        if job.polls > self.polls:
            return "SUCCEEDED"
        if self._now() - job.created >= _EXPIRY:
            return "EXPIRED"
        return "RUNNING" if job.polls else "PENDING"

    def _operation(self, job: _Job) -> Json:
        state = self._state(job)
        answered = len(job.rows) if state == "SUCCEEDED" else 0
        counts = {"requestCount": len(job.rows), "pendingRequestCount": len(job.rows) - answered}
        metadata: Json = {
            "@type": f"{_KIND}GenerateContentBatch",
            "model": f"models/{job.model}",
            "displayName": job.display_name,
            "createTime": job.created.isoformat().replace("+00:00", "Z"),
            "updateTime": self._now().isoformat().replace("+00:00", "Z"),
            "batchStats": {name: str(count) for name, count in counts.items() if count},
            "state": f"BATCH_STATE_{state}",
            "name": job.name,
        }
        operation = {"name": job.name, "metadata": metadata}
        return finished(operation, state, job.rows) if state in _DONE else operation

    def _now(self) -> datetime:
        return datetime.now(UTC) + self.age


def finished(operation: Json, state: str, rows: list[Json]) -> Json:
    """The operation in its last state; only one that succeeded has results."""
    metadata = {**operation["metadata"], "state": f"BATCH_STATE_{state}"}
    metadata.pop("output", None)
    if state == "SUCCEEDED":
        output = {"inlinedResponses": {"inlinedResponses": rows}}
        response = {"@type": f"{_KIND}GenerateContentBatch", **output}
        return {**operation, "metadata": {**metadata, "output": output}, "done": True, "response": response}
    code, message = _ERRORS[state]
    left = {name: value for name, value in operation.items() if name != "response"}
    return {**left, "metadata": metadata, "done": True, "error": {"code": code, "message": message}}


_ERRORS = {
    "FAILED": (13, "Internal error occurred while processing the batch."),
    "CANCELLED": (1, "The batch was cancelled."),
    "EXPIRED": (4, "The batch expired."),
}


def _read(value: Any, where: str) -> Json:
    if not isinstance(value, dict):
        fail(f"Invalid value at '{where}'", where)
    for name in value:
        if camel(name) not in _BATCH:
            fail(f"Invalid JSON payload received. Unknown name \"{name}\" at '{where}': Cannot find field.", where)
    return {camel(name): inner for name, inner in value.items()}


def _metadata(row: Json) -> Json:
    return {"metadata": row["metadata"]} if "metadata" in row else {}


# --- what may become of a batch, by rewriting what a poll gets


def pending(polls: int = 3) -> Persona:
    """The first polls find it waiting."""

    def change(operation: Json) -> Json:
        metadata = {**operation["metadata"], "state": "BATCH_STATE_PENDING"}
        metadata.pop("output", None)
        return {"name": operation["name"], "metadata": metadata}

    return _polled("batch-pending", change).first(polls)


def ended(state: str) -> Persona:
    """`EXPIRED`, `FAILED` or `CANCELLED`, whatever it was on the way to."""
    return _polled(f"batch-{state.lower()}", lambda operation: finished(operation, state, []))


def partly(every: int = 2) -> Persona:
    """Every so many requests failed, the first among them."""

    def spoil(rows: list[Json]) -> list[Json]:
        failed = {"error": {"code": 14, "message": "The model is overloaded. Please try again later."}}
        return [{**_metadata(row), **failed} if at % every == 0 else row for at, row in enumerate(rows)]

    return _rows("batch-partial", spoil)


def shuffled() -> Persona:
    """The results come in another order than the requests."""
    return _rows("batch-shuffled", lambda rows: rows[::-1])


def lossy() -> Persona:
    """The last result is missing."""
    return _rows("batch-lossy", lambda rows: rows[:-1])


def _rows(name: str, change: Callable[[list[Json]], list[Json]]) -> Persona:
    def changed(operation: Json) -> Json:
        if not operation.get("response"):
            return operation
        rows = operation["response"]["inlinedResponses"]["inlinedResponses"]
        return finished(operation, "SUCCEEDED", change(rows))

    return _polled(name, changed)


def _polled(name: str, change: Callable[[Json], Json]) -> Persona:
    def answer(given: Answer, context: Context) -> Answer:
        if context.request.method != "GET" or given.status != 200:
            return given
        [step] = given.steps
        assert isinstance(step, bytes)
        return replace(given, steps=(dump(change(json.loads(step))),))

    return Persona(name, answer=answer, path="/batches/")


PERSONAS: dict[str, Callable[..., Persona]] = {
    "batch-pending": pending,
    "batch-partial": partly,
    "batch-shuffled": shuffled,
    "batch-lossy": lossy,
    "batch-expired": lambda: ended("EXPIRED"),
    "batch-failed": lambda: ended("FAILED"),
    "batch-cancelled": lambda: ended("CANCELLED"),
}
