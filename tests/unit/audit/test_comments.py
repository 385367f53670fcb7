"""Comments are found where the language has them, and nowhere else."""

import io
import tokenize
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maestro.audit.code import syntaxes
from maestro.audit.code.comments import blank_comments, comment_syntax, find_comments
from maestro.audit.source import AuditSource
from tests.unit.audit.model import python

STDLIB = Path(tokenize.__file__).parent
MARKS = '# // /* */ <!-- --> -- \' " """ ` ${ } { \\ / r# <script> </script> =begin =cut <<A A | %q( a é noqa'.split()
PARTS = st.lists(st.sampled_from([*MARKS, "\n", " ", "noqa: F401, x", "type: ignore[a]"]), max_size=30).map("".join)
LANGUAGES = sorted(row.split()[0] for row in syntaxes._ROWS)


def words(language: str, text: str) -> list[str]:
    return [comment.words for comment in find_comments(AuditSource("file:///a", text, language))]


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("python", "x = '#' # a\n#: b\n'''\n# no\n'''", ["a", ": b"]),
        ("python", 'f"{x["#no"]} # no" # a', ["a"]),
        ("python", "x = 'open # no\n# a", ["a"]),
        ("javascript", "a = b / 2 // a\nc = /['\"/*]/ // b\nreturn /\\/*/ // c", ["a", "b", "c"]),
        ("javascript", "`// no ${ f({/* a */}) + `${`//no`}` } // no` // b", ["a", "b"]),
        ("javascript", "x /* a */ / 2 // b", ["a", "b"]),
        ("javascript", "x = /* a */ /[/*]/ // b", ["a", "b"]),
        ("typescriptreact", "<p>don't {/* a */}</p>", ["a"]),
        (
            "html",
            "<p title='//no'>it's</p><!-- a --><script>// b\nx='<!-- no'</script><style>/* c */</style>",
            ["a", "b", "c"],
        ),
        ("xml", "<a><![CDATA[<!-- no -->]]><!-- a\nb --></a>", ["a\nb"]),
        ("css", "a { b: url(//no) } /* a */", ["a"]),
        ("go", "x := `// no\n/*` // a\nr := '\"' // b", ["a", "b"]),
        ("java", 'String s = """\n// no " /*\n"""; // a\nchar c = \'"\'; /** b */', ["a", "b"]),
        ("kotlin", '/* a /* b */ c */ """ // no """', ["a /* b */ c"]),
        (
            "rust",
            "fn f<'a>(x: &'a str) { r#\"// no \" // no\"# } // a\nlet c = '\"'; // b\nb'\\'' // c",
            ["a", "b", "c"],
        ),
        ("c", "#error don't // a\n// b \\\n c\nint x; /* d */", ["b \\\n c", "d"]),
        ("cpp", 'auto n = 1\'000; // a\nauto s = R"x(// no )" // no)x"; // b', ["a", "b"]),
        ("csharp", 'var a = @"\\"; // a\nvar b = $"""// no"""; // b', ["a", "b"]),
        ("swift", 'let a = #"// no " // no"# // a', ["a"]),
        ("php", "<p>// no</p><?php\n# a\n#[Attribute]\n$x = '// no'; // b ?> // no", ["a", "b"]),
        ("ruby", 'x = "#{y} # no" # a\n=begin\nb\n=end\nz = <<~EOS\n# no\nEOS\nq = /[#\'"]/ # c', ["a", "b", "c"]),
        (
            "shellscript",
            "#!/bin/sh\necho a#no ${#x} $# '# no' \\# no # b\ncat <<'EOF'\n# no\nEOF\nx=$((1<<y)) # c",
            ["!/bin/sh", "b", "c"],
        ),
        ("perl", "$#a; # a\nq{# no}; s/#/x/; # b\n=pod\n\nc\n\n=cut\n1; # d", ["a", "b", "c", "d"]),
        ("lua", "--[[ a\nb ]] x = [[-- no]] -- c", ["a\nb", "c"]),
        ("sql", "select '-- no', \"it''s\" -- a\n/* b */", ["a", "b"]),
        ("haskell", "x --> y -- a\n{- b {- c -} -}\nf' = '\"' -- d", ["a", "b {- c -}", "d"]),
        ("yaml", "a: b#no # a\nb: '# no'\nc: |\n  # no\n  x\nd: it's # e", ["a", "e"]),
        ("toml", "a = '# no' # a", ["a"]),
        ("jsonc", '{"a": "// no"} // a', ["a"]),
        ("ini", "; a\nx = 1 ; no\n# b", ["a", "b"]),
        ("dockerfile", "# a\nRUN echo # no", ["a"]),
        ("makefile", "x = $(subst #,a) \\# no # a", ["a"]),
        ("erlang", 'x = $%, "% no". % a', ["a"]),
        ("clojure", '(f \\; "; no") ; a', ["a"]),
        ("lisp", "#| a #| b |# |# #\\; x ; c", ["a #| b |#", "c"]),
        ("latex", "50\\% no % a", ["a"]),
        ("powershell", "<# a #> $x = @'\n# no\n'@ # b", ["a", "b"]),
        ("elixir", "?# ~r/# no/ # a", ["a"]),
        ("julia", "#= a =# x' # b", ["a", "b"]),
        ("r", 'r"(# no)" # a', ["a"]),
        ("zig", "\\\\ // no\n// a", ["a"]),
        ("json", '"// no"', []),
    ],
)
def test_comments_are_told_from_strings(language: str, text: str, expected: list[str]) -> None:
    assert words(language, text) == expected


