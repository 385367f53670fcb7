"""A request goes along its route in order, asks nobody twice, and nobody who is known to refuse."""

from collections.abc import Mapping

from hypothesis import given
from hypothesis import strategies as st

from maestro.errors import MaestroError
from maestro.rate_limits import RateLimits
from maestro.retry import RULES
from maestro.services.models import Journey, Target, reason_to_leave

MODELS = st.lists(st.integers(0, 9).map(lambda number: f"m{number}"), min_size=1, unique=True)


def journey(models: list[str], used_up: Mapping[str, float]) -> Journey:
    """`used_up` says for how many seconds."""
    limits = RateLimits()
    for model, seconds in used_up.items():
        limits.wait("p", None, model, seconds)
    first, *others = [Target("p", None, model) for model in models]
    return Journey(limits, Target("p", None, first.model, alternatives=tuple(others)))


@given(MODELS, st.data())
def test_the_way_of_a_request(models: list[str], data: st.DataObject) -> None:
    known = data.draw(st.lists(st.sampled_from(models), unique=True))
    used_up = {model: 60.0 * number for number, model in enumerate(known, 1)}
    way = journey(models, used_up)
    if way.detour:
        way.go_to(way.detour[0])
    asked = [way.target.model]
    while way.has_others:
        way.go_to(data.draw(st.sampled_from([*way.others()])))
        asked.append(way.target.model)
    assert asked == sorted(set(asked), key=models.index), "in order, nobody twice"
    first = min(models, key=lambda model: used_up.get(model, 0))
    assert not set(asked).intersection(used_up) or asked == [first], "where all are used up, who is back soonest"


@given(MODELS, st.data())
def test_an_obstacle_is_told_where_there_is_another_way(models: list[str], data: st.DataObject) -> None:
    used_up = data.draw(st.sets(st.sampled_from(models)))
    way = journey(models, dict.fromkeys(used_up, 3600))
    if models[0] in used_up and not used_up.issuperset(models):
        assert way.detour
    if way.detour:
        assert way.obstacle == f"p/{models[0]} is rate limited for another 60 min."


def test_what_is_used_up_until_nobody_knows_when_is_passed_over() -> None:
    way = journey(["m1", "m2"], {})
    way.limits.hear("p", None, "m1", 200, {"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "soon"})
    assert [target.model for target in way.detour] == ["m2"]
    assert way.obstacle == "p/m1 is rate limited."


def test_which_failures_a_route_goes_on_after() -> None:
    goes_on = {kind for kind, rule in RULES.items() if rule.reroutes}
    network = {"rate_limited", "overloaded", "server", "network", "billing_quota", "stream_interrupted"}
    assert goes_on == network
    for rule in RULES.values():
        error = MaestroError(rule.kind, "No.")
        assert (reason_to_leave(Target("p", None, "m"), error) is not None) == rule.reroutes, "kinds tell them apart"


def test_reasons_are_sentences() -> None:
    target = Target("openai", None, "gpt-5.5")
    wait = MaestroError("rateLimited", "No.", retry_after_ms=20_000)
    quota = MaestroError("quotaExceeded", "No.", retry_after_ms=5 * 3_600_000)
    assert reason_to_leave(target, wait) == "openai/gpt-5.5 is rate limited for another 20 s."
    assert reason_to_leave(target, quota) == "The quota of openai/gpt-5.5 is used up for another 5 h."
