"""Whatever a name was meant to be, every candidate for it means the model it names."""

from hypothesis import given
from hypothesis import strategies as st

from maestro.services.models.matching import match, nearest
from maestro.services.models.model_string import readings
from maestro_protocol.models import Model

PROVIDERS = ("openai", "groq", "acme")

_names = st.lists(st.sampled_from(["gpt", "groq", "5", "mini", "large"]), min_size=1, max_size=3).flatmap(
    lambda words: st.sampled_from(["-", "/", ":", "@"]).map(lambda mark: mark.join(words))
)
_models = st.builds(
    lambda provider, name, short: Model(id=f"{provider}/{name}", provider=provider, name=name, short_name=short),
    st.sampled_from(PROVIDERS),
    _names,
    st.none() | _names,
)
_lists = st.lists(_models, max_size=12, unique_by=lambda one: one.id)


@given(_lists, _names | st.text(max_size=8))
def test_every_candidate_is_the_full_name_of_one_model(models: list[Model], name: str) -> None:
    for candidate in nearest(name, models):
        said = readings(candidate, lambda part: part if part in PROVIDERS else None, ())[-1]
        found = match(said.model, [one for one in models if one.provider == said.provider])
        assert found is not None
        assert found.matched_by == "exact"
        assert [one.id for one in found.models] == [candidate]


@given(_lists, _names)
def test_what_is_exactly_there_comes_before_what_is_alike(models: list[Model], name: str) -> None:
    found = match(name, models)
    exact = [one for one in models if one.name == name]
    if exact:
        assert found is not None
        assert list(found.models) == exact
        assert nearest(name, models)[0] in [one.id for one in exact]


@given(_lists, _names)
def test_only_models_that_fit_are_matched(models: list[Model], name: str) -> None:
    found = match(name, models)
    for one in found.models if found else ():
        assert one.name.startswith(name) or name in (one.short_name, one.id)
