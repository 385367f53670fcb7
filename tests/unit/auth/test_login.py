"""One login: questions, the browser, the paste, the device, and its one end."""

import asyncio
import gc
import socket
from base64 import urlsafe_b64encode
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import pytest
from pydantic import SecretStr

from maestro.auth import login as module
from maestro.auth import ports
from maestro.auth.login import Login
from maestro.auth.outcome import cancelled
from maestro.auth.paste import Pasted
from maestro.auth.pkce import Pkce
from maestro.errors import MaestroError
from maestro.failures import Failure, UpstreamError
from maestro.providers.oauth import (
    AuthorizeRequest,
    CodeGrant,
    DeviceCode,
    FixedRedirect,
    Granted,
    LoopbackRedirect,
    OAuthContext,
)
from maestro_protocol.sessions import Flow, StepDeviceCode, StepInput, StepOpenUrl
from tests.unit.auth.service import (
    CODE,
    DEVICE,
    Gate,
    Service,
    begun,
    browse,
    context,
    granted,
    grants,
    is_free,
    pasted,
    refuses,
    visit_of,
)

GRANT = CodeGrant(CODE, "https://acme.example/device/callback", "canary-server-verifier")
PAGE = FixedRedirect("https://acme.example/code")


def answers(**values: str) -> dict[str, SecretStr]:
    return {key: SecretStr(value) for key, value in values.items()}


async def failure(login: Login) -> MaestroError:
    with pytest.raises(MaestroError) as caught:
        await login.granted()
    return caught.value


@pytest.mark.asyncio
async def test_the_browser_comes_back_and_the_login_is_granted() -> None:
    service = Service()
    async with begun(service) as (login, visit):
        page, result = await asyncio.gather(browse(visit.address()), login.granted())
        assert "You are signed in" in page.text
        assert result == granted()
        assert login.ended
        assert await login.granted() is result
        assert is_free(visit.port)
    assert service.codes == [CODE]


@pytest.mark.asyncio
async def test_the_browser_has_its_page_before_the_login_is_told() -> None:
    """The process may leave then."""
    async with begun(Service()) as (login, visit):
        with socket.create_connection(("127.0.0.1", visit.port)) as browser:
            path = visit.address().removeprefix(f"http://127.0.0.1:{visit.port}")
            browser.send(f"GET {path} HTTP/1.1\r\nHost: localhost:{visit.port}\r\n\r\n".encode())
            await login.granted()
            browser.setblocking(False)
            assert b"You are signed in" in browser.recv(65536)


@pytest.mark.asyncio
async def test_the_step_offers_pasting_at_once_and_no_end() -> None:
    login = Login(Service(), context(), "loopback")
    step = await login.begin()
    assert isinstance(step, StepOpenUrl)
    assert (step.login_id, step.expires_at) == (login.id, None)
    assert [(field.key, field.secret) for field in step.fields] == [("code", True)]
    assert step.redirect_uri == visit_of(step.url).redirect_uri
    assert login.id.startswith("login_")
    assert len(login.id) == len("login_") + 16
    await login.cancel()


@pytest.mark.asyncio
async def test_what_is_exchanged_fits_what_was_asked() -> None:
    service = Service()
    async with begun(service) as (login, visit):
        await login.answer(pasted(visit.address()))
        digest = urlsafe_b64encode(sha256(service.verifier.encode()).digest()).decode().rstrip("=")
        assert service.challenge == digest
        assert service.verifier != visit.state


@pytest.mark.asyncio
@pytest.mark.parametrize("spelling", ["{code}", "{code}#{state}", "code={code}&state={state}", "{address}"])
async def test_a_paste_grants_beside_a_listener_and_without_one(spelling: str) -> None:
    for service in (Service(), Service(redirects=PAGE)):
        async with begun(service, "paste") as (login, visit):
            text = spelling.format(code=CODE, state=visit.state, address=visit.address())
            result = await login.answer(pasted(text))
            assert result == granted()
            assert await login.granted() is result
        assert service.codes == [CODE]


@pytest.mark.asyncio
@pytest.mark.parametrize("text", ["", "two words", CODE + "#other-state", "https://acme.example/nothing"])
async def test_a_paste_that_cannot_be_meant_leaves_the_login_open(text: str) -> None:
    service = Service()
    async with begun(service) as (login, visit):
        with pytest.raises(MaestroError) as caught:
            await login.answer(pasted(text))
        assert caught.value.code == -32602
        assert [issue.path for issue in caught.value.data.issues or ()] == ["inputs.code"]
        assert not login.ended
        assert service.codes == []
        assert isinstance(await login.answer(pasted(visit.address())), Granted)


