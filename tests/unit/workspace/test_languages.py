"""Language ids of files, as editors tell them and as their suffixes say."""

from pathlib import PurePath

import pytest

from maestro.workspace.languages import language_of, language_told


@pytest.mark.parametrize(
    ("told", "path", "language"),
    [
        ("python", "a", "python"),
        ("cpp", "a.h", "cpp"),
        ("plaintext", "a.py", "plaintext"),
        ("prog", "a.py", "python"),
        ("js-json", "a.json", "json"),
        ("sh", "a.sh", "shellscript"),
        ("prog", "a.unheard", "prog"),
        ("", "a.rs", "rust"),
        ("", "1", "plaintext"),
    ],
)
def test_the_editor_knows_best_unless_only_the_suffix_says_something(told: str, path: str, language: str) -> None:
    assert language_told(told, PurePath(path)) == language


def test_an_unknown_suffix_is_its_own_name() -> None:
    assert language_of(PurePath("lib/a.GO")) == "go"
    assert language_of(PurePath("LICENSE")) == "plaintext"
