"""What all auth servers have alike: codes bound to a PKCE challenge, token families, a clock that tests can move."""

import base64
import hashlib
import json
import re
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from tests.simulators.wire import Json, dump

CODE_SECONDS = 600
"""How long a code can be redeemed."""
_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")


class Denied(Exception):
    """The request is answered with an OAuth error."""

    def __init__(self, code: str, description: str = "", status: int = 400) -> None:
        super().__init__(f"{code}: {description}")
        self.code = code
        self.description = description
        self.status = status


class BadRefresh(Exception):
    """A refresh token that is not taken: `unknown`, `client` (another one's), `reused`, `revoked` or `expired`."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Grant:
    """What somebody agreed to on the authorize page, or was given without one."""

    client_id: str
    scope: str = ""
    redirect_uri: str = ""
    challenge: str = ""
    state: str = ""
    query: Mapping[str, str] = field(default_factory=dict)
    """All that the authorize page was asked."""


@dataclass(frozen=True, slots=True)
class Event:
    """One decision of the token or revocation endpoint: `exchange`, `refresh`, `revoke` or a vendor's own kind."""

    kind: str
    outcome: str = "ok"
    """`ok`, or why not."""


@dataclass(eq=False, slots=True)
class Family:
    """All tokens that came of one login; they are revoked together."""

    grant: Grant
    refresh_tokens: list[str] = field(default_factory=list)
    """The newest last: it alone can be used."""
    access_tokens: dict[str, float] = field(default_factory=dict)
    """When each ends, by the clock of the auth server."""
    revoked: bool = False
    expired: bool = False
    """The refresh token has ended."""


@dataclass(frozen=True, slots=True)
class Tokens:
    """What one answer of the token endpoint brings."""

    access: str
    refresh: str | None
    """None: the client keeps the one it has."""
    expires_in: int
    grant: Grant