@pytest.mark.asyncio
async def test_a_pasted_error_leaves_the_login_open() -> None:
    async with begun(Service()) as (login, visit):
        with pytest.raises(MaestroError, match="access_denied") as caught:
            await login.answer(pasted(visit.address("", error="access_denied")))
        assert caught.value.code == 4004
        assert not login.ended


@pytest.mark.asyncio
async def test_a_refused_paste_leaves_the_login_open_for_a_new_code() -> None:
    service = Service(exchanges=[refuses("auth_invalid", f"Code {CODE} is wrong."), grants])
    async with begun(service) as (login, visit):
        with pytest.raises(MaestroError, match="refused the login") as caught:
            await login.answer(pasted(CODE))
        assert caught.value.code == 4004
        assert CODE not in str(caught.value)
        assert not login.ended
        page, result = await asyncio.gather(browse(visit.address("second")), login.granted())
        assert "You are signed in" in page.text
        assert result == granted()
    assert service.codes == [CODE, "second"]


@pytest.mark.asyncio
async def test_a_missing_code_is_named() -> None:
    async with begun(Service()) as (login, _):
        with pytest.raises(MaestroError) as caught:
            await login.answer(answers(apiKey="x"))
        assert caught.value.code == -32602
        assert [issue.path for issue in caught.value.data.issues or ()] == ["inputs.code"]


@pytest.mark.asyncio
async def test_a_refused_code_of_the_browser_ends_the_login() -> None:
    async with begun(Service(exchanges=[refuses("auth_invalid", "Code is wrong.")])) as (login, visit):
        page, error = await asyncio.gather(browse(visit.address()), failure(login))
        assert "did not succeed" in page.text
        assert "Code is wrong" in page.text
        assert error.code == 4004
        assert is_free(visit.port)
        with pytest.raises(MaestroError) as caught:
            await login.answer(pasted(CODE))
        assert caught.value is error


@pytest.mark.asyncio
async def test_an_error_of_the_provider_ends_the_login() -> None:
    async with begun(Service()) as (login, visit):
        page, error = await asyncio.gather(browse(visit.address("", error="access_denied")), failure(login))
        assert "access_denied" in page.text
        assert (error.code, "access_denied" in error.message) == (4004, True)


@pytest.mark.asyncio
async def test_another_state_in_the_browser_changes_nothing() -> None:
    async with begun(Service()) as (login, visit):
        assert (await browse(visit.address(state="other"))).status_code == 400
        assert not login.ended
        _, result = await asyncio.gather(browse(visit.address()), login.granted())
        assert result == granted()


@pytest.mark.asyncio
@pytest.mark.parametrize("again", ["reload", "paste"])
async def test_a_network_failure_leaves_the_same_code_good_for_another_try(again: str) -> None:
    service = Service(exchanges=[refuses("network", "no route", status=None), grants])
    async with begun(service) as (login, visit):
        page = await browse(visit.address())
        assert "Reload this page" in page.text
        assert not login.ended
        if again == "reload":
            assert "You are signed in" in (await browse(visit.address())).text
        else:
            await login.answer(pasted(visit.address()))
        assert await login.granted() == granted()
    assert service.codes == [CODE, CODE]


@pytest.mark.asyncio
async def test_a_pasted_code_survives_a_network_failure() -> None:
    async with begun(Service(exchanges=[refuses("overloaded"), grants])) as (login, _):
        with pytest.raises(MaestroError) as caught:
            await login.answer(pasted(CODE))
        assert (caught.value.code, login.ended) == (4203, False)
        assert await login.answer(pasted(CODE)) == granted()


@pytest.mark.asyncio
async def test_a_fault_of_ours_ends_the_login_as_what_it_is() -> None:
    async def breaks(_grant: CodeGrant) -> Granted:
        raise ZeroDivisionError

    async with begun(Service(exchanges=[breaks])) as (login, visit):
        page = await browse(visit.address())
        assert "did not succeed" in page.text
        with pytest.raises(ZeroDivisionError):
            await login.granted()


@pytest.mark.asyncio
async def test_cancelling_ends_the_wait_and_frees_the_port() -> None:
    async with begun(Service()) as (login, visit):
        waiting = asyncio.create_task(failure(login))
        await asyncio.sleep(0)
        assert await login.cancel()
        assert is_free(visit.port)
        assert (await waiting).code == 4005
        assert not await login.cancel()
        with pytest.raises(MaestroError) as caught:
            await login.answer(pasted(CODE))
        assert caught.value.code == 4005


