"""The manager of providers as Python programs use it: like a dictionary, and by model strings."""

from types import SimpleNamespace

import pytest

from maestro.services.models import ProviderConfig, ProviderManager, split_first_slash

ACME = {
    "name": "Acme",
    "base_api_url": "https://acme.example/v1",
    "api_key": "k",
    "valid_models": {"large-1": "large", "shared": "both"},
    "invalid_models": ["embed-1"],
}
GATE = ProviderConfig(
    name="Gate", base_api_url="https://gate.example", valid_models={"vendor/x": "x", "acme/tiny": "tiny", "shared": "s"}
)
BARE = {"name": "Bare", "base_api_url": "https://bare.example", "valid_models": None}


@pytest.fixture
def manager() -> ProviderManager:
    return ProviderManager({"acme": ACME, "gate": GATE.model_copy(deep=True), "bare": BARE})


def test_it_reads_like_a_dictionary(manager: ProviderManager) -> None:
    assert manager.keys() == manager.get_all_provider_names() == ["acme", "gate", "bare"]
    assert [config.name for config in manager.values()] == ["Acme", "Gate", "Bare"]
    assert manager.items() == list(manager.providers.items())
    assert isinstance(manager["acme"], ProviderConfig)
    assert manager.get("acme") is manager["acme"] is manager.get_provider_config("acme")
    assert ("acme" in manager, "other" in manager) == (True, False)
    assert manager.get("other") is None


def test_a_provider_that_is_not_there_is_a_key_error(manager: ProviderManager) -> None:
    with pytest.raises(KeyError):
        manager["other"]
    with pytest.raises(KeyError, match="Provider 'other' not found"):
        manager.get_provider_config("other")


def test_providers_can_be_replaced(manager: ProviderManager) -> None:
    manager.providers = {"one": ProviderConfig(valid_models={"a": "b"})}
    assert manager.valid_scoped_models() == ["one/a (b)"]
    manager.providers = {"two": {"valid_models": {"c": "d"}}}
    assert isinstance(manager["two"], ProviderConfig)
    assert manager.valid_scoped_models() == ["two/c (d)"]


@pytest.mark.parametrize("models", [["large-1"], ("large-1",), "large-1", None, 7])
def test_a_provider_whose_models_are_no_dictionary_takes_no_part(manager: ProviderManager, models: object) -> None:
    manager["acme"].valid_models = models  # type: ignore[assignment]
    manager.providers = {**manager.providers, "foreign": SimpleNamespace(valid_models=models)}  # type: ignore[dict-item]
    assert {name for name, _ in manager.merged_models()} == {"gate"}
    assert all(one.startswith("gate/") for one in manager.valid_scoped_models())
    assert manager.find_model("large-1") == []
    assert manager.get_available_models("acme") == manager.get_available_models("foreign") == []
    for text in ("acme/large-1", "foreign/large-1", "large-1"):
        with pytest.raises(ValueError, match="Invalid model"):
            manager.get_api_for_model_string(text)
    assert manager["acme"].get_valid_models() == []
    manager["acme"].merge_valid_models(["new"])
    assert manager["acme"].valid_models == {"new": "new"}


def test_models_of_all_providers_are_listed_in_order(manager: ProviderManager) -> None:
    assert manager.merged_models() == [
        ("acme", ("large-1", "large")),
        ("acme", ("shared", "both")),
        ("gate", ("vendor/x", "x")),
        ("gate", ("acme/tiny", "tiny")),
        ("gate", ("shared", "s")),
    ]
    assert manager.get_available_models() == ["large-1", "shared", "vendor/x", "acme/tiny", "shared"]
    assert manager.get_available_models(filter_by_provider="acme") == ["large-1", "shared"]
    assert manager.get_available_models("other") == []


def test_the_scoped_list_is_made_once_until_models_are_discovered(manager: ProviderManager) -> None:
    assert manager.cached_valid_scoped_models is None
    first = manager.valid_scoped_models()
    assert first[0] == "acme/large-1 (large)"
    manager["acme"].merge_valid_models(["new"])
    assert manager.valid_scoped_models() == manager.cached_valid_scoped_models == first
    first.clear()
    assert manager.valid_scoped_models()
    manager.discover_models(provider="other")
    assert manager.cached_valid_scoped_models is None
    assert "acme/new (new)" in manager.valid_scoped_models()


@pytest.mark.parametrize(
    ("text", "provider", "model"),
    [
        ("acme/large-1", "Acme", "large-1"),
        ("acme/large", "Acme", "large"),
        ("ACME/large-1", "Acme", "large-1"),
        ("large", "Acme", "large-1"),
        ("shared", "Acme", "shared"),
        ("gate/shared", "Gate", "shared"),
        ("gate/vendor/x", "Gate", "vendor/x"),
        ("vendor/x", "Gate", "vendor/x"),
        ("acme/tiny", "Gate", "acme/tiny"),
        ("unknown/large", "Acme", "large-1"),
        ("large/", "Acme", "large-1"),
    ],
)
def test_a_model_string_leads_to_a_provider_and_a_model(
    manager: ProviderManager, text: str, provider: str, model: str
) -> None:
    config, found = manager.get_api_for_model_string(text)
    assert (config.name, found) == (provider, model)
    assert manager.validate_model(text) == model


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("Acme/huge", "Invalid model for provider acme: huge"),
        ("bare/a", "Invalid model for provider bare: a"),
        ("huge", "Invalid model: huge"),
        ("unknown/huge", "Invalid model: huge"),
        ("acme/Large-1", "Invalid model for provider acme: Large-1"),
        ("", "Invalid model: "),
    ],
)
def test_a_model_nobody_has_is_a_value_error(manager: ProviderManager, text: str, message: str) -> None:
    with pytest.raises(ValueError, match=f"^{message}$"):
        manager.get_api_for_model_string(text)
    with pytest.raises(ValueError, match=f"^{message}$"):
        manager.validate_model(text)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("a/b", ("a", "b")),
        ("a/b/c", ("a", "b/c")),
        ("a//b", ("a", "/b")),
        ("x", ("", "x")),
        ("openai/", ("", "openai")),
        ("/x", ("", "x")),
        ("/", ("", "")),
        ("", ("", "")),
    ],
)
def test_a_string_is_split_at_its_first_slash(text: str, parts: tuple[str, str]) -> None:
    assert split_first_slash(text) == ProviderManager.split_first_slash(text) == parts


def test_a_name_is_looked_for_in_every_provider(manager: ProviderManager) -> None:
    assert [(config.name, model) for config, model in manager.find_model("shared")] == [
        ("Acme", "shared"),
        ("Gate", "shared"),
    ]
    assert [model for _, model in manager.find_model("tin")] == ["acme/tiny"]
    assert manager.find_model("huge") == []
    assert ProviderManager.get_short_name("vendor/long") == "vendor/long"


def test_without_providers_there_are_no_models() -> None:
    manager = ProviderManager({})
    assert (manager.keys(), manager.merged_models(), manager.valid_scoped_models()) == ([], [], [])
    with pytest.raises(ValueError, match="Invalid model: a"):
        manager.get_api_for_model_string("a")
