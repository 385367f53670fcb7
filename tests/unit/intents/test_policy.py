"""Who is asked, what may be answered, and what the question shows."""

import unicodedata
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maestro.intents.policy import decide, options, summary
from maestro_protocol.intents import RiskLevel
from maestro_protocol.permissions import Grant, PermissionSubject, Risk
from tests.unit.intents.support import INTENT, command, edit, fetch

GRANT = Grant(grant_id="g", tool="t", match={}, scope="chat", created_at=datetime(2025, 1, 1, tzinfo=UTC))


@pytest.mark.parametrize(
    ("read_only", "level", "granted", "expected"),
    [
        (True, "low", False, "run"),
        (True, "medium", False, "ask"),
        (True, "medium", True, "run"),
        (True, "high", True, "ask"),
        (False, "low", False, "ask"),
        (False, "low", True, "run"),
        (False, "medium", False, "ask"),
        (False, "medium", True, "run"),
        (False, "high", False, "ask"),
        (False, "high", True, "ask"),
    ],
)
def test_who_is_asked(read_only: bool, level: RiskLevel, granted: bool, expected: str) -> None:
    assert decide(read_only, Risk(level=level), GRANT if granted else None) == expected


def test_a_high_risk_is_allowed_once_or_not_at_all() -> None:
    assert [one.option_id for one in options(Risk(level="high"))] == ["allowOnce", "deny"]
    found = options(Risk(level="medium"))
    assert [one.option_id for one in found] == ["allowOnce", "allowChat", "allowWorkspace", "deny"]
    assert [one.scope for one in found] == ["once", "chat", "workspace", "once"]
    assert [one.effect for one in found] == ["allow", "allow", "allow", "deny"]


@pytest.mark.parametrize(
    ("subject", "line"),
    [
        (command("pytest", "-q", "a b"), "Run `pytest -q 'a b'` in /work/demo"),
        (edit("src/a.py"), "Edit src/a.py"),
        (edit("src/a.py", old=None), "Create src/a.py"),
        (edit("src/a.py", old="x", new=""), "Delete text in src/a.py"),
        (fetch("https://example.com/x"), "Fetch https://example.com/x"),
        (PermissionSubject(type="read", tool="read_file", path="a.py"), "Read a.py"),
        (
            PermissionSubject(type="other", tool="deploy", input={"to": "x", "now": True}),
            "Use the tool deploy with to, now",
        ),
    ],
)
def test_one_line_for_each_kind(subject: PermissionSubject, line: str) -> None:
    assert summary(subject, None) == f"{line}."
    assert summary(subject, INTENT) == f"{line}, for maintenance in: src/a.py, pytest."


def test_of_a_long_command_the_end_is_shown_and_the_middle_counted() -> None:
    line = summary(command("rm", *map(str, range(22)), "--no-preserve-root"), None)
    assert "… (12 more) …" not in line
    assert line.startswith("Run `rm 0 1 2 3 4 5 6 … (12 more) 19 20 21 --no-preserve-root`")


def test_of_a_long_word_both_ends_are_shown() -> None:
    line = summary(command("sh", "-c", f"echo {'a' * 5000}; rm -rf /"), None)
    assert "more characters" in line
    assert "rm -rf /" in line
    assert len(line) < 300


def test_no_secret_is_shown() -> None:
    assert "sk-ant-0123456789abcdef" not in summary(command("curl", "-H", "x-api-key: sk-ant-0123456789abcdef"), None)


@given(st.lists(st.text(), min_size=1), st.text(min_size=1), st.sampled_from(["command", "edit", "other"]))
def test_no_character_hides_or_reorders_others(words: list[str], text: str, kind: str) -> None:
    subject = PermissionSubject.model_validate(
        {"type": kind, "tool": text, "argv": [*words, "\u202egnp.exe\x1b[2K"], "path": text, "input": {text: "\u2066"}}
    )
    line = summary(subject, INTENT.model_copy(update={"scope": text}))
    assert not [one for one in line if unicodedata.category(one) in ("Cc", "Cf", "Zl", "Zp")]