@pytest.mark.asyncio
async def test_cancelling_during_the_exchange_tells_the_browser_and_stops_it() -> None:
    gate = Gate()
    async with begun(Service(exchanges=[gate])) as (login, visit):
        page = asyncio.create_task(browse(visit.address()))
        await gate.reached.wait()
        paste = asyncio.create_task(login.answer(pasted(CODE)))
        await asyncio.sleep(0)
        assert await login.cancel()
        assert gate.stopped
        assert "was cancelled" in (await page).text
        with pytest.raises(MaestroError) as caught:
            await paste
        assert caught.value.code == 4005
        assert (await failure(login)).code == 4005


@pytest.mark.asyncio
async def test_who_stops_waiting_ends_nothing() -> None:
    gate = Gate()
    service = Service(exchanges=[gate])
    async with begun(service) as (login, visit):
        waiting = asyncio.create_task(login.granted())
        await asyncio.sleep(0)
        answering = asyncio.create_task(login.answer(pasted(CODE)))
        await gate.reached.wait()
        for task in (waiting, answering):
            task.cancel()
            await asyncio.wait([task])
            assert task.cancelled()
        assert not login.ended
        assert not is_free(visit.port)
        gate.go.set()
        assert await login.granted() == granted()
    assert service.codes == [CODE]


@pytest.mark.asyncio
async def test_a_polite_program_ends_the_login_and_gets_the_port() -> None:
    async with begun(Service()) as (login, visit):
        await ports._ask_to_cancel(visit.port)
        error = await failure(login)
        assert (error.code, "another program" in error.message) == (4005, True)
        assert is_free(visit.port)


@pytest.mark.asyncio
async def test_a_time_limit_is_told_and_kept() -> None:
    login = Login(Service(), context(), "loopback", timeout=0.5)
    step = await login.begin()
    assert isinstance(step, StepOpenUrl)
    assert step.expires_at
    assert timedelta(0) < step.expires_at - datetime.now(UTC) <= timedelta(seconds=0.5)
    await login._outcome.wait()
    assert is_free(visit_of(step.url).port)
    error = await failure(login)
    assert (error.code, "not finished in time" in error.message) == (4004, True)


# Questions


@pytest.mark.asyncio
async def test_answers_accumulate_until_nothing_is_asked() -> None:
    service = Service(asks=[["clientId", "clientSecret"], ["consent"]], redirects=PAGE)
    login = Login(service, replace(context(), inputs=answers(given="before")), "paste")
    step = await login.begin()
    assert isinstance(step, StepInput)
    assert [field.key for field in step.fields] == ["clientId", "clientSecret"]
    for partly in ({}, answers(clientId="id")):
        with pytest.raises(MaestroError) as caught:
            await login.answer(partly)
        assert caught.value.code == -32602
    assert [issue.path for issue in caught.value.data.issues or ()] == ["inputs.clientSecret"]
    step = await login.answer(answers(clientId="id", clientSecret="canary-client-secret", unasked="x"))
    assert isinstance(step, StepInput)
    assert [field.key for field in step.fields] == ["consent"]
    step = await login.answer(answers(consent="yes"))
    assert isinstance(step, StepOpenUrl)
    await login.answer(pasted(CODE))
    assert {key: value.get_secret_value() for key, value in service.seen[0].items()} == {
        "given": "before",
        "clientId": "id",
        "clientSecret": "canary-client-secret",
        "consent": "yes",
    }


@pytest.mark.asyncio
async def test_an_empty_answer_is_asked_for_again() -> None:
    login = Login(Service(asks=[["path"]]), context(), "credentialsFile")
    assert isinstance(await login.begin(), StepInput)
    assert isinstance(await login.answer(answers(path=" ")), StepInput)
    assert await login.answer(answers(path="/there")) == granted()
    assert login.ended


@pytest.mark.asyncio
async def test_a_refused_consent_ends_the_login() -> None:
    login = Login(Service(asks=[["consent"]]), context(), "paste")
    await login.begin()
    with pytest.raises(MaestroError) as caught:
        await login.answer(answers(consent="no"))
    assert (caught.value.code, login.ended) == (4005, True)
    assert await failure(login) is caught.value


