"""Titles come from the first line that says something."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maestro.chats.title import LENGTH, UNTITLED, title_of


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("Fix the parser", "Fix the parser"),
        ("\n \n  # Fix the **parser**, please\nmore", "Fix the parser, please"),
        ("> - [the docs](https://example.com/a_b) say `x_y = 1`", "the docs say x_y = 1"),
        ("```python\nprint(1)\n```", "print(1)"),
        ("1. First\n2. Second", "First"),
        ("---\n***\nAfter a rule", "After a rule"),
        ("snake_case_name and 2 * 3 * 4", "snake_case_name and 2 * 3 * 4"),
        ("C# and #hashtag", "C# and #hashtag"),
        ("tab\there\x00\x1b[31m red", "tab here[31m red"),
        ("safe\u202egnp.exe\u2066\u200b", "safegnp.exe"),
        ("a\u2028b", "a"),
        ("half \ud83d", "half"),
        ("👩\u200d💻 at work", "👩\u200d💻 at work"),
        ("日本語のタイトル 🙂", "日本語のタイトル 🙂"),
        ("a" * 60, "a" * 60),
        ("a" * 61, "a" * 59 + "…"),
        ("word " * 20, "word word word word word word word word word word word word…"),
        ("", UNTITLED),
        ("  \n```\n```\n***", UNTITLED),
    ],
)
def test_titles(text: str, title: str) -> None:
    assert title_of(text) == title


@given(st.text(st.characters(exclude_categories=()), max_size=300))
def test_a_title_is_short_and_can_be_shown(text: str) -> None:
    title = title_of(text)
    assert 0 < len(title) <= LENGTH
    assert title == title.strip()
    assert not [c for c in title if unicodedata.category(c).startswith("C") and c not in "\u200c\u200d"]
    assert "\n" not in title
