"""Gemini's logins: what Google is asked, to the letter, the project that is billed, and credentials files."""

import asyncio
import base64
import json
import time
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from maestro.errors import MaestroError
from maestro.failures import UpstreamError
from maestro.providers.base import StructuredRequest
from maestro.providers.gemini import audit, oauth, streaming
from maestro.providers.gemini.config import INFO
from maestro.providers.oauth import AuthorizeRequest, CodeGrant, FixedRedirect, Granted, LoopbackRedirect
from maestro.providers.structured import Manner
from maestro.store.credentials import OAuthCredential
from maestro_protocol.base import JsonObject, JsonValue
from maestro_protocol.settings import OAuthSettings, ProviderSettings
from tests.unit.loopback import Request
from tests.unit.providers.oauth_support import (
    ACCESS,
    CODE,
    REFRESH,
    SECRET,
    VERIFIER,
    assert_silent,
    form,
    jwt,
    make_context,
    serve,
    signed_in,
)
from tests.unit.providers.support import KEY, ask, connect

BACK = "http://127.0.0.1:8085/oauth2callback"
GRANT = CodeGrant(CODE, BACK, VERIFIER, "s")
CLIENT = {"client_id": "ours.apps", "client_secret": SECRET}
LOGIN = OAuthCredential(ACCESS, REFRESH, client_id="ours.apps", client_secret=SECRET, details={"quota_project": "p1"})
TOKENS: JsonObject = {"access_token": ACCESS, "refresh_token": REFRESH, "expires_in": 3599, "token_type": "Bearer"}
PLATFORM = "https://www.googleapis.com/auth/cloud-platform"


def test_the_authorize_url_to_the_letter() -> None:
    assert oauth.authorize_url(make_context(INFO, **CLIENT), AuthorizeRequest(BACK, "st-1", "ch-1")) == (
        "https://accounts.google.com/o/oauth2/v2/auth?response_type=code&client_id=ours.apps"
        "&redirect_uri=http%3A%2F%2F127.0.0.1%3A8085%2Foauth2callback"
        "&scope=https%3A%2F%2Fwww.googleapis.com%2Fauth%2Fcloud-platform&code_challenge=ch-1"
        "&code_challenge_method=S256&access_type=offline&prompt=consent&state=st-1"
    )


def test_where_the_browser_returns_to() -> None:
    assert oauth.redirect(make_context(INFO), "loopback") == LoopbackRedirect("127.0.0.1", "/oauth2callback", (0,))
    assert oauth.redirect(make_context(INFO), "paste") == FixedRedirect(BACK)
    own = make_context(INFO, ports=[7000])
    assert oauth.redirect(own, "paste") == FixedRedirect("http://127.0.0.1:7000/oauth2callback")


def test_a_client_nobody_set_is_asked_for() -> None:
    def asked(**more: object) -> list[tuple[str, bool]]:
        return [(field.key, field.secret) for field in oauth.questions(make_context(INFO, **more), "loopback")]  # type: ignore[arg-type]

    assert asked() == [("clientId", False), ("clientSecret", True)]
    assert asked(inputs={"clientId": "a"}) == [("clientSecret", True)]
    assert asked(inputs={"clientId": "a", "clientSecret": " "}) == [("clientSecret", True)]
    assert asked(inputs={"clientId": "a", "clientSecret": "b"}) == asked(**CLIENT) == []
    assert asked(environment={"GEMINI_OAUTH_CLIENT_ID": "a", "GEMINI_OAUTH_CLIENT_SECRET": "b"}) == []


@pytest.mark.parametrize(
    ("oauth_settings", "named"), [({}, "GEMINI_OAUTH_CLIENT_ID"), ({"client_id": "a"}, "clientSecret")]
)
def test_without_a_client_the_setting_is_named(oauth_settings: dict[str, str], named: str) -> None:
    with pytest.raises(MaestroError, match=named) as caught:
        oauth.authorize_url(make_context(INFO, **oauth_settings), AuthorizeRequest(BACK, "s", "c"))
    assert caught.value.code == 4004


