"""The estimate of tokens, against what OpenAI's `o200k_base` makes of the same sentences."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maestro.context.tokens import IMAGE_TOKENS, estimate, of_message
from maestro_protocol.chat import ImagePart
from tests.unit.context.store import call, message, replay


@pytest.mark.parametrize(
    ("text", "tokens", "error"),
    [
        ("The quick brown fox jumps over the lazy dog.", 10, 0.1),
        ("Hello, World! How are you today? 🌍", 11, 0.1),
        ("Die Grenzen meiner Sprache bedeuten die Grenzen meiner Welt. 🇩🇪", 15, 0.2),
        ("O Brasil é o maior país da América do Sul. 🇧🇷", 15, 0.25),
        ("Привет, мир! Как дела?", 8, 0.4),
        ("こんにちは、世界！お元気ですか？", 10, 0.4),  # noqa: RUF001 - that is how it is written
        ("안녕하세요, 세상! 오늘 기분이 어때요? 🇰🇷", 18, 0.2),
    ],
)
def test_the_estimate_is_close(text: str, tokens: int, error: float) -> None:
    assert abs(estimate(text) - tokens) <= max(1, tokens * error)


def test_code_takes_more_tokens_than_prose_of_its_length() -> None:
    code = "    if (items[index] != null) {\n        total += items[index].price * 2;\n    }\n"
    prose = "a long and quiet sentence about the weather of yesterday, without a sign of code"[: len(code)]
    assert estimate(code) > 1.3 * estimate(prose)


@given(st.text(), st.text())
def test_any_text_has_an_estimate_that_grows_with_it(one: str, other: str) -> None:
    assert (estimate(one) > 0) is bool(one)
    assert estimate(f"{one}\n{other}") + 1 >= estimate(one)
    assert estimate(one) <= 3 * len(one) + 1


@pytest.mark.parametrize("text", ["a" * 200_000, "((((" * 50_000, "\n" * 200_000, "汉" * 200_000, "aA0." * 50_000])
def test_long_texts_of_one_kind_have_an_estimate_too(text: str) -> None:
    assert 0 < estimate(text) <= 3 * len(text)


def test_a_message_counts_its_calls_and_images() -> None:
    plain = of_message(message("assistant", "Look."))
    assert of_message(message("assistant", "Look.", call("c1", path="src/a.py"))) > plain + 5
    assert of_message(message("assistant", "Look.", replay())) == plain
    image = ImagePart(mime_type="image/png", data="A" * 100_000)
    assert of_message(message("user", "Look.", image)) == plain + IMAGE_TOKENS
