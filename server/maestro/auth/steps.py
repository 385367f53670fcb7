"""The steps of a login as the client sees them, and whether it answered them."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta

from pydantic import SecretStr

from maestro.auth.browser import Browser
from maestro.errors import MaestroError
from maestro.providers.oauth import DeviceCode
from maestro_protocol.errors import Issue
from maestro_protocol.sessions import StepDeviceCode, StepField, StepOpenUrl

_CODE = StepField(key="code", label="The code, or the address the browser ended on", secret=True)


def open_url(login_id: str, browser: Browser, deadline: datetime | None) -> StepOpenUrl:
    """Pasting is offered at once, also beside a listener."""
    return StepOpenUrl(
        login_id=login_id,
        url=browser.url,
        redirect_uri=browser.redirect_uri,
        fields=[_CODE],
        expires_at=deadline,
    )


def enter_code(login_id: str, code: DeviceCode, deadline: datetime | None) -> StepDeviceCode:
    expires = datetime.now(UTC) + timedelta(seconds=code.expires_in)
    return StepDeviceCode(
        login_id=login_id,
        verification_uri=code.verification_uri,
        verification_uri_complete=code.verification_uri_complete,
        user_code=code.user_code,
        interval_ms=round(code.interval * 1000),
        expires_at=min(expires, deadline) if deadline else expires,
    )


def require(inputs: Mapping[str, SecretStr], keys: Iterable[str]) -> None:
    """Raises -32602 naming the answers that are missing; an empty one is for the provider to judge."""
    if missing := [key for key in keys if key not in inputs]:
        issues = [Issue(path=f"inputs.{key}", message="is required") for key in missing]
        names = " and ".join(f"`inputs.{key}`" for key in missing)
        raise MaestroError("invalidParams", f"The login needs {names}.", issues=issues)
