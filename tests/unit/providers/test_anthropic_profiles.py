"""Profiles of `ant` and workload identity: files read where they are, and what is asked for an identity token."""

import asyncio
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from maestro.errors import MaestroError
from maestro.failures import UpstreamError
from maestro.providers.anthropic import federation, oauth, streaming
from maestro.providers.anthropic.config import INFO
from maestro.providers.oauth import Granted
from maestro_protocol.base import JsonObject, JsonValue
from maestro_protocol.settings import ProviderSettings
from tests.unit.providers.oauth_support import ACCESS, JSON, REFRESH, assert_silent, make_context, serve, signed_in
from tests.unit.providers.support import ask

SOON = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=1)
PAST = datetime(2026, 1, 1, tzinfo=UTC)
ASSERTION = "canary-assertion-5c7e41"
PATH = "/v1/oauth/token"


def profile(
    base: Path,
    name: str = "default",
    *,
    ends: datetime = SOON,
    authentication: JsonObject | None = None,
    **config: JsonValue,
) -> dict[str, str]:
    for folder in ("configs", "credentials"):
        (base / folder).mkdir(parents=True, exist_ok=True)
    authentication = {"type": "user_oauth", "client_id": "ant-client"} | (authentication or {})
    content: JsonObject = {"version": "1.0", "authentication": authentication} | config
    (base / "configs" / f"{name}.json").write_text(json.dumps(content))
    secrets = {"version": "1.0", "type": "oauth_token", "access_token": ACCESS, "refresh_token": REFRESH}
    (base / "credentials" / f"{name}.json").write_text(json.dumps(secrets | {"expires_at": int(ends.timestamp())}))
    return {"ANTHROPIC_CONFIG_DIR": str(base)}


def read(environment: dict[str, str], options: JsonObject | None = None, **inputs: str) -> Granted:
    context = make_context(INFO, environment=environment, options=options, inputs=inputs)
    return asyncio.run(oauth.read_document(context, "profile"))


def asked(environment: dict[str, str], flow: str = "profile", **inputs: str) -> list[str]:
    context = make_context(INFO, environment=environment, inputs=inputs)
    return [field.key for field in oauth.questions(context, flow)]  # type: ignore[arg-type]


def test_the_only_profile_needs_no_question(tmp_path: Path) -> None:
    environment = profile(tmp_path, organization_id="org-1", workspace_id="wrkspc_1")
    assert asked(environment) == []
    granted = read(environment)
    credential = granted.credential
    assert (credential.access_token, credential.grant, credential.expires_at) == (ACCESS, "profile", SOON)
    assert credential.refresh_token is None
    assert credential.details == {"profile": "default", "workspace_id": "wrkspc_1"}
    assert granted.identity is not None and granted.identity.account_id == "org-1"
    assert_silent(granted)
    headers = streaming.build_request(signed_in(INFO, credential), ask()).headers
    assert headers == {
        "accept": "text/event-stream",
        "authorization": f"Bearer {ACCESS}",
        "anthropic-version": "2023-06-01",
        "anthropic-workspace-id": "wrkspc_1",
        "anthropic-beta": "oauth-2025-04-20",
    }


def test_several_profiles_are_asked_about_unless_one_is_named(tmp_path: Path) -> None:
    profile(tmp_path, "work", organization_id="org-work")
    environment = profile(tmp_path, "home", organization_id="org-home")
    assert asked(environment) == ["profile"]
    assert asked(environment, profile="work") == []
    assert asked(environment | {"ANTHROPIC_PROFILE": "home"}) == []
    (tmp_path / "active_config").write_text("home\n")
    assert asked(environment) == []
    for granted in (
        read(environment),
        read(environment | {"ANTHROPIC_PROFILE": "work"}),
        read(environment, profile="ant-work"),
    ):
        assert granted.identity is not None and granted.identity.account_id in ("org-home", "org-work")
    assert read(environment, {"profile": "work"}).credential.details["profile"] == "work"


def test_without_a_profile_its_name_is_asked_for(tmp_path: Path) -> None:
    environment = {"HOME": str(tmp_path)}
    assert asked(environment) == ["profile"]
    with pytest.raises(MaestroError, match="ant auth login") as caught:
        read(environment, profile="default")
    assert caught.value.code == 4003


@pytest.mark.parametrize("name", ["../default", "a/b", ".hidden", "x" * 200, "a\x00b"])
def test_a_name_cannot_lead_elsewhere(tmp_path: Path, name: str) -> None:
    environment = profile(tmp_path / "base")
    with pytest.raises(MaestroError):
        read(environment, profile=name)


