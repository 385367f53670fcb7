"""Fixes: applied where the quote still stands, laid out as the file is, and never at the price of its syntax."""

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maestro.audit.fixing.fix import Proposal, Refusal, build_edits, source_fix_all, text_at
from maestro.audit.fixing.line_edits import Edits, apply_edits
from maestro.audit.source import AuditSource, Span

PYTHON = """\
import os


def first(items):
    if items:
        value = items[1]
        return value
    return None


class Store:
\tdef get(self, key):
\t\tvalue = self.data[key]
\t\treturn value
"""
SCRIPT = "function f(a) {\n  if (a) {\n    b(a);\n  }\n  return a;\n}\n"
PART = "function f(a) {\n  if (a > 1) return 1 / a;\n  return 0;\n}\n"
ARROW = "const f = (a) => g(1 / a);\n"
LANGUAGES = {"py": "python", "js": "javascript", "go": "go", "json": "json", "md": "markdown"}


def source_of(text: str, kind: str = "py") -> AuditSource:
    return AuditSource(f"file:///a.{kind}", text, LANGUAGES[kind])


def place(source: AuditSource, quote: str) -> Span:
    """Where the words stand, without the indentation before them."""
    start = source.plain.index(quote)
    return source.span(start, start + len(quote))


def build(text: str, quote: str, replacement: str, cleaned: str | None = None, kind: str = "py") -> Edits | Refusal:
    source = source_of(text, kind)
    span = place(source, quote)
    around = source.lines[span.start_line][: span.start] + source.lines[span.end_line][span.end :]
    return build_edits(source, span, Proposal(quote, cleaned or quote, replacement, not around.strip("\ufeff \t")))


def fixed(text: str, quote: str, replacement: str, cleaned: str | None = None, kind: str = "py") -> str:
    edits = build(text, quote, replacement, cleaned, kind)
    return f"refused: {edits.reason}" if isinstance(edits, Refusal) else apply_edits(source_of(text, kind), edits)


VALUE = "        value = items[1]"
RIGHT = PYTHON.replace("items[1]", "items[0]")


@pytest.mark.parametrize(
    "replacement",
    [
        "        value = items[0]",
        "value = items[0]",
        "    value = items[0]",
        "\n        value = items[0]  \n\n",
        "```python\n        value = items[0]\n```",
        "Here is the fix:\n```python\nvalue = items[0]\n```\nThis takes the first item.",
        "```\nvalue = items[0]",
        "6| value = items[0]",
        "6|         value = items[0]",
        "L6: value = items[0]",
        "+        value = items[0]",
        "-        value = items[1]\n+        value = items[0]",
        "@@ -6,1 +6,1 @@\n-        value = items[1]\n+        value = items[0]",
        "...\nvalue = items[0]\n...",
        "# ... existing code ...\n        value = items[0]",
        "        value = items[0]\n        return value",
        "    if items:\n        value = items[0]\n        return value",
        "if items:\n    value = items[0]",
        "        value = items[0]\r\n",
        "\t\tvalue = items[0]",
        "value = items[0]\n\nThis takes the first item of the list.",
    ],
)
@pytest.mark.parametrize("cleaned", ["value = items[1]", VALUE])
def test_what_models_do_to_replacements(replacement: str, cleaned: str) -> None:
    assert fixed(PYTHON, "value = items[1]", replacement, cleaned) == RIGHT


@pytest.mark.parametrize(
    ("quote", "cleaned", "replacement", "expected"),
    [
        (
            "value = items[1]\n        return value",
            "value = items[1]\nreturn value",
            "value = items[0]\nreturn value",
            RIGHT,
        ),
        ("value = items[1]\n        return value", "", "value = items[0]\n        return value", RIGHT),
        (
            "return None",
            "",
            "if os:\n    return 1\nreturn None",
            PYTHON.replace("    return None", "    if os:\n        return 1\n    return None"),
        ),
        (
            "value = self.data[key]",
            "",
            "if key not in self.data:\n    return None\nvalue = self.data[key]",
            PYTHON.replace("\t\tvalue = self", "\t\tif key not in self.data:\n\t\t\treturn None\n\t\tvalue = self"),
        ),
        ("return value\n    return None", "", "return value", PYTHON.replace("    return None\n", "", 1)),
        ("import os", "", "\n", PYTHON.replace("import os\n", "")),
        ("items[1]", "", "items[0]", RIGHT),
        ("items[1]", "", "        value = items[0]", RIGHT),
        ("items[1]", "", "value = items[0]", RIGHT),
    ],
)
def test_layout(quote: str, cleaned: str, replacement: str, expected: str) -> None:
    assert fixed(PYTHON, quote, replacement, cleaned or None) == expected


def test_dots_that_are_code_stay() -> None:
    text = "class P:\n    def f(self):\n        ...\n\n    x = 1\n"
    quote = "def f(self):\n        ..."
    expected = text.replace("f(self)", "f(self, n)")
    for replacement in ("def f(self, n):\n        ...", "...\n    def f(self, n):\n        ...\n..."):
        assert fixed(text, quote, replacement) == expected
    assert fixed(text, quote, "def f(self):\n    ...\n    x = 1").startswith(
        "class P:\n    def f(self):\n        ...\n"
    )


