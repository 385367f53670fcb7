"""What a comment suppresses, what it does not, and the edits that add and remove one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maestro.audit.code.symbols import find_symbols
from maestro.audit.identity.suppression_edits import insertion, removal
from maestro.audit.identity.suppressions import Scope, Suppressions, find_suppressions
from maestro.audit.source import AuditSource

RULE = "sql-injection"


def document(text: str, language: str = "python") -> AuditSource:
    return AuditSource("file:///a", text, language)


def suppressions(text: str, language: str = "python") -> Suppressions:
    source = document(text, language)
    return find_suppressions(source, find_symbols(source))


def lines(text: str, rule: str = RULE, language: str = "python") -> list[int]:
    found = suppressions(text, language)
    return [line for line in range(len(text.split("\n"))) if found.covering(rule, line, line)]


@pytest.mark.parametrize(
    ("text", "covered"),
    [
        ("a = 1  # maestro: ignore[sql-injection]\nb = 2\n", [0]),
        ("a = 1  # maestro: ignore\nb = 2\n", [0]),
        ("a = 1  # maestro: ignore[race-condition, sql-injection] -- a reason\nb = 2\n", [0]),
        ("a = 1  # maestro: ignore[security]\nb = 2\n", [0]),
        ("a = 1  # noqa  # maestro: ignore[sql-injection]\nb = 2\n", [0]),
        ("# maestro: ignore[sql-injection]\na = 1\nb = 2\n", [1]),
        ("# maestro: ignore[sql-injection]\n# more\na = 1\nb = 2\n", [2]),
        ("a = f(\n    1,\n)  # maestro: ignore[sql-injection]\nb = 2\n", [0, 1, 2]),
        ("# maestro: ignore[sql-injection]\na = f(\n    1,\n)\nb = 2\n", [1, 2, 3]),
        ("a = f(\n    1,  # maestro: ignore[sql-injection]\n    2,\n)\n", [1]),
        ("def f():  # maestro: ignore[sql-injection]\n    a = 1\n    b = 2\nc = 3\n", [0, 1, 2]),
        ("# maestro: ignore[sql-injection]\n@cached\n# why\n@other\ndef f():\n    a = 1\nc = 3\n", [1, 2, 3, 4, 5]),
        ("@cached  # maestro: ignore[sql-injection]\ndef f():\n    a = 1\nc = 3\n", [0, 1, 2]),
        ("def f(\n    a,\n):  # maestro: ignore[sql-injection]\n    return 1\nc = 3\n", [0, 1, 2, 3]),
        ("class A:  # maestro: ignore[sql-injection]\n    def f(self):\n        return 1\nc = 3\n", [0, 1, 2]),
        ("def f():\n    # maestro: ignore[sql-injection]\n    a = 1\n    b = 2\n", [2]),
        ("#!/bin/x\n# maestro: ignore-file[sql-injection]\na = 1\n", [0, 1, 2, 3]),
        ("# maestro: ignore-file\na = 1\n", [0, 1, 2]),
    ],
)
def test_where_a_comment_counts(text: str, covered: list[int]) -> None:
    assert lines(text) == covered


@pytest.mark.parametrize(
    "text",
    [
        "a = '# maestro: ignore'\n",
        '"""\n# maestro: ignore\n"""\n',
        "a = 1  # maestro: ignore this, please\n",
        "a = 1  # see maestro: ignore\n",
        "a = 1  # maestro: ignored\n",
        "a = 1  # maestro: ignore[race-condition]\n",
        "a = 1  # maestro: ignore[]\n",
        "a = 1\n# maestro: ignore-file\n",
        "# maestro: ignore\n\na = 1\n",
    ],
)
def test_what_is_no_suppression(text: str) -> None:
    assert [line for line in lines(text) if text.split("\n")[line].strip("# ").startswith("a")] == []


@pytest.mark.parametrize(
    ("language", "text", "covered"),
    [
        ("typescript", "a(); // maestro: ignore[sql-injection]\nb();\n", [0]),
        ("typescript", "/* maestro: ignore[sql-injection] */\na();\nb();\n", [1]),
        ("go", "func f() { // maestro: ignore[sql-injection]\n\ta()\n}\nvar b = 1\n", [0, 1, 2]),
        ("java", "// maestro: ignore[sql-injection]\n@Override\nclass A {\n  int a;\n}\nint b;\n", [1, 2, 3, 4]),
        ("css", "/* maestro: ignore[sql-injection] */\na { }\nb { }\n", [1]),
        ("sql", "select 1; -- maestro: ignore[sql-injection]\nselect 2;\n", [0]),
        ("html", "<!-- maestro: ignore[sql-injection] -->\n<a></a>\n\n<b></b>\n", [1]),
        ("python", "a() // maestro: ignore[sql-injection]\n", []),
        ("json", '{"a": "// maestro: ignore"}\n', []),
    ],
)
def test_comments_of_other_languages(language: str, text: str, covered: list[int]) -> None:
    assert lines(text, language=language) == covered


