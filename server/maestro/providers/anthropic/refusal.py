"""Anthropic's refusals, where they mean something else than the same status elsewhere."""

from dataclasses import replace

from maestro.failures import UpstreamError


def refused(error: UpstreamError) -> UpstreamError:
    """A conflict (409) passes: Anthropic's own client tries it again (providers.md D.2)."""
    if error.http_status != 409 or error.failure.kind != "invalid_request":
        return error
    failure = replace(error.failure, kind="server")
    return UpstreamError(failure, http_status=error.http_status, request_id=error.request_id)