@pytest.mark.parametrize(
    ("quote", "replacement", "expected"),
    [
        ("b(a);", "if (x) {\n  b(a);\n}", SCRIPT.replace("b(a);", "if (x) {\n      b(a);\n    }")),
        ("b(a);", "b(a, 1);\n  }", SCRIPT.replace("b(a)", "b(a, 1)")),
        ("b(a);", "b(a, 1);\n}", SCRIPT.replace("b(a)", "b(a, 1)")),
        ("if (a) {", "if (a &amp;&amp; b) {", SCRIPT.replace("if (a)", "if (a && b)")),
        ("b(a);", "++a;", SCRIPT.replace("b(a)", "++a")),
    ],
)
def test_brackets_decide_what_belongs_to_a_fix(quote: str, replacement: str, expected: str) -> None:
    assert fixed(SCRIPT, quote, replacement, kind="js") == expected


@pytest.mark.parametrize(
    ("kind", "text", "quote", "replacement", "word"),
    [
        ("py", PYTHON, "return value", "return value", "already"),
        ("py", PYTHON, "return value", "  return value\n", "already"),
        ("py", PYTHON, "value = items[1]", "value = items[", "syntax"),
        ("py", PYTHON, "return None", "", "no replacement"),
        ("py", PYTHON, "value = items[1]\n        return value", "\n", "syntax"),
        ("py", PYTHON, "return None", "a = 1\n...\nreturn a", "leaves out"),
        ("py", PYTHON, "return None", "return '\u202e'", "not seen"),
        ("py", PYTHON, "return None", "return '\x1b'", "not seen"),
        ("py", PYTHON, "return None", "return 'MSK00001xxx'", "secret"),
        ("py", PYTHON, "return None", "x" * 9000, "too long"),
        ("js", SCRIPT, "b(a);", "b(a;", "syntax"),
        ("js", SCRIPT, "b(a);", "b('a);", "syntax"),
        ("js", SCRIPT, "b(a);", "b(a); /* c", "syntax"),
        ("js", SCRIPT, "return a;", "return return a;", "syntax"),
        ("go", "package p\n\nfunc f() {\n\tg()\n}\n", "g()", "g( := 1", "syntax"),
        ("json", '{"a": 1}', '"a": 1', '"a": 1,', "syntax"),
        ("py", PYTHON, "return None", "return 'msk00001xxx'", "secret"),
        ("js", PART, "return 1 / a;", "console.log(a);\nreturn 1 / a;", "statements"),
        ("js", PART, "return 1 / a;", "console.log(a); return 1 / a;", "statements"),
        ("js", ARROW, "g(1 / a)", "console.log(a);\ng(1 / a);", "statements"),
        ("js", ARROW, "g(1 / a)", "console.log(a); g(1 / a)", "statements"),
    ],
)
def test_refusals(kind: str, text: str, quote: str, replacement: str, word: str) -> None:
    edits = build(text, quote, replacement, kind=kind)
    assert isinstance(edits, Refusal)
    assert word in edits.reason
    assert edits.reason.endswith(".")


def test_a_part_of_a_line_may_become_the_whole_line() -> None:
    whole = "if (a > 1) {\n  console.log(a);\n  return 1 / a;\n}"
    expected = PART.replace("if (a > 1) return 1 / a;", whole.replace("\n", "\n  "))
    assert fixed(PART, "return 1 / a;", whole, kind="js") == expected
    loop = "for (i = 0; i < 9; i++) b();"
    assert fixed(PART, "return 1 / a;", loop, kind="js") == PART.replace("return 1 / a;", loop)


def test_an_exact_replacement_is_put_there_as_it_is() -> None:
    source = source_of(PYTHON)
    for quote, new in ((f"{VALUE}\n", ""), ("items[1]", "  items[0] ")):
        edits = build_edits(source, place(source, quote), Proposal(quote, quote, new, False, exact=True))
        assert not isinstance(edits, Refusal) and apply_edits(source, edits) == PYTHON.replace(quote, new)
    stale = build_edits(source, place(source, "items[1]"), Proposal("items[2]", "", "", False, exact=True))
    assert isinstance(stale, Refusal) and "changed" in stale.reason


def test_a_text_that_does_not_parse_may_be_repaired() -> None:
    broken = "def f(:\n    return 1\n\nx = (1\n"
    assert fixed(broken, "def f(:", "def f():") == broken.replace("(:", "():")
    assert fixed(broken, "return 1", "return (1").startswith("refused")


def test_an_older_text_is_not_touched() -> None:
    source = source_of(PYTHON)
    span = place(source, "return value")
    proposal = Proposal("return value", "return value", "return 1", True, (3, 7))
    assert not isinstance(build_edits(source, span, proposal), Refusal)
    for other in ("", "\n" + PYTHON, PYTHON.replace("return value", "return valve"), "return value"):
        refusal = build_edits(source_of(other), span, proposal)
        assert isinstance(refusal, Refusal)
        assert "changed" in refusal.reason
    beside = PYTHON.replace("        return value", "        if x: return value")
    moved = span._replace(start=span.start + 6, end=span.end + 6)
    assert isinstance(build_edits(source_of(beside), moved, proposal), Refusal)
    assert isinstance(build_edits(source, span, replace(proposal, chunk=(7, 9))), Refusal)


