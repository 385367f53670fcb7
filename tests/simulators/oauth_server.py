"""The endpoints of an auth server as far as all vendors agree: the authorize page, and how requests are read."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from tests.simulators.oauth import Authority, Denied, Grant, Tokens
from tests.simulators.wire import Answer, Json, Request, json_answer

FORM, JSON = "application/x-www-form-urlencoded", "application/json"


class AuthServer(Authority):
    """Serves `paths` beside the API of a vendor; as it stands here it serves none."""

    authorize_path = ""
    paths: tuple[str, ...] = ()
    clients: set[str] | None = None
    """The clients that exist; None: every one."""

    def __init__(self) -> None:
        super().__init__()
        self.denial: Denied | None = None
        """What the user answers on the authorize page; None: agrees."""

    def serves(self, path: str) -> bool:
        return path in self.paths

    def respond(self, request: Request) -> Answer:
        try:
            if (request.method, request.path) == ("GET", self.authorize_path):
                return Answer(302, {"location": self.redirect(request.target.partition("?")[2])})
            return self.endpoint(request)
        except Denied as denied:
            return self.denied(denied)

    def authorize(self, url: str) -> str:
        """Agree as a user in a browser would, without HTTP; the address that the browser is sent to. Raises Denied."""
        address = urlsplit(url)
        if address.path != self.authorize_path:
            raise Denied("not_found", address.path, 404)
        return self.redirect(address.query)

    def redirect(self, raw_query: str) -> str:
        """Where the authorize page leads to."""
        grant = self.read_grant(raw_query)
        if self.denial is not None:
            told = {"error": self.denial.code, "error_description": self.denial.description}
        else:
            told = {"code": self.open(grant)}
        joint = "&" if "?" in grant.redirect_uri else "?"
        return f"{grant.redirect_uri}{joint}{urlencode({**told, 'state': grant.state})}"

    def read_grant(self, raw_query: str) -> Grant:
        """Check the parameters that every vendor wants."""
        query = _pairs(raw_query)
        client, address, state = need(query, "client_id", "redirect_uri", "state")
        kind, challenge, method = need(query, "response_type", "code_challenge", "code_challenge_method")
        if kind != "code":
            raise Denied("unsupported_response_type", kind)
        self.check_client(client)
        if method != "S256" or len(challenge) != 43:
            raise Denied("invalid_request", "Only a challenge of method S256 is taken.")
        return Grant(client, query.get("scope", ""), address, challenge, state, query)

    def check_client(self, client_id: str) -> None:
        if self.clients is not None and client_id not in self.clients:
            raise Denied("invalid_client", "There is no client of this id.")

    def sign_in(self, client_id: str = "", scope: str = "") -> Json:
        """What the token endpoint answers at the end of a login, without going through one."""
        client = client_id or next(iter(self.clients or ("simulated-client",)))
        return self.token_body(self.start(Grant(client, scope)))

    def token_body(self, tokens: Tokens) -> Json:
        """The answer that brings tokens."""
        body: Json = {"access_token": tokens.access, "expires_in": tokens.expires_in, "token_type": "Bearer"}
        if tokens.refresh is not None:
            body["refresh_token"] = tokens.refresh
        return {**body, **({"scope": tokens.grant.scope} if tokens.grant.scope else {})}

    def endpoint(self, request: Request) -> Answer:
        """Everything but the authorize page; raises Denied."""
        raise Denied("not_found", request.path, 404)

    def denied(self, denied: Denied) -> Answer:
        """An error as RFC 6749 spells it."""
        return json_answer(denied.status, {"error": denied.code, "error_description": denied.description})


def media_type(request: Request) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def read_fields(request: Request, *kinds: str) -> Json:
    """The body as named values, if it comes in one of the given media types."""
    kind = media_type(request)
    if kind not in kinds:
        raise Denied("invalid_request", f"Content-Type must be {' or '.join(kinds)}, not '{kind}'.")
    try:
        return request.json if kind == JSON else _pairs(request.body.decode("ascii"))
    except ValueError:
        raise Denied("invalid_request", "The body cannot be read.") from None


def need(fields: Mapping[str, Any], *names: str) -> list[str]:
    """These values, all of them given as text."""
    for name in names:
        if not isinstance(fields.get(name), str) or not fields[name]:
            raise Denied("invalid_request", f"Missing required parameter: {name}")
    return [fields[name] for name in names]


def _pairs(text: str) -> dict[str, str]:
    pairs = parse_qsl(text, keep_blank_values=True)
    if len(dict(pairs)) != len(pairs):
        raise Denied("invalid_request", "A parameter is given twice.")
    return dict(pairs)
