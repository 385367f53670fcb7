"""Reading what a service answered: what does not fit is the service's failure, told as one."""

from collections.abc import Sequence
from datetime import datetime
from typing import TypeVar

from pydantic import BaseModel, JsonValue, ValidationError

from maestro.failures import Failure, UpstreamError

T = TypeVar("T", bound=BaseModel)


def read(model: type[T], answer: JsonValue) -> T:
    """The answer as `model`.

    Raises:
        UpstreamError: `malformed`, without quoting the answer.
    """
    read = _read(model, answer)
    if read is None:  # raised here, outside of the handler: pydantic's exception holds the answer
        raise _misfit()
    return read


def read_each(model: type[T], rows: Sequence[JsonValue]) -> list[T]:
    """The rows of a list that fit; one that does not is no reason to show none of the others.

    Raises:
        UpstreamError: `malformed`, where none of them fits.
    """
    read = [row for row in (_read(model, row) for row in rows) if row is not None]
    if rows and not read:
        raise _misfit()
    return read


def day_of(moment: JsonValue) -> str | None:
    """The day of an ISO 8601 date or time; None for what is neither."""
    try:
        return datetime.fromisoformat(str(moment)).date().isoformat()
    except ValueError:
        return None


def _read(model: type[T], value: JsonValue) -> T | None:
    try:
        return model.model_validate(value)
    except ValidationError:
        return None


def _misfit() -> UpstreamError:
    return UpstreamError(Failure("malformed", "the answer is not of the expected form; check the base URL"))
