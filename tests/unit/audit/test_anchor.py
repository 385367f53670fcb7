"""Quotes are found by their words; a tie that nothing breaks is no place at all."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maestro.audit.code.symbols import enclosing, find_symbols
from maestro.audit.placing.anchor import Anchor, Claim, find_anchor
from maestro.audit.source import AuditSource, Span
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
        "value = handle.read() return value",
        "value = handle.read();\nreturn value;",
        "VALUE = HANDLE.READ()\nreturn value",
        "value = hnadle.read()\nreturn value",
        "value = handle.read()\nreturn va...",
        "value = han... value",
        "value = handle.read()  # never closed\nreturn value",
        "value = handle.read()  // never closed\nreturn value",
        "store.py:6: value = handle.read()\nstore.py:7: return value",
        "store.py:6\nvalue = handle.read()\nreturn value",
        "The file is never closed:\nvalue = handle.read()\nreturn value",
        "Look at this.\n```python\nvalue = handle.read()\nreturn value\n```",
        "`value = handle.read()\nreturn value`",
        "value = handle.read()\nreturn value\n}",
        "> value = handle.read()\n> return value",
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


@pytest.mark.parametrize(
    "quote",
    [
        "value = handle.read(1)",
        "value = handle.write()",
        "value == handle.read()",
        "values = handle.read()",
        "value2 = handle.read()",
        "_value = handle.read()",
        "if path == '2: x':",
        "if path != '1: x':",
        "handle = open(path) + 1",
        "value = handle.read()\nreturn values",
        "def reads(path):",
    ],
)
def test_what_only_looks_like_the_file_has_no_place(quote: str) -> None:
    assert find(quote, "read", hint=5) is None


def test_lines_left_out_and_a_cut_word() -> None:
    assert place("def read(self, path):\n    handle = open(path)\n    return None") == Span(10, 4, 13, 23)
    assert place("if path == '1: x':\n    return Non") == Span(12, 8, 13, 23)


def test_comments_count_only_where_nothing_else_was_quoted() -> None:
    text = "x = compute(1)  # twice\n# only words\ny = compute(2)\n"
    cases = {
        "x = compute(1)\ny = compute(2)": Span(0, 0, 2, 14),
        "x = compute(1)  # another comment": Span(0, 0, 0, 14),
        "x = compute(1)  # twice": Span(0, 0, 0, 23),
        "# only words": Span(1, 0, 1, 12),
    }
    for quote, span in cases.items():
        anchor = find(quote, text=text)
        assert anchor is not None and anchor.span == span, quote


def test_a_semicolon_ends_the_statement_that_was_quoted() -> None:
    source = AuditSource("file:///a.c", "count = total + 1;\ncount = total;\n", "c")
    anchor = find_anchor(source, [], (0, 1), Claim("count = total;"))
    assert anchor is not None
    assert anchor.span == Span(1, 0, 1, 14)


def test_the_number_a_line_was_quoted_with_breaks_ties() -> None:
    text = "pass\nx = 1\npass\n"
    for quote in ("3| pass", "a.py:3: pass", "```\n3: pass\n```"):
        anchor = find(quote, hint=0, text=text)
        assert anchor is not None and anchor.span.start_line == 2, quote


@pytest.mark.parametrize("claimed", ["Store.read", "store::read", "def read(self, path)", "a.b.Store.read()"])
def test_symbols_as_models_write_them(claimed: str) -> None:
    assert place("handle = open(path)", claimed, hint=4 if claimed.startswith("S") else 11) == Span(11, 8, 11, 27)


def test_how_alike_quote_and_text_are() -> None:
    exact, misspelt = find("value=handle.read()"), find("value = hnadle.read()")
    assert exact is not None and misspelt is not None
    assert exact.score == 1.0
    assert 0.8 < misspelt.score < 1.0


@pytest.mark.parametrize(
    ("text", "quote"),
    [
        (f"{'x ' * 30}\n" * 1_000, "x " * 20),
        ("    return None\n" * 3_000, "return None\n" * 300),
        ("a" * 5_000 + "\n", "a" * 3_999),
        ("1, 2\n" * 3_000, "1 ... 2 ... 1 ... 2 ... 3"),
    ],
)
def test_what_stands_everywhere_has_no_place(text: str, quote: str) -> None:
    assert find(quote, text=text) is None


def test_ties_are_broken_by_symbol_then_by_the_nearest_line() -> None:
    quote = "handle = open(path)"
    assert place(quote) is None
    assert place(quote, hint=4) == Span(4, 4, 4, 23)
    assert place(quote, hint=14) == Span(11, 8, 11, 27)
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


@given(st.data())
def test_a_verbatim_quote_is_found_at_its_place(data: st.DataObject) -> None:
    source = python(TEXT)
    first = data.draw(st.sampled_from([number for number, line in enumerate(source.lines) if line.strip()]))
    last = min(first + data.draw(st.integers(0, 2)), len(source.lines) - 1)
    symbols = find_symbols(source)
    claim = Claim("\n".join(source.lines[first : last + 1]), enclosing(symbols, first) or "", first)
    anchor = find_anchor(source, symbols, (0, len(source.lines) - 1), claim)
    assert anchor is not None
    assert anchor.span.start_line == first
    assert anchor.quote == claim.quote.strip()


@given(st.lists(st.sampled_from(["zeta", "omega(1)", "psi == 2", "%%", "chi", "\n"]), min_size=1), st.integers(0, 20))
def test_a_quote_of_other_words_has_no_place(parts: list[str], hint: int) -> None:
    assert find(" ".join(parts), "read", hint) is None


@given(st.text(max_size=200), st.text(max_size=60))
def test_any_text_can_be_asked_for_anything(text: str, quote: str) -> None:
    source = python(text)
    anchor = find_anchor(source, [], (0, len(source.lines) - 1), Claim(quote, hint=0))
    assert anchor is None or anchor.quote.strip()
