"""Two texts are the same exactly if an auditor would say the same of them."""

from textwrap import indent

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maestro.audit.code.normalise import normalise
from maestro.audit.code.units import find_units
from maestro.audit.source import AuditSource


def normal(text: str, language: str = "python") -> str:
    source = AuditSource("file:///a", text, language)
    return normalise(source, 0, len(source.lines) - 1)


@pytest.mark.parametrize(
    ("language", "one", "other"),
    [
        ("python", "if x:\n    a\nb", "if x:\n\ta\nb"),
        ("python", "if x:\n    a\n    if y:\n        b", "if x:\n  a\n  if y:\n    b"),
        ("python", "def f():\n    return 1", "    def f():\n        return 1"),
        ("python", "x=f(1,  2)", "x = f(1, 2)  # why\n\n"),
        ("python", "x = (1,\n     2)", "x = (1, 2)"),
        ("python", "x = a + \\\n    b", "x = a + b"),
        ("python", "a\r\nb", "# c\n\na\n   # d\nb\n"),
        ("python", "if x:\n    a\n# c\n    b", "if x:\n    a\n    b"),
        ("python", "x = -1", "x=-1"),
        ("java", "if (x)\n{\n  a( b );\n}", "if (x) { // c\n  a(b); }"),
        ("c", "#define F(x)  x\nint a;", "#define F(x) x\nint\n  a;"),
        ("javascript", "f(\n  a,\n  b\n)\nc", "f(a, b)\n\n// d\nc"),
        ("javascript", "if (x) {\n  y;\n}", "if (x) { y; }"),
        ("go", "x := 1 // a\n\ny()", "x  :=  1\n/* b */ y()"),
        ("rust", "fn f() {\n    x\n}", "fn f() { x }"),
        ("shellscript", "a b # c\n\nd", "a b\nd  "),
        ("yaml", "a: 1  # b\n\n\nb: 2", "a: 1\nb: 2"),
        ("plaintext", "a \n\nb", "a\nb"),
    ],
)
def test_what_means_the_same_is_the_same(language: str, one: str, other: str) -> None:
    assert normal(one, language) == normal(other, language)


@pytest.mark.parametrize(
    ("language", "one", "other"),
    [
        ("python", "if x:\n    a\nb", "if x:\n    a\n    b"),
        ("python", "if x:\n    if y:\n        a\n    b", "if x:\n    if y:\n        a\n        b"),
        ("python", "a\nb", "a, b"),
        ("python", "x = 'a b'", "x = 'a  b'"),
        ("python", "x = '''\n a'''", "x = '''\na'''"),
        ("python", "x = '# a'", "x = '# b'"),
        ("python", "x", "x  # noqa: F401"),
        ("python", "x  # type: ignore", "x  # type: ignore[arg-type]"),
        ("python", "ab", "a b"),
        ("python", 'f"{x}"', 'f"{y}"'),
        ("java", 'a("b c")', 'a("bc")'),
        ("java", "a + ++b", "a++ + b"),
        ("c", "#define F(x) x", "#define F (x) x"),
        ("c", "a & &b", "a && b"),
        ("c", "x; // NOLINT", "x;"),
        ("javascript", "return\nx", "return x"),
        ("javascript", "(() => {\n  a\n  b\n})()", "(() => {\n  a b\n})()"),
        ("javascript", "`a  b`", "`a b`"),
        ("javascript", "/a  b/.test(x)", "/a b/.test(x)"),
        ("go", "a <- b", "a < -b"),
        ("shellscript", "[ -f x ]", "[-f x ]"),
        ("yaml", "a:\n  b: 1", "a:\nb: 1"),
        ("css", "a .b {}", "a.b {}"),
        ("css", "a/**/b {}", "ab {}"),
        ("makefile", "a:\n\tb", "a:\n b"),
    ],
)
def test_what_means_something_else_differs(language: str, one: str, other: str) -> None:
    assert normal(one, language) != normal(other, language)


STATEMENTS = st.lists(
    st.sampled_from(
        ["x = f(1, 'a  # b')", "if x:\n    y()", "for i in (\n    1,\n):\n    if i:\n        z", "s = '''\n  a\n'''"]
    ),
    min_size=1,
)


@given(STATEMENTS, st.data())
def test_blank_lines_and_comments_change_nothing(statements: list[str], data: st.DataObject) -> None:
    noise = st.sampled_from(["", "\n", "# why\n", "      # so\n\n", "\t\n"])
    noisy = "".join(
        data.draw(noise) + statement + data.draw(st.sampled_from(["\n", "  # c\n"])) for statement in statements
    )
    if statements[-1].endswith("'''"):
        noisy += data.draw(noise)
    assert normal(noisy) == normal("\n".join(statements))


@given(st.text(alphabet="ab=('\"#\n \t\\{}/*`", max_size=60), st.sampled_from(["python", "c", "go", "rust", "css"]))
def test_any_text_has_a_normal_form_whatever_its_line_ends(text: str, language: str) -> None:
    assert normal(text, language) == normal(text.replace("\n", "\r\n"), language)


def test_a_part_is_read_in_its_context() -> None:
    source = AuditSource("file:///a.py", "x = '''\n# one\n  two\n'''\ny\n", "python")
    assert "# one" in normalise(source, 1, 2)
    assert normalise(source, 4, 5) == "y"


def test_a_method_is_the_same_wherever_it_stands() -> None:
    method = "    # About it.\n    @x\n    def f(self):\n        return 1\n"
    forms = set()
    nested = "if x:\n" + indent(f"class A:\n{method}", "\t")
    for text in (f"class A:\n    y = 1\n\n{method}\n    z = 1\n", f"class B:\n{method}", nested):
        source = AuditSource("file:///a.py", text, "python")
        [unit] = [unit for unit in find_units(source).units if unit.symbol.endswith(".f")]
        forms.add(normalise(source, unit.first_line, unit.last_line))
    assert len(forms) == 1
