"""The universal interface where nobody has to be asked: sessions, addresses, models, and what is refused at once."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from pydantic import SecretStr

from maestro import provider
from maestro.audit.source import AuditSource
from maestro.errors import MaestroError
from maestro.explain import to_maestro_error
from maestro.failures import ErrorClass, Failure, UpstreamError
from maestro.providers.oauth import Granted
from maestro.retry import RULES
from maestro.runtime import Runtime
from maestro.store.credentials import ApiKeyCredential, NoCredential, OAuthCredential
from maestro.store.sessions import open_sessions
from maestro.tokens import authorise
from maestro_protocol.base import JsonObject
from maestro_protocol.chat import ChatMessage
from maestro_protocol.codes import BY_KIND
from maestro_protocol.settings import Settings
from tests.simulators.fixtures import simulate

KEY = "sk-canary-0123456789"
HELLO = [ChatMessage(role="user", content="hello")]
pytestmark = pytest.mark.asyncio


@asynccontextmanager
async def installed(
    settings: JsonObject | None = None, environment: Mapping[str, str] | None = None
) -> AsyncIterator[Runtime]:
    with TemporaryDirectory() as home:
        sessions = open_sessions({"MAESTRO_HOME": home})
        runtime = Runtime(Settings.from_wire(settings or {}), sessions, environment or {})
        await sessions.sync()
        provider.use(runtime)
        try:
            yield runtime
        finally:
            provider.use(None)
            await runtime.aclose()


@asynccontextmanager
async def refused(code: int) -> AsyncIterator[list[MaestroError]]:
    errors: list[MaestroError] = []
    with pytest.raises(MaestroError) as caught:
        yield errors
    errors.append(caught.value)
    assert caught.value.code == code
    assert KEY not in caught.value.info().model_dump_json()


async def test_without_a_runtime_the_environment_makes_one(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    monkeypatch.setenv("MAESTRO_HOME", str(tmp_path))
    monkeypatch.setenv("MAESTRO_DEFAULTS__PROVIDER", "openai")
    provider.use(None)
    try:
        assert provider.get_default_provider() == "openai"
        assert provider.current() is provider.current()
    finally:
        provider.use(None)


async def test_a_session_is_found_by_id_and_by_name() -> None:
    async with installed() as runtime:
        made = await provider.create_session("openai", "api_key", name="work", api_key=f" {KEY}\n")
        by_id, by_name = provider.connection("openai", made), provider.connection("openai", "work")
        assert by_id.session.id == by_name.session.id == made
        assert by_id.credential == NoCredential()
        assert (await authorise(runtime, by_id)).credential == ApiKeyCredential(KEY)
        async with refused(4007):
            provider.connection("anthropic", made)


@pytest.mark.parametrize("key", ["", "  ", "sk-with\nbreak", "sk-ünïcode", None])
async def test_what_is_no_key_is_refused(key: str | None) -> None:
    async with installed() as runtime:
        async with refused(-32602):
            await provider.create_session("openai", "api_key", name="work", api_key=key)
        assert runtime.sessions.list() == []


async def test_a_session_needs_a_name() -> None:
    async with installed(), refused(-32602):
        await provider.create_session("openai", "api_key", name=" ", api_key=KEY)


async def test_a_provider_that_needs_no_key_takes_one_all_the_same() -> None:
    async with installed() as runtime:
        await provider.create_session("vllm", "api_key", name="open")
        await provider.create_session("vllm", "api_key", name="closed", api_key=SecretStr(KEY))
        assert (await authorise(runtime, provider.connection("vllm", "open"))).credential == NoCredential()
        closed = await authorise(runtime, provider.connection("vllm", "closed"))
        assert closed.credential == ApiKeyCredential(KEY)
        assert provider.connection("vllm").session.id == ""


async def test_unknown_ways_of_signing_in_are_told_with_the_known_ones() -> None:
    async with installed():
        async with refused(4104) as errors:
            await provider.create_session("groq", "oauth", name="work")
        assert errors[0].data.candidates == ["api_key"]


async def test_a_refused_key_is_not_kept() -> None:
    async with (
        simulate("openai", keys=frozenset({"sk-another"})) as service,
        installed({}, service.environment) as runtime,
    ):
        async with refused(4002):
            await provider.create_session("openai", "api_key", name="work", api_key=KEY, validate=True)
        assert runtime.sessions.list() == []
        await provider.create_session("openai", "api_key", name="work", api_key=KEY)
        async with refused(4002):
            await provider.validate_auth("openai", "work")
        assert runtime.sessions.find("work").session.last_used_at is not None
        assert runtime.sessions.find("work").session.status == "needsLogin"


async def test_what_one_may_not_do_does_not_spoil_the_session() -> None:
    async with simulate("openai") as service, installed({}, service.environment) as runtime:
        await provider.create_session("openai", "api_key", name="work", api_key=KEY)
        service.play("403")
        async with refused(4002):
            await provider.complete_text("openai", "work", HELLO)
        assert runtime.sessions.find("work").session.status == "unverified"


async def test_no_session_is_no_silent_choice() -> None:
    environment = {"OPENAI_API_KEY": KEY}
    async with installed({}, environment):
        await provider.create_session("openai", "api_key", name="work", api_key=KEY)
        async with refused(4001) as errors:
            provider.stream_chat("openai", None, HELLO)
        assert errors[0].data.candidates
        assert errors[0].data.action is None


async def test_a_key_in_the_environment_is_offered(tmp_path: Path) -> None:
    from maestro.app import build

    class Nobody:
        def __getattr__(self, name: str) -> Any:
            return lambda *_: None

    services = build(Settings(), {"OPENAI_API_KEY": KEY, "MAESTRO_HOME": str(tmp_path)}, Nobody())  # type: ignore[arg-type]
    try:
        await services.runtime.sessions.sync()
        async with refused(4001) as errors:
            provider.connection("openai")
        action = errors[0].data.action
        assert action is not None
        assert (action.command, action.arguments) == ("maestro.session.select", ["env:openai"])
        row = next(row for row in provider.list_providers() if row.id == "openai")
        assert row.env is not None
        assert (row.env.name, row.env.present) == ("OPENAI_API_KEY", True)
        async with refused(4104):
            await provider.delete_session("openai", "api_key", "env:openai")
    finally:
        provider.use(None)
        await services.aclose()


@pytest.mark.parametrize(
    ("settings", "environment", "url"),
    [
        ({}, {}, "https://api.openai.com/v1"),
        ({}, {"OPENAI_BASE_URL": " "}, "https://api.openai.com/v1"),
        ({}, {"OPENAI_BASE_URL": "http://127.0.0.1:1/v1/"}, "http://127.0.0.1:1/v1"),
        (
            {"providers": {"openai": {"baseUrl": "http://127.0.0.1:2/v1"}}},
            {"OPENAI_BASE_URL": "http://127.0.0.1:1/v1"},
            "http://127.0.0.1:2/v1",
        ),
    ],
)
async def test_where_the_address_comes_from(settings: JsonObject, environment: dict[str, str], url: str) -> None:
    async with installed(settings, environment):
        await provider.create_session("openai", "api_key", name="work", api_key=KEY)
        assert provider.connection("openai", "work").base_url == url


async def test_a_base_url_in_the_settings_makes_a_provider() -> None:
    async with simulate("compatible", gateway="vllm") as service:
        settings: JsonObject = {
            "providers": {"mine": {"baseUrl": f"{service.base_url}/v1", "defaultModel": "acme/small-1"}}
        }
        async with installed(settings):
            assert "mine" in {row.id for row in provider.list_providers()}
            assert provider.default_model("mine") == "acme/small-1"
            assert (await provider.list_models("mine", "api_key", None))[0].id == "mine/acme/large-1"
            assert (await provider.complete_text("mine", None, HELLO)).text
            assert (await provider.initialize_auth("mine", None)).id == ""
            assert (await provider.validate_auth("mine", None)).id == ""
        async with installed(), refused(4101):
            provider.connection("mine")


async def test_without_any_model_nothing_is_sent() -> None:
    async with installed():
        async with refused(4102) as errors:
            provider.stream_chat("vllm", None, HELLO)
        assert "providers.vllm.defaultModel" in errors[0].message
        async with refused(4102):
            await provider.audit_code("vllm", None, AuditSource("file:///a.py", "x", "python"))


async def test_a_model_that_is_not_there_is_told_with_those_that_come_close() -> None:
    async with simulate("openai") as service, installed({}, service.environment):
        await provider.create_session("openai", "api_key", name="work", api_key=KEY)
        name = (await provider.list_models("openai", "api_key", "work"))[0].name
        async with refused(4102) as errors:
            await provider.get_model_info("openai", "work", name[:-1] + "_")
        assert name in (errors[0].data.candidates or [])
        async with refused(4102) as errors:
            await provider.get_model_info("openai", "work", "@@@")
        assert errors[0].data.candidates


async def test_deleting_stays_within_the_provider() -> None:
    async with installed():
        await provider.create_session("openai", "api_key", name="work", api_key=KEY)
        await provider.create_session("anthropic", "api_key", name="other", api_key=KEY)
        assert not await provider.delete_session("openai", "api_key", "other")
        assert await provider.delete_session("openai", "api_key", "work")


@pytest.mark.parametrize("kind", sorted(RULES))
@pytest.mark.parametrize("words", ["", "Incorrect API key provided.", "first line\nsecond line"])
async def test_every_failure_is_one_sentence_under_its_code(kind: ErrorClass, words: str) -> None:
    async with installed():
        await provider.create_session("openai", "api_key", name="work", api_key=KEY)
        upstream = UpstreamError(Failure(kind, words, retry_after=1.5), http_status=418, request_id="req_1")
        error = to_maestro_error(upstream, provider.connection("openai", "work"), "gpt-5.5")
        expected = "authRejected" if kind == "auth_expired" else RULES[kind].kind  # a key does not expire
        assert (error.kind, error.code) == (expected, BY_KIND[expected].code)
        assert "\n" not in error.message
        assert error.message.endswith(".")
        assert not error.message.endswith("..")
        assert (f"({words.rstrip('.')})" in error.message) is (words == "Incorrect API key provided.")
        assert (error.data.provider, error.data.model, error.data.http_status) == ("openai", "gpt-5.5", 418)
        assert (error.data.retry_after_ms, error.data.upstream_request_id) == (1500, "req_1")
        assert error.data.session_id == provider.connection("openai", "work").session.id


async def test_a_login_expires_where_a_key_is_refused() -> None:
    async with installed():
        await provider.create_session("openai", "api_key", name="work", api_key=KEY)
        ready = provider.connection("openai", "work")
        login = replace(ready, session=ready.session.model_copy(update={"auth_type": "oauth"}))
        upstream = UpstreamError(Failure("auth_expired", ""))
        assert to_maestro_error(upstream, login).code == 4003
        assert to_maestro_error(upstream, ready).code == 4002


async def test_a_key_that_looks_like_none_is_hidden_when_the_service_repeats_it() -> None:
    async with installed() as runtime:
        await provider.create_session("openai", "api_key", name="work", api_key="open-sesame")
        upstream = UpstreamError(Failure("server", "No open-sesame here."), request_id="id-open-sesame")
        error = to_maestro_error(upstream, await authorise(runtime, provider.connection("openai", "work")))
        assert "open-sesame" not in error.message + repr(error.data)
        assert "No [redacted] here" in error.message


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("correct horse  battery", "You said correct horse  battery."),
        ("correct horse  battery", "You said correct horse battery."),
        ("k" * 20 + "e" * 3000, "Key " + "k" * 20 + "e" * 1900),
    ],
)
async def test_a_key_is_hidden_however_the_service_repeats_it(key: str, words: str) -> None:
    async with installed({"providers": {"openai": {"headers": {"x-pass": "hidden-header-value"}}}}) as runtime:
        await provider.create_session("openai", "api_key", name="work", api_key=key)
        upstream = UpstreamError(Failure("server", f"{words} And hidden-header-value."))
        message = to_maestro_error(upstream, await authorise(runtime, provider.connection("openai", "work"))).message
        assert message.count("[redacted]") == 2
        assert not {"horse", "eee", "hidden"} & set(message.split()) and "eee" not in message


@pytest.mark.parametrize(
    "name",
    [
        "",
        " ",
        "a:b",
        "a/b",
        "a\nb",
        "\x1b[31m",
        "a\u202eb",
        "n" * 101,
        " a",
        "a ",
        "a\xadb",
        "\u3164",
        "ses_0123456789abcdef",
    ],
)
async def test_a_name_that_would_confuse_is_refused(name: str) -> None:
    async with installed(), refused(-32602):
        await provider.create_session("openai", "api_key", name=name, api_key=KEY)


@pytest.mark.parametrize(
    ("failure", "status", "source", "words"),
    [
        (Failure("auth_invalid", ""), 401, "env", "refused the key in OPENAI_API_KEY; correct it there"),
        (Failure("invalid_request", ""), 413, "memory", "send less"),
        (Failure("billing_quota", "", retry_after=300.0), 429, "memory", "asks session 'work' to wait 5 min"),
        (Failure("billing_quota", ""), 429, "memory", "check the account's billing"),
        (Failure("billing_quota", "", retry_after=66600.0), 429, "memory", "to wait 18.5 h"),
        (Failure("invalid_request", "No URL.", "unsent"), None, "memory", "could not be sent"),
    ],
)
async def test_the_sentence_names_what_can_be_done(failure: Failure, status: int, source: str, words: str) -> None:
    async with installed():
        await provider.create_session("openai", "api_key", name="work", api_key=KEY)
        ready = provider.connection("openai", "work")
        place = "OPENAI_API_KEY" if source == "env" else None
        ready = replace(ready, session=ready.session.model_copy(update={"source": source, "key_place": place}))
        assert words in to_maestro_error(UpstreamError(failure, http_status=status), ready).message


async def test_a_local_server_that_wants_a_key_says_so() -> None:
    async with installed():
        error = to_maestro_error(UpstreamError(Failure("auth_invalid", "")), provider.connection("vllm"))
        assert (error.code, error.data.session_id) == (4002, None)
        assert "create a session with one" in error.message


@pytest.mark.parametrize("url", ["http://example.org/v1", "http://192.168.0.2", "http://localhost.example.org"])
async def test_the_tokens_of_a_login_do_not_travel_in_the_clear(url: str) -> None:
    async with installed({"providers": {"openai": {"baseUrl": url}}}):
        await provider.keep_login("openai", "login", Granted(OAuthCredential("token")))
        async with refused(-32602) as errors:
            provider.connection("openai", "login")
        assert "https://" in errors[0].message
        await provider.create_session("openai", "api_key", name="key", api_key=KEY)
        assert provider.connection("openai", "key").base_url == url
