"""A model string is taken apart where its parts are known, and left whole where they are not."""

from typing import get_args

from hypothesis import given
from hypothesis import strategies as st

from maestro.services.models.model_string import ModelString, readings
from maestro_protocol.chat import Effort

EFFORTS = get_args(Effort)
PROVIDERS = ("openai", "openrouter", "ollama")
SESSIONS = ("work", "env:openai", "work:old")

_pieces = st.sampled_from([*PROVIDERS, *SESSIONS, *EFFORTS, "auto", "gpt-4o", "@cf", "20250101", "OpenAI", "free", ""])
_texts = st.lists(st.tuples(_pieces, st.sampled_from(["", "/", ":", "@"])), min_size=1, max_size=6).map(
    lambda pairs: "".join(piece + mark for piece, mark in pairs)
) | st.text(alphabet="ab/:@", max_size=12)


def provider_of(part: str) -> str | None:
    return part.lower() if part.lower() in PROVIDERS else None


def meant(text: str) -> ModelString:
    return readings(text, provider_of, SESSIONS)[-1]


def test_every_part_is_read() -> None:
    assert meant("gpt-4o") == ModelString("gpt-4o")
    assert meant("openai/gpt-4o") == ModelString("gpt-4o", "openai")
    assert meant("work:openai/gpt-4o@high") == ModelString("gpt-4o", "openai", "work", "high")
    assert meant("work:old:gpt-4o") == ModelString("gpt-4o", None, "work:old")
    assert meant("env:openai:openai/gpt-4o") == ModelString("gpt-4o", "openai", "env:openai")
    assert meant("auto@low").is_auto
    assert meant("work:auto").is_auto
    assert not meant("openai/auto").is_auto


def test_a_providers_name_may_be_written_in_any_case() -> None:
    assert meant("OpenAI/GPT-4o") == ModelString("GPT-4o", "openai")


def test_the_marks_of_a_model_survive() -> None:
    assert meant("openrouter/openai/gpt-oss-120b:free") == ModelString("openai/gpt-oss-120b:free", "openrouter")
    assert meant("openrouter/openrouter/auto") == ModelString("openrouter/auto", "openrouter")
    assert meant("@cf/meta/llama") == ModelString("@cf/meta/llama")
    assert meant("claude@20250101") == ModelString("claude@20250101")
    assert meant("claude@20250101@max") == ModelString("claude@20250101", effort="max")
    assert meant("llama3:8b") == ModelString("llama3:8b")
    assert meant("@high") == ModelString("@high")


def test_the_most_literal_reading_comes_first() -> None:
    found = readings("work:openai/x@high", provider_of, SESSIONS)
    assert found[0] == ModelString("work:openai/x@high")
    assert found[-1] == ModelString("x", "openai", "work", "high")
    assert ModelString("x@high", "openai", "work") in found


@given(_texts)
def test_nothing_of_a_string_is_lost(text: str) -> None:
    for one in readings(text, provider_of, SESSIONS):
        assert str(one).lower() == text.lower()


@given(_texts)
def test_only_what_is_known_is_taken_for_a_part(text: str) -> None:
    for one in readings(text, provider_of, SESSIONS):
        assert one.session in (None, *SESSIONS)
        assert one.provider in (None, *PROVIDERS)
        assert one.effort in (None, *EFFORTS)


@given(
    st.none() | st.sampled_from(SESSIONS),
    st.none() | st.sampled_from(PROVIDERS),
    st.from_regex(r"\A[a-z0-9.-]{1,9}(/[a-z0-9.-]{1,9})?(:[a-z0-9]{1,4})?(@[0-9]{1,8})?\Z"),
    st.none() | st.sampled_from(EFFORTS),
)
def test_what_is_written_by_parts_is_read_as_those_parts(
    session: str | None, provider: str | None, model: str, effort: Effort | None
) -> None:
    written = ModelString(model, provider, session, effort)
    if provider is None and provider_of(model.partition("/")[0]) and "/" in model:
        return  # then its first part is a provider
    if session is None and any(str(written).startswith(f"{name}:") for name in SESSIONS):
        return  # then what is before its colon is a session
    assert meant(str(written)) == written
