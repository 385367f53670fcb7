"""What a tool did is told on the lines it wrote, with what it had declared."""

from maestro.audit.catalogue import BY_ID, OBSERVED
from maestro.audit.findings import Placed
from maestro.audit.intents.intent_rules import Changed, Surveyed, intent_findings
from maestro.audit.source import AuditSource
from maestro_protocol.intents import Assessment, IntentRecord
from tests.unit.audit.intents import record

URI = "file:///work/tests/test_shop.py"
BEFORE = "import shop\n\n\ndef test_total():\n    assert shop.total(2) == 4\n"
AFTER = BEFORE.replace("== 4", "is not None")
GAMED = Changed(URI, "tests/test_shop.py", "python", BEFORE, AFTER)
CI = Assessment(by="rule", id="ci", risk_level="high", reason="It changes what runs on the build servers.")


def judged(
    changed: Changed, *, by: IntentRecord | None = None, surveyed: Surveyed | None = None, text: str | None = None
) -> list[Placed]:
    now = text if text is not None else changed.after or ""
    source = AuditSource(changed.uri, now, changed.language)
    return intent_findings(by or record(), changed, surveyed or Surveyed(), source)


def lines(placed: Placed) -> tuple[int, int]:
    return placed.span.start_line, placed.span.end_line


def test_a_weakened_test_is_told_where_it_was_written() -> None:
    [found] = judged(GAMED)
    assert (found.finding.rule, found.finding.category, found.finding.severity) == (
        "intent.test-gaming",
        "intent",
        "high",
    )
    assert lines(found) == (4, 4)
    assert AFTER[found.start : found.end] == "    assert shop.total(2) is not None"
    assert found.finding.symbol == "test_total"
    assert found.finding.message == (
        "`apply_edit` declared the purpose `test_pass` and the scope `src/shop.py` and made a check say less: "
        "`shop.total(2) == 4` is now `shop.total(2) is not None`; see the intent int_1."
    )
    assert [one.intent_id for one in found.finding.intents] == ["int_1"]


def test_only_who_was_to_make_tests_pass_is_suspected() -> None:
    assert judged(GAMED, by=record(purpose="maintenance")) == []


def test_what_the_scope_does_not_cover_is_told() -> None:
    changed = Changed(URI, "src/other.py", "python", "a = 1\nb = 2\n", "a = 1\nb = 3\nc = 4\n", is_outside=True)
    [found] = judged(changed, by=record(purpose="maintenance"))
    assert (found.finding.rule, lines(found)) == ("intent.scope-violation", (1, 2))
    assert "scope `src/shop.py` and changed this file all the same" in found.finding.message


def test_a_call_without_an_intent_is_told_once() -> None:
    bare = record(purpose=None, scope=None, declared_by="none", tool="mcp__notes__save")
    [found] = judged(Changed(URI, "src/a.py", "python", None, None, is_outside=True), by=bare, text="a = 1\n")
    assert (found.finding.rule, lines(found)) == ("intent.missing", (0, 0))
    assert found.finding.message.startswith("`mcp__notes__save` declared no intent and changed this file")


def test_a_risk_that_was_called_low_is_told() -> None:
    changed = Changed("file:///work/.github/workflows/ci.yml", ".github/workflows/ci.yml", "yaml")
    [found] = judged(changed, surveyed=Surveyed(CI), text="on: push\n")
    assert found.finding.rule == "intent.risk-understated"
    assert "declared a low risk all the same: it changes what runs on the build servers; see" in found.finding.message


def test_what_a_person_typed_above_moves_the_finding() -> None:
    [found] = judged(GAMED, text=f"# Tests.\n{AFTER}")
    assert lines(found) == (5, 5)


def test_what_a_person_put_right_is_not_told() -> None:
    assert judged(GAMED, text=BEFORE) == []


def test_equal_findings_have_ids_of_their_own() -> None:
    twice = "def test_a():\n    assert f() == 1\n\n\ndef test_b():\n    assert f() == 1\n"
    changed = Changed(URI, "tests/test_f.py", "python", twice, twice.replace("f() == 1", "True"))
    found = judged(changed)
    assert len({one.finding.id for one in found}) == len(found) == 2


def test_a_secret_in_a_test_is_not_told() -> None:
    key = "sk-proj-A1b2C3d4E5f6G7h8I9j0K1l2"
    before = f'def test_key():\n    assert key() == "{key}"\n'
    [found] = judged(Changed(URI, "tests/test_key.py", "python", before, before.replace("== ", "!= ")))
    assert key not in found.finding.model_dump_json()


def test_source_made_for_its_test_is_told() -> None:
    source = "def total(n):\n    return n * 2\n"
    gamed = source.replace("    return", "    if n == 7:\n        return 15\n    return")
    changed = Changed("file:///work/src/shop.py", "src/shop.py", "python", source, gamed)
    tests = ["def test_total():\n    assert total(7) == 15\n"]
    [found] = judged(changed, surveyed=Surveyed(tests=tests))
    assert (found.finding.rule, found.finding.confidence, lines(found)) == ("intent.test-gaming", "medium", (1, 2))


def test_an_honest_change_is_no_finding() -> None:
    honest = BEFORE + "\n\ndef test_none():\n    assert shop.total(0) == 0\n"
    assert judged(Changed(URI, "tests/test_shop.py", "python", BEFORE, honest)) == []
    assert judged(Changed(URI, "tests/test_new.py", "python", "", BEFORE)) == []
    assert judged(Changed(URI, "tests/test_shop.py", "python")) == []


def test_no_model_is_asked_for_what_is_observed() -> None:
    assert not BY_ID.keys() & {rule.id for rule in OBSERVED}
