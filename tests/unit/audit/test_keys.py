"""What makes two chunks the same question."""

import pytest

from maestro.audit.asking import keys
from maestro.audit.catalogue import enabled

RULES = list(enabled(None).values())
BASE = ("gemini", "flash", "python", RULES)


@pytest.mark.parametrize(
    "other",
    [
        ("openai", "flash", "python", RULES),
        ("gemini", "pro", "python", RULES),
        ("gemini", "flash", "ruby", RULES),
        ("gemini", "flash", "python", RULES[1:]),
    ],
)
def test_provider_model_language_and_rules_make_another_question(other: tuple[str, str, str, list]) -> None:
    assert keys.question(*BASE) != keys.question(*other)


def test_the_order_of_rules_means_nothing() -> None:
    assert keys.question(*BASE) == keys.question(*BASE[:3], RULES[::-1])


def test_a_newer_prompt_is_another_question(monkeypatch: pytest.MonkeyPatch) -> None:
    before = keys.question(*BASE)
    monkeypatch.setattr(keys, "PROMPT_VERSION", "next")
    assert keys.question(*BASE) != before


def test_code_outline_and_intents_make_another_chunk() -> None:
    chunks = [("q", "a"), ("q", "b"), ("p", "a")]
    told = [keys.chunk_key(*chunk, outline, intents) for chunk in chunks for outline in ([], ["import a"])
            for intents in ([], [{"purpose": "fix"}])]  # fmt: skip
    assert len(set(told)) == len(told) == 12
    assert keys.chunk_key("q", "a", [], []) == keys.chunk_key("q", "a", ())
    assert keys.chunk_key("q", "ab", ["c"]) != keys.chunk_key("q", "a", ["bc"])
