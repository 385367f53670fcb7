"""Comments that a model was not shown survive its fixes."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maestro.audit.fixing.fix import Proposal, Refusal, build_edits
from maestro.audit.fixing.kept_comments import with_comments, without_marks
from maestro.audit.fixing.line_edits import apply_edits
from maestro.audit.source import AuditSource, Span


def kept(old: str, new: str, language: str = "python") -> str:
    source = AuditSource("file:///a", old, language)
    return "\n".join(with_comments(source, 0, len(source.lines) - 1, without_marks(new.split("\n"), language)))


@pytest.mark.parametrize(
    ("old", "new", "wanted"),
    [
        ("x = 1", "x = 2", "x = 2"),
        ("x = 1  # why", "x = 2", "x = 2  # why"),
        ("x = 1  # why", "x = 2  # because", "# why\nx = 2  # because"),
        ("x = 1  # why it is one", "x = 2  # why it is two", "x = 2  # why it is two"),
        ("x = 1  # why  # noqa", "x = 2  #       # noqa", "x = 2  # why  # noqa"),
        ("x = 1  # why", "x = 2  #", "x = 2  # why"),
        ("x = 1  # one\ny = 2  # two", "x = 1\ny = 3", "x = 1  # one\ny = 3  # two"),
        ("x = 1  # one\ny = 2  # two", "y = 2", "y = 2  # two"),
        ("x = 1  # one\ny = 2  # two", "z = 12", "# one\n# two\nz = 12"),
        ("x = 1\n# why\ny = 2", "z = 12", "# why\nz = 12"),
        ("x = 1\n# why\ny = 2", "z = 12\na = 3", "z = 12\n# why\na = 3"),
        ("# why\n\nx = 1", "x = 1", "# why\nx = 1"),
        ("x = 1\n# end", "x = 1\ny = 2", "x = 1\n# end\ny = 2"),
        ("x = 1  # one", "if a:\n    x = 2", "if a:\n    x = 2  # one"),
        ("x = 1  # one", "if a:\n    return f(b)", "# one\nif a:\n    return f(b)"),
        ("# why\nx = 1", "if a:\n    x = 1", "if a:\n    # why\n    x = 1"),
        ("x = '# no comment'", "x = 2", "x = 2"),
    ],
)
def test_python(old: str, new: str, wanted: str) -> None:
    assert kept(old, new) == wanted


def test_a_comment_alone_on_its_line_stays_where_it_was() -> None:
    assert kept("# why\nx = 1", "#\nx = 2") == "# why\nx = 2"


@pytest.mark.parametrize(
    ("language", "old", "new", "wanted"),
    [
        ("javascript", "a(); // why", "b();", "b(); // why"),
        ("go", "a(); /* why */", "b();", "b(); /* why */"),
        ("go", "a(/* in it */ 1);", "b(1);", "/* in it */\nb(1);"),
        ("go", "a(/* in it */ 1);\nb()", "a(/*       */ 1);\nc()", "a(/* in it */ 1);\nc()"),
        ("go", "a(/* in it */ 1);", "a(/*       */ 2);", "/* in it */\na(2);"),
        ("go", "\t/* one\n\t * two\n\t */\n\ta()", "\t/*\n\t  \n\t */\n\tb()", "\t/* one\n\t * two\n\t */\n\tb()"),
        ("go", "/* one\n * two\n */\na()", "if x {\n\ta()\n}", "if x {\n\t/* one\n\t * two\n\t */\n\ta()\n}"),
        ("javascriptreact", "{/* why */}\n<A />", "<B />", "{/* why */}\n<B />"),
    ],
)
def test_comments_of_other_languages_are_known(language: str, old: str, new: str, wanted: str) -> None:
    assert kept(old, new, language) == wanted


C = "int f(int a) {\n    int t = 1 / a; // keep1\n    return t; // keep2\n}\n"
GUARD = "if (a == 0) {\n    return 0;\n}\n"


@pytest.mark.parametrize(
    ("span", "new", "wanted"),
    [
        (
            Span(1, 4, 1, 18),
            f"{GUARD}int t = 1 / a;",
            "    if (a == 0) {\n        return 0;\n    }\n    int t = 1 / a; // keep1\n    return t; // keep2\n",
        ),
        (Span(1, 4, 1, 21), "int t = 0; //", "    int t = 0; // keep1\n    return t; // keep2\n"),
        (Span(1, 4, 2, 13), "return 1 / a;", "    // keep1\n    // keep2\n    return 1 / a;\n"),
        (Span(1, 4, 1, 18), "\n", "    return t; // keep2\n"),
        (Span(1, 12, 1, 17), "0", "    int t = 0; // keep1\n    return t; // keep2\n"),
    ],
)
@pytest.mark.parametrize("whole", [True, False])
def test_comments_are_no_part_of_the_layout(span: Span, new: str, wanted: str, whole: bool) -> None:
    """The quote of a model may end before the comment, or behind its mark."""
    source = AuditSource("file:///a.c", C, "c")
    quote = source.plain[source.offset(*span[:2]) : source.offset(*span[2:])]
    edits = build_edits(source, span, Proposal(quote, quote, new, whole and not new.startswith("0")))

    assert not isinstance(edits, Refusal), edits
    assert apply_edits(source, edits) == f"int f(int a) {{\n{wanted}}}\n"


LINES = st.lists(
    st.tuples(st.sampled_from(["a = 1", "b(2)", "c = d + e"]), st.booleans(), st.booleans()), min_size=1, max_size=5
)


@given(LINES, st.lists(st.sampled_from(["x = 9", "return", "a = 2", "b(2, 3)"]), min_size=1, max_size=5))
def test_no_comment_of_a_replaced_line_is_lost(old: list[tuple[str, bool, bool]], new: list[str]) -> None:
    lines, said = [], []
    for number, (code, above, behind) in enumerate(old):
        said += [f"# above{number}"] * above + [f"# behind{number}"] * behind
        lines += [f"    # above{number}"] * above + [f"    {code}" + f"  # behind{number}" * behind]
    after = kept("\n".join(lines), "\n".join(f"    {line}" for line in new))

    assert sorted(re.findall("#.*", after)) == sorted(said)
    assert [line for line in re.sub("#.*", "", after).split() if line] == " ".join(new).split()
    assert all(line.startswith("    ") for line in after.split("\n"))
