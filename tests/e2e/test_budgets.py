"""Budgets hold over whole servers: nothing reaches a provider that does not fit, whichever window asks."""

import json
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest
from pydantic import JsonValue

from maestro_protocol.base import JsonObject
from tests.e2e.conversations import Talk, call, check_log, talk, world
from tests.e2e.environment import environment
from tests.e2e.turns import text_of
from tests.simulators.fixtures import running
from tests.simulators.personas import drip
from tests.simulators.replies import Script, Tokens

LONG = "word " * 20_000
"""About twenty thousand tokens; two cents at a dollar a million."""
CHEAP = Script(text="Yes.", tokens=Tokens(input=1_000, output=1_000))
"""0.003 dollars at the simulated prices: a dollar a million in, two out."""
DEAR = Script(text="Yes.", tokens=Tokens(input=100_000, output=100_000))
"""0.30 dollars."""


def _priced(window: Talk) -> Talk:
    """The window, once the service's own prices were told."""
    assert window.client.request("maestro/model/list", {"provider": "openrouter"})["models"]
    return window


def _maestro(home: Path, *arguments: str, lists: bool = True, **variables: str) -> subprocess.CompletedProcess[str]:
    """A command; without `lists` in an environment that lacks the package with the price lists."""
    hidden = "" if lists else "sys.modules['genai_prices'] = None; "
    program = f"import sys; {hidden}from maestro.__main__ import main; sys.exit(main())"
    return subprocess.run(
        [sys.executable, "-c", program, *arguments],
        env=environment(home, **variables),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def _usage(window: Talk, by: str = "chat", **more: JsonValue) -> JsonObject:
    return window.client.request("maestro/usage/summary", {"by": by, **more})


def test_a_message_that_does_not_fit_never_reaches_the_provider(tmp_path: Path) -> None:
    with talk(tmp_path, "openrouter", budgets={"turn": 0.01}) as window:
        _priced(window)
        error = window.send(LONG).refusal()
        assert (error.code, error.data["kind"]) == (4208, "budgetExceeded")
        assert "budgets.turn" in error.message
        assert window.bodies == []
        assert window.client.request("maestro/chat/list", {})["chats"] == []
        assert window.ask("Short.", CHEAP).text == "Yes."
        assert len(window.bodies) == 1
        before = window.log()
        assert window.send(LONG).refusal().code == 4208
        assert window.log() == before, "nothing was begun"
        assert window.request("chat/get")["chat"]["state"] == "idle"
        assert window.ask("And on it goes.", CHEAP).text == "Yes."


@pytest.mark.parametrize("budgets", [{}, {"turn": 0.01}])
def test_a_price_that_only_the_service_tells_is_asked_for(tmp_path: Path, budgets: JsonObject) -> None:
    with talk(tmp_path, "openrouter", budgets=budgets) as window:
        if budgets:
            assert window.send(LONG).refusal().code == 4208
            assert window.bodies == []
        result = window.ask("Short.", CHEAP).result()
        assert result["cost"]["amount"] == "0.003"


def test_within_a_turn_what_was_said_is_kept(tmp_path: Path) -> None:
    with talk(tmp_path, "openrouter", budgets={"chat": 0.35}) as window:
        _priced(window)
        cheap, dear = (
            Script(text="I look.", tool_calls=(call("read_file", path=path),), tokens=tokens)
            for path, tokens in (("notes.md", CHEAP.tokens), ("./notes.md", Tokens(input=200_000, output=100_000)))
        )
        sent = window.ask("Go.", cheap, dear, cheap)
        result = sent.result()
        assert (result["stopReason"], result["limit"]) == ("limit", "cost")
        assert text_of(sent.events).count("I look.") == 2
        assert len(window.bodies) == 2
        assert "budgets.chat" in sent.of("notice")[-1]["message"]
        check_log(window.log())
        assert window.send("More.").refusal().code == 4208
        window.chat_id = None
        window.simulated.service.scripts.queue.clear()
        assert window.ask("Another chat.", CHEAP).text == "Yes."


def test_the_day_is_one_for_all_windows(tmp_path: Path) -> None:
    with world(tmp_path, "openrouter", budgets={"day": 0.35}) as stage:
        one, other = _priced(stage.window()), _priced(stage.window())
        one.ask("Go.", DEAR)
        assert other.client.request("maestro/status", {})["state"] == "warning"
        before = len(other.bodies)
        assert "$0.30 are spent" in (error := other.send(LONG * 3).refusal()).message
        assert error.code == 4208
        assert len(other.bodies) == before
        stage.play(drip(0.05))
        one.chat_id = None
        under_way = one.send(LONG)
        under_way.wait("turn.started")
        error = other.send(LONG * 2).refusal()
        assert "$0.30 are spent and $0.23 held" in error.message, "what is under way in another window counts"
        one.client.notify("$/cancelRequest", {"id": under_way.id})
        assert under_way.result()["stopReason"] == "cancelled"
        stage.play()
        [budget] = _usage(other)["budgets"]
        assert (budget["scope"], budget["limit"]) == ("day", "0.35")
        assert Decimal(budget["spent"]) == Decimal(_usage(other)["total"]["cost"]["amount"])
        for window in (one, other):
            window.client.end()


def test_usage_is_a_table_and_adds_up(tmp_path: Path) -> None:
    with talk(tmp_path, "openrouter", budgets={"day": 5}) as window:
        _priced(window)
        window.ask("What is milk?", DEAR)
        window.ask("And bread?", CHEAP)
        asked = {"messages": [{"role": "user", "content": "Hi"}], "model": window.model}
        window.client.request("maestro/chat/complete", asked)
        spent = Decimal(_usage(window)["total"]["cost"]["amount"])
        chat = window.request("chat/get")["chat"]
        own = _usage(window, chatId=window.chat_id)
        assert own["rows"][0]["label"] == chat["title"]
        assert Decimal(own["total"]["cost"]["amount"]) == Decimal(chat["cost"]["amount"])
        assert own["total"]["usage"]["totalTokens"] == chat["usage"]["totalTokens"]
        assert "asOf" not in own["total"]["cost"], "the prices are the service's own"
    shown = _maestro(tmp_path, "usage", "--by", "chat")
    assert shown.returncode == 0, shown.stderr
    lines = shown.stdout.splitlines()
    assert lines[0].split() == ["CHAT", "TURNS", "REQUESTS", "INPUT", "CACHED", "OUTPUT", "TOKENS", "COST"]
    assert lines[1].startswith("What is milk?")
    assert lines[2].startswith("(no chat)")
    assert lines[3].split()[:3] == ["total", "3", "3"]
    assert len({len(line) for line in lines[:4]}) == 1, "the costs stand below each other"
    assert "estimated" in lines[4]
    told = json.loads(_maestro(tmp_path, "usage", "--by", "day", "--since", "today", "--json").stdout)
    assert Decimal(told["total"]["cost"]["amount"]) == spent
    assert _maestro(tmp_path, "usage", "--since", "7d").stdout.splitlines()[-2].split()[:2] == ["total", "3"]


def test_before_anything_was_spent_the_command_says_so(tmp_path: Path) -> None:
    shown = _maestro(tmp_path, "usage")
    assert (shown.returncode, shown.stdout) == (0, "")
    assert "Nothing was spent yet" in shown.stderr
    assert "Nothing was spent since" in _maestro(tmp_path, "usage", "--since", "2026-01-01").stderr
    wrong = _maestro(tmp_path, "usage", "--since", "yesterweek")
    assert wrong.returncode == 1
    assert "7d" in wrong.stderr


def test_without_the_price_lists_the_command_says_how_to_get_them(tmp_path: Path) -> None:
    with talk(tmp_path) as window:
        window.model = "openai/gpt-of-the-house"
        window.ask("Hello.", CHEAP)
    shown = _maestro(tmp_path, "usage", lists=False)
    assert shown.stdout.splitlines()[1].split()[-1] == "-"
    assert "the-maestro[prices]" in shown.stderr
    assert "nobody told a price" in _maestro(tmp_path, "usage").stderr


def test_an_audit_that_the_day_does_not_allow_ends_with_2_and_sends_nothing(tmp_path: Path) -> None:
    (code := tmp_path / "app.py").write_text("def f(x):\n    return eval(x)\n")
    with running("openai") as openai:
        variables = {**openai.environment, "MAESTRO_BUDGETS__DAY": "0.0000001"}
        done = _maestro(tmp_path, "audit", str(code), "--yes", "--model", "openai/gpt-5.5", **variables)
        assert [request.path for request in openai.requests if request.method == "POST"] == []
    assert done.returncode == 2, done.stderr
    assert "budgets.day" in done.stderr
