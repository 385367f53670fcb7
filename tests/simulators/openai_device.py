"""OpenAI's login with a device code: somebody types the code elsewhere, meanwhile the device asks again and again."""

import secrets
from dataclasses import dataclass
from uuid import uuid4

from tests.simulators.oauth import Authority, Denied, Grant, challenge_of
from tests.simulators.oauth_server import need
from tests.simulators.wire import Answer, Json, json_answer


@dataclass(eq=False, slots=True)
class _Device:
    client_id: str
    issuer: str
    user_code: str
    state: str = "pending"
    """`pending`, `approved` or `denied`."""


class DeviceLogins:
    """The devices that ask; tests set the attributes before they do."""

    def __init__(self, auth: Authority) -> None:
        self.enabled = True
        self.interval = "5"
        """Seconds between two questions, as text."""
        self.spelling = "user_code"
        """Or `usercode`."""
        self._auth = auth
        self._devices: dict[str, _Device] = {}

    def approve(self, user_code: str = "", state: str = "approved") -> None:
        """Type a code into the page; without one, those of all devices that wait. `state="denied"` says no."""
        for device in self._devices.values():
            if device.state == "pending" and user_code in ("", device.user_code):
                device.state = state

    def start(self, fields: Json, issuer: str) -> Answer:
        """`issuer` is where the device found us: its code is redeemed with an address below."""
        if not self.enabled:
            raise Denied("not_found", "Device login is not enabled.", 404)
        (client,) = need(fields, "client_id")
        name = f"deviceauth_{uuid4().hex}"
        code = f"{secrets.token_hex(2)}-{secrets.token_hex(2)}".upper()
        self._devices[name] = _Device(client, issuer, code)
        return json_answer(200, {"device_auth_id": name, self.spelling: code, "interval": self.interval})

    def poll(self, fields: Json) -> Answer:
        """403 until somebody has typed the code; afterwards a code with both halves of its PKCE pair, once."""
        name, code = need(fields, "device_auth_id", "user_code")
        device = self._devices.get(name)
        if device is None or device.user_code != code or device.state == "denied":
            raise Denied("access_denied", "There is no such device, or its user said no.")
        if device.state == "pending":
            raise Denied("authorization_pending", "The code was not typed yet.", 403)
        del self._devices[name]
        verifier = secrets.token_urlsafe(48)
        challenge = challenge_of(verifier)
        grant = Grant(device.client_id, "", f"{device.issuer}/deviceauth/callback", challenge)
        pair = {"code_challenge": challenge, "code_verifier": verifier}
        return json_answer(200, {"authorization_code": self._auth.open(grant), **pair})
