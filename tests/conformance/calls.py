"""How each function of the interface is called, and what must come of it. A function without a row fails the suite."""

import json
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager

import pytest
from pydantic import SecretStr

from maestro import provider
from maestro.audit.source import AuditSource
from maestro.errors import MaestroError
from maestro.providers import registry
from maestro.providers.base import RawReply, StructuredRequest
from maestro.providers.oauth import Granted
from maestro.store.credentials import OAuthCredential
from maestro.streaming.messages import Content, Done
from maestro_protocol.chat import ChatMessage, Tool
from maestro_protocol.sessions import Identity, StepOpenUrl
from tests.conformance.subjects import KEY, SESSION, Subject

HELLO = [ChatMessage(role="user", content="hello there")]
WEATHER = [ChatMessage(role="user", content="What is the weather in Paris? Call the tool get_weather.")]
TOOL = Tool(
    name="get_weather",
    description="The weather in a city.",
    input_schema={"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
)


@contextmanager
def refused(code: int) -> Iterator[None]:
    with pytest.raises(MaestroError) as caught:
        yield
    assert caught.value.code == code, caught.value
    assert caught.value.message.endswith(".")
    assert KEY not in str(caught.value.info())


@contextmanager
def allowed(subject: Subject) -> Iterator[None]:
    """The body succeeds where one can sign in this way, and is refused as unsupported elsewhere."""
    if subject.offered:
        yield
        return
    with refused(4104):
        yield


@contextmanager
def by_oauth(subject: Subject) -> Iterator[None]:
    """The body succeeds where one can sign in by OAuth, however this subject did, and is refused elsewhere."""
    if subject.oauth_offered:
        yield
        return
    with refused(4104):
        yield


async def create_session(subject: Subject) -> None:
    if subject.auth_type == "oauth":
        with refused(4001 if subject.offered else 4104):  # a browser is needed
            await provider.create_session(subject.provider, "oauth", name="second", flow=subject.flow)
        return
    with allowed(subject):
        created = await provider.create_session(
            subject.provider, subject.auth_type, name="second", api_key=SecretStr(KEY), validate=True
        )
        assert provider.current().sessions.find("second").session.id == created
        with refused(4008):
            await provider.create_session(subject.provider, subject.auth_type, name="second", api_key=KEY)


async def initialize_auth(subject: Subject) -> None:
    assert (await provider.initialize_auth(subject.provider, SESSION)).name == SESSION
    with refused(4007):
        await provider.initialize_auth(subject.provider, "nobody")


async def validate_auth(subject: Subject) -> None:
    assert (await provider.validate_auth(subject.provider, SESSION)).status == "active"


async def delete_session(subject: Subject) -> None:
    with allowed(subject):
        assert await provider.delete_session(subject.provider, subject.auth_type, SESSION)
        assert not await provider.delete_session(subject.provider, subject.auth_type, SESSION)


async def list_models(subject: Subject) -> None:
    with allowed(subject):
        models = await provider.list_models(subject.provider, subject.auth_type, SESSION)
        assert models
        assert {model.id for model in models} == {f"{subject.provider}/{model.name}" for model in models}


async def get_model_info(subject: Subject) -> None:
    name = await subject.model()
    by_name = await provider.get_model_info(subject.provider, SESSION, name)
    assert by_name == await provider.get_model_info(subject.provider, SESSION, by_name.id)
    with refused(4102):
        await provider.get_model_info(subject.provider, SESSION, "no-such-model")


async def stream_chat(subject: Subject) -> None:
    stream = provider.stream_chat(subject.provider, SESSION, HELLO, model=await subject.model())
    *messages, done = [message async for message in stream]
    assert "".join(message.text for message in messages if isinstance(message, Content))
    assert isinstance(done, Done)
    assert done.stop_reason == "endTurn"


async def interrupt_stream(subject: Subject) -> None:
    stream = provider.stream_chat(subject.provider, SESSION, HELLO, model=await subject.model())
    assert await anext(stream)
    await provider.interrupt_stream(stream)
    assert [message async for message in stream] == []
    if subject.service is not None:
        await subject.service.server.until(lambda: len(subject.service.open_connections) <= 1)


async def complete_text(subject: Subject) -> None:
    answer = await provider.complete_text(subject.provider, SESSION, HELLO, model=await subject.model())
    assert answer.text
    assert answer.stop_reason == "endTurn"
    assert answer.usage.total_tokens > 0


async def complete_with_tools(subject: Subject) -> None:
    answer = await provider.complete_with_tools(
        subject.provider, SESSION, WEATHER, model=await subject.model(), tools=[TOOL]
    )
    [call] = answer.calls
    assert (call.name, call.complete, answer.stop_reason) == ("get_weather", True, "toolUse")
    assert isinstance(call.arguments, dict)


async def audit_code(subject: Subject) -> None:
    source = AuditSource("file:///app.py", "def f(x):\n    return eval(x)\n", "python")
    result = await provider.audit_code(subject.provider, SESSION, source, model=await subject.model())
    assert (result.status, result.error) == ("complete", None)
    if subject.service is not None:
        [finding] = result.findings
        assert (finding.rule, finding.provenance.provider) == ("code-injection", subject.provider)
        assert result.usage.total_tokens > 0


async def review_code(subject: Subject) -> None:
    source = AuditSource("file:///app.py", "def f(x):\n    return eval(x)\n", "python")
    outcome = await provider.review_code(*subject.session, source, model=await subject.model())
    assert outcome.result.status == "complete"


async def preview_audit(subject: Subject) -> None:
    asked = StructuredRequest(await subject.model(), "Answer.", "A city?", {"type": "object"}, 500)
    request = await provider.preview_audit(*subject.session, lambda: asked)
    if subject.provider == "offline":
        assert request is None
    else:
        assert request is not None
        assert "A city?" in json.dumps(request.json) and not request.headers


@contextmanager
def in_batches(subject: Subject) -> Iterator[None]:
    """The body succeeds where requests can be handed in together, and is refused as unsupported elsewhere."""
    if "batch" in registry.roles(subject.provider):
        yield
        return
    with refused(4104):
        yield


async def _questions(subject: Subject) -> list[StructuredRequest]:
    asked = StructuredRequest(await subject.model(), "Answer.", "A city?", {"type": "object"}, 500)
    return [asked, asked]


async def submit_batch(subject: Subject) -> None:
    with in_batches(subject):
        assert await provider.submit_batch(*subject.session, await _questions(subject))
        with refused(-32602):
            await provider.submit_batch(*subject.session, [])


async def poll_batch(subject: Subject) -> None:
    with in_batches(subject):
        name = "batches/unknown"
        if "batch" in registry.roles(subject.provider):
            name = await provider.submit_batch(*subject.session, await _questions(subject))
        state = await provider.poll_batch(*subject.session, name)
        while not state.done:
            state = await provider.poll_batch(*subject.session, name)
        assert [type(reply) for reply in state.replies] == [RawReply, RawReply]
        with refused(-32602):
            await provider.poll_batch(*subject.session, "no name")


async def cancel_batch(subject: Subject) -> None:
    with in_batches(subject):
        name = "batches/unknown"
        if "batch" in registry.roles(subject.provider):
            name = await provider.submit_batch(*subject.session, await _questions(subject))
        await provider.cancel_batch(*subject.session, name)
        assert (await provider.poll_batch(*subject.session, name)).state == "cancelled"


async def begin_login(subject: Subject) -> None:
    with by_oauth(subject):
        login = provider.begin_login(subject.provider, subject.flow)
        assert isinstance(await login.begin(), StepOpenUrl)
        await login.cancel()
        with refused(4104):
            provider.begin_login(subject.provider, "key")


async def keep_login(subject: Subject) -> None:
    granted = Granted(OAuthCredential("at-conformance", account_id="acc"), Identity(email="me@example.com"))
    kept = await provider.keep_login(subject.provider, "second", granted)
    assert (kept.name, kept.auth_type, kept.identity) == ("second", "oauth", Identity(email="me@example.com"))
    with refused(4008):
        await provider.keep_login(subject.provider, "second", granted)


async def generate_auth_url(subject: Subject) -> None:
    with by_oauth(subject):
        url = await provider.generate_auth_url(subject.provider, "second", flow="paste")
        assert {"response_type=code", "code_challenge_method=S256"} <= set(url.partition("?")[2].split("&"))


async def exchange_code_for_tokens(subject: Subject) -> None:
    if subject.oauth_offered:
        session = await subject.sign_in("second")
        assert (session.name, session.auth_type, session.status) == ("second", "oauth", "active")
    with refused(4004 if subject.oauth_offered else 4104):  # nobody began this one
        await provider.exchange_code_for_tokens(subject.provider, "third", SecretStr("a-code"))


async def refresh_tokens(subject: Subject) -> None:
    if subject.signed_in_by == "oauth":
        before, _ = await provider.current().sessions.credential((await provider.refresh_tokens(*subject.session)).id)
        after, _ = await provider.current().sessions.credential((await provider.refresh_tokens(*subject.session)).id)
        assert before != after
        return
    with refused(4104):
        await provider.refresh_tokens(*subject.session)


async def revoke_tokens(subject: Subject) -> None:
    if subject.signed_in_by == "oauth":
        assert (await provider.revoke_tokens(*subject.session)).status == "revoked"
        with refused(4003):
            await provider.complete_text(*subject.session, HELLO, model="m")
        return
    with refused(4104):
        await provider.revoke_tokens(*subject.session)


async def list_providers(subject: Subject) -> None:
    [row] = [row for row in provider.list_providers() if row.id == subject.provider]
    assert {"config", "models", "streaming", "audit"} <= set(row.roles)
    assert KEY not in row.model_dump_json()


async def get_default_provider(subject: Subject) -> None:
    assert provider.get_default_provider() == "gemini"


async def default_model(subject: Subject) -> None:
    if (name := provider.default_model(subject.provider)) is not None:
        assert name


async def needs_key(subject: Subject) -> None:
    if provider.needs_key(subject.provider):
        with refused(4001):
            provider.connection(subject.provider)
    else:
        assert provider.connection(subject.provider).session.id == ""


async def find_id(subject: Subject) -> None:
    assert provider.find_id(subject.provider.upper()) == subject.provider
    assert provider.find_id("nobody") is None


async def candidates(subject: Subject) -> None:
    assert (subject.provider in provider.candidates()) or not provider.connection(subject.provider, SESSION).base_url


async def is_open(subject: Subject) -> None:
    assert not provider.is_open(subject.provider), "there is a session"


async def connection(subject: Subject) -> None:
    ready = provider.connection(subject.provider, SESSION)
    assert ready.info.id == subject.provider
    assert KEY not in repr(ready)
    if subject.service is not None:
        assert ready.base_url.startswith(subject.service.base_url)


CALLS: Mapping[str, Callable[[Subject], Awaitable[None]]] = {
    call.__name__: call
    for call in (
        create_session,
        initialize_auth,
        validate_auth,
        delete_session,
        list_models,
        get_model_info,
        stream_chat,
        interrupt_stream,
        complete_text,
        complete_with_tools,
        audit_code,
        review_code,
        preview_audit,
        submit_batch,
        poll_batch,
        cancel_batch,
        begin_login,
        keep_login,
        generate_auth_url,
        exchange_code_for_tokens,
        refresh_tokens,
        revoke_tokens,
        list_providers,
        get_default_provider,
        default_model,
        needs_key,
        find_id,
        candidates,
        is_open,
        connection,
    )
}
