"""The error codes and the data that goes with them."""

from maestro_protocol.codes import BY_CODE, BY_KIND, ERRORS
from maestro_protocol.errors import ErrorData, ErrorInfo


def test_codes_and_kinds_are_unique() -> None:
    assert len(BY_CODE) == len(BY_KIND) == len(ERRORS)


def test_codes_are_where_the_standard_or_the_contract_puts_them() -> None:
    assert all(-32899 <= row.code <= -32000 or 4001 <= row.code <= 4999 for row in ERRORS)


def test_what_cannot_help_is_not_called_retryable() -> None:
    retryable = {row.kind for row in ERRORS if row.retryable}
    assert {"rateLimited", "overloaded", "unreachable", "streamInterrupted"} <= retryable
    assert not retryable & {"authRejected", "quotaExceeded", "invalidParams", "contextWindowExceeded"}


def test_error_data_has_one_shape() -> None:
    info = ErrorInfo(code=4201, message="Wait.", data=ErrorData(kind="rateLimited", retryable=True, retry_after_ms=5))
    assert info.to_wire() == {
        "code": 4201,
        "message": "Wait.",
        "data": {"kind": "rateLimited", "retryable": True, "retryAfterMs": 5},
    }
