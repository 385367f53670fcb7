"""A service's failure during a login, as a person reads it."""

import pytest

from maestro.auth.explain import explained, harmless, login_failed, passes
from maestro.errors import MaestroError
from maestro.failures import ErrorClass, Failure, UpstreamError
from tests.unit.auth.service import info

CODES: dict[ErrorClass, int] = {
    "auth_expired": 4004,
    "auth_invalid": 4004,
    "permission": 4004,
    "billing_quota": 4004,
    "rate_limited": 4201,
    "overloaded": 4203,
    "server": 4203,
    "network": 4204,
    "stream_interrupted": 4004,
    "invalid_request": 4004,
    "context_window": 4004,
    "content_filter": 4004,
    "malformed": 4004,
}


@pytest.mark.parametrize(("kind", "code"), CODES.items())
def test_every_failure_has_its_code_and_a_sentence(kind: ErrorClass, code: int) -> None:
    upstream = UpstreamError(Failure(kind, "It is so.", retry_after=1.5), http_status=418, request_id="req_1")
    error = login_failed(upstream, info())
    assert error.code == code
    assert error.message.startswith("Acme ")
    assert "(It is so)" in error.message
    assert error.message.endswith(".")
    assert error.data.retryable is (code != 4004)
    assert passes(error) is passes(upstream) is error.data.retryable
    assert (error.data.provider, error.data.http_status, error.data.upstream_request_id) == ("acme", 418, "req_1")
    assert error.data.retry_after_ms == 1500


def test_a_secret_the_service_repeats_is_hidden() -> None:
    upstream = UpstreamError(Failure("auth_invalid", "Bad code canary-1234, ab"), request_id="r-canary-1234")
    error = login_failed(upstream, info(), ["canary-1234", "ab", ""])
    assert "canary" not in error.data.model_dump_json() + error.message
    assert "Bad code [redacted], ab" in error.message


def test_words_are_one_cut_visible_line() -> None:
    assert harmless("a\x00b\r\n\u202ec\u200b \x9bd") == "a b c d"
    assert harmless("Caf\u00e9 \u4e2d\u6587 ok") == "Caf\u00e9 \u4e2d\u6587 ok"
    assert len(harmless("word " * 500)) == 300


@pytest.mark.asyncio
async def test_the_failure_that_is_raised_remembers_nothing_of_the_request() -> None:
    async def fails() -> None:
        raise UpstreamError(Failure("network", "gone"))

    with pytest.raises(MaestroError) as caught:
        await explained(fails(), info())
    assert caught.value.__context__ is None
    assert caught.value.__cause__ is None
