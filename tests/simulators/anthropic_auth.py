"""Anthropic's auth server: logins whose code is shown to be pasted, rotating tokens, and tokens for a workload."""

from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

from tests.simulators.anthropic_checks import OAUTH_BETA, betas_of, error
from tests.simulators.oauth import BadRefresh, Denied, Event, Grant, Tokens
from tests.simulators.oauth_server import JSON, AuthServer, need, read_fields
from tests.simulators.wire import Answer, Json, Request, json_answer

FEDERATION_BETA = "oidc-federation-2026-04-01"
PAGE = "/oauth/code/callback"
"""Where the browser ends when nobody listens on the loopback; it shows what to paste."""
_FEDERATION = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_ASSERTION_BYTES = 16 * 1024


class AnthropicAuth(AuthServer):
    authorize_path = "/oauth/authorize"
    paths = (authorize_path, "/v1/oauth/token", PAGE)
    access_prefix = "sk-ant-oat01-"
    refresh_prefix = "sk-ant-ort01-"

    def __init__(self, *, strict_betas: bool = False) -> None:
        super().__init__()
        self.strict_betas = strict_betas
        self.organization = {"uuid": str(uuid4()), "name": "Simulated"}
        self.account = {"uuid": str(uuid4()), "email_address": "dev@example.com"}
        self.beta_slips: list[str] = []
        """The `anthropic-beta` of each refresh that did not have exactly the flags it should have."""

    def authorize(self, url: str) -> str:
        """The `code#state` to paste, or the address of a loopback listener with both."""
        address = super().authorize(url)
        parts = urlsplit(address)
        return _shown(parts.query) if parts.path == PAGE and "code=" in parts.query else address

    def read_grant(self, raw_query: str) -> Grant:
        grant = super().read_grant(raw_query)
        if grant.query.get("code") != "true" or not grant.scope:
            raise Denied("invalid_request", "code=true and a scope are needed.")
        return grant

    def endpoint(self, request: Request) -> Answer:
        match request.method, request.path:
            case "GET", path if path == PAGE:
                shown = _shown(request.target.partition("?")[2])
                return Answer(200, {"content-type": "text/plain; charset=utf-8"}, (shown.encode(),))
            case "POST", "/v1/oauth/token":
                return self._token(request)
        return super().endpoint(request)

    def _token(self, request: Request) -> Answer:
        fields = read_fields(request, JSON)
        (kind,) = need(fields, "grant_type")
        match kind:
            case "authorization_code":
                client, code, address = need(fields, "client_id", "code", "redirect_uri")
                state, verifier = need(fields, "state", "code_verifier")
                grant = self.redeem(code, client_id=client, redirect_uri=address, verifier=verifier, state=state)
                return json_answer(200, self.token_body(self.start(grant)))
            case "refresh_token":
                token, client = need(fields, "refresh_token", "client_id")
                return self._refreshed(token, client, betas_of(request))
            case _ if kind == _FEDERATION:
                return json_answer(200, self._federated(fields, betas_of(request)))
        raise Denied("unsupported_grant_type", kind)

    def _refreshed(self, token: str, client: str, betas: list[str]) -> Answer:
        if OAUTH_BETA not in betas or FEDERATION_BETA in betas:
            self.beta_slips.append(",".join(betas))
            if self.strict_betas:
                raise Denied("invalid_request", f"anthropic-beta: {OAUTH_BETA} alone belongs to a refresh")
        try:
            return json_answer(200, self.token_body(self.refresh(token, client)))
        except BadRefresh:
            raise Denied("invalid_grant", "Refresh token not found or invalid") from None

    def _federated(self, fields: Json, betas: list[str]) -> Json:
        if OAUTH_BETA not in betas or FEDERATION_BETA not in betas:
            raise Denied("invalid_request", f"anthropic-beta: {OAUTH_BETA} and {FEDERATION_BETA} are needed")
        assertion, rule, organization = need(fields, "assertion", "federation_rule_id", "organization_id")
        if len(assertion.encode()) > _ASSERTION_BYTES:
            raise Denied("invalid_request", "assertion: too long")
        self.events.append(Event("federation", "bad" if assertion == "bad" else "ok"))
        if assertion == "bad":
            raise Denied("invalid_grant", "The assertion does not match the federation rule.", 401)
        tokens = self.start(Grant(f"{organization}/{rule}", query=_texts(fields)), refreshable=False)
        return AuthServer.token_body(self, tokens)

    def token_body(self, tokens: Tokens) -> Json:
        """With whom the tokens belong to, which only a person's login tells."""
        return {**super().token_body(tokens), "organization": self.organization, "account": self.account}

    def denied(self, denied: Denied) -> Answer:
        """Only what is wrong with a grant has the shape of RFC 6749."""
        if denied.code == "invalid_grant":
            return super().denied(denied)
        kind = "not_found_error" if denied.status == 404 else "invalid_request_error"
        return error(denied.status, kind, denied.description or denied.code)


def _texts(fields: Json) -> dict[str, str]:
    return {name: str(value) for name, value in fields.items() if name != "assertion"}


def _shown(query: str) -> str:
    values = parse_qs(query)
    return f"{values.get('code', [''])[0]}#{values.get('state', [''])[0]}"
