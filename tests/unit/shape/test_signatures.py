"""Public signatures say what they take: no `Any`, no dictionary of anything."""

import ast
from pathlib import Path

import pytest

from tests.unit.shape.source import ROOT, SERVER, public_annotations

PUBLIC = [SERVER / "provider.py", *sorted((SERVER / "services").glob("*.py"))]
VAGUE = ("Any", "dict[str, object]", "Mapping[str, object]")


def vague(annotation: ast.expr) -> bool:
    if isinstance(annotation, ast.Constant) and isinstance(annotation.value, str):
        annotation = ast.parse(annotation.value, mode="eval").body
    parts = [ast.unparse(node) for node in ast.walk(annotation) if isinstance(node, ast.expr)]
    return any(part in VAGUE or part.endswith(".Any") for part in parts)


@pytest.mark.parametrize("path", PUBLIC, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_public_signature_is_vague(path: Path) -> None:
    assert [name for name, annotation in public_annotations(path) if vague(annotation)] == []


@pytest.mark.parametrize(
    "annotation", ["Any", "dict[str, Any]", "list[dict[str, object]] | None", "typing.Any", "'Any | None'"]
)
def test_vagueness_is_seen(annotation: str) -> None:
    assert vague(ast.parse(annotation, mode="eval").body)


@pytest.mark.parametrize("annotation", ["object", "JsonObject", "dict[str, str]", "Company"])
def test_precision_is_seen(annotation: str) -> None:
    assert not vague(ast.parse(annotation, mode="eval").body)
