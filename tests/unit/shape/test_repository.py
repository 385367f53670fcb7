"""What is committed: no registry, no download address, the promises of the README."""

import re
import subprocess
from pathlib import Path

import pytest

from tests.unit.shape.source import ROOT

REGISTRIES = [
    ".".join(words)
    for words in (
        ("registry", "npmjs", "org"),
        ("registry", "yarnpkg", "com"),
        ("files", "pythonhosted", "org"),
        ("pypi", "org"),
        ("pypi", "python", "org"),
        ("proxy", "golang", "org"),
    )
]
LOCK_FILES = re.compile(r"(package-lock|npm-shrinkwrap)\.json|(uv|poetry|pdm|yarn|Cargo)\.lock|pnpm-lock\.yaml")
DEVIATIONS = ["login mode", "anthropic endpoints", "model lists", "credential files", "scripts at", "legacy call sites"]


def committed() -> list[Path]:
    if not (ROOT / ".git").exists():
        pytest.skip("not a clone: nothing says which files are committed")
    names = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [ROOT / name for name in names.split("\0") if name and (ROOT / name).is_file()]


def test_no_file_names_a_registry() -> None:
    texts = {path: path.read_text(encoding="utf-8", errors="replace") for path in committed()}
    found = [path.relative_to(ROOT) for path, text in texts.items() if any(host in text for host in REGISTRIES)]
    assert found == []


def test_lock_files_carry_no_addresses() -> None:
    locks = [path for path in committed() if LOCK_FILES.fullmatch(path.name)]
    found = [path for path in locks if re.search(r"resolved|https?://", path.read_text(encoding="utf-8"))]
    assert found == []


def test_the_readme_tells_every_deviation() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    _, heading, section = readme.partition("Deviations from the original requirement")
    assert heading
    rows = [line.lower() for line in section.split("\n## ")[0].splitlines() if line.startswith("|")]
    missing = [name for name in DEVIATIONS if not any(name in row for row in rows)]
    assert missing == []
