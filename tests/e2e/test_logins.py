"""Logins that go other ways than straight on: races, mistakes, other ports, other devices."""

import json
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest

from tests.e2e.client import Client, is_answer
from tests.e2e.logins import begin, end, ends, is_taken, names, paste, port_of, with_parameters
from tests.e2e.oauth_journey import (
    CAPITAL,
    Journey,
    World,
    fields,
    get,
    query,
    simulated_only,
    visit_page,
    world,
)
from tests.simulators import personas
from tests.simulators.oauth import Denied

pytestmark = simulated_only

EXCHANGE = "/oauth/token"


@pytest.fixture
def client(openai: World) -> Iterator[Client]:
    with openai.server() as client:
        yield client
        client.end()


# --- the browser and the paste


@pytest.mark.parametrize("codes", [1, 2], ids=["same-code", "two-codes"])
@pytest.mark.parametrize("first", ["browser", "paste"])
def test_the_browser_and_the_paste_race(openai: World, client: Client, first: str, codes: int) -> None:
    """Whoever is first, one code is exchanged, one session made, one end told, and both hear that it went well."""
    openai.simulator.play(personas.late(1).on(EXCHANGE))
    step = begin(client)
    address = openai.visit(step["url"])
    pasted = address if codes == 1 else openai.visit(step["url"])
    with ThreadPoolExecutor() as browser:
        if first == "browser":
            page = browser.submit(visit_page, address)
            openai.simulator.request()
            request_id = client.start("maestro/session/continue", paste(pasted, step))
        else:
            request_id = client.start("maestro/session/continue", paste(pasted, step))
            openai.simulator.request()
            page = browser.submit(visit_page, address)
        done = client.response(request_id)

        assert page.result() == "You are signed in"
    assert openai.simulator.auth.exchanges == ["ok"]
    assert end(client, step)["session"] == done["session"]
    assert names(client) == ["work"]
    check_order(client, done["session"]["id"])


def check_order(client: Client, session_id: str) -> None:
    """The answer, then one `didChange`, then `loginCompleted` (R2)."""
    naming = [message for message in client.received() if session_id in str(message)]
    assert is_answer(naming[0])
    assert [message["method"] for message in naming[1:3]] == [
        "maestro/session/didChange",
        "maestro/session/loginCompleted",
    ]
    created = [one for one in client.notifications("maestro/session/didChange") if one["reason"] == "created"]
    assert len(created) == 1


def test_another_state_does_not_kill_the_login(openai: World, client: Client) -> None:
    step = begin(client)
    address = openai.visit(step["url"])

    for state in ("", "of-another-login"):
        page = get(with_parameters(address, state=state))
        assert (page.status_code, "belongs to another login" in page.text) == (400, True)
    error = client.refused("maestro/session/continue", paste(with_parameters(address, state="another"), step))

    assert (error.code, error.data["issues"][0]["path"]) == (-32602, "inputs.code")
    assert (openai.simulator.auth.exchanges, ends(client, step)) == ([], [])
    assert visit_page(address) == "You are signed in"
    assert end(client, step)["session"]["name"] == "work"


def test_what_else_a_browser_asks_for_triggers_nothing(openai: World, client: Client) -> None:
    step = begin(client)
    here = f"http://127.0.0.1:{port_of(step)}"

    statuses = {path: get(here + path).status_code for path in ("/favicon.ico", "/", "/auth/other")}

    assert statuses == {"/favicon.ico": 204, "/": 404, "/auth/other": 404}
    assert get(step["redirectUri"]).status_code == 400
    assert openai.simulator.requests == []
    assert visit_page(openai.visit(step["url"])) == "You are signed in"
    assert end(client, step)["session"]["name"] == "work"


def test_a_second_tab_gets_the_same_page(openai: World, client: Client) -> None:
    openai.simulator.play(personas.late(1).on(EXCHANGE))
    step = begin(client)
    address = openai.visit(step["url"])

    with ThreadPoolExecutor() as browser:
        tabs = [browser.submit(visit_page, address) for _ in range(3)]
        assert {tab.result() for tab in tabs} == {"You are signed in"}

    assert openai.simulator.auth.exchanges == ["ok"]
    assert end(client, step)["session"]["name"] == "work"


def test_both_loopback_addresses_are_listened_to(openai: World, client: Client) -> None:
    if not has_ipv6():
        pytest.skip("this machine has no ::1")
    step = begin(client)
    address = openai.visit(step["url"]).replace("//localhost:", "//[::1]:")

    assert visit_page(address) == "You are signed in"
    assert end(client, step)["session"]["name"] == "work"


def has_ipv6() -> bool:
    with suppress(OSError), socket.socket(socket.AF_INET6) as probe:
        probe.bind(("::1", 0))
        return True
    return False


# --- fixed ports


