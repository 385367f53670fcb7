"""A baseline after an audit: what was found is in it, what is gone is not, and the rest stays."""

from maestro.audit.identity.baseline import Baseline
from maestro.services.baseline_updates import accepted, reviewed_uris, updated
from maestro_protocol.audit import ChunkReport, Finding
from tests.unit.audit.results import finding, result


def numbered(number: int, path: str = "src/a.py", **changes: object) -> Finding:
    return finding(id=f"fnd_{number}", fingerprint=f"{number:032x}", rel_path=path, symbol=f"f{number}", **changes)


def held(baseline: Baseline) -> list[tuple[int, str, int]]:
    return [(int(entry.fingerprint, 16), entry.path, entry.count) for entry in baseline.entries]


def test_new_findings_are_added_and_those_that_were_judged_are_not() -> None:
    findings = [
        numbered(1),
        numbered(2, state="dismissed"),
        numbered(3, state="suppressed"),
        numbered(4, state="touched"),
    ]
    assert held(updated(Baseline(), findings, ["src/a.py"])) == [(1, "src/a.py", 1), (4, "src/a.py", 1)]


def test_only_what_is_gone_from_what_was_looked_at_is_taken_out() -> None:
    before = Baseline().add([numbered(1), numbered(2), numbered(3, "src/b.py")], "for now")
    after = updated(before, [numbered(1, state="baselined")], ["src/a.py"])
    assert held(after) == [(1, "src/a.py", 1), (3, "src/b.py", 1)]
    assert after.entries[0].reason == "for now"


def test_of_several_that_are_alike_as_many_stay_as_there_are() -> None:
    same = [numbered(1), numbered(1).model_copy(update={"id": "fnd_1b"})]
    before = Baseline().add(same)
    assert held(before) == [(1, "src/a.py", 2)]
    assert held(updated(before, same[:1], ["src/a.py"])) == [(1, "src/a.py", 1)]
    assert held(updated(before, same, ["src/a.py"])) == [(1, "src/a.py", 2)]


def test_a_document_of_which_a_part_was_left_out_was_not_looked_at() -> None:
    chunks = [
        ChunkReport(id="c1", uri="file:///w/a.py", status="reviewed"),
        ChunkReport(id="c2", uri="file:///w/a.py", status="failed"),
        ChunkReport(id="c1", uri="file:///w/b.py", status="reviewed"),
    ]
    assert reviewed_uris(result(chunks=chunks)) == {"file:///w/b.py"}


def test_what_is_in_the_baseline_is_no_longer_open() -> None:
    states = ["open", "touched", "suppressed"]
    assert [one.state for one in accepted([finding(state=state) for state in states])] == [
        "baselined",
        "baselined",
        "suppressed",
    ]
