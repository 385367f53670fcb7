"""A risk that was called low is held against what was touched."""

import pytest

from maestro.intents.understated import understated
from maestro_protocol.intents import Assessment, IntentRecord, RiskLevel
from tests.unit.audit.intents import record


def declared(level: RiskLevel) -> IntentRecord:
    own = [Assessment(by="model", id="declared", risk_level=level, reason="The model says so.")]
    return record(assessments=[] if level == "low" else own)


def found(path: str, language: str = "python", before: str | None = None, after: str | None = None) -> str | None:
    assessment = understated(declared("low"), path, language, before, after)
    return assessment.id if assessment else None


@pytest.mark.parametrize(
    ("path", "rule"),
    [
        (".github/workflows/ci.yml", "ci"),
        ("src/auth/login.py", "security"),
        ("db/migrations/0001_users.py", "migration"),
        (".env", "secretFile"),
        ("src/shop.py", None),
        ("tests/test_auth.py", None),
        ("docs/auth.md", None),
        ("src/author.py", None),
    ],
)
def test_some_paths_are_no_low_risk(path: str, rule: str | None) -> None:
    assert found(path) == rule


@pytest.mark.parametrize("level", ["medium", "high"])
def test_who_said_so_understated_nothing(level: RiskLevel) -> None:
    assert understated(declared(level), ".github/workflows/ci.yml", "yaml", None, None) is None


def test_who_declared_nothing_is_told_that_instead() -> None:
    bare = record(purpose=None, scope=None, declared_by="none")
    assert understated(bare, ".github/workflows/ci.yml", "yaml", None, None) is None


MODULE = '__all__ = ["buy"]\n\n\ndef buy(what, count=1):\n    return what\n\n\ndef helper(a):\n    return a\n'


@pytest.mark.parametrize(
    ("after", "is_api"),
    [
        (MODULE.replace("what, count=1", "count"), True),
        (MODULE.replace('["buy"]', "[]"), True),
        (MODULE.replace("count=1", "count"), True),
        (MODULE.replace("count=1", "count=1, *, gift"), True),
        (MODULE.replace("count=1", "count=1, *, gift=False"), False),
        (MODULE.replace("count=1", "count=1, gift=False"), False),
        (MODULE.replace("helper(a)", "helper(b)"), False),
        (MODULE.replace("return what", "return count"), False),
        (MODULE.replace('["buy"]', '["buy", "helper"]'), False),
        ("def (", False),
    ],
)
def test_what_a_module_lists_is_public(after: str, is_api: bool) -> None:
    assert (found("src/shop.py", "python", MODULE, after) == "publicApi") is is_api


def test_what_a_package_offers_is_public() -> None:
    before = "from shop.cart import Cart, total\n"
    assert found("shop/__init__.py", "python", before, "from shop.cart import Cart\n") == "publicApi"
    assert found("shop/cart.py", "python", before, "from shop.cart import Cart\n") is None
    assert found("tests/__init__.py", "python", before, "\n") is None


@pytest.mark.parametrize(
    ("path", "before", "after", "is_api"),
    [
        ("shop/a.go", "package shop\n\nfunc Buy(n int) int { return n }\n", "package shop\n", True),
        ("shop/a.go", "package shop\n\nfunc Buy(n int) {}\n", "package shop\n\nfunc Buy(n string) {}\n", True),
        ("shop/a.go", "package shop\n\nfunc (c *Cart) Buy() {}\n", "package shop\n", True),
        ("shop/a.go", "package shop\n\nfunc buy() {}\n", "package shop\n", False),
        ("internal/a.go", "package shop\n\nfunc Buy() {}\n", "package shop\n", False),
        ("shop/a.go", "package main\n\nfunc Buy() {}\n", "package main\n", False),
    ],
)
def test_what_go_exports_is_public(path: str, before: str, after: str, is_api: bool) -> None:
    assert (found(path, "go", before, after) == "publicApi") is is_api


@pytest.mark.parametrize(
    ("path", "before", "after", "is_api"),
    [
        ("src/index.ts", 'export { a, b as c } from "./a";\n', 'export { a } from "./a";\n', True),
        ("src/index.ts", "export function a(x: number) {}\n", "function a(x: number) {}\n", True),
        ("src/index.ts", "export const a = 1;\n", "export const a = 2;\n", False),
        ("src/index.ts", 'export * from "./a";\n', "\n", True),
        ("src/other.ts", "export const a = 1;\n", "\n", False),
    ],
)
def test_what_an_index_exports_is_public(path: str, before: str, after: str, is_api: bool) -> None:
    assert (found(path, "typescript", before, after) == "publicApi") is is_api
