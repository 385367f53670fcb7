"""Signing in and out in a terminal."""

import json
import signal
import subprocess
import sys
from collections.abc import Sequence
from urllib.parse import urlsplit

import pytest

from maestro_protocol.base import JsonObject
from tests.e2e.logins import elsewhere, is_taken, window
from tests.e2e.oauth_journey import (
    CAPITAL,
    KEYS,
    World,
    query,
    simulated_only,
    visit_page,
)
from tests.e2e.test_secrets import disguises

pytestmark = simulated_only


def maestro(openai: World, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "maestro", *arguments]
    return subprocess.run(
        command, env=openai.variables, input="", capture_output=True, text=True, timeout=60, check=False
    )


class Terminal:
    """`maestro login`, with a person in front of it."""

    def __init__(self, openai: World, *arguments: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "maestro", "login", *arguments],
            env=openai.variables,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.said: list[str] = []

    def read(self, beginning: str) -> str:
        """The next line on stderr that begins so."""
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.said.append(line)
            if line.startswith(beginning):
                return line.strip()
        raise AssertionError(f"never said {beginning!r}: {self.said}")

    def type(self, line: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{line}\n")
        self.process.stdin.flush()

    def end(self) -> str:
        """Everything it said, once it has ended well."""
        assert self.process.stderr is not None
        self.said.extend(self.process.stderr)
        assert self.process.wait(30) == 0, self.said
        return "".join(self.said)

    def __enter__(self) -> "Terminal":
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait(30)
        for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
            assert pipe is not None
            pipe.close()


def test_sign_in_list_and_sign_out_in_a_terminal(openai: World) -> None:
    with Terminal(openai, "openai", "--oauth", "--no-browser", "--name", "work") as terminal:
        url = terminal.read("http")
        terminal.type(openai.visit(url))
        said = terminal.end()
    assert "Signed in: 'work' of openai (oauth, dev@example.com)" in said

    [session] = sessions(openai)
    assert (session["name"], session["mode"], session["status"]) == ("work", "chatgpt", "active")
    answer = maestro(openai, "chat", "--session", "work", "--model", "openai/gpt-5.5", CAPITAL)
    assert "Paris" in answer.stdout, answer.stderr
    gone = maestro(openai, "logout", "work")

    assert (gone.returncode, "Signed out: 'work'" in gone.stderr) == (0, True)
    assert openai.simulator.auth.revocations == ["ok"]
    assert sessions(openai) == []
    assert maestro(openai, "logout", "work").returncode == 1
    check_secrets(openai, said + answer.stdout + answer.stderr + gone.stderr)


def test_a_terminal_waits_for_the_browser_too(openai: World) -> None:
    with Terminal(openai, "openai", "--oauth", "--no-browser", "--option", "mode=api_key") as terminal:
        assert visit_page(openai.visit(terminal.read("http"))) == "You are signed in"
        terminal.end()

    [session] = sessions(openai)
    assert (session["name"], session["mode"]) == ("default", "api_key")


@pytest.mark.parametrize("mistake", ["two words", "no-such-code"])
def test_a_mistake_in_a_terminal_can_be_mended(openai: World, mistake: str) -> None:
    with Terminal(openai, "openai", "--oauth", "--no-browser") as terminal:
        url = terminal.read("http")
        terminal.read("Waiting for the browser")
        terminal.type(mistake)
        terminal.read("Waiting for the browser")
        terminal.type(openai.visit(url))
        assert "Signed in: 'default' of openai" in terminal.end()


def test_a_login_in_a_terminal_is_interrupted(openai: World) -> None:
    with Terminal(openai, "openai", "--oauth", "--no-browser") as terminal:
        port = urlsplit(query(terminal.read("http"))["redirect_uri"]).port or 0
        terminal.read("Waiting for the browser")
        terminal.process.send_signal(signal.SIGINT)
        assert terminal.process.wait(30) == 130
        assert terminal.process.stderr is not None
        assert "Traceback" not in terminal.process.stderr.read()
    assert not is_taken(port)
    assert sessions(openai) == []


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("gemini", "--oauth"), "The client id cannot be asked here; give it as the setting `providers.gemini."),
        (("anthropic", "--oauth"), "What the browser shows cannot be pasted here"),
        (("openai", "--oauth", "--flow", "paste"), "What the browser shows cannot be pasted here"),
        (("openai",), "The API key cannot be asked here; pipe it in"),
        (("openai", "--flow", "nosuch"), "`flow` must be one of 'key', "),
        (("openai", "--key", "--name", "a/b"), "`name` does not have the required form"),
        (("openai", "--key", "--flow", "device"), "--key and --flow device exclude each other"),
        (("openai", "--oauth", "--flow", "key"), "--oauth and --flow key exclude each other"),
    ],
)
def test_a_login_that_cannot_go_on_says_so_in_one_sentence(
    openai: World, arguments: tuple[str, ...], words: str
) -> None:
    done = maestro(openai, "login", *arguments)
    assert done.returncode == 1
    assert words in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr
    assert sessions(openai) == []


def test_two_ways_at_once_are_misuse(openai: World) -> None:
    assert maestro(openai, "login", "openai", "--key", "--oauth").returncode == 2


def test_without_a_person_the_browser_is_waited_for(openai: World) -> None:
    with Terminal(openai, "openai", "--oauth", "--no-browser") as terminal:
        assert terminal.process.stdin is not None
        terminal.process.stdin.close()
        url = terminal.read("http")
        terminal.read("Waiting for the browser")
        assert visit_page(openai.visit(url)) == "You are signed in"
        assert "Signed in: 'default' of openai" in terminal.end()


def test_a_window_sees_what_was_signed_in_to_in_a_terminal(openai: World) -> None:
    with window(openai) as client:
        with Terminal(openai, "openai", "--oauth", "--no-browser") as terminal:
            terminal.type(openai.visit(terminal.read("http")))
            terminal.end()
        [session] = sessions(openai)

        assert elsewhere(client, session["id"], name="default")


def sessions(openai: World) -> Sequence[JsonObject]:
    listed = maestro(openai, "sessions", "--json")
    assert listed.returncode == 0, listed.stderr
    return json.loads(listed.stdout)["sessions"]


def check_secrets(openai: World, said: str) -> None:
    """None of this run's secrets was said, or stands in a file."""
    wanted = {part for secret in openai.secrets() for part in disguises(secret)} - disguises(KEYS["openai"][1])
    files = [path for path in openai.home.rglob("*") if path.is_file()]
    places = {"terminal": said.encode()} | {str(path): path.read_bytes() for path in files}
    assert {place: hits for place, data in places.items() if (hits := [one for one in wanted if one in data])} == {}
