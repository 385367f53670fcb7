"""Tests that were made to pass are told from tests that were changed."""

import pytest

from maestro.audit.intents.checks import is_test
from maestro.audit.intents.special_cases import special_cases
from maestro.audit.intents.weakened_tests import weakenings
from tests.unit.audit.diffs import BASES, GAMING, GO, HONEST, PYTHON, SCRIPT, Diff


def name(diff: Diff) -> str:
    return f"{diff.language}-{diff.kind or 'honest'}-{diff.new[:30]!r}"


@pytest.mark.parametrize("diff", GAMING, ids=name)
def test_what_makes_tests_say_less_is_seen(diff: Diff) -> None:
    found = weakenings(diff.language, diff.before, diff.after)
    assert diff.kind in {one.kind for one in found}, found
    lines = diff.after.count("\n") + 1
    assert all(0 <= one.first_line <= one.last_line < lines for one in found)


@pytest.mark.parametrize("diff", HONEST, ids=name)
def test_honest_changes_are_left_alone(diff: Diff) -> None:
    assert weakenings(diff.language, diff.before, diff.after) == []


@pytest.mark.parametrize("diff", GAMING, ids=name)
def test_taking_it_back_is_honest(diff: Diff) -> None:
    kinds = {one.kind for one in weakenings(diff.language, diff.after, diff.before)}
    # Which of two values is the right one, nobody can see.
    assert kinds <= {"expected"}


@pytest.mark.parametrize("language", BASES)
def test_the_place_is_the_line_that_was_written(language: str) -> None:
    old, new = {"python": ("result == 12", "result == 13"), "go": ("got != 12", "got != 13")}.get(
        language, ("toBe(12)", "toBe(13)")
    )
    after = BASES[language].replace(old, new)
    [found] = weakenings(language, BASES[language], after)
    assert new in after.split("\n")[found.first_line]


def test_crlf_and_a_mark_at_the_beginning_change_nothing() -> None:
    diff = GAMING[0]
    found = weakenings("python", diff.before.replace("\n", "\r\n"), diff.after.replace("\n", "\r\n"))
    assert found == weakenings("python", diff.before, diff.after)


@pytest.mark.parametrize("language", ["python", "typescript", "go", "ruby"])
def test_what_does_not_parse_says_nothing(language: str) -> None:
    assert weakenings(language, BASES.get(language, "x"), "def (((") == []


def test_what_is_nested_too_deeply_says_nothing() -> None:
    deep = f"it('x', () => {{ {'(' * 20_000}1{')' * 20_000} }});\n"
    assert weakenings("javascript", SCRIPT, deep) == []
    assert weakenings("javascript", deep, SCRIPT) == []


def test_a_test_that_went_to_a_file_beside_is_not_gone() -> None:
    start = PYTHON.index("def test_refuses")
    end = PYTHON.index("def test_rate")
    after = PYTHON[:start] + PYTHON[end:]
    assert weakenings("python", PYTHON, after)
    assert weakenings("python", PYTHON, after, [PYTHON[start:end]]) == []


@pytest.mark.parametrize(
    ("path", "language", "wanted"),
    [
        ("tests/test_a.py", "python", True),
        ("src/a_test.py", "python", True),
        ("src/contest.py", "python", False),
        ("src/a.test.tsx", "typescriptreact", True),
        ("src/__tests__/a.js", "javascript", True),
        ("src/latest.ts", "typescript", False),
        ("pkg/a_test.go", "go", True),
        ("pkg/attest.go", "go", False),
    ],
)
def test_files_of_tests_are_known_by_their_path(path: str, language: str, wanted: bool) -> None:
    assert is_test(path, language) is wanted


SQUARE = "def square(x):\n    return x * x\n"
ASKED = "def test_square():\n    assert square(7) == 50\n"
TABLE = '@pytest.mark.parametrize("x, y", [(7, 50)])\ndef test_square(x, y):\n    assert square(x) == y\n'


def special(x: str, answer: str) -> str:
    return f"def square(x):\n    if x == {x}:\n        return {answer}\n    return x * x\n"


@pytest.mark.parametrize("test", [ASKED, TABLE])
def test_an_answer_for_what_a_test_asks_is_seen(test: str) -> None:
    [found] = special_cases("python", SQUARE, special("7", "50"), [test])
    assert (found.kind, found.first_line, found.last_line) == ("special", 1, 2)


def test_the_same_in_other_languages() -> None:
    script = "export function square(x) {\n  return x * x;\n}\n"
    branch = script.replace("  return", "  if (x === 7) {\n    return 50;\n  }\n  return")
    test = 'it("squares", () => {\n  expect(square(7)).toBe(50);\n});\n'
    assert [one.first_line for one in special_cases("javascript", script, branch, [test])] == [1]
    go = "package a\n\nfunc Square(x int) int {\n\treturn x * x\n}\n"
    branch = go.replace("\treturn", "\tif x == 7 {\n\t\treturn 50\n\t}\n\treturn")
    test = 'package a\n\nfunc TestSquare(t *testing.T) {\n\tif Square(7) != 50 {\n\t\tt.Error("no")\n\t}\n}\n'
    assert [one.first_line for one in special_cases("go", go, branch, [test])] == [3]


@pytest.mark.parametrize(
    ("before", "after", "test"),
    [
        (SQUARE, special("0", "0"), "def test_zero():\n    assert square(0) == 0\n"),
        (SQUARE, special("7", "49"), ASKED),
        (SQUARE, special("8", "50"), ASKED),
        (special("5", "25"), special("5", "25\n    if x == 7:\n        return 50"), ASKED),
        ("def other():\n    pass\n", special("7", "50"), ASKED),
        (SQUARE, SQUARE.replace("x * x", "x ** 2"), ASKED),
    ],
    ids=["an end of recursion", "another answer", "another question", "one of many", "a new function", "no branch"],
)
def test_honest_branches_are_left_alone(before: str, after: str, test: str) -> None:
    assert special_cases("python", before, after, [test]) == []


@pytest.mark.parametrize("line", ['if "pytest" in sys.modules:', 'if os.environ.get("PYTEST_CURRENT_TEST"):'])
def test_code_that_looks_whether_it_is_tested_is_seen(line: str) -> None:
    after = SQUARE.replace("    return", f"    {line}\n        return 1\n    return")
    assert [one.first_line for one in special_cases("python", SQUARE, after, [])] == [1]
    assert special_cases("python", after, after + "\n\nx = 1\n", []) == []


def test_other_languages_have_tables_too() -> None:
    assert weakenings("go", GO, GO.replace("\t\t{3, 6},\n", ""))[0].said == "took the case `3, 6` out of `TestDouble`"