@pytest.mark.asyncio
async def test_an_answer_that_leads_nowhere_can_be_given_anew() -> None:
    missing = MaestroError("loginFailed", "There is no such file.")
    service = Service(asks=[["path"]], document=missing)
    login = Login(service, context(), "credentialsFile")
    await login.begin()
    with pytest.raises(MaestroError) as caught:
        await login.answer(answers(path="/nowhere"))
    assert (caught.value, login.ended) == (missing, False)
    service.document = granted()
    assert await login.answer(answers(path="/there")) == granted()


# Flows without a browser


@pytest.mark.asyncio
@pytest.mark.parametrize("flow", ["profile", "workloadIdentity", "credentialsFile"])
async def test_a_document_is_read_at_once(flow: Flow) -> None:
    login = Login(Service(), context(flow), flow)
    result = await login.begin()
    assert result == granted()
    assert await login.granted() is result
    assert not await login.cancel()


@pytest.mark.asyncio
async def test_a_document_that_leads_nowhere_ends_the_login() -> None:
    login = Login(Service(document=UpstreamError(Failure("auth_invalid", "no"))), context(), "profile")
    with pytest.raises(MaestroError, match="refused the login") as caught:
        await login.begin()
    assert (caught.value.code, login.ended) == (4004, True)


@pytest.mark.asyncio
async def test_a_flow_the_module_lacks_is_unsupported() -> None:
    class Plain:
        """Only the browser's way."""

        questions = Service.questions
        asks = ()

    for flow in ("device", "profile", "key"):
        with pytest.raises(MaestroError) as caught:
            await Login(Plain(), context(), flow).begin()  # type: ignore[arg-type]
        assert caught.value.code == 4104


@pytest.mark.asyncio
async def test_a_device_is_waited_for() -> None:
    service = Service(polls=[None, GRANT])
    login = Login(service, context(), "device")
    step = await login.begin()
    assert isinstance(step, StepDeviceCode)
    assert (step.user_code, step.verification_uri, step.interval_ms) == ("WXYZ-1234", DEVICE.verification_uri, 50)
    assert timedelta(seconds=55) < step.expires_at - datetime.now(UTC) <= timedelta(seconds=60)
    with pytest.raises(MaestroError) as caught:
        await login.answer(pasted(CODE))
    assert caught.value.code == -32602
    assert await login.granted() == granted()
    assert service.verifier == GRANT.verifier


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "ending",
    [MaestroError("loginFailed", "You refused."), UpstreamError(Failure("auth_invalid", "no"), http_status=401)],
)
async def test_a_refused_device_ends_the_login(ending: Exception) -> None:
    login = Login(Service(polls=[None, ending]), context(), "device")
    await login.begin()
    assert (await failure(login)).code == 4004


@pytest.mark.asyncio
async def test_a_device_code_that_ran_out_ends_the_login() -> None:
    login = Login(Service(device=replace(DEVICE, expires_in=0.06)), context(), "device", timeout=60)
    step = await login.begin()
    assert isinstance(step, StepDeviceCode)
    assert step.expires_at < datetime.now(UTC) + timedelta(seconds=1)
    assert "not entered in time" in (await failure(login)).message


@pytest.mark.asyncio
async def test_a_devices_exchange_is_tried_again_while_the_failure_may_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_PAUSE", 0.01)
    service = Service(polls=[GRANT], exchanges=[refuses("network"), refuses("server"), grants])
    login = Login(service, context(), "device")
    await login.begin()
    assert await login.granted() == granted()
    assert len(service.codes) == 3