class Authority:
    """Issues codes and tokens, and remembers what became of them."""

    access_prefix = "access-"
    refresh_prefix = "refresh-"
    rotates = True
    """A refresh gives a new refresh token, and the used one must not come again."""

    def __init__(self) -> None:
        self.lifetime = 3600
        """Seconds that the next access tokens last."""
        self.events: list[Event] = []
        self.families: list[Family] = []
        self._codes: dict[str, tuple[Grant, float]] = {}
        self._spent: set[str] = set()
        self._ahead = 0.0

    # --- for tests

    def now(self) -> float:
        return time.time() + self._ahead

    def advance(self, seconds: float) -> None:
        """Move the clock; the client's stays where it is."""
        self._ahead += seconds

    def expire_access_tokens(self) -> None:
        """Every access token is refused from now on, whatever its holder was told; refresh tokens still work."""
        for family in self.families:
            family.access_tokens = dict.fromkeys(family.access_tokens, self.now())

    def expire_refresh_tokens(self) -> None:
        for family in self.families:
            family.expired = True

    def revoke_all(self) -> None:
        """As if the user had withdrawn the permission elsewhere."""
        for family in self.families:
            family.revoked = True

    def outcomes(self, kind: str) -> list[str]:
        """What came of each call of this kind, in order."""
        return [event.outcome for event in self.events if event.kind == kind]

    @property
    def exchanges(self) -> list[str]:
        return self.outcomes("exchange")

    @property
    def refreshes(self) -> list[str]:
        return self.outcomes("refresh")

    @property
    def revocations(self) -> list[str]:
        return self.outcomes("revoke")

    # --- for the endpoints

    def open(self, grant: Grant) -> str:
        """A code that can be redeemed once."""
        code = secret("code-")
        self._codes[code] = (grant, self.now() + CODE_SECONDS)
        return code

    def redeem(self, code: str, *, client_id: str, redirect_uri: str, verifier: str, state: str | None = None) -> Grant:
        """Raises Denied unless everything fits what the code was given for; most vendors do not ask for `state`."""
        grant, ends = self._codes.get(code, (None, 0.0))
        problem = ""
        if grant is None or code in self._spent or ends < self.now():
            problem = "The code is unknown, used or too old."
        elif grant.client_id != client_id:
            problem = "The code was given to another client."
        elif grant.redirect_uri != redirect_uri:
            problem = "redirect_uri differs from the one of the authorize request."
        elif state not in (None, grant.state):
            problem = "state differs from the one of the authorize request."
        elif not _VERIFIER.fullmatch(verifier) or challenge_of(verifier) != grant.challenge:
            problem = "code_verifier does not fit the challenge."
        self.events.append(Event("exchange", "invalid_grant" if problem else "ok"))
        if problem or grant is None:
            raise Denied("invalid_grant", problem)
        self._spent.add(code)
        return grant

    def start(self, grant: Grant, *, refreshable: bool = True) -> Tokens:
        """The first tokens of a new family."""
        family = Family(grant)
        self.families.append(family)
        return self._issue(family, renew=refreshable)

    def refresh(self, token: str, client_id: str, *, renew: bool | None = None) -> Tokens:
        """The next tokens; `renew` overrides `rotates`. Raises BadRefresh, and a reused token ends its family."""
        family = next((one for one in self.families if token in one.refresh_tokens), None)
        reason = _refresh_problem(family, token, client_id)
        self.events.append(Event("refresh", reason or "ok"))
        if family is not None and reason == "reused":
            family.revoked = True
        if reason or family is None:
            raise BadRefresh(reason)
        return self._issue(family, renew=self.rotates if renew is None else renew)

    def revoke(self, token: str) -> bool:
        """End the family of an access or refresh token; False: there is none."""
        family = next((one for one in self.families if token in (*one.refresh_tokens, *one.access_tokens)), None)
        self.events.append(Event("revoke", "unknown" if family is None else "ok"))
        if family is not None:
            family.revoked = True
        return family is not None

    def problem(self, access: str) -> str:
        """Why an access token is refused: `unknown`, `revoked` or `expired`; empty when it is good."""
        family = next((one for one in self.families if access in one.access_tokens), None)
        if family is None:
            return "unknown"
        if family.revoked:
            return "revoked"
        return "expired" if family.access_tokens[access] <= self.now() else ""

    def mint(self, grant: Grant, ends: float) -> str:
        """A new access token."""
        return secret(self.access_prefix)

    def _issue(self, family: Family, *, renew: bool) -> Tokens:
        ends = self.now() + self.lifetime
        access = self.mint(family.grant, ends)
        family.access_tokens[access] = ends
        refresh = secret(self.refresh_prefix) if renew else None
        if refresh is not None:
            family.refresh_tokens.append(refresh)
        return Tokens(access, refresh, self.lifetime, family.grant)


def _refresh_problem(family: Family | None, token: str, client_id: str) -> str:
    if family is None:
        return "unknown"
    if family.grant.client_id != client_id:
        return "client"
    if token != family.refresh_tokens[-1]:
        return "reused"
    return "revoked" if family.revoked else "expired" if family.expired else ""


def secret(prefix: str) -> str:
    """A value that no two runs share. Hexadecimal, so that no word of BAD_KEY can come about."""
    return prefix + secrets.token_hex(24)


def challenge_of(verifier: str) -> str:
    """The S256 challenge of RFC 7636."""
    return base64url(hashlib.sha256(verifier.encode()).digest())


def base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def from_base64url(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def unsigned_jwt(claims: Json) -> str:
    """Three segments that nobody can verify."""
    header = {"alg": "none", "typ": "JWT"}
    return ".".join((base64url(dump(header)), base64url(dump(claims)), base64url(b"unsigned")))


def claims_in(token: str) -> Json | None:
    """The claims of a JWT, unverified; None when it is no JWT."""
    try:
        claims = json.loads(from_base64url(token.split(".")[1])) if token.count(".") == 2 else None
    except ValueError:
        return None
    return claims if isinstance(claims, dict) else None
