"""Fingerprints stay when code is moved, laid out anew and renamed, and differ where code differs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maestro.audit.code.tokens import statement, tokenise
from maestro.audit.identity.fingerprint import finding_id, fingerprint, shape_of
from maestro.audit.source import AuditSource, Span


def python(quote: str, rule: str = "r") -> str:
    return fingerprint(rule, quote, language="python")


def typescript(quote: str) -> str:
    return fingerprint("r", quote, language="typescript")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("x = call(a, 'b', [1])", 'x = call(\n    a,\n    "b",\n    [1],\n)'),
        ("if (a and\n        b):", "if a and b:"),
        ("return (x)", "return x"),
        ("class A():", "class A:"),
        ("for (a, b) in c:", "for a, b in c:"),
        ("x = a + \\\n    b", "x = a + b"),
        ("x = 'it\\'s'", 'x = "it\'s"'),
        ("x = u'a'  # why", 'x = "a"'),
        ("x = ('a '\n     'b')", "x = 'a b'"),
        ("x = 0XFF + 1_000", "x = 0xff + 1000"),
        ("print('a');", "print('a')"),
    ],
)
def test_reformatted_python(before: str, after: str) -> None:
    assert python(before) == python(after)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("foo({'a': 1}, x => x)", "foo({ a: 1 }, (x) => x);"),
        ("const a = 'b'", 'const a = "b";'),
        ("run(a, b) // later", "run(\n  a,\n  b,\n);"),
        ("if (a) {", "if (a)"),
    ],
)
def test_reformatted_typescript(before: str, after: str) -> None:
    assert typescript(before) == typescript(after)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("def load(path, mode='r'):", "def read(file, kind='r'):"),
        ("self.name = name", "self.name = title"),
        ("self.name = name", "self.label = name"),
        ("f(name=name)", "f(name=title)"),
        ('x = f"{name!r}: {d[0]}"', 'y = f"{title!r}: {e[0]}"'),
        ("cursor.execute(q % name)", "db.run(query % user)"),
    ],
)
def test_renamed(before: str, after: str) -> None:
    assert python(before) == python(after)


def test_renamed_in_templates() -> None:
    assert typescript("x = `a ${name} b`") == typescript("y = `a ${title} b`")
    assert typescript("x = `a ${e}`") == typescript("x = `a ${error}`")
    assert typescript("f({ path: x, 'b': y })") == typescript("f({ file: x, c: y })")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("x = f(a, a)", "x = f(a, b)"),
        ("run(a, shell=True)", "run(a, check=True)"),
        ("open(a)", "print(a)"),
        ("f(a, b'x', \"y\")", "f(a, b'y', \"x\")"),
        ("x = 1", "x = 2"),
        ("x = 'a'", "x = 'b'"),
        ("x = f('a', 'b')", "x = f('ab')"),
        ("return x", "yield x"),
        ("import os", "import sys"),
        ("a[b]", "a(b)"),
        ("a < b", "a <= b"),
        ("# wrong", "# right"),
    ],
)
def test_different_code_differs(one: str, other: str) -> None:
    assert python(one) != python(other)
    assert python(one) != python(one, "another rule")


def test_secrets_leave_no_trace() -> None:
    placeholders = ('password = "MSK00000xxxx"', 'password = "MSK00007xxxxxxxx"', "password = '\ue001\ue001'")
    assert len({python(quote) for quote in placeholders}) == 1
    assert python('pin = "1234"', "hard-coded-secret") == python('pin = "9876"', "hard-coded-secret")
    assert python("pin = 1234", "hard-coded-secret") == python("pin = 9876", "hard-coded-secret")
    assert python("# pin 1234", "hard-coded-secret") == python("# pin 9876", "hard-coded-secret")
    assert fingerprint("hard-coded-secret", "pin: hunter") == fingerprint("hard-coded-secret", "pin: summer")


def test_the_shape_leaves_out_constants_and_equalities() -> None:
    one, other = python("x = f(a, 'b', 1)"), python("x = f(x, 'c', 2)")
    assert one != other
    assert shape_of(one) == shape_of(other) != shape_of(python("x = f(a, 'b')"))


def test_without_a_language_words_count() -> None:
    assert fingerprint("r", "record 1") != fingerprint("r", "record 2")
    assert fingerprint("r", "call_a") != fingerprint("r", "call_b")
    assert len(fingerprint("r", "")) == 32


def test_ids_tell_equal_findings_of_a_file_apart() -> None:
    ids = {finding_id(uri, "f", n) for uri in ("file:///a", "file:///b") for n in (0, 1)}
    assert len(ids) == 4


def around(text: str, line: int, language: str = "python") -> str:
    source = AuditSource("file:///a", text, language)
    return statement(source, Span(line, 0, line, len(source.lines[line])))


def test_statements_are_whole() -> None:
    text = (
        "import os\nx = f(\n    1,\n\n    2)\nif a and \\\n        b:\n    return x\nd = {\n    'a': '''\n  z''',\n}\n"
    )
    call, condition, literal = "x = f(\n    1,\n\n    2)", "if a and \\\n        b:", text[text.index("d =") :].rstrip()
    found = [around(text, line) for line in range(12)]
    assert found == ["import os", *[call] * 4, *[condition] * 2, "    return x".strip(), *[literal] * 4]


def test_statements_of_languages_with_braces() -> None:
    text = "function f(a) {\n  const x = a\n    .b(1)\n    .c({\n      d: 1,\n    })\n  return x\n}\n"
    found = [around(text, line, "typescript") for line in range(8)]
    chain = "const x = a\n    .b(1)\n    .c({\n      d: 1,\n    })"
    assert found == ["function f(a) {", *[chain] * 5, "return x", "}"]


def test_where_a_statement_goes_on() -> None:
    text = "a++\n--b\nx = `a ${\n  b\n} c`\ny = 1 +\n  2\nz = f(`${a}`)\n"
    found = [around(text, line, "typescript") for line in range(8)]
    assert found == ["a++", "--b", *["x = `a ${\n  b\n} c`"] * 3, *["y = 1 +\n  2"] * 2, "z = f(`${a}`)"]


def test_several_statements_and_none() -> None:
    source = AuditSource("file:///a", "a = 1\nb = 2\n\n# no code\nc = 3", "python")
    assert statement(source, Span(0, 2, 1, 3)) == "a = 1\nb = 2"
    assert statement(source, Span(3, 0, 3, 4)) == ""
    assert statement(source, Span(4, 0, 4, 5)) == "c = 3"


@given(
    st.text(alphabet="ab(){}[]'\"`#/\\*\n ;:.,=$1\ue000", max_size=60),
    st.sampled_from(["python", "go", "", "typescript"]),
)
def test_any_text_has_tokens_and_statements(text: str, language: str) -> None:
    tokens = list(tokenise(text, language))
    assert all(text[token.start : token.end] == token.text for token in tokens)
    assert [token.start for token in tokens] == sorted({token.start for token in tokens})
    source = AuditSource("file:///a", text, language)
    for line, words in enumerate(source.lines):
        assert statement(source, Span(line, 0, line, len(words))) in source.plain
    assert len(fingerprint("r", text, language=language)) == 32
