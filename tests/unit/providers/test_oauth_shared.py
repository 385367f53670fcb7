"""What the OAuth modules share: options, questions, token answers and the files of others."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from maestro.errors import MaestroError
from maestro.failures import Failure, UpstreamError
from maestro.providers import choices, grants, owned_files, registry
from maestro.providers.oauth import DeviceRole, DocumentRole, OAuthRole, ProfilesRole
from maestro.providers.openai.config import INFO
from maestro.providers.request import require_https
from maestro.store.credentials import OAuthCredential
from maestro_protocol.base import JsonValue
from tests.unit.providers.oauth_support import ACCESS, REFRESH, make_context


@pytest.mark.parametrize(
    ("provider", "contracts"),
    [
        ("openai", [DeviceRole, ProfilesRole]),
        ("anthropic", [DocumentRole, ProfilesRole]),
        ("gemini", [DocumentRole, ProfilesRole]),
    ],
)
def test_the_modules_fit_their_contracts(provider: str, contracts: list[type]) -> None:
    module = registry.resolve(provider, registry.OAUTH)
    for contract in [OAuthRole, *contracts]:
        for member in registry._members(contract):
            assert registry._fits(module, contract, member), member  # type: ignore[arg-type]
    info = registry.info(provider)
    assert "oauth" in registry.roles(provider)
    assert [way.auth_type for way in info.auth_types] == ["api_key", "oauth"]


@pytest.mark.parametrize(
    "url", ["https://a", "https://a:1/b", "http://localhost:1", "http://127.0.0.1", "http://[::1]:9/x"]
)
def test_what_may_carry_secrets(url: str) -> None:
    assert require_https(url, "a.b") == url


@pytest.mark.parametrize(
    "url", ["http://a", "http://127.0.0.1.evil", "http://localhost:p@evil", "http://[::1", "", "a"]
)
def test_what_may_not(url: str) -> None:
    with pytest.raises(MaestroError, match=r"`a\.b`") as caught:
        require_https(url, "a.b")
    assert caught.value.code == 4004


def test_options_are_read_with_care() -> None:
    context = make_context(INFO, options={"a": " x ", "b": "", "c": ["p", "q"], "d": "p", "e": True, "f": []})
    assert (choices.text(context, "a"), choices.text(context, "b"), choices.text(context, "z")) == ("x", None, None)
    assert (choices.texts(context, "c"), choices.texts(context, "d"), choices.texts(context, "f")) == (
        ["p", "q"],
        ["p"],
        [],
    )
    assert choices.flag(context, "e", False) and choices.flag(context, "z", True)
    for read in (
        lambda: choices.text(context, "c"),
        lambda: choices.flag(context, "a", True),
        lambda: choices.texts(context, "e"),
    ):
        with pytest.raises(MaestroError) as caught:
            read()
        assert caught.value.code == -32602


def test_the_client_is_looked_for_in_this_order() -> None:
    environment = {"OPENAI_OAUTH_CLIENT_ID": "e", "OPENAI_OAUTH_CLIENT_SECRET": "es"}
    everything = {"client_id": "s", "client_secret": "ss"}
    typed = make_context(INFO, environment=environment, inputs={"clientId": "i", "clientSecret": "is"}, **everything)
    assert (choices.client_id(typed), choices.client_secret(typed)) == ("i", "is")
    settings = make_context(INFO, environment=environment, **everything)
    assert (choices.client_id(settings), choices.client_secret(settings)) == ("s", "ss")
    bare = make_context(INFO, environment=environment)
    assert (choices.client_id(bare), choices.client_secret(bare)) == ("e", "es")
    assert (choices.client_id(make_context(INFO)), choices.client_secret(make_context(INFO))) == (None, None)


@pytest.mark.parametrize("expires_in", [None, 0, -5, float("nan"), "3600"])
def test_lifetimes_that_say_nothing_are_an_hour(expires_in: JsonValue) -> None:
    credential = grants.issued({"access_token": ACCESS, "expires_in": expires_in})
    assert credential.expires_at is not None
    assert abs(credential.expires_at - datetime.now(UTC) - timedelta(hours=1)) < timedelta(seconds=5)


@pytest.mark.parametrize("answer", [None, [], {"access_token": None}, {"access_token": ""}, {"access_token": 7}])
def test_an_answer_that_is_none(answer: JsonValue) -> None:
    with pytest.raises(UpstreamError) as caught:
        grants.issued(answer)
    assert caught.value.failure.kind == "malformed"


def test_an_old_refresh_token_outlives_an_answer_without_one() -> None:
    old = OAuthCredential("old", REFRESH, id_token="i", api_key="k", account_id="a", details={"x": "y"})
    new = grants.issued({"access_token": ACCESS, "refresh_token": None}, old)
    assert (new.access_token, new.refresh_token, new.id_token) == (ACCESS, REFRESH, "i")
    assert (new.api_key, new.account_id, new.details) == ("k", "a", {"x": "y"})


def test_a_judgement_keeps_what_is_known() -> None:
    error = UpstreamError(Failure("server", "m", "gone", 3.0, True), http_status=400, request_id="r")
    judged = grants.judged(error, ("gone",))
    assert judged.failure == Failure("auth_invalid", "m", "gone", 3.0, True)
    assert (judged.http_status, judged.request_id) == (400, "r")


def test_files_of_others_are_read_with_care(tmp_path: Path) -> None:
    plain, link, large, nested = (tmp_path / name for name in ("plain", "link", "large", "nested"))
    plain.write_text('{"a": 1}')
    link.symlink_to(plain)
    large.write_bytes(b" " * (1024 * 1024 + 1))
    nested.write_text("[" * 100_000)
    assert owned_files.read_object(plain) == owned_files.read_object(link) == {"a": 1}
    assert owned_files.read_object(link, links=False) is None
    for path in (large, nested, tmp_path, tmp_path / "missing", Path("\x00"), Path("/dev/zero")):
        assert owned_files.read_object(path) is None


@pytest.mark.parametrize("value", [None, "1", True, float("inf"), 1e30, float("nan")])
def test_what_is_no_time(value: JsonValue) -> None:
    assert owned_files.moment(value) is None