@pytest.mark.asyncio
async def test_a_devices_exchange_that_never_works_ends_the_login(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_PATIENCE", 0.0)
    login = Login(Service(polls=[GRANT], exchanges=[refuses("network")]), context(), "device")
    await login.begin()
    assert "did not finish the login in time" in (await failure(login)).message


@pytest.mark.asyncio
async def test_cancelling_stops_the_device() -> None:
    service = Service()
    login = Login(service, context(), "device")
    await login.begin()
    assert await login.cancel()
    assert (await failure(login)).code == 4005


# Ports


@pytest.mark.asyncio
async def test_without_a_port_the_login_says_to_paste_where_it_can(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ports, "_bind", _taken)
    for flows, says in ((("loopback", "paste"), True), (("loopback",), False)):
        login = Login(Service(redirects=LoopbackRedirect("localhost", "/cb", (0,))), context(*flows), "loopback")
        with pytest.raises(MaestroError) as caught:
            await login.begin()
        assert (caught.value.code, "`paste`" in caught.value.message, login.ended) == (4006, says, True)


def _taken(port: int, host: str) -> None:
    raise PermissionError


# Ends while something is under way


@pytest.mark.asyncio
async def test_who_gives_up_the_first_step_leaves_no_login() -> None:
    started = asyncio.Event()

    class Slow(Service):
        async def start_device(self, context: OAuthContext) -> DeviceCode:
            started.set()
            await asyncio.Event().wait()
            return DEVICE

    login = Login(Slow(), context(), "device")
    beginning = asyncio.create_task(login.begin())
    await started.wait()
    beginning.cancel()
    await asyncio.wait([beginning])
    assert beginning.cancelled()
    assert (await failure(login)).code == 4005


@pytest.mark.asyncio
async def test_cancelling_does_not_wait_for_the_service() -> None:
    started = asyncio.Event()

    class Slow(Service):
        async def start_device(self, context: OAuthContext) -> DeviceCode:
            started.set()
            await asyncio.Event().wait()
            return DEVICE

    login = Login(Slow(asks=[["clientId"]]), context(), "device")
    await login.begin()
    answering = asyncio.create_task(login.answer(answers(clientId="id")))
    await started.wait()
    assert await login.cancel()
    with pytest.raises(MaestroError) as caught:
        await answering
    assert caught.value.code == 4005


@pytest.mark.asyncio
@pytest.mark.parametrize("flow", ["loopback", "paste", "device"])
async def test_what_opens_as_the_login_ends_is_closed_again(flow: Flow) -> None:
    class Ending(Service):
        """The login ends in the loop's turn in which its step is ready."""

        url = ""

        def authorize_url(self, context: OAuthContext, request: AuthorizeRequest) -> str:
            login._end(cancelled())
            self.url = super().authorize_url(context, request)
            return self.url

        async def start_device(self, context: OAuthContext) -> DeviceCode:
            login._end(cancelled())
            return DEVICE

    service = Ending(redirects=PAGE) if flow == "paste" else Ending()
    login = Login(service, context(), flow)
    with pytest.raises(MaestroError) as caught:
        await login.begin()
    assert caught.value.code == 4005
    assert flow != "loopback" or is_free(visit_of(service.url).port)


@pytest.mark.asyncio
async def test_an_address_that_cannot_be_made_leaves_no_listener() -> None:
    class Broken(Service):
        url = ""

        def authorize_url(self, context: OAuthContext, request: AuthorizeRequest) -> str:
            self.url = super().authorize_url(context, request)
            raise MaestroError("loginFailed", "There is no client id.")

    service = Broken()
    login = Login(service, context(), "loopback")
    with pytest.raises(MaestroError, match="no client id"):
        await login.begin()
    assert is_free(visit_of(service.url).port)


# Secrets


@pytest.mark.asyncio
@pytest.mark.parametrize("end", ["granted", "refused", "cancelled"])
async def test_the_end_drops_every_secret(end: str) -> None:
    gc.collect()
    before = _secrets()
    behaviour = grants if end == "granted" else refuses("auth_invalid", "no")
    async with begun(Service(exchanges=[behaviour], asks=[])) as (login, visit):
        assert _secrets() > before
        if end == "cancelled":
            await login.cancel()
        else:
            await browse(visit.address())
        await asyncio.gather(login.granted(), return_exceptions=True)
        await asyncio.sleep(0)
        gc.collect()
        assert _secrets() == before


def _secrets() -> int:
    return sum(isinstance(one, Pkce | CodeGrant | Pasted) for one in gc.get_objects())


@pytest.mark.asyncio
async def test_no_secret_shows() -> None:
    service = Service(exchanges=[refuses("auth_invalid", "Bad")], asks=[["clientSecret"]])
    login = Login(service, context(), "loopback")
    asked = await login.begin()
    step = await login.answer(answers(clientSecret="canary-client-secret"))
    assert isinstance(step, StepOpenUrl)
    visit = visit_of(step.url)
    held = [repr(value) for name, value in vars(login).items() if name != "_role"]
    texts = [repr(login), repr(asked), *held]
    _, error = await asyncio.gather(browse(visit.address()), failure(login))
    held = [repr(value) for name, value in vars(login).items() if name != "_role"]
    texts += [repr(login), repr(error), str(error.data), *held]
    assert not login._context.inputs
    for secret in (CODE, visit.state, service.verifier, "canary-client-secret"):
        assert not [text for text in texts if secret in text]


# The registry
