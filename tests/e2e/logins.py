"""Beginning logins, answering them, and how they ended."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from urllib.parse import urlencode, urlsplit

from maestro_protocol.base import JsonObject
from tests.e2e.client import Client
from tests.e2e.oauth_journey import World, query

TWO_SECONDS = 2.0
"""Within which a window knows what happened in another."""


def begin(client: Client, name: str = "work", provider: str = "openai", **more: object) -> JsonObject:
    params = {"provider": provider, "authType": "oauth", "name": name, **more}
    return client.request("maestro/session/create", params)


def paste(text: str, step: JsonObject) -> JsonObject:
    """Params of `maestro/session/continue`."""
    return {"loginId": step["loginId"], "inputs": {"code": text}}


def ends(client: Client, step: JsonObject) -> list[JsonObject]:
    """How the login ended, as often as the server said so."""
    client.settle()
    told = client.notifications("maestro/session/loginCompleted")
    return [end for end in told if end["loginId"] == step["loginId"]]


def end(client: Client, step: JsonObject) -> JsonObject:
    """The one end of the login; waits for it."""
    client.wait(
        lambda m: m.get("method") == "maestro/session/loginCompleted" and m["params"]["loginId"] == step["loginId"]
    )
    [only] = ends(client, step)
    return only


def names(client: Client) -> list[str]:
    return [one["name"] for one in client.request("maestro/session/list")["sessions"]]


def with_parameters(address: str, **changes: str) -> str:
    return f"{address.partition('?')[0]}?{urlencode({**query(address), **changes})}"


def port_of(step: JsonObject) -> int:
    return urlsplit(step["redirectUri"]).port or 0


def is_taken(port: int) -> bool:
    """Whether somebody listens there."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return False
    return True


@contextmanager
def window(openai: World) -> Iterator[Client]:
    """An editor that has asked which sessions there are; from then on it is told of changes."""
    with openai.server() as client:
        assert names(client) == []
        yield client
        client.end()


def elsewhere(client: Client, session_id: str, **values: object) -> JsonObject:
    """What a window is told of a change in another one, in time."""

    def fits(message: JsonObject) -> bool:
        changed = message["params"]["changed"] if is_external(message) else []
        return any(one["id"] == session_id and {**one, **values} == one for one in changed)

    return client.wait(fits, timeout=TWO_SECONDS)["params"]


def is_external(message: JsonObject) -> bool:
    return message.get("method") == "maestro/session/didChange" and message["params"]["reason"] == "external"
