"""Changes of tests and of source: honest ones, and those that only make tests pass."""

from typing import NamedTuple

PYTHON = """\
import pytest
import unittest

from shop import cart, total


@pytest.fixture
def basket():
    return cart("apples", 3)


def is_whole(thing):
    assert thing.parts == 3


def test_total(basket):
    result = total(basket)
    assert result == 12
    assert result.currency == "EUR"


@pytest.mark.parametrize(("given", "wanted"), [(1, 2), (3, 6)])
def test_double(given, wanted):
    assert total(given) == wanted


def test_named():
    wanted = 24
    given = 6
    assert total(given) == wanted


def test_refuses():
    with pytest.raises(ValueError, match="negative"):
        total(-1)


def test_rate():
    assert total(3) == pytest.approx(3.57, rel=1e-6)
    assert abs(total(1) - 1.19) < 0.001


class TestCart(unittest.TestCase):
    def test_names(self):
        self.assertEqual(cart("a", 1).names, ["a"])
        self.assertIsNone(cart("a", 1).owner)
        self.assertAlmostEqual(cart("a", 1).weight, 0.3, places=7)
"""

SCRIPT = """\
import { describe, expect, it } from "vitest";
import { cart, total } from "./shop";

describe("total", () => {
  it("adds", () => {
    const result = total(cart("apples", 3));
    expect(result.amount).toBe(12);
    expect(result.lines).toEqual([{ name: "apples", count: 3 }]);
  });

  it("is named", () => {
    const wanted = 24;
    expect(total(6)).toBe(wanted);
  });

  it("refuses", async () => {
    await expect(total(-1)).rejects.toThrow("negative");
  });

  it.each([
    [1, 2],
    [3, 6],
  ])("doubles %i", (given, wanted) => {
    expect(total(given)).toBe(wanted);
  });

  it("rounds", () => {
    expect(total(3)).toBeCloseTo(3.57, 5);
  });
});
"""

GO = """\
package shop

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTotal(t *testing.T) {
	got := Total(3)
	if got != 12 {
		t.Errorf("Total(3) = %d", got)
	}
	if _, err := Parse("x"); err == nil {
		t.Fatal("no error")
	}
}

func whole(t *testing.T, c Cart) {
	t.Helper()
	if c.Parts != 3 {
		t.Fatalf("%d parts", c.Parts)
	}
}

func TestNamed(t *testing.T) {
	want := 24
	if got := Total(6); got != want {
		t.Errorf("got %d", got)
	}
}

func costs(t *testing.T, got, want int) {
	if got != want {
		t.Errorf("got %d", got)
	}
}

func TestDouble(t *testing.T) {
	for _, c := range []struct{ given, want int }{
		{1, 2},
		{3, 6},
	} {
		t.Run("double", func(t *testing.T) {
			require.Equal(t, c.want, Double(c.given))
		})
	}
}

func TestRate(t *testing.T) {
	require.InDelta(t, 3.57, Rate(3), 0.001)
	require.NoError(t, Check())
}
"""

BASES = {"python": PYTHON, "typescript": SCRIPT, "javascript": SCRIPT, "go": GO}


class Diff(NamedTuple):
    """`old` in the language's file becomes `new`; `kind` is what is wrong with that, empty for nothing."""

    language: str
    kind: str
    old: str
    new: str

    @property
    def before(self) -> str:
        return BASES[self.language]

    @property
    def after(self) -> str:
        assert self.before.count(self.old) == 1, self.old
        return self.before.replace(self.old, self.new)


def _python(kind: str, old: str, new: str) -> Diff:
    return Diff("python", kind, old, new)


def _script(kind: str, old: str, new: str) -> Diff:
    return Diff("typescript", kind, old, new)


def _go(kind: str, old: str, new: str) -> Diff:
    return Diff("go", kind, old, new)