@pytest.mark.asyncio
async def test_the_exchange_is_a_form_with_the_secret() -> None:
    answer = TOKENS | {"id_token": jwt(email="dev@example.com")}
    async with serve(INFO, (200, answer)) as served:
        context = served.with_({"quotaProject": "p1"}, clientId="ours.apps", clientSecret=SECRET)
        granted = await oauth.exchange(context, GRANT)
    (sent,) = served.requests
    assert form(sent) == [
        ("grant_type", "authorization_code"),
        ("code", CODE),
        ("redirect_uri", BACK),
        ("client_id", "ours.apps"),
        ("client_secret", SECRET),
        ("code_verifier", VERIFIER),
    ]
    credential = granted.credential
    assert (credential.client_id, credential.client_secret, credential.refresh_token) == ("ours.apps", SECRET, REFRESH)
    assert credential.details == {"quota_project": "p1"}
    assert granted.identity is not None and granted.identity.email == "dev@example.com"
    assert granted.notices == ()
    assert_silent(granted, context, GRANT)


@pytest.mark.parametrize(
    ("setting", "environment", "told"),
    [(None, {}, True), ("p2", {}, False), (None, {"GOOGLE_CLOUD_QUOTA_PROJECT": "p3"}, False)],
)
@pytest.mark.asyncio
async def test_a_login_without_a_project_says_so(setting: str | None, environment: dict[str, str], told: bool) -> None:
    async with serve(INFO, (200, TOKENS), environment=environment, quota_project=setting, **CLIENT) as served:
        granted = await oauth.exchange(served.context, GRANT)
    assert bool(granted.notices) is told
    assert "quota_project" not in granted.credential.details


@pytest.mark.asyncio
async def test_a_refresh_is_a_form_and_keeps_the_refresh_token() -> None:
    async with serve(INFO, (200, {"access_token": "a2", "expires_in": 3599})) as served:
        granted = await oauth.renew(served.context, LOGIN)
    assert form(served.requests[0]) == [
        ("grant_type", "refresh_token"),
        ("refresh_token", REFRESH),
        ("client_id", "ours.apps"),
        ("client_secret", SECRET),
    ]
    credential = granted.credential
    assert (credential.access_token, credential.refresh_token) == ("a2", REFRESH)
    assert (credential.client_secret, credential.details) == (SECRET, {"quota_project": "p1"})


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (400, {"error": "invalid_grant", "error_description": "Token has been expired or revoked."}, "auth_invalid"),
        (401, {"error": "invalid_client", "error_description": f"bad {SECRET}"}, "permission"),
        (400, {"error": "unauthorized_client"}, "invalid_request"),
        (503, {}, "overloaded"),
    ],
)
@pytest.mark.asyncio
async def test_only_an_invalid_grant_is_permanent(status: int, body: JsonObject, kind: str) -> None:
    async with serve(INFO, (status, body)) as served:
        with pytest.raises(UpstreamError) as caught:
            await oauth.renew(served.context, LOGIN)
    assert caught.value.failure.kind == kind
    assert_silent(caught.value, caught.value.failure)


@pytest.mark.asyncio
async def test_a_login_is_revoked_beside_the_token_endpoint() -> None:
    async with serve(INFO, (200, {}), path="/google/token") as served:
        await oauth.revoke(served.context, LOGIN)
        await oauth.revoke(served.context, OAuthCredential(ACCESS, grant="serviceAccount"))
    (sent,) = served.requests
    assert (sent.path, form(sent)) == ("/google/revoke", [("token", REFRESH)])


# Headers