def test_the_nearest_one_speaks_for_a_finding() -> None:
    found = suppressions("# maestro: ignore-file -- all\na = 1  # maestro: ignore[sql-injection] -- this\n")
    near, far = found.covering(RULE, 1, 1), found.covering("race-condition", 1, 1)
    assert near is not None and far is not None
    assert (near.reason, far.reason) == ("this", "all")


def test_what_tools_did_is_suppressed_too() -> None:
    found = suppressions("a = 1  # maestro: ignore[intent.missing]\nb = 2  # maestro: ignore[intent]\n")
    assert found.covering("intent.missing", 0, 0) and found.covering("intent.test-gaming", 1, 1)
    assert not any("no such rule" in one.reason for one in found.unused([], looked_for=[]))


def test_what_suppresses_nothing_is_told() -> None:
    text = (
        "a = 1  # maestro: ignore[sql-injection, sql-injektion, race-condition, deadlock]\nb = 2  # maestro: ignore\n"
    )
    found = suppressions(text)
    used = found.covering(RULE, 0, 0)
    assert used is not None
    unused = list(found.unused([(used, RULE)], looked_for=[RULE, "race-condition"]))
    assert [one.rules for one in unused] == [("sql-injektion",), ("race-condition",), ()]
    assert "sql-injektion" in unused[0].reason
    assert list(suppressions("# maestro: ignore[security]\na = 1\n").unused([], looked_for=["deadlock"])) == []
    [late] = suppressions("a = 1\n# maestro: ignore-file\n").unused([], looked_for=[])
    assert "first code" in late.reason


@pytest.mark.parametrize(
    ("text", "rules", "expected"),
    [
        ("a = 1  # maestro: ignore[x]\nb = 2\n", (), "a = 1\nb = 2\n"),
        ("a = 1  # maestro: ignore[x, y]\n", ("x",), "a = 1  # maestro: ignore[y]\n"),
        ("a = 1  # maestro: ignore[x, y]\n", ("x", "y"), "a = 1\n"),
        ("a = 1  # noqa  # maestro: ignore[x]\n", (), "a = 1  # noqa\n"),
        ("a = 1\n  # maestro: ignore[x]\nb = 2\n", (), "a = 1\nb = 2\n"),
        ("a = 1\n# maestro: ignore[x]", (), "a = 1"),
        ("a = 1\n# maestro: ignore[x]\n", (), "a = 1\n"),
    ],
)
def test_removing(text: str, rules: tuple[str, ...], expected: str) -> None:
    source = document(text)
    [one] = find_suppressions(source, []).all
    assert source.apply(*removal(source, one, rules)) == expected


def inserted(text: str, line: int, scope: Scope = "line", language: str = "python", reason: str | None = None) -> str:
    source = document(text, language)
    edit = insertion(source, line, RULE, scope, find_symbols(source), reason)
    return source.plain if edit is None else source.apply(*edit)


@pytest.mark.parametrize(
    ("text", "line", "scope", "expected"),
    [
        ("a = 1\n", 0, "line", "a = 1  # maestro: ignore[sql-injection]\n"),
        ("a = 1  # maestro: ignore[x]\n", 0, "line", "a = 1  # maestro: ignore[x, sql-injection]\n"),
        ("# maestro: ignore[x]\na = 1\n", 1, "line", "# maestro: ignore[x, sql-injection]\na = 1\n"),
        ("a = 1  # maestro: ignore\n", 0, "line", "a = 1  # maestro: ignore\n"),
        ("if x:\n    a = '''\n'''\n", 1, "line", "if x:\n    # maestro: ignore[sql-injection]\n    a = '''\n'''\n"),
        ("a = 1 + \\\n    2\n", 0, "line", "# maestro: ignore[sql-injection]\na = 1 + \\\n    2\n"),
        (f"a = {'b' * 99}\n", 0, "line", f"# maestro: ignore[sql-injection]\na = {'b' * 99}\n"),
        ("a = 1  # why\n", 0, "line", "# maestro: ignore[sql-injection]\na = 1  # why\n"),
        ("@c\ndef f():\n    a = 1\n", 2, "symbol", "# maestro: ignore[sql-injection]\n@c\ndef f():\n    a = 1\n"),
        ("#!/bin/x\na = 1\n", 1, "file", "#!/bin/x\n# maestro: ignore-file[sql-injection]\na = 1\n"),
        ("# maestro: ignore-file[x]\na\n", 1, "file", "# maestro: ignore-file[x, sql-injection]\na\n"),
    ],
)
def test_inserting(text: str, line: int, scope: Scope, expected: str) -> None:
    assert inserted(text, line, scope) == expected


