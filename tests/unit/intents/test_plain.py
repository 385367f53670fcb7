"""Text that others wrote, on one line a person decides by."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maestro.intents.plain import plain, visible


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("rm a\x1b[2K", r"rm a\x1b[2K"),
        ("gnp.\u202eexe", r"gnp.\u202eexe"),
        ("a\u200bb\U000e0001", r"a\u200bb\U000e0001"),
        (" a\n\tb ", "a b"),
        ("café — 猫", "café — 猫"),
    ],
)
def test_what_hides_or_reorders_is_seen(text: str, shown: str) -> None:
    assert visible(text) == plain(text) == shown


def test_a_secret_is_found_through_what_is_put_into_it() -> None:
    shown = plain("curl -H 'x-api-key: sk-\u200bant-0123456789abcdef'")
    assert "0123456789abcdef" not in shown
    assert shown.startswith("curl -H")


@given(st.text())
def test_nothing_that_deceives_is_left(text: str) -> None:
    assert visible(text).isprintable()
    assert plain(text).isprintable()
