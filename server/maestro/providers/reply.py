"""Reading what a service answered: what does not fit is the service's failure, told as one."""

from typing import TypeVar

from pydantic import BaseModel, JsonValue, ValidationError

from maestro.failures import Failure, UpstreamError

T = TypeVar("T", bound=BaseModel)


def read(model: type[T], answer: JsonValue) -> T:
    """The answer as `model`.

    Raises:
        UpstreamError: `malformed`, without quoting the answer.
    """
    try:
        return model.model_validate(answer)
    except ValidationError:
        failure = Failure("malformed", "the answer is not of the expected form; check the base URL")
    # Raised outside the handler: pydantic's exception holds the answer.
    raise UpstreamError(failure)