def test_inserting_in_other_languages() -> None:
    assert inserted("a { }\n", 0, language="css") == "/* maestro: ignore[sql-injection] */\na { }\n"
    assert inserted("\ta()\n", 0, language="go") == "\ta()  // maestro: ignore[sql-injection]\n"
    assert inserted('{"a": 1}\n', 0, language="json") == '{"a": 1}\n'
    said = inserted("a\n", 0, language="css", reason="no */ end\nof it")
    assert said == "/* maestro: ignore[sql-injection] -- no end of it */\na\n"


SHEBANG = "#!/usr/bin/env node\n"


@pytest.mark.parametrize(
    ("language", "text", "line", "expected"),
    [
        ("python", "\ufeffa = 1\n", 0, "\ufeff# maestro: ignore-file[sql-injection]\na = 1\n"),
        ("javascript", f"{SHEBANG}a();\n", 1, f"{SHEBANG}// maestro: ignore-file[sql-injection]\na();\n"),
        ("php", "<?php\na();\n", 1, "<?php\n// maestro: ignore-file[sql-injection]\na();\n"),
        ("php", "<?php a();\nb();\n", 1, None),
        ("php", "<p>\n<?php a();\n", 1, None),
        ("xml", "<?xml version='1.0'?><a>\n</a>\n", 1, None),
        (
            "html",
            "<!DOCTYPE html>\n<p></p>\n",
            1,
            "<!DOCTYPE html>\n<!-- maestro: ignore-file[sql-injection] -->\n<p></p>\n",
        ),
        (
            "vue",
            "<template>\n</template>\n<script>\na()\n</script>\n",
            3,
            "<!-- maestro: ignore-file[sql-injection] -->\n<template>\n</template>\n<script>\na()\n</script>\n",
        ),
    ],
)
def test_what_has_to_stand_first_does(language: str, text: str, line: int, expected: str | None) -> None:
    assert inserted(text, line, "file", language) == (text if expected is None else expected)


def test_the_first_line_of_php_may_have_a_comment_behind_it() -> None:
    text = "<?php a();\nb();\n"
    assert inserted(text, 0, language="php") == text.replace("a();", "a();  // maestro: ignore[sql-injection]")


def test_a_comment_among_elements() -> None:
    comments = "    {/* maestro: ignore[sql-injection] */}\n    {/* why */}\n"
    text = f"const a = (\n  <A>\n{comments}    <B c />\n    <C />\n  </A>\n);\n"
    for language in ("javascriptreact", "typescriptreact"):
        assert lines(text, language=language) == [4]
        source = document(text, language)
        [one] = find_suppressions(source, []).all
        assert "maestro" in source.plain[one.start : one.end]
        left = text.replace("    {/* maestro: ignore[sql-injection] */}\n", "")
        assert source.apply(*removal(source, one)) == left
    assert lines("a({/* maestro: ignore */});\nb();\n", language="javascriptreact") == [0]


def test_inserted_line_ends_are_those_of_the_document() -> None:
    source = document("a = 1 + \\\r\n    2\r\n")
    edit = insertion(source, 0, RULE, "line", [])
    assert edit is not None
    assert edit[1].endswith("]\r\n")


@given(
    st.lists(
        st.sampled_from(
            [
                "def f():",
                "    a = 1",
                "@d",
                "x = (",
                "    1,",
                ")",
                "",
                "# note",
                "b = '''",
                "'''",
                "c = 2 \\",
                "y = 3  # z",
            ]
        ),
        min_size=1,
        max_size=12,
    ),
    st.data(),
    st.sampled_from(["python", "go", "css"]),
)
def test_what_is_inserted_suppresses_and_can_be_removed(chosen: list[str], data: st.DataObject, language: str) -> None:
    source = document("\n".join(chosen), language)
    line = data.draw(st.sampled_from([n for n, text in enumerate(chosen) if text] or [0]))
    edit = insertion(source, line, RULE, "line", find_symbols(source))
    if edit is None or not source.lines[line].strip():
        return
    after = document(source.apply(*edit), language)
    suppressed = line + len(after.lines) - len(source.lines)
    found = find_suppressions(after, find_symbols(after))
    assert found.covering(RULE, suppressed, suppressed) is not None
    assert [document(after.apply(*removal(after, one)), language).plain for one in found.all] == [source.plain]
