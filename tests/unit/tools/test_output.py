"""What is returned and shown: short enough, in whole lines, and without secrets, wherever it is cut."""

import json
import textwrap
from base64 import b64encode, urlsafe_b64encode
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maestro.redact import MASK
from maestro.tools.environment import scrub
from maestro.tools.output import Capture, Printer, hide, shortened, withhold
from tests.unit.tools.surroundings import KEY

BODY = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSj"
PEM = "-----BEGIN PRIVATE KEY-----\n" + f"{BODY}\n" * 12 + "-----END PRIVATE KEY-----\n"
SECRETS = st.sampled_from([f" {KEY}\n", f" token {KEY} end\n", PEM])
TEXTS = st.lists(st.text(st.sampled_from("ab é\n\r"), max_size=40) | SECRETS, max_size=30).map("".join)


def pieces(text: str, sizes: list[int]) -> list[str]:
    cut: list[str] = []
    for size in sizes:
        cut, text = [*cut, text[:size]], text[size:]
    return [*cut, text]


def test_code_is_not_taken_for_a_secret() -> None:
    code = "sorted(x, key=lambda y: y.code)\nexit code=1\nstate = State.READY\n"
    assert hide(code) == code


def test_secrets_are_hidden_and_so_are_known_values() -> None:
    shown = hide(
        f'{KEY} sk-ab12cd34ef Authorization: Bearer abcdef123456 password = "hunter2!!" my-own-word', ["my-own-word"]
    )
    assert not any(part in shown for part in (KEY, "sk-ab12cd34ef", "abcdef123456", "hunter2", "my-own-word"))


HELD = "Plain words/of no+shape?é"
DATA = HELD.encode()


@pytest.mark.parametrize(
    "form",
    [
        HELD,
        HELD[::-1],
        DATA.hex(),
        DATA.hex().upper(),
        quote(HELD),
        quote_plus(HELD),
        quote(HELD, safe="").lower().replace("plain", "Plain"),
        "".join(f"%{byte:02X}" for byte in DATA),
        json.dumps(HELD)[1:-1],
        b64encode(DATA).decode(),
        urlsafe_b64encode(DATA).decode(),
        *(b64encode(b"x" * before + DATA + b"more").decode() for before in range(3)),
        "\n".join(textwrap.wrap(b64encode(b"key=" + DATA * 4).decode(), 20)),
        "\r\n".join(textwrap.wrap(DATA.hex(), 16)),
    ],
)
def test_a_value_the_server_holds_is_hidden_in_every_form(form: str) -> None:
    shown = hide(f"before\n{form}\nafter", [HELD, "short"])
    assert shown.startswith("before\n")
    assert shown.endswith("\nafter")
    left = "".join(shown.removeprefix("before\n").removesuffix("\nafter").replace(MASK, "").split())
    assert len(left) <= 12, left


def test_short_values_are_only_hidden_as_they_are() -> None:
    assert hide("abcdefgh hgfedcba short", ["abcdefgh", "short"]) == f"{MASK} hgfedcba short"


@given(st.text(st.sampled_from("ab\n\r"), max_size=40), st.lists(st.text("ab", min_size=8, max_size=14), max_size=3))
def test_what_is_withheld_leaves_nothing_behind_and_takes_nothing_else(text: str, values: list[str]) -> None:
    shown = withhold(text, values)
    assert not any(value in shown for value in values)
    assert withhold(text, ()) == text
    assert [line for line in shown.splitlines() if MASK not in line] == [
        line for line, new in zip(text.splitlines(), shown.splitlines(), strict=True) if MASK not in new
    ]


def test_what_is_short_stays_whole() -> None:
    assert shortened("one\ntwo", 100) == "one\ntwo"


def test_what_is_long_keeps_its_ends_in_whole_lines() -> None:
    lines = [f"line {number:04d}\n" for number in range(1_000)]
    head, gap, tail = shortened("".join(lines), 1_024).partition("\n[… 8,980 bytes left out …]\n")
    assert gap
    assert head == "".join(lines[:51]).rstrip("\n")
    assert tail == "".join(lines[-51:])


@given(TEXTS, st.integers(64, 2_048))
def test_no_half_of_a_secret_stays_beside_the_gap(text: str, limit: int) -> None:
    shown = shortened(text, limit)
    assert len(shown.encode()) <= limit + 200
    assert BODY[:20] not in shown
    assert KEY[8:] not in shown
    assert KEY[-12:] not in shown


@given(st.binary(max_size=3_000), st.lists(st.integers(0, 500), max_size=8), st.integers(2, 1_000))
def test_pieces_make_no_difference(data: bytes, sizes: list[int], limit: int) -> None:
    whole, parts, rest = Capture(limit), Capture(limit), data
    whole.add(data)
    for size in sizes:
        parts.add(rest[:size])
        rest = rest[size:]
    parts.add(rest)
    assert parts.text() == whole.text()


@given(TEXTS, st.lists(st.integers(0, 60), max_size=20))
def test_what_is_shown_while_it_comes_is_the_whole_without_secrets(text: str, sizes: list[int]) -> None:
    printer = Printer(())
    shown = "".join([*map(printer.add, pieces(text, sizes)), printer.rest()])
    assert BODY not in shown
    assert KEY not in shown
    if KEY not in text and PEM not in text:
        assert shown == text


def test_a_line_without_end_is_not_held_for_ever() -> None:
    printer = Printer(())
    assert printer.add("x" * 20_000) == ""
    assert printer.add(f"y {KEY}\nnext\n") == "[a long line is not shown]\nnext\n"


def test_variables_that_hold_secrets_are_left_out() -> None:
    kept = {
        "PATH": f"/bin:/{KEY}",
        "HOME": "/home/me",
        "LC_ALL": "C",
        "EDITOR": "vi",
        "CI": "true",
        "GIT_AUTHOR_NAME": "Me",
        "PATTERN": "x",
        "SSL_CERT_FILE": "/etc/ssl/ca.pem",
        "OLDPWD": "/tmp",
        "DESKTOP_SESSION": "gnome",
    }
    secret = {
        "OPENAI_API_KEY": "word-of-power",
        "npm_config_token": "another word",
        "DB_PASSWORD": "shrt",
        "CLIENT_SECRET": "third-word",
        "AWS_CREDENTIALS_FILE": "/root/.aws/credentials",
        "GPG_PASSPHRASE": "fourth-word",
        "SOMETHING": KEY,
        "PIP_INDEX_URL": "https://me:pa55word@example.com/simple",
        "MAESTRO_DEFAULTS__CHAT": "openai/gpt-4o",
        "SSH_AUTH_SOCK": "/tmp/ssh-x/agent",
        **dict.fromkeys(
            ["GITHUB_PAT", "npm_config__auth", "COOKIE", "SENTRY_DSN", "AWS_SESSION", "X_SESSION_ID"], "weak-word"
        ),
        **dict.fromkeys(["RSA_PRIVATE", "URL_SIGNATURE", "CLIENT_CERT", "AUTH_HEADER"], "weak-word"),
    }
    scrubbed = scrub({**kept, **secret})
    assert scrubbed.environment == kept
    assert {"word-of-power", KEY, "fourth-word"} <= scrubbed.secrets
    assert "weak-word" in scrubbed.secrets
    assert not {"shrt", "openai/gpt-4o", "/tmp/ssh-x/agent"} & scrubbed.secrets
    assert "word-of-power" not in repr(scrubbed)