def headers(credential: OAuthCredential, setting: str | None = None, **environment: str) -> dict[str, str]:
    settings = ProviderSettings(oauth=OAuthSettings(quota_project=setting))
    request = streaming.build_request(
        signed_in(INFO, credential, settings, environment=environment), ask(model="gemini-3")
    )
    assert request.url.startswith("https://generativelanguage.googleapis.com/v1/models/gemini-3:")
    assert_silent(request)
    return dict(request.headers)


def test_a_token_comes_with_the_project_that_is_billed() -> None:
    bearer = {"accept": "text/event-stream", "authorization": f"Bearer {ACCESS}"}
    variable = {"GOOGLE_CLOUD_QUOTA_PROJECT": "p4"}
    file = OAuthCredential(ACCESS, details={"file_quota_project": "p3"})
    assert headers(LOGIN, "p2", **variable) == bearer | {"x-goog-user-project": "p1"}
    assert headers(file, "p2", **variable) == bearer | {"x-goog-user-project": "p2"}
    assert headers(file, **variable) == bearer | {"x-goog-user-project": "p3"}
    assert headers(OAuthCredential(ACCESS), **variable) == bearer | {"x-goog-user-project": "p4"}
    assert headers(OAuthCredential(ACCESS)) == bearer


def test_a_key_is_sent_as_ever() -> None:
    request = streaming.build_request(connect(INFO), ask())
    assert request.headers == {"accept": "text/event-stream", "x-goog-api-key": KEY}


def test_an_audit_is_signed_like_a_chat() -> None:
    asked = StructuredRequest(model="gemini-3", system="s", user="u", schema={"type": "object"}, max_tokens=10)
    by_token = audit.build_request(signed_in(INFO, LOGIN), asked, Manner("object"))
    assert by_token.headers == {"authorization": f"Bearer {ACCESS}", "x-goog-user-project": "p1"}
    assert audit.build_request(connect(INFO), asked, Manner("object")).headers == {"x-goog-api-key": KEY}


# Credentials files

PRIVATE = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PEM = PRIVATE.private_bytes(
    serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
).decode()
ACCOUNT: JsonObject = {
    "type": "service_account",
    "project_id": "p9",
    "private_key_id": "key-1",
    "private_key": PEM,
    "client_email": "robot@p9.iam",
}
PERSON: JsonObject = {
    "type": "authorized_user",
    "client_id": "gcloud.apps",
    "client_secret": SECRET,
    "refresh_token": REFRESH,
    "quota_project_id": "p5",
}


def grant(
    content: JsonValue, file: Path, *answers: tuple[int, JsonValue], **options: JsonValue
) -> tuple[list[Request], Granted, Granted]:
    file.write_text(json.dumps(content))

    async def run() -> tuple[list[Request], Granted, Granted]:
        async with serve(INFO, *answers) as served:
            context = served.with_(options, path=str(file))
            granted = await oauth.read_document(context, "credentialsFile")
            renewed = await oauth.renew(served.context, granted.credential) if len(answers) > 1 else granted
        return served.requests, granted, renewed

    return asyncio.run(run())


def test_the_path_is_asked_for_unless_the_environment_has_it() -> None:
    context = make_context(INFO, code_assist=True)
    assert [field.key for field in oauth.questions(context, "credentialsFile")] == ["path"]
    known = make_context(INFO, environment={"GOOGLE_APPLICATION_CREDENTIALS": "/x.json"})
    assert not oauth.questions(known, "credentialsFile")


def decoded(part: str) -> JsonObject:
    value: JsonObject = json.loads(base64.urlsafe_b64decode(part + "=="))
    return value


