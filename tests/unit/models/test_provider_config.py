"""One provider as data: its models are found by either name, and its key is never shown."""

import pytest
from pydantic import ValidationError

from maestro.services.models import ModelDiscoveryService, ProviderConfig

SECRET = "canary-0123456789abcdef"
MODELS = {"acme/Large-1": "large", "acme/small-1": "small", "large": "odd"}


@pytest.mark.parametrize(
    ("name", "long"),
    [
        ("acme/Large-1", "acme/Large-1"),
        ("ACME/large-1", "acme/Large-1"),
        ("large", "large"),
        ("small", "acme/small-1"),
        ("acme", "acme/Large-1"),
        ("mall-1", "acme/small-1"),
        ("od", "large"),
        ("huge", None),
    ],
)
def test_a_model_is_found_by_its_name_then_its_short_one_then_by_a_part_of_them(name: str, long: str | None) -> None:
    assert ProviderConfig(valid_models=MODELS).find_model(name) == long


def test_models_are_only_ever_added() -> None:
    config = ProviderConfig(valid_models={"a": "short"})
    config.merge_valid_models(["b", "a"])
    assert config.valid_models == {"a": "short", "b": "b"}
    assert config.get_valid_models() == ["a", "b"]


def test_a_provider_without_models_has_none_until_some_are_found() -> None:
    config = ProviderConfig(valid_models=None)
    assert config.get_valid_models() == []
    assert config.find_model("a") is None
    config.merge_valid_models(["a"])
    assert config.valid_models == {"a": "a"}


def test_the_list_of_invalid_models_is_a_copy() -> None:
    config = ProviderConfig(invalid_models=["a"])
    config.get_invalid_models().append("b")
    assert config.invalid_models == ["a"]


def test_what_is_not_known_is_ignored_and_what_lives_in_memory_is_not_dumped() -> None:
    config = ProviderConfig.model_validate({"name": "Acme", "colour": "green", "cache_duration": 7})
    config._cached_models = [{"id": "a"}]
    fields = {"name", "base_api_url", "api_key", "valid_models", "invalid_models"}
    assert config.model_dump().keys() == fields
    assert config.cache_duration == 7
    assert ProviderConfig().cache_duration == 300


def test_none_is_no_key() -> None:
    config = ProviderConfig.model_validate({"api_key": None})
    assert config.api_key == ""
    config.api_key = SECRET
    config.api_key = None  # type: ignore[assignment]
    assert config.api_key == config.own_key == ""
    assert not ModelDiscoveryService().validate_api_key(config)


def test_the_key_is_in_no_text() -> None:
    config = ProviderConfig(api_key=SECRET)
    with pytest.raises(ValidationError) as caught:
        ProviderConfig.model_validate({"api_key": [SECRET], "name": {SECRET: 1}})
    assert SECRET not in f"{config!r} {config} {caught.value!r} {caught.value}"
    assert config.without_secrets(f"refused {SECRET}!") == "refused [redacted]!"
    assert ProviderConfig(api_key="refused").without_secrets("refused") == "refused"