@pytest.fixture
def taken() -> Iterator[int]:
    """A port of this machine where somebody listens and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


def test_a_new_login_takes_the_port_over(tmp_path: Path) -> None:
    """As with codex, whose client may return to two ports only: the older login gives way."""
    with world("openai", tmp_path, **on_ports(free_port())) as openai, openai.server() as client:
        first = begin(client, "first")

        second = begin(client, "second")

        assert second["redirectUri"] == first["redirectUri"]
        error = end(client, first)["error"]
        assert (error["code"], "another program" in error["message"]) == (4005, True)
        assert visit_page(openai.visit(second["url"])) == "You are signed in"
        assert end(client, second)["session"]["name"] == "second"
        client.end()


def test_the_next_port_serves_where_the_first_is_taken(tmp_path: Path, taken: int) -> None:
    free = free_port()
    with world("openai", tmp_path, **on_ports(taken, free)) as openai, openai.server() as client:
        step = begin(client)
        assert port_of(step) == free
        assert visit_page(openai.visit(step["url"])) == "You are signed in"
        assert fields(openai.requests(EXCHANGE)[0])["redirect_uri"] == step["redirectUri"]
        client.end()


def test_without_any_port_the_code_is_pasted(tmp_path: Path, taken: int) -> None:
    with world("openai", tmp_path, **on_ports(taken)) as openai, openai.server() as client:
        error = client.refused("maestro/session/create", {"provider": "openai", "authType": "oauth", "name": "work"})
        assert (error.code, "`paste`" in error.message) == (4006, True)
        step = begin(client, flow="paste")

        done = client.request("maestro/session/continue", paste(openai.visit(step["url"]), step))

        assert end(client, step)["session"] == done["session"]
        client.end()


def on_ports(*ports: int) -> dict[str, str]:
    return {"MAESTRO_PROVIDERS__OPENAI__OAUTH__PORTS": json.dumps(ports)}


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


# --- ends without a session


def test_a_cancelled_login_ends_once_and_frees_the_port(openai: World, client: Client) -> None:
    step = begin(client)
    assert is_taken(port_of(step))

    assert client.request("maestro/session/cancel", {"loginId": step["loginId"]}) == {"status": "cancelled"}

    assert end(client, step)["error"]["code"] == 4005
    assert client.request("maestro/session/cancel", {"loginId": step["loginId"]}) == {"status": "notFound"}
    assert client.refused("maestro/session/continue", paste("a-code", step)).code == 4004
    assert len(ends(client, step)) == 1
    assert not is_taken(port_of(step))
    assert names(client) == []


def test_a_server_that_leaves_ends_its_logins(openai: World) -> None:
    with openai.server() as client:
        steps = [begin(client, name) for name in ("one", "two")]

        client.end()

        told = client.notifications("maestro/session/loginCompleted")
        assert {end["loginId"] for end in told} == {step["loginId"] for step in steps}
        assert [end["error"]["code"] for end in told] == [4005, 4005]
        assert not any(is_taken(port_of(step)) for step in steps)


def test_a_login_that_was_open_when_the_server_died_is_gone(openai: World) -> None:
    with openai.server() as client:
        step = begin(client)
        client.close()
    with openai.server() as client:
        error = client.refused("maestro/session/continue", paste("a-code", step))
        assert (error.code, "restarted" in error.message) == (4005, True)
        assert names(client) == []
        client.end()


def test_a_no_in_the_browser_ends_the_login(openai: World, client: Client) -> None:
    openai.simulator.auth.denial = Denied("access_denied", "The user said no.")
    step = begin(client)

    assert visit_page(openai.visit(step["url"])) == "The login did not succeed"

    error = end(client, step)["error"]
    assert error["code"] == 4004
    assert "access_denied" in error["message"]
    assert not is_taken(port_of(step))


# --- codes that are refused


@pytest.mark.parametrize("pasted", ["no-such-code", "no-such-code#{state}"])
def test_a_refused_code_leaves_the_login_open(openai: World, client: Client, pasted: str) -> None:
    step = begin(client)

    error = client.refused("maestro/session/continue", paste(pasted.format(state=query(step["url"])["state"]), step))

    assert error.code == 4004
    assert (ends(client, step), is_taken(port_of(step))) == ([], True)
    done = client.request("maestro/session/continue", paste(openai.visit(step["url"]), step))
    assert end(client, step)["session"] == done["session"]
    assert openai.simulator.auth.exchanges == ["invalid_grant", "ok"]


@pytest.mark.parametrize("pasted", ["", "two words", "{url}"], ids=["nothing", "words", "the-login-page"])
def test_what_holds_no_code_is_not_sent(openai: World, client: Client, pasted: str) -> None:
    step = begin(client)

    error = client.refused("maestro/session/continue", paste(pasted.format(url=step["url"]), step))

    assert error.code == -32602
    assert openai.simulator.requests == []
    assert ends(client, step) == []


def test_a_service_that_fails_for_a_moment_is_asked_again_by_a_reload(openai: World, client: Client) -> None:
    openai.simulator.play(personas.status(503).on(EXCHANGE).first(1))
    step = begin(client)
    address = openai.visit(step["url"])

    assert visit_page(address) == "The login did not succeed"
    assert ends(client, step) == []
    assert visit_page(address) == "You are signed in"
    assert end(client, step)["session"]["name"] == "work"


# --- names


def test_a_taken_name_is_told_before_any_browser(openai: World, client: Client) -> None:
    session = Journey(openai, client, "work").sign_in()
    before = len(openai.simulator.requests)

    error = client.refused("maestro/session/create", {"provider": "openai", "authType": "oauth", "name": "work"})

    assert (error.code, error.kind, error.data["sessionId"]) == (4008, "sessionNameTaken", session["id"])
    assert len(openai.simulator.requests) == before
    assert len(client.notifications("maestro/session/loginCompleted")) == 1


def test_of_two_logins_for_one_name_the_second_is_told_so(openai: World, client: Client) -> None:
    first, second = begin(client), begin(client)
    assert visit_page(openai.visit(first["url"])) == "You are signed in"
    session = end(client, first)["session"]

    error = client.refused("maestro/session/continue", paste(openai.visit(second["url"]), second))

    assert error.code == 4008
    assert end(client, second)["error"]["code"] == 4008
    assert client.request("maestro/session/get", {"sessionId": "work"})["id"] == session["id"]


# --- questions before the browser


def test_a_missing_client_is_asked_for(tmp_path: Path) -> None:
    with world("gemini", tmp_path) as gemini:
        gemini.variables = {name: value for name, value in gemini.variables.items() if "__OAUTH__CLIENT_" not in name}
        with gemini.server() as client:
            step = begin(client, provider="gemini")
            assert [(one["key"], one["secret"]) for one in step["fields"]] == [
                ("clientId", False),
                ("clientSecret", True),
            ]
            inputs = {"clientId": gemini.service.client_id}
            missing = client.refused("maestro/session/continue", {"loginId": step["loginId"], "inputs": inputs})
            assert (missing.code, missing.data["issues"][0]["path"]) == (-32602, "inputs.clientSecret")
            inputs |= {"clientSecret": gemini.service.client_secret}

            address = client.request("maestro/session/continue", {"loginId": step["loginId"], "inputs": inputs})

            assert (address["type"], address["loginId"]) == ("openUrl", step["loginId"])
            assert query(address["url"])["client_id"] == gemini.service.client_id
            assert visit_page(gemini.visit(address["url"])) == "You are signed in"
            day = Journey(gemini, client, "work", end(client, step)["session"])
            day.list_models()
            day.outlive_the_access_token()
            assert fields(gemini.requests("/token")[-1])["client_secret"] == gemini.service.client_secret
            day.clean_up(revoked=True)
            day.end()


def test_a_provider_without_a_client_says_which_setting_is_missing(tmp_path: Path) -> None:
    with world("gemini", tmp_path) as gemini:
        gemini.variables = {name: value for name, value in gemini.variables.items() if "CLIENT_SECRET" not in name}
        with gemini.server() as client:
            step = begin(client, provider="gemini")
            assert [one["key"] for one in step["fields"]] == ["clientSecret"]
            client.request("maestro/session/cancel", {"loginId": step["loginId"]})
            assert end(client, step)["error"]["code"] == 4005
            client.end()


# --- another device


def test_a_login_on_another_device(openai: World, client: Client) -> None:
    openai.service.auth.device.interval = "0"
    step = begin(client, flow="device")
    assert (step["type"], step["intervalMs"]) == ("deviceCode", 0)
    assert step["verificationUri"].startswith(openai.simulator.base_url)
    assert ends(client, step) == []

    openai.service.approve_device(step["userCode"])

    session = end(client, step)["session"]
    assert (session["mode"], session["modes"]) == ("chatgpt", ["chatgpt"])
    day = Journey(openai, client, "work", session)
    day.list_models()
    day.ask(CAPITAL, "Paris")
    assert all(one.headers["content-type"] == "application/json" for one in openai.requests("/deviceauth/token"))
    day.clean_up(revoked=True)


def test_a_device_that_is_refused(openai: World, client: Client) -> None:
    openai.service.auth.device.interval = "0"
    step = begin(client, flow="device")

    openai.service.auth.device.approve(step["userCode"], state="denied")

    assert end(client, step)["error"]["code"] == 4004
    assert names(client) == []


def test_a_device_that_is_given_up_is_asked_about_no_more(openai: World, client: Client) -> None:
    openai.service.auth.device.interval = "0"
    step = begin(client, flow="device")
    openai.simulator.request(2)

    client.request("maestro/session/cancel", {"loginId": step["loginId"]})

    assert end(client, step)["error"]["code"] == 4005
    client.settle()
    before = len(openai.requests("/deviceauth/token"))
    openai.service.approve_device(step["userCode"])
    client.request("maestro/model/list", {"refresh": True})
    assert len(openai.requests("/deviceauth/token")) == before
    assert openai.simulator.auth.exchanges == []
