"""A run that began before many edits: its findings are shown on their lines, however the edits became known."""

from tests.bench.audit.staying import measure


def test_findings_stay_through_fifty_and_two_hundred_transactions() -> None:
    numbers = measure(seed=2, limit=3)
    for count in (50, 200):
        assert numbers[f"incremental_{count}"] == 100
        assert numbers[f"full_{count}"] >= 97  # of few findings; the benchmark has thousands and aims higher
        assert numbers[f"field_{count}"] < 50