def test_profiles_are_listed_also_expired_ones(tmp_path: Path) -> None:
    profile(tmp_path, "old", ends=PAST)
    profile(tmp_path, "bot", authentication={"type": "oidc_federation"})
    environment = profile(tmp_path, "work")
    (tmp_path / "configs" / "broken.json").write_text("{")
    found = oauth.profiles(environment)
    assert [(one.id, one.login_command) for one in found] == [
        ("ant-old", "ant auth login"),
        ("ant-work", "ant auth login"),
    ]
    assert [one.credential.expires_at for one in found] == [PAST, SOON]
    assert_silent(found)
    assert oauth.profiles({}) == []


def test_in_the_usual_place(tmp_path: Path) -> None:
    profile(tmp_path / ".config" / "anthropic")
    assert [one.id for one in oauth.profiles({"HOME": str(tmp_path)})] == ["ant-default"]


def test_secrets_elsewhere_and_never_behind_a_link(tmp_path: Path) -> None:
    secrets = tmp_path / "elsewhere.json"
    secrets.write_text(json.dumps({"access_token": "a2"}))
    environment = profile(tmp_path, authentication={"credentials_path": str(secrets)})
    assert read(environment).credential.access_token == "a2"
    (tmp_path / "link.json").symlink_to(secrets)
    profile(tmp_path, authentication={"credentials_path": str(tmp_path / "link.json")})
    with pytest.raises(MaestroError):
        read(environment)


@pytest.mark.parametrize("authentication", [{"client_id": "ant-client"}, {"client_id": None}])
def test_a_profile_is_reread_and_never_renewed(tmp_path: Path, authentication: JsonObject) -> None:
    """Whoever sends its refresh token signs its owner out: with a client id or without, nothing is sent."""
    environment = profile(tmp_path, authentication=authentication)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*.json")}
    credential = read(environment).credential

    async def renew() -> Granted:
        async with serve(INFO, environment=environment) as served:
            try:
                return await oauth.renew(served.context, credential)
            finally:
                assert served.requests == []

    assert asyncio.run(renew()).credential.access_token == ACCESS
    assert before == {path: path.read_bytes() for path in tmp_path.rglob("*.json")}
    profile(tmp_path, ends=PAST, authentication=authentication)
    with pytest.raises(MaestroError, match="ant auth login") as caught:
        asyncio.run(renew())
    assert caught.value.code == 4003


def test_a_profile_says_where_its_token_is_good_unless_the_user_does(tmp_path: Path) -> None:
    credential = read(profile(tmp_path, base_url="https://eu.anthropic.example/")).credential
    assert oauth.authorised(signed_in(INFO, credential), credential).base_url == "https://eu.anthropic.example"
    own = signed_in(INFO, credential, ProviderSettings(base_url="https://gate"), base_url="https://gate")
    assert oauth.authorised(own, credential).base_url == "https://gate"
    unsafe = replace(credential, details={"base_url": "http://evil"})
    with pytest.raises(MaestroError):
        oauth.authorised(signed_in(INFO, unsafe), unsafe)


# Workload identity

VARIABLES = {
    "ANTHROPIC_FEDERATION_RULE_ID": "fdrl_1",
    "ANTHROPIC_ORGANIZATION_ID": "org-1",
    "ANTHROPIC_SERVICE_ACCOUNT_ID": "svac_1",
    "ANTHROPIC_WORKSPACE_ID": "wrkspc_1",
}
MINTED: JsonObject = {"access_token": ACCESS, "token_type": "Bearer", "expires_in": 600}


def mint(
    *answers: tuple[int, JsonValue], environment: dict[str, str], options: JsonObject | None = None, **inputs: str
):  # type: ignore[no-untyped-def]
    async def run():  # type: ignore[no-untyped-def]
        async with serve(INFO, *answers, environment=environment) as served:
            granted = await oauth.read_document(served.with_(options, **inputs), "workloadIdentity")
            again = await oauth.renew(served.context, granted.credential) if len(answers) > 1 else granted
        return served, granted, again

    return asyncio.run(run())