@pytest.mark.parametrize("eol", ["\r\n", "\r", "\n"])
@pytest.mark.parametrize("final", [True, False])
def test_line_ends_stay_as_they_are(eol: str, final: bool) -> None:
    text = eol.join(["a = 1", "b = 2", "c = 3"]) + (eol if final else "")
    end = eol if final else ""
    assert fixed(text, "c = 3", "c = 4\nd = 5") == eol.join(["a = 1", "b = 2", "c = 4", "d = 5"]) + end
    assert fixed(text, "c = 3", "c = 3\nd = 5\n") == eol.join(["a = 1", "b = 2", "c = 3", "d = 5"]) + end
    assert fixed(text, "c = 3", "\n") == eol.join(["a = 1", "b = 2"]) + end
    assert fixed(text, "a = 1", "z = 0\r\na = 1") == eol.join(["z = 0", "a = 1", "b = 2", "c = 3"]) + end


def test_mixed_line_ends_are_those_of_the_place() -> None:
    assert fixed("a = 1\r\nb = 2\nc = 3\r\n", "b = 2", "b = 3\nb = 4") == "a = 1\r\nb = 3\nb = 4\nc = 3\r\n"
    assert fixed("a = 1\nb = 2\r\nc = 3", "c = 3", "c = 3\nd = 4") == "a = 1\nb = 2\r\nc = 3\r\nd = 4"


@pytest.mark.parametrize(
    ("quote", "replacement", "expected"),
    [
        ("a = 1", "a = 2", "\ufeffa = 2\nb = 1\n"),
        ("a = 1", "\n", "\ufeffb = 1\n"),
        ("a = 1", "z = 0\na = 1", "\ufeffz = 0\na = 1\nb = 1\n"),
        ("1\nb", "2\nb", "\ufeffa = 2\nb = 1\n"),
        ("b = 1", "b = (", "refused"),
    ],
)
def test_a_byte_order_mark_stays(quote: str, replacement: str, expected: str) -> None:
    assert fixed("\ufeffa = 1\nb = 1\n", quote, replacement).startswith(expected)
    assert fixed("\ufeffa = 1", "a = 1", "a = 2") == "\ufeffa = 2"


def test_only_what_changes_is_in_the_edit() -> None:
    edits = build(PYTHON, "value = items[1]\n        return value", "        value = items[0]\n        return value")
    assert edits == ((Span(5, 0, 5, 24), "        value = items[0]"),)


def test_fix_all_is_what_goes_together() -> None:
    source = source_of("a = 1\nb = 2\nc = 3\nd = (4)\n")

    def propose(quote: str, replacement: str) -> tuple[Span, Proposal]:
        span = place(source, quote)
        return span, Proposal(text_at(source, span), quote, replacement, quote != "(4)")

    proposals = [
        propose("b = 2", "b = 20"),
        propose("b = 2\nc = 3", "bc = 5"),
        propose("c = 3", "\n"),
        propose("a = 1", "a = ("),
        propose("d = (4)", "d = 4"),
        propose("d = (4)", "d = 5"),
    ]
    edits, chosen = source_fix_all(source, proposals)
    assert chosen == (0, 2, 4)
    assert apply_edits(source, edits) == "a = 1\nb = 20\nd = 4\n"


ENDS = re.compile(r"\r\n|\r|\n")
LINES = st.lists(
    st.sampled_from(["a = 1", "", "if a:", "    b = 2", "\tc", "}", "d(", "# ü😀"]), min_size=1, max_size=8
)


@given(LINES, st.sampled_from(["\n", "\r\n", "\r"]), st.text(alphabet="ab \n\t(}:+|1`.", max_size=30), st.data())
def test_nothing_outside_the_quoted_lines_changes(
    lines: list[str], eol: str, replacement: str, data: st.DataObject
) -> None:
    source = AuditSource("file:///a.py", eol.join(lines), data.draw(st.sampled_from(["python", "go", "plaintext"])))
    first = data.draw(st.integers(0, len(lines) - 1))
    last = data.draw(st.integers(first, min(first + 2, len(lines) - 1)))
    indent = len(lines[first]) - len(lines[first].lstrip())
    span = Span(first, indent, last, len(lines[last]))
    quote = text_at(source, span)
    edits = build_edits(source, span, Proposal(quote, quote, replacement, True))
    if isinstance(edits, Refusal):
        return
    after = AuditSource(source.uri, apply_edits(source, edits), source.language)
    assert after.lines[:first] == source.lines[:first]
    behind = len(lines) - last - 1
    if after.text or behind:
        assert after.lines[len(after.lines) - behind :] == source.lines[len(lines) - behind :]
    assert set(ENDS.findall(after.text)) <= (set(ENDS.findall(source.text)) or {"\n"})
