"""The small parts: text, positions, symbols, chunks, secrets, limits, fixes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maestro.audit.asking.chunks import cut, pack
from maestro.audit.catalogue import RULES, enabled
from maestro.audit.code.symbols import enclosing, find_symbols
from maestro.audit.code.units import Unit
from maestro.audit.fixing.fix import Proposal, make_fix, text_at
from maestro.audit.identity.fingerprint import fingerprint
from maestro.audit.limits import MAX_BYTES, refusal
from maestro.audit.placing.anchor import Anchor, Claim, find_anchor
from maestro.audit.positions import from_range, to_range
from maestro.audit.secrets import mask
from maestro.audit.source import AuditSource, Span
from maestro.audit.usage import add_usage
from maestro_protocol.audit import Category, Fix
from maestro_protocol.chat import Position, Range
from tests.unit.audit.model import python

EOLS = st.lists(st.sampled_from(["a", "é", "😀", " ", "\r\n", "\n", "\r", "\x0c", "\u2028"]), max_size=40).map("".join)


@given(EOLS, st.sampled_from(["utf-8", "utf-16", "utf-32"]), st.data())
def test_ranges_go_there_and_back(text: str, encoding: str, data: st.DataObject) -> None:
    source = python(text)
    ends = sorted(data.draw(st.tuples(*[st.integers(0, len(source.plain))] * 2)))
    span = source.span(*ends)
    range_ = to_range(source.lines, span, encoding)  # type: ignore[arg-type]
    assert from_range(source.lines, range_, encoding) == span  # type: ignore[arg-type]
    units = source.lines[span.start_line][: span.start].encode(
        {"utf-16": "utf-16-le", "utf-32": "utf-32-le"}.get(encoding, encoding)
    )
    assert range_.start.character == len(units) // {"utf-8": 1, "utf-16": 2, "utf-32": 4}[encoding]


def test_a_range_beyond_the_text_is_clipped() -> None:
    everything = Range(start=Position(line=0, character=0), end=Position(line=99, character=9))
    assert from_range(("ab", "c"), everything, "utf-16") == Span(0, 0, 1, 1)


def test_lines_end_where_the_editor_says() -> None:
    source = python("a\x0cb\u2028c\r\nd\re")
    assert source.lines == ("a\x0cb\u2028c", "d", "e")
    assert source.eol == "\r\n"
    assert python("x").eol == "\n"


def test_python_symbols_are_qualified_and_include_decorators() -> None:
    source = python("class A:\n    @cached\n    def f(self):\n        def g(): pass\n        return g\nx = 1\n")
    symbols = find_symbols(source)
    assert [enclosing(symbols, line) for line in range(6)] == ["A", "A.f", "A.f", "A.f.g", "A.f", None]


def test_symbols_of_other_languages_go_by_indentation() -> None:
    text = "export async function load(x) {\n  return x\n}\n\nlet y = 1\nfunc (s *S) Run() {\n\n}\n"
    symbols = find_symbols(AuditSource("file:///a.kt", text, "kotlin"))
    assert [enclosing(symbols, line) for line in (0, 1, 2, 4, 6)] == ["load", "load", "load", None, "Run"]
    broken = find_symbols(python("def f(:\n    x = 1\ny = 2\n"))
    assert [enclosing(broken, line) for line in (1, 2)] == ["f", None]


@given(
    st.lists(st.sampled_from(["", "x = 1", "def f():", "    return 1", "  y", "z" * 60]), min_size=1),
    st.integers(10, 200),
)
def test_chunks_cover_every_line_with_code_once(lines: list[str], limit: int) -> None:
    source = AuditSource("file:///a.xyz", "\n".join(lines), "xyz")
    last = len(lines) - 1
    middle = last // 2
    chunks = cut(
        source, [Unit("a", 0, middle), Unit("b", middle + 1, last)] if middle < last else [Unit("a", 0, last)], limit
    )
    covered = [number for chunk in chunks for number in range(chunk.first_line, chunk.last_line + 1)]
    assert covered == sorted(set(covered))
    assert {number for number, line in enumerate(lines) if line.strip()} <= set(covered)
    assert all(chunk.first_line == chunk.last_line or len(chunk.code) <= limit for chunk in chunks)
    packs = pack(chunks, limit)
    assert [chunk for one in packs for chunk in one] == chunks
    assert all(len(one) == 1 or sum(len(chunk.code) for chunk in one) <= limit for one in packs)


def test_only_the_units_with_the_named_lines_are_chunks() -> None:
    source = AuditSource("file:///a.xyz", "a\nb\nc\nd\n", "xyz")
    units = [Unit("one", 0, 1), Unit("two", 2, 2), Unit("three", 3, 4)]
    assert [chunk.symbol for chunk in cut(source, units, lines=[(1, 1), (3, 9)])] == ["one", "three"]


SECRETS = [
    'token = "ghp_' + "a1" * 15 + '"',
    "AWS = 'AKIA" + "ABCD1234" * 2 + "'",
    'password: str = "correct horse"'.replace(" horse", "-horse"),
    '"api_key": "0123456789abcdef"',
    "url = postgres://user:hunter2hunter2@host/db",
    "-----BEGIN RSA PRIVATE KEY-----\nMIIEabcdefgh\nqrstuvwxyz01==\n-----END RSA PRIVATE KEY-----",
    'jwt = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.abcdefghijkl"',
    'db_secret_2 = "påsswörd😀😀"',
]


@pytest.mark.parametrize("text", SECRETS)
def test_secrets_are_replaced_by_texts_as_long_and_can_be_restored(text: str) -> None:
    masked = mask(text)
    assert masked.secrets
    assert [len(line) for line in masked.text.split("\n")] == [len(line) for line in text.split("\n")]
    assert not any(secret in masked.text for secret in masked.secrets.values())
    assert masked.restore(masked.text) == text
    assert "MSK" not in repr(masked)


def test_equal_secrets_have_equal_placeholders_and_none_that_stands_in_the_text() -> None:
    text = 'a = "MSK00000xxxx"\npassword = "aaaaaaaaaaaa"\nother_password = "bbbbbbbbbbbb"\npassword = "aaaaaaaaaaaa"\n'
    masked = mask(text)
    lines = masked.text.split("\n")
    assert lines[0] == 'a = "MSK00000xxxx"'
    assert lines[1] == lines[3]
    assert len(masked.secrets) == 2
    assert masked.restore(masked.text) == text


def test_a_secret_in_a_secret_is_one() -> None:
    text = 'password = "prefix-sk-' + "a1" * 10 + '"'
    masked = mask(text)
    assert len(masked.secrets) == 1
    assert masked.text.startswith('password = "MSK00000xxx') and "sk-" not in masked.text


def test_harmless_code_stays_as_it_is() -> None:
    text = (
        'password = get_password()\npassword = ""\nsecret = "x"\ntask-risk-assessment = 1\nhttps://example.org/a:b@c\n'
    )
    assert mask(text).text == text


@pytest.mark.parametrize(
    "text", ["a" * 200_000, "password" * 20_000, "eyJaaaaaaaa-" * 15_000, "sk-" * 60_000, "x://" * 50_000]
)
def test_masking_takes_linear_time(text: str) -> None:
    assert len(mask(text).text) == len(text)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (".env", "x"),
        (".env.production", "x"),
        ("%2Eenv", "x"),
        ("server.PEM", "x"),
        ("id_ed25519", "x"),
        ("package-lock.json", "{}"),
        ("uv.lock", "x"),
        ("app.min.js", "x"),
        ("a.py", "x" * (MAX_BYTES + 1)),
        ("a.py", "é\n" * (MAX_BYTES // 3 + 1)),
        ("a.py", "a\x00b"),
        ("a.js", "x" * 6000),
    ],
)
def test_what_is_never_audited(name: str, text: str) -> None:
    assert refusal(AuditSource(f"file:///w/{name}", text, "plaintext"))


@pytest.mark.parametrize("name", ["a.py", ".env.example", "environment.py", "keys.py", "block.go"])
def test_what_may_be_audited(name: str) -> None:
    assert refusal(AuditSource(f"file:///w/{name}", "x = 1\n", "plaintext")) is None


def test_fingerprints_ignore_spacing_and_tell_rules_apart() -> None:
    assert fingerprint("a", "x  = 1\n") == fingerprint("a", "\tx=1")
    assert fingerprint("a", "x") != fingerprint("b", "x")


def fix_of(source: AuditSource, anchor: Anchor, replacement: str) -> Fix | None:
    proposal = Proposal(text_at(source, anchor.span), anchor.cleaned, replacement, anchor.whole_lines)
    return make_fix(source, anchor.span, proposal, "it", "utf-32")


def fixed(text: str, quote: str, replacement: str) -> str | None:
    source = AuditSource("file:///a.js", text, "javascript")
    anchor = find_anchor(source, [], (0, len(source.lines) - 1), Claim(quote))
    assert anchor is not None
    fix = fix_of(source, anchor, replacement)
    if fix is None:
        return None
    [edit] = fix.edits
    start, end = edit.range.start, edit.range.end
    span = Span(start.line, start.character, end.line, end.character)
    return source.apply(span, edit.new_text)


@pytest.mark.parametrize(
    ("quote", "replacement", "expected"),
    [
        ("  b();", "  c();", "a {\n  c();\n    d();\n}"),
        ("b();", "c();", "a {\n  c();\n    d();\n}"),
        ("b();", "if (x) {\n  c();\n}", "a {\n  if (x) {\n    c();\n  }\n    d();\n}"),
        ("b();\n    d();", "c();\n    e();", "a {\n  c();\n    e();\n}"),
        ("  b();\n    d();\n", "\n", "a {\n}"),
        ("}", "}", None),
    ],
)
def test_fixes_keep_the_indentation(quote: str, replacement: str, expected: str | None) -> None:
    if quote == "}":
        quote = replacement = "b();"
    assert fixed("a {\n  b();\n    d();\n}", quote, replacement) == expected


def test_a_fix_of_a_part_of_a_line_leaves_the_rest() -> None:
    assert fixed("a {\n    d(first);\n}", "d(first)", "e()") == "a {\n    e();\n}"


def test_fixes_keep_line_ends_and_delete_the_last_line_whole() -> None:
    source = AuditSource("file:///a.js", "a();\r\nb();\r\n", "javascript")
    anchor = find_anchor(source, [], (0, 2), Claim("b();"))
    assert anchor is not None
    fix = fix_of(source, anchor, "c();\nd();")
    assert fix is not None
    assert fix.edits[0].new_text == "c();\r\nd();"
    assert fixed("a\nb", "b", "\n") == "a"
    assert fixed("b", "b", "\n") == ""


def test_the_catalogue_is_sound() -> None:
    assert len({rule.id for rule in RULES}) == len(RULES) >= 25
    assert {rule.category for rule in RULES} >= {*Category.__args__} - {"intent"}  # type: ignore[attr-defined]
    assert all(rule.about.endswith(".") for rule in RULES)
    assert set(enabled(["tests"])) == {"weak-assertion"}


def test_no_usage_is_no_sum() -> None:
    assert add_usage([]) is None
