"""OpenAI's auth server: login in the browser or with a device code, rotating tokens, and keys for an id token."""

from dataclasses import dataclass, field
from uuid import uuid4

from tests.simulators.oauth import BadRefresh, Denied, Event, Grant, Tokens, claims_in, secret, unsigned_jwt
from tests.simulators.oauth_server import FORM, JSON, AuthServer, media_type, need, read_fields
from tests.simulators.openai_device import DeviceLogins
from tests.simulators.wire import Answer, Json, Request, json_answer

CODEX_CLIENT = "app_EMoamEEZ73f0CkXaXp7hrann"
CLAIMS = "https://api.openai.com/auth"
_EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
_ID_TOKEN = "urn:ietf:params:oauth:token-type:id_token"
_REFRESH_CODES = {"reused": "refresh_token_reused", "expired": "refresh_token_expired"}
"""Whatever else is wrong with a refresh token is `refresh_token_invalidated`."""


@dataclass(frozen=True, slots=True)
class Account:
    """Who signs in. A test puts another one in its place: the next tokens speak of that one."""

    plan: str = "plus"
    email: str = "dev@example.com"
    account_id: str = field(default_factory=lambda: str(uuid4()))
    user_id: str = field(default_factory=lambda: f"user-{uuid4().hex[:24]}")
    organization_id: str | None = "org-simulated"
    """None: a person without a platform organization, who gets no API key for the id token."""
    fedramp: bool = False
    lifetime: int = 3600
    """Seconds from one access token's issue to its `exp`."""
    sends_expires_in: bool = True
    refresh_gives: frozenset[str] = frozenset({"id_token", "access_token", "refresh_token"})
    """What a refresh brings; without `refresh_token` the old one stays good."""


class OpenAIAuth(AuthServer):
    authorize_path = "/oauth/authorize"
    paths = (
        authorize_path,
        "/oauth/token",
        "/oauth/revoke",
        "/api/accounts/deviceauth/usercode",
        "/api/accounts/deviceauth/token",
    )
    refresh_prefix = "rt_"

    def __init__(self) -> None:
        super().__init__()
        self.clients = {CODEX_CLIENT}
        self.account = Account()
        self.api_keys: set[str] = set()
        """The keys that were given for id tokens."""
        self.device = DeviceLogins(self)

    def read_grant(self, raw_query: str) -> Grant:
        if "+" in raw_query:
            raise Denied("invalid_request", "Blanks are sent as %20, not as +.")
        return super().read_grant(raw_query)

    def endpoint(self, request: Request) -> Answer:
        match request.method, request.path:
            case "POST", "/oauth/token":
                return self._token(request)
            case "POST", "/oauth/revoke":
                (token,) = need(read_fields(request, JSON), "token")
                self.revoke(token)
                return json_answer(200, {})
            case "POST", "/api/accounts/deviceauth/usercode":
                return self.device.start(read_fields(request, JSON), f"http://{request.headers.get('host', '')}")
            case "POST", "/api/accounts/deviceauth/token":
                return self.device.poll(read_fields(request, JSON))
        return super().endpoint(request)

    def _token(self, request: Request) -> Answer:
        fields = read_fields(request, FORM, JSON)
        kind, client = need(fields, "grant_type", "client_id")
        if media_type(request) == JSON and kind != "refresh_token":
            raise Denied("invalid_request", f"{kind} takes a form only.")
        self.check_client(client)
        match kind:
            case "authorization_code":
                code, address, verifier = need(fields, "code", "redirect_uri", "code_verifier")
                grant = self.redeem(code, client_id=client, redirect_uri=address, verifier=verifier)
                return json_answer(200, self.token_body(self.start(grant)))
            case "refresh_token":
                (token,) = need(fields, "refresh_token")
                return self._refreshed(token, client)
            case _ if kind == _EXCHANGE:
                return self._api_key(fields, client)
        raise Denied("unsupported_grant_type", kind)

    def _refreshed(self, token: str, client: str) -> Answer:
        gives = self.account.refresh_gives
        try:
            tokens = self.refresh(token, client, renew="refresh_token" in gives)
        except BadRefresh as bad:
            code = _REFRESH_CODES.get(bad.reason, "refresh_token_invalidated")
            message = "Your refresh token cannot be used any more. Please try signing in again."
            return json_answer(401, _details(message, code))
        body = self.token_body(tokens)
        return json_answer(200, {name: body[name] for name in body if name in gives or not name.endswith("_token")})

    def _api_key(self, fields: Json, client: str) -> Answer:
        wanted, subject, kind = need(fields, "requested_token", "subject_token", "subject_token_type")
        if (wanted, kind) != ("openai-api-key", _ID_TOKEN):
            raise Denied("invalid_request", "Only an API key for an id token is given here.")
        claims = claims_in(subject) or {}
        problem = ""
        if client not in claims.get("aud", []) or claims.get("exp", 0) <= self.now():
            problem = "Invalid ID token"
        elif not claims.get(CLAIMS, {}).get("organization_id"):
            problem = "Invalid ID token: missing organization_id"
        self.events.append(Event("api-key", problem or "ok"))
        if problem:
            return json_answer(401, _details(problem, "invalid_subject_token"))
        key = secret("sk-")
        self.api_keys.add(key)
        return json_answer(200, {"access_token": key})

    def start(self, grant: Grant, *, refreshable: bool = True) -> Tokens:
        self.lifetime = self.account.lifetime
        return super().start(grant, refreshable=refreshable)

    def refresh(self, token: str, client_id: str, *, renew: bool | None = None) -> Tokens:
        self.lifetime = self.account.lifetime
        return super().refresh(token, client_id, renew=renew)

    def mint(self, grant: Grant, ends: float) -> str:
        profile = {"https://api.openai.com/profile": {"email": self.account.email, "email_verified": True}}
        return unsigned_jwt({**self._claims(ends, "https://api.openai.com/v1"), **profile, "scp": grant.scope.split()})

    def token_body(self, tokens: Tokens) -> Json:
        body = super().token_body(tokens)
        if not self.account.sends_expires_in:
            del body["expires_in"]
        claims = self._claims(self.now() + self.account.lifetime, tokens.grant.client_id)
        return {"id_token": unsigned_jwt({**claims, "email": self.account.email, "email_verified": True}), **body}

    def _claims(self, ends: float, audience: str) -> Json:
        account = self.account
        about = {
            "chatgpt_plan_type": account.plan,
            "chatgpt_account_id": account.account_id,
            "chatgpt_user_id": account.user_id,
            "user_id": account.user_id,
            "chatgpt_account_is_fedramp": account.fedramp,
        }
        if account.organization_id is not None:
            about |= {"organization_id": account.organization_id, "project_id": "proj_simulated"}
            about |= {"completed_platform_onboarding": True, "is_org_owner": True}
        times = {"iat": int(self.now()), "exp": int(ends), "jti": uuid4().hex}
        return {"iss": "https://auth.openai.com", "aud": [audience], "sub": account.user_id, **times, CLAIMS: about}


def _details(message: str, code: str) -> Json:
    return {"error": {"message": message, "type": "invalid_request_error", "param": None, "code": code}}