def test_a_service_account_signs_for_itself(tmp_path: Path) -> None:
    requests, granted, renewed = grant(ACCOUNT, tmp_path / "sa.json", (200, {"access_token": ACCESS}), (200, TOKENS))
    first, second = (dict(form(request)) for request in requests)
    assert list(first) == ["grant_type", "assertion"]
    assert first["grant_type"] == "urn:ietf:params:oauth:grant-type:jwt-bearer"
    head, body, signature = first["assertion"].split(".")
    PRIVATE.public_key().verify(
        base64.urlsafe_b64decode(signature + "=="), f"{head}.{body}".encode(), padding.PKCS1v15(), hashes.SHA256()
    )
    assert decoded(head) == {"alg": "RS256", "typ": "JWT", "kid": "key-1"}
    claims = decoded(body)
    issued = claims["iat"]
    assert isinstance(issued, int) and abs(issued - time.time()) < 60
    assert claims == {
        "iss": "robot@p9.iam",
        "scope": PLATFORM,
        "aud": "https://oauth2.googleapis.com/token",
        "iat": issued,
        "exp": issued + 3600,
    }
    credential = granted.credential
    assert (credential.grant, credential.refresh_token, credential.client_secret) == ("serviceAccount", None, None)
    assert credential.details == {"path": str(tmp_path / "sa.json")}
    assert granted.identity is not None and granted.identity.email == "robot@p9.iam"
    assert renewed.credential.refresh_token is None
    assert decoded(second["assertion"].split(".")[1])["iss"] == "robot@p9.iam"
    assert "PRIVATE KEY" not in repr((granted, credential.details))


def test_the_login_of_gcloud_is_renewed_from_its_file(tmp_path: Path) -> None:
    file = tmp_path / "adc.json"
    requests, granted, renewed = grant(PERSON, file, (200, TOKENS), (200, TOKENS), quotaProject="p1")
    assert form(requests[0]) == form(requests[1])
    assert form(requests[0]) == [
        ("grant_type", "refresh_token"),
        ("client_id", "gcloud.apps"),
        ("client_secret", SECRET),
        ("refresh_token", REFRESH),
    ]
    credential = granted.credential
    assert (credential.grant, credential.client_id, credential.client_secret) == ("authorizedUser", None, None)
    assert credential.refresh_token is renewed.credential.refresh_token is None
    expected = {"path": str(file), "file_quota_project": "p5", "quota_project": "p1"}
    assert credential.details == renewed.credential.details == expected
    assert_silent(granted, renewed)


@pytest.mark.parametrize(
    "content",
    [
        None,
        [],
        {},
        {"type": "external_account"},
        ACCOUNT | {"private_key": ""},
        {"type": "authorized_user"},
        {"type": ["x"]},
    ],
)
def test_a_file_that_is_of_no_use(tmp_path: Path, content: JsonValue) -> None:
    with pytest.raises(MaestroError) as caught:
        grant(content, tmp_path / "x.json")
    assert caught.value.code == 4004
    assert str(tmp_path) not in caught.value.message


@pytest.mark.parametrize("key", ["elliptic", "nonsense"])
def test_a_key_that_is_none_is_never_shown(tmp_path: Path, key: str) -> None:
    elliptic = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    pem = elliptic.decode() if key == "elliptic" else "canary-key-of-the-account"
    with pytest.raises(MaestroError) as caught:
        grant(ACCOUNT | {"private_key": pem}, tmp_path / "x.json")
    assert caught.value.code == 4004
    assert caught.value.__context__ is None
    assert "canary" not in repr(caught.value)


def test_a_file_may_not_send_its_secrets_in_the_clear(tmp_path: Path) -> None:
    file = tmp_path / "x.json"
    file.write_text(json.dumps(PERSON | {"token_uri": "http://evil.example/token"}))
    context = make_context(INFO, inputs={"path": str(file)})
    with pytest.raises(MaestroError, match="token_uri"):
        asyncio.run(oauth.read_document(context, "credentialsFile"))


def test_a_login_that_google_ended(tmp_path: Path) -> None:
    with pytest.raises(UpstreamError) as caught:
        grant(PERSON, tmp_path / "x.json", (400, {"error": "invalid_grant", "error_description": REFRESH}))
    assert caught.value.failure.kind == "auth_invalid"
    assert_silent(caught.value)