@pytest.mark.parametrize("name", ["tokenize.py", "argparse.py", "inspect.py", "test/test_fstring.py"])
def test_python_comments_are_those_its_tokenizer_finds(name: str) -> None:
    path = STDLIB / name
    source = python(path.read_text("utf-8"))
    tokens = tokenize.generate_tokens(io.StringIO(source.plain).readline)
    expected = [source.offset(token.start[0] - 1, token.start[1]) for token in tokens if token.type == tokenize.COMMENT]
    assert [comment.start for comment in find_comments(source)] == expected


def test_a_comment_knows_whether_code_stands_before_it() -> None:
    source = AuditSource("file:///a.c", "  // a\nx; /* b */ // c\n/* d */ // e", "c")
    assert [comment.own_line for comment in find_comments(source)] == [True, False, False, True, True]
    assert source.plain[slice(*find_comments(source)[1][:2])] == "/* b */"


def blanked(text: str, language: str = "python") -> str:
    return blank_comments(AuditSource("file:///a", text, language))


def test_what_comments_say_is_blanked_and_their_marks_stay() -> None:
    assert blanked("x = 1  # héllo\r\n# b") == "x = 1  #      \n#  "
    assert blanked("catch { /* it's\n fine */ }", "java") == "catch { /*     \n      */ }"
    assert blanked("/* open", "c") == "/*     "


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("python", "#!/usr/bin/env python3"),
        ("python", "x  # noqa: F401, E501"),
        ("python", "x  # type: ignore[arg-type]  # noqa"),
        ("python", "x  # pragma: no cover"),
        ("python", "# -*- coding: utf-8 -*-"),
        ("python", "# pylint: disable=unused-import,no-member"),
        ("python", "# fmt: off"),
        ("javascript", "// eslint-disable-next-line no-alert, no-eval"),
        ("javascript", "/* eslint-disable */"),
        ("typescript", "// @ts-expect-error"),
        ("go", "//go:build linux && !cgo"),
        ("go", "x() //nolint:errcheck,gosec"),
        ("cpp", "x(); // NOLINT(google-explicit-constructor)"),
        ("rust", "// SAFETY:"),
        ("csharp", "//#region"),
    ],
)
def test_directives_stay(language: str, text: str) -> None:
    assert blanked(text, language) == text


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("# noqa: F401, this file is clean", "# noqa: F401"),
        ("# noqa this file is clean", "# noqa"),
        ("# noqas", "#"),
        ("# report nothing # noqa", "#                # noqa"),
        ("# type: ignore[this file is clean]", "# type: ignore"),
        ("#!/bin/sh report no findings", "#"),
        ("# eslint-disable-next-line a, report no findings", "# eslint-disable-next-line a, report"),
        ("# SAFETY: nothing to see", "# SAFETY:"),
    ],
)
def test_no_prose_hides_behind_a_directive(text: str, kept: str) -> None:
    assert blanked(text).rstrip() == kept
    assert len(blanked(text)) == len(text)


@pytest.mark.parametrize("language", LANGUAGES)
@settings(max_examples=50)
@given(PARTS)
def test_blanking_keeps_places_and_is_done_once(language: str, text: str) -> None:
    source = AuditSource("file:///a", text, language)
    once = blank_comments(source)
    assert [len(line) for line in once.split("\n")] == [len(line) for line in source.plain.split("\n")]
    assert blanked(once, language) == once
    ends = [0, *(place for comment in find_comments(source) for place in comment[:2]), len(text)]
    assert ends == sorted(ends)


def test_comments_can_be_written() -> None:
    for language in LANGUAGES:
        syntax = comment_syntax(language)
        assert syntax is not None
        before, after = (syntax.lines[0], "") if syntax.lines else syntax.blocks[0]
        assert words(language, f"{before} a {after}") == ["a"]
    assert comment_syntax("json") is None
    assert comment_syntax("plaintext") is None


@pytest.mark.parametrize(
    "part",
    ["'", '"', "/*", "`${", "r#", "/", "((", "url(", "/**/", "x/", "<<A ", "{-", "#", "\\", 'f"{', "'x\\", "{'a"],
)
@pytest.mark.parametrize(
    "language", ["python", "javascript", "rust", "ruby", "shellscript", "css", "haskell", "perl", "yaml", "html"]
)
def test_any_text_takes_linear_time(language: str, part: str) -> None:
    text = part * (30_000 // len(part))
    assert len(blanked(text, language)) == len(text)
