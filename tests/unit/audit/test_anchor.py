"""Quotes are found by their words; a tie that nothing breaks is no place at all."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maestro.audit.anchor import Anchor, Claim, find_anchor
from maestro.audit.source import AuditSource, Span
from maestro.audit.symbols import find_symbols
from tests.unit.audit.model import python

TEXT = """\
import os


def read(path):
    handle = open(path)
    value = handle.read()
    return value


class Store:
    def read(self, path):
        handle = open(path)
        if path == "1: x":
            return None
        return  handle.read( )


LAST = "😀" + str(os.name)
"""


def find(quote: str, symbol: str = "", hint: int | None = None, text: str = TEXT) -> Anchor | None:
    source = python(text)
    return find_anchor(source, find_symbols(source), (0, len(source.lines) - 1), Claim(quote, symbol, hint))


def place(quote: str, symbol: str = "", hint: int | None = None) -> Span | None:
    anchor = find(quote, symbol, hint)
    return anchor.span if anchor else None


@pytest.mark.parametrize(
    "quote",
    [
        "    value = handle.read()\n    return value",
        "value = handle.read()\nreturn value",
        "value  =  handle.read()\n\treturn value\n",
        "```python\n    value = handle.read()\n    return value\n```",
        "6|     value = handle.read()\n7|     return value",
        "L6:     value = handle.read()\nL7:     return value",
        "6\t    value = handle.read()\n7\t    return value",
        "+    value = handle.read()\n+    return value",
        "value = handle.read()\\nreturn value",
        "value = handle.read()\r\nreturn value",
    ],
)
def test_what_models_do_to_quotes(quote: str) -> None:
    assert place(quote) == Span(5, 4, 6, 16)


def test_entities() -> None:
    assert place("if path == &quot;1: x&quot;:") == Span(12, 8, 12, 26)


def test_a_quote_that_looks_like_a_gutter_is_taken_as_it_is() -> None:
    source = AuditSource("file:///a.json", '{\n  "a": 0,\n  1: "x",\n  "x"\n}', "json")
    anchor = find_anchor(source, [], (0, 4), Claim('1: "x",'))
    assert anchor is not None
    assert anchor.span.start_line == 2


def test_a_part_of_a_line_is_a_place_and_a_part_of_a_word_is_not() -> None:
    anchor = find("str(os.name)")
    assert anchor is not None
    assert (anchor.span, anchor.whole_lines) == (Span(17, 13, 17, 25), False)
    assert find("r(os.nam") is None
    assert find("AST") is None


@pytest.mark.parametrize("quote", ["handle = open(paths)", "nothing", "", "}", "\n", "((", "x" * 5000])
def test_what_is_not_there_has_no_place(quote: str) -> None:
    assert find(quote, hint=4) is None


def test_ties_are_broken_by_symbol_then_by_the_nearest_line() -> None:
    quote = "handle = open(path)"
    assert place(quote) is None
    assert place(quote, hint=4) == Span(4, 4, 4, 23)
    assert place(quote, hint=400) == Span(11, 8, 11, 27)
    assert place(quote, "Store.read", hint=4) == Span(11, 8, 11, 27)
    assert place(quote, "Store.read()") == Span(11, 8, 11, 27)
    assert place(quote, "read", hint=11) == Span(11, 8, 11, 27), "both fit the bare name"
    assert place(quote, "elsewhere", hint=4) == Span(4, 4, 4, 23)


def test_an_equal_distance_is_no_answer() -> None:
    assert find("pass", hint=1, text="pass\nx = 1\npass\n") is None


def test_whole_lines_come_before_parts_of_others() -> None:
    anchor = find("return x", text="def f():\n    return x + 1\n    return x\n")
    assert anchor is not None
    assert anchor.span.start_line == 2


def test_the_chunk_comes_before_the_file() -> None:
    source = python("a = 1\nb = 2\na = 1\n")
    chunked = find_anchor(source, [], (2, 2), Claim("a = 1"))
    beyond = find_anchor(source, [], (2, 2), Claim("b = 2"))
    assert chunked is not None and beyond is not None
    assert (chunked.span.start_line, beyond.span.start_line) == (2, 1)


@given(st.lists(st.sampled_from(["a = 1", "  b = 2", "", "c(a, b)", "a = 10"]), min_size=1, max_size=30), st.data())
def test_a_repeated_line_is_found_at_its_own_line(lines: list[str], data: st.DataObject) -> None:
    named = [number for number, line in enumerate(lines) if line]
    if not named:
        return
    number = data.draw(st.sampled_from(named))
    source = AuditSource("file:///a.txt", "\n".join(lines), "plaintext")
    anchor = find_anchor(source, [], (0, len(lines) - 1), Claim(lines[number], hint=number))
    assert anchor is not None
    assert anchor.span.start_line == number
    assert anchor.quote == lines[number].strip()
