"""What a model writes is drawn letter by letter, by any renderer of Markdown."""

import html
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from maestro.audit.judging.plain_text import markdown, one_line

RENDERER = MarkdownIt("gfm-like", {"linkify": False})
NASTY = "`*_[]()<>!#|~-+=.:\\&{}@$^ 1a\n\t\"'"


def drawn(text: str) -> str:
    """What a reader sees; only paragraphs and line breaks may be there."""
    page = RENDERER.render(markdown(text))
    assert set(re.findall(r"</?([a-z0-9]+)", page)) <= {"p", "br"}
    return html.unescape(re.sub(r"<[^>]+>", "", page)).strip("\n")


def literal(text: str) -> list[str]:
    return [line.replace("\u00a0", " ").rstrip() for line in text.expandtabs(4).split("\n") if line.strip()]


@pytest.mark.parametrize(
    "text",
    [
        "[run](command:workbench.action.terminal.new)",
        "![x](https://example.org/x.png)",
        "<img src=x onerror=alert(1)> <a href='command:x'>y</a>",
        "<script>alert(1)</script>",
        "https://example.org www.example.org me@example.org",
        "<https://example.org>",
        "# heading\n\nSetext\n===\n> quote\n- list\n1. one\n2) two\n| a | b |\n|---|---|",
        "    code block\n\tcode too",
        "```python\nx\n```",
        "&lt;b&gt; &amp; \\* `a``b`",
        "[a]: https://example.org\n[a]",
        "~~gone~~ **bold** __init__",
        "$(alert) $x^2$ {{x}}",
    ],
)
def test_words_stay_words(text: str) -> None:
    assert literal(drawn(text)) == literal(text)
    assert not re.search(r"https?:|command:|www\.|\]\(|<", markdown(text))


@given(st.text(alphabet=NASTY))
def test_any_text_is_drawn_as_it_is(text: str) -> None:
    assert literal(drawn(text)) == literal(text)


def test_what_steers_a_screen_is_not_there() -> None:
    assert markdown("a\u202eb\x1b[31mc\u200b\x00") == "ab\\[31mc"
    assert one_line("a\u202eb\x1b[31m\nc\ud800", 80) == "ab [31m c"


@given(st.text(), st.integers(1, 100))
def test_one_line_is_one_short_line(text: str, limit: int) -> None:
    line = one_line(text, limit)
    assert len(line) <= limit
    assert len(line.splitlines()) <= 1
    assert line == line.strip()


def test_a_clip_says_that_it_is_one() -> None:
    assert one_line("a" * 11, 10) == "a" * 9 + "…"
    assert one_line("a" * 10, 10) == "a" * 10
