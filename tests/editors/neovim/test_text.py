"""Texts of others, made fit to be shown."""

import pytest

from tests.editors.neovim.conftest import Open

CASES = [
    ("visible", "a\tb\nc — ü 日本", "a\tb\nc — ü 日本"),
    ("visible", "\x00\x07\x1b[2J\x7f\x9b", r"\x00\x07\x1b[2J\x7f\x9b"),
    (
        "visible",
        "\u061c\u200e\u200f\u2028\u2029\u202a\u202e\u2066\u2069",
        r"\u061c\u200e\u200f\u2028\u2029\u202a\u202e\u2066\u2069",
    ),
    ("visible", "\u200d\u2010\u2027\u202f\u2065\u206a", "\u200d\u2010\u2027\u202f\u2065\u206a"),
    ("plain", "a\tb\r\nc\x1b", r"a b  c\x1b"),
    ("shell_word", "it's", r"'it'\''s'"),
    ("shell_word", "a\\b", r"'a\b'"),
    ("shell_word", "a\nit's\\\x1b", r"$'a\nit\'s\\\x1b'"),
    ("time", "soon", "soon"),
]


@pytest.mark.parametrize(("name", "given", "shown"), CASES)
def test_what_is_shown(launch: Open, name: str, given: str, shown: str) -> None:
    assert launch().lua("local name, text = ... return require('maestro.text')[name](text)", name, given) == shown


@pytest.mark.parametrize(("zone", "shown"), [("UTC", "2026-07-01 22:30"), ("Europe/Berlin", "2026-07-02 00:30")])
def test_times_are_those_of_the_wall(launch: Open, zone: str, shown: str) -> None:
    nvim = launch(TZ=zone)
    assert nvim.lua("return require('maestro.text').time('2026-07-01T22:30:15.123Z')") == shown


def test_what_is_told_cannot_steer_either(launch: Open) -> None:
    nvim = launch()
    nvim.lua("require('maestro.ui').info(...)", "of a server\x1b[2J\nand \u202eothers")
    nvim.until("return #_G.told() > 0")
    assert nvim.told() == [r"maestro: of a server\x1b[2J and \u202eothers"]
