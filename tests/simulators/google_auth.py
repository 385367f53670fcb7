"""Google's auth server: desktop clients with a secret, refresh tokens that stay, and service accounts."""

import json
from collections.abc import Callable

from tests.simulators.oauth import BadRefresh, Denied, Event, Grant, Tokens, claims_in, from_base64url, secret
from tests.simulators.oauth_server import FORM, AuthServer, need, read_fields
from tests.simulators.wire import Answer, Json, Request, json_answer

AUDIENCE = "https://oauth2.googleapis.com/token"
_JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_LONGEST_ASSERTION = 3600


class GoogleAuth(AuthServer):
    authorize_path = "/o/oauth2/v2/auth"
    paths = (authorize_path, "/token", "/revoke")
    access_prefix = "ya29."
    refresh_prefix = "1//0"
    rotates = False

    def __init__(self) -> None:
        super().__init__()
        self.client_id = secret("simulated-")[:24] + ".apps.googleusercontent.com"
        self.client_secret = secret("GOCSPX-")
        self.secrets = {self.client_id: self.client_secret}
        """The secret of each client; tests may add some."""
        self.service_account_keys: dict[str, str] = {}
        """The public key of each service account, as PEM."""
        self._consented: set[str] = set()

    def check_client(self, client_id: str) -> None:
        if client_id not in self.secrets:
            raise Denied("invalid_client", "The OAuth client was not found.", 401)

    def read_grant(self, raw_query: str) -> Grant:
        grant = super().read_grant(raw_query)
        if not grant.scope:
            raise Denied("invalid_request", "Missing required parameter: scope")
        return grant

    def sign_in(self, client_id: str = "", scope: str = "") -> Json:
        return super().sign_in(client_id or self.client_id, scope)

    def endpoint(self, request: Request) -> Answer:
        match request.method, request.path:
            case "POST", "/token":
                return json_answer(200, self.token_body(self._tokens(request)))
            case "POST", "/revoke":
                (token,) = need(read_fields(request, FORM), "token")
                if not self.revoke(token):
                    raise Denied("invalid_token", "Token expired or revoked")
                return json_answer(200, {})
        return super().endpoint(request)

    def _tokens(self, request: Request) -> Tokens:
        fields = read_fields(request, FORM)
        (kind,) = need(fields, "grant_type")
        match kind:
            case "authorization_code":
                client = self._authenticated(fields)
                code, address, verifier = need(fields, "code", "redirect_uri", "code_verifier")
                grant = self.redeem(code, client_id=client, redirect_uri=address, verifier=verifier)
                return self.start(grant, refreshable=self._gives_refresh_token(grant))
            case "refresh_token":
                client = self._authenticated(fields)
                (token,) = need(fields, "refresh_token")
                try:
                    return self.refresh(token, client)
                except BadRefresh:
                    raise Denied("invalid_grant", "Token has been expired or revoked.") from None
            case _ if kind == _JWT_BEARER:
                (assertion,) = need(fields, "assertion")
                return self._for_service_account(assertion, f"http://{request.headers.get('host', '')}/token")
        raise Denied("unsupported_grant_type", f"Invalid grant_type: {kind}")

    def _authenticated(self, fields: Json) -> str:
        (client,) = need(fields, "client_id")
        self.check_client(client)
        if fields.get("client_secret") != self.secrets[client]:
            raise Denied("invalid_client", "The provided client secret is invalid.", 401)
        return client

    def _gives_refresh_token(self, grant: Grant) -> bool:
        """Only for offline access, and only at the first consent or when consent is asked for again."""
        again = "consent" in grant.query.get("prompt", "").split()
        gives = grant.query.get("access_type") == "offline" and (again or grant.client_id not in self._consented)
        self._consented.add(grant.client_id)
        return gives

    def _for_service_account(self, assertion: str, address: str) -> Tokens:
        claims = claims_in(assertion) or {}
        problem = self._assertion_problem(assertion, claims, address)
        self.events.append(Event("service-account", problem or "ok"))
        if problem:
            raise Denied("invalid_grant", problem)
        return self.start(Grant(claims["iss"], str(claims["scope"])), refreshable=False)

    def _assertion_problem(self, assertion: str, claims: Json, address: str) -> str:
        key = self.service_account_keys.get(str(claims.get("iss")))
        issued, ends = claims.get("iat"), claims.get("exp")
        if key is None:
            return "Invalid grant: account not found"
        if not _is_signed(assertion, key):
            return "Invalid JWT Signature."
        if claims.get("aud") not in (AUDIENCE, address):
            return "Invalid JWT: Failed audience check."
        if not isinstance(issued, int) or not isinstance(ends, int) or ends - issued > _LONGEST_ASSERTION:
            return "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe."
        if not issued - 300 <= self.now() < ends:
            return "Invalid JWT: Check your iat and exp values in the JWT claim."
        return "" if claims.get("scope") else "Invalid OAuth scope or ID token audience provided."


def _is_signed(assertion: str, public_key: str) -> bool:
    """Whether RS256 with this key holds."""
    signed, _, signature = assertion.rpartition(".")
    try:
        header = json.loads(from_base64url(signed.partition(".")[0]))
        return header.get("alg") == "RS256" and _verifier(public_key)(from_base64url(signature), signed.encode())
    except ValueError:
        return False


def _verifier(public_key: str) -> Callable[[bytes, bytes], bool]:
    # Imported late: everything else here works without the package.
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

    key = serialization.load_pem_public_key(public_key.encode())
    assert isinstance(key, RSAPublicKey)

    def verify(signature: bytes, signed: bytes) -> bool:
        try:
            key.verify(signature, signed, PKCS1v15(), hashes.SHA256())
        except InvalidSignature:
            return False
        return True

    return verify