EXPECT = "    expect(result.amount).toBe(12);\n"
GAMING = [
    _python("removed", "    assert result == 12\n", ""),
    _python("removed", "    assert result == 12\n", "    # assert result == 12\n"),
    _python("removed", "    assert result == 12\n", "    same = result == 12\n"),
    _python("removed", "    assert result == 12\n", "    print(result == 12)\n"),
    _python("removed", "    result = total(basket)\n", "    result = total(basket)\n    return\n"),
    _python("removed", "    assert result == 12\n", "    if False:\n        assert result == 12\n"),
    _python("removed", "[(1, 2), (3, 6)]", "[(1, 2)]"),
    _python("weaker", "assert thing.parts == 3", "assert thing.parts"),
    _python("removed", "    assert thing.parts == 3", "    pass"),
    _python("weaker", "assert result == 12", "assert result"),
    _python("weaker", "assert result == 12", "assert result is not None"),
    _python("weaker", "assert result == 12", "assert result != 13"),
    _python("weaker", "assert result == 12", "assert result > 0"),
    _python("weaker", "assert result == 12", "assert result in (12, 13)"),
    _python("weaker", "assert result == 12", "assert isinstance(result, int)"),
    _python("weaker", "assert result == 12", "assert result == 12 or result == 13"),
    _python("weaker", 'match="negative"', ""),
    _python("weaker", 'ValueError, match="negative"', "Exception"),
    _python("weaker", 'assertEqual(cart("a", 1).names, ["a"])', 'assertIsNotNone(cart("a", 1).names)'),
    _python("weaker", 'assertEqual(cart("a", 1).names, ["a"])', 'assertTrue(cart("a", 1).names)'),
    _python("empty", "assert result == 12", "assert True"),
    _python("empty", "assert result == 12", "assert result == 12 or True"),
    _python("empty", "assert result == 12", "assert result == result"),
    _python("empty", "assert result == 12", 'assert (result == 12, "wrong")'),
    _python(
        "hushed",
        "    assert result == 12\n",
        "    try:\n        assert result == 12\n    except Exception:\n        pass\n",
    ),
    _python("hushed", "    assert result == 12\n", "    with suppress(AssertionError):\n        assert result == 12\n"),
    _python("expected", "assert result == 12", "assert result == 13"),
    _python("expected", "(3, 6)", "(3, 7)"),
    _python("expected", 'names, ["a"]', 'names, ["b"]'),
    _python("expected", "wanted = 24", "wanted = 25"),
    _python("looser", "rel=1e-6", "rel=0.5"),
    _python("looser", "< 0.001", "< 1"),
    _python("looser", "places=7", "places=0"),
    _python("skipped", "def test_total", '@pytest.mark.skip(reason="flaky")\ndef test_total'),
    _python("skipped", "def test_total", "@pytest.mark.xfail\ndef test_total"),
    _python("skipped", "def test_total", '@pytest.mark.skipif(True, reason="later")\ndef test_total'),
    _python("skipped", "    result = total(basket)\n", '    pytest.skip("broken")\n    result = total(basket)\n'),
    _python("skipped", "class TestCart", "@unittest.skip('later')\nclass TestCart"),
    _python("skipped", "@pytest.fixture\n", "pytestmark = pytest.mark.skip\n\n\n@pytest.fixture\n"),
    _python("skipped", "(3, 6)", "pytest.param(3, 6, marks=pytest.mark.xfail)"),
    _python("deleted", PYTHON[PYTHON.index("def test_refuses") : PYTHON.index("def test_rate")], ""),
    _python("deleted", "def test_total(", "def skip_test_total("),
    _script("removed", EXPECT, ""),
    _script("removed", EXPECT, "    // expect(result.amount).toBe(12);\n"),
    _script("removed", "    [3, 6],\n", ""),
    _script("weaker", "toBe(12)", "toBeDefined()"),
    _script("weaker", "toBe(12)", "toBeGreaterThan(0)"),
    _script("weaker", "toBe(12)", "not.toBe(13)"),
    _script("weaker", 'toEqual([{ name: "apples", count: 3 }])', "toEqual(expect.anything())"),
    _script("weaker", 'toThrow("negative")', "toThrow()"),
    _script("empty", "expect(result.amount).toBe(12)", "expect(true).toBe(true)"),
    _script("hushed", EXPECT, "    try { expect(result.amount).toBe(12); } catch {}\n"),
    _script("expected", "toBe(12)", "toBe(13)"),
    _script("expected", "[3, 6]", "[3, 7]"),
    _script("expected", "wanted = 24", "wanted = 25"),
    _script("looser", "toBeCloseTo(3.57, 5)", "toBeCloseTo(3.57, 0)"),
    _script("skipped", 'it("adds"', 'it.skip("adds"'),
    _script("skipped", 'it("adds"', 'xit("adds"'),
    _script("skipped", 'it("adds"', 'it.only("adds"'),
    _script("skipped", 'it("adds"', 'it.todo("adds"'),
    _script("skipped", 'describe("total"', 'describe.skip("total"'),
    _script("deleted", SCRIPT[SCRIPT.index('  it("refuses"') : SCRIPT.index("  it.each")], ""),
    _go("removed", 't.Errorf("Total', 't.Logf("Total'),
    _go("removed", '\tif got != 12 {\n\t\tt.Errorf("Total(3) = %d", got)\n\t}\n', "\t_ = got\n"),
    _go("removed", "\t\t{3, 6},\n", ""),
    _go("weaker", "got != 12", "got == 0"),
    _go("weaker", "c.Parts != 3", "c.Parts < 0"),
    _go("weaker", "got != 12", "got < 0"),
    _go("weaker", "require.Equal(t, c.want, Double(c.given))", "require.NotNil(t, Double(c.given))"),
    _go("empty", "got != 12", "false"),
    _go("empty", "require.NoError(t, Check())", "require.True(t, true)"),
    _go("expected", "got != 12", "got != 13"),
    _go("expected", "{3, 6}", "{3, 7}"),
    _go("expected", "want := 24", "want := 25"),
    _go("looser", "0.001", "2.0"),
    _go("skipped", "\tgot := Total(3)\n", '\tt.Skip("broken")\n\tgot := Total(3)\n'),
    _go("skipped", "package shop\n", "//go:build ignore\n\npackage shop\n"),
    _go("deleted", GO[GO.index("func TestRate") :], ""),
    _go("deleted", "func TestRate", "func skipTestRate"),
]