def test_an_identity_token_for_one_of_anthropics(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text(f"{ASSERTION}\n")
    assert asked(VARIABLES, "workloadIdentity") == ["path"]
    assert asked(VARIABLES, "workloadIdentity", path=str(file)) == []
    served, granted, again = mint(
        (200, MINTED), (200, MINTED | {"access_token": "a2"}), environment=VARIABLES, path=str(file)
    )
    first, second = served.requests
    assert (first.method, first.path, first.headers["content-type"]) == ("POST", PATH, JSON)
    assert first.headers["anthropic-beta"] == "oauth-2025-04-20,oidc-federation-2026-04-01"
    assert (
        first.json
        == second.json
        == {
            "grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer",
            "assertion": ASSERTION,
            "federation_rule_id": "fdrl_1",
            "organization_id": "org-1",
            "service_account_id": "svac_1",
            "workspace_id": "wrkspc_1",
        }
    )
    credential = granted.credential
    assert (credential.grant, credential.refresh_token, credential.account_id) == ("workloadIdentity", None, "org-1")
    assert credential.details["path"] == str(file)
    assert again.credential.access_token == "a2"
    assert again.credential.details == credential.details
    assert_silent(granted)
    assert ASSERTION not in repr((granted, credential.details))
    headers = streaming.build_request(signed_in(INFO, credential), ask()).headers
    assert "anthropic-workspace-id" not in headers
    assert headers["anthropic-beta"] == "oauth-2025-04-20"


def test_the_token_of_the_environment_and_the_ids_of_the_options() -> None:
    environment = {"ANTHROPIC_IDENTITY_TOKEN": ASSERTION, "ANTHROPIC_ORGANIZATION_ID": "org-env"}
    assert asked(environment, "workloadIdentity") == []
    options: JsonObject = {"federationRuleId": "fdrl_2", "organizationId": "org-2"}
    served, granted, _ = mint((200, MINTED), environment=environment, options=options)
    sent = served.requests[0].json
    assert isinstance(sent, dict)
    assert (sent["assertion"], sent["federation_rule_id"], sent["organization_id"]) == (ASSERTION, "fdrl_2", "org-2")
    assert "service_account_id" not in sent
    assert granted.credential.details == {"federation_rule_id": "fdrl_2", "organization_id": "org-2"}


def test_a_profile_of_a_workload(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text(ASSERTION)
    authentication: JsonObject = {
        "type": "oidc_federation",
        "federation_rule_id": "fdrl_3",
        "identity_token": {"source": "file", "path": str(file)},
    }
    environment = profile(tmp_path / "ant", authentication=authentication, organization_id="org-3")
    environment["ANTHROPIC_PROFILE"] = "default"
    assert asked(environment, "workloadIdentity") == []

    async def run(flow: str) -> JsonValue:
        async with serve(INFO, (200, MINTED), environment=environment) as served:
            granted = await oauth.read_document(served.context, flow)  # type: ignore[arg-type]
        assert granted.credential.grant == "workloadIdentity"
        return served.requests[0].json

    for flow in ("workloadIdentity", "profile"):
        sent = asyncio.run(run(flow))
        assert isinstance(sent, dict)
        assert (sent["federation_rule_id"], sent["organization_id"], sent["assertion"]) == (
            "fdrl_3",
            "org-3",
            ASSERTION,
        )


def test_missing_ids_are_named() -> None:
    with pytest.raises(MaestroError) as caught:
        mint(environment={"ANTHROPIC_IDENTITY_TOKEN": ASSERTION})
    assert caught.value.code == 4004
    assert "ANTHROPIC_FEDERATION_RULE_ID" in caught.value.message
    assert "options.organizationId" in caught.value.message


@pytest.mark.parametrize("content", ["", "  \n", "x" * (16 * 1024 + 1), None])
def test_a_file_that_is_no_identity_token(tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / "token").write_text(content)
    with pytest.raises(MaestroError) as caught:
        mint(environment=VARIABLES, path=str(tmp_path / "token"))
    assert caught.value.code == 4004
    assert str(tmp_path) not in caught.value.message


@pytest.mark.parametrize("status", [400, 401])
def test_a_refused_workload_keeps_its_session(status: int) -> None:
    with pytest.raises(UpstreamError) as caught:
        mint(
            (status, {"error": "invalid_grant", "error_description": f"not for {ASSERTION}"}),
            environment=VARIABLES | {"ANTHROPIC_IDENTITY_TOKEN": ASSERTION},
        )
    assert caught.value.failure.kind == "permission"
    assert ASSERTION not in caught.value.failure.message


def test_the_ids_are_those_of_anthropics_own_sdk() -> None:
    assert set(federation._OPTIONS) == {"federation_rule_id", "organization_id", "service_account_id", "workspace_id"}