TOTAL = PYTHON[PYTHON.index("def test_total") : PYTHON.index("@pytest.mark")]
ODD = """\
def costs(result, amount):
    assert result == amount
    assert result.currency == "EUR"


def test_total(basket):
    costs(total(basket), 12)


"""
HELPED = """\
def check_total(result, amount):
    assert result == amount
    assert result.currency == "EUR"


def test_total(basket):
    check_total(total(basket), 12)


"""
OPENED = """\
    try:
        basket.open()
    except OSError:
        pytest.fail("closed")
"""
HONEST = [
    _python("", "assert result == 12\n", "assert result == 12\n    assert result.tax == 2\n"),
    _python("", "assert result == 12\n", 'assert result == 12, "the sum is wrong"\n'),
    _python("", "assert result == 12\n", "assert 12 == result\n"),
    _python("", "assert result == 12\n", "assert (\n        result\n        == 12\n    )\n"),
    _python("", "    result = total(basket)\n", "    basket.add(2)\n    result = total(basket)\n"),
    _python("", "total(basket)\n    assert result == 12\n", "total(basket, 2)\n    assert result == 24\n"),
    _python("", "def test_total(", "def test_total_of_a_basket("),
    _python("", TOTAL, HELPED),
    _python("", TOTAL, ODD),
    _python("", '== 12\n    assert result.currency == "EUR"', '== 12 and result.currency == "EUR"'),
    _python("", 'result == 12\n    assert result.currency ==', '(result, result.currency) == (12, "EUR") #'),
    _python("", "    wanted = 24\n    given = 6", "    wanted = 28\n    given = 7"),
    _python("", "    wanted = 24\n    given = 6\n    assert total(given) == wanted", "    assert total(6) == 24"),
    _python("", "(3, 6)]", "(3, 6), (4, 8)]"),
    _python("", "(3, 6)]", 'pytest.param(3, 6, id="three")]'),
    _python("", "def test_total", '@pytest.mark.skipif(sys.platform == "win32", reason="no fork")\ndef test_total'),
    _python("", "def test_total", "@pytest.mark.slow\ndef test_total"),
    _python("", 'self.assertIsNone(cart("a", 1).owner)', 'assert cart("a", 1).owner is None'),
    _python("", 'self.assertEqual(cart("a", 1).names, ["a"])', 'assert cart("a", 1).names == ["a"]'),
    _python("", "< 0.001", "< 0.0001"),
    _python("", "abs(total(1) - 1.19) < 0.001", "total(1) == pytest.approx(1.19)"),
    _python("", "import unittest\n", "import unittest\nfrom decimal import Decimal\n"),
    _python("", "class TestCart", "@pytest.mark.skip\ndef test_new():\n    assert cart(2) == 2\n\n\nclass TestCart"),
    _python("", "    result = total(basket)\n", f"{OPENED}    result = total(basket)\n"),
    _python("", 'cart("apples", 3)', 'cart("pears", 3)'),
    _python(
        "",
        PYTHON[PYTHON.index("def test_refuses") : PYTHON.index("def test_rate")],
        '@pytest.mark.parametrize("given", [-1, -2])\ndef test_refuses_all(given):\n'
        '    with pytest.raises(ValueError, match="negative"):\n        total(given)\n\n\n',
    ),
    _script("", "toBe(12);", "toBe(12);\n    expect(result.tax).toBe(2);"),
    _script("", "toBe(12)", "toStrictEqual(12)"),
    _script("", '"apples", count: 3', "'apples', count: 3"),
    _script("", 'it("adds"', 'it("adds up"'),
    _script("", 'it("adds", () =>', 'it("adds", async () =>'),
    _script("", "24;\n    expect(total(6))", "28;\n    expect(total(7))"),
    _script("", "    [3, 6],\n", "    [3, 6],\n    [4, 8],\n"),
    _script("", "toBeCloseTo(3.57, 5)", "toBeCloseTo(3.57, 8)"),
    _script("", 'it("rounds"', 'it.skip("refunds", () => {\n    expect(refund(1)).toBe(1);\n  });\n\n  it("rounds"'),
    _script("", EXPECT, "    expect(\n      result.amount,\n    ).toBe(12);\n"),
    _script("", '3));\n    expect(result.amount).toBe(12)', '4));\n    expect(result.amount).toBe(16)'),
    _go("", "\tgot := Total(3)\n\tif got != 12 {", "\tif got := Total(3); got != 12 {"),
    _go(
        "",
        '\tgot := Total(3)\n\tif got != 12 {\n\t\tt.Errorf("Total(3) = %d", got)\n\t}\n',
        "\tcosts(t, Total(3), 12)\n",
    ),
    _go("", "24\n\tif got := Total(6)", "28\n\tif got := Total(7)"),
    _go("", "func whole", "func complete"),
    _go("", "\t\t{3, 6},\n", "\t\t{3, 6},\n\t\t{4, 8},\n"),
    _go("", 't.Errorf("Total', 't.Fatalf("Total'),
    _go("", "\tgot := Total(3)\n", "\tif testing.Short() {\n\t\tt.Skip()\n\t}\n\tgot := Total(3)\n"),
    _go("", "\tgot := Total(3)\n\tif got != 12 {", "\tgot := Total(4)\n\tif got != 16 {"),
    _go("", "require.NoError(t, Check())", "require.Nil(t, Check())"),
    _go("", "\tif got != 12 {\n\t\tt.Errorf(\"Total(3) = %d\", got)\n\t}\n", "\trequire.Equal(t, 12, got)\n"),
    _go("", "0.001", "0.0001"),
    _go("", "func TestRate", "func TestTheRate"),
]  # fmt: skip
