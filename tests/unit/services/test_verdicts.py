"""Which findings are shown, whoever said what about them."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import pytest

from maestro.audit.catalogue import enabled
from maestro.audit.identity.baseline import Baseline
from maestro.services.baselines import Baselines
from maestro.services.findings import Tracked, Verdict
from maestro.services.marks import FolderMarks, Marks
from maestro.services.texts import Text
from maestro.services.verdicts import Verdicts
from tests.unit.audit.results import finding

pytestmark = pytest.mark.asyncio
CODE = "def load(name):\n    query(name)\n"


@dataclass
class Said:
    """What was said in the one folder there is."""

    here: FolderMarks = field(default_factory=FolderMarks)

    def of(self, folder: str) -> FolderMarks:
        return self.here


Judged = Callable[..., dict[str, Verdict]]


@pytest.fixture
def said() -> Said:
    return Said()


@pytest.fixture
def judged(said: Said, tmp_path: Path) -> Judged:
    baselines = Baselines()
    judge = Verdicts(cast("Marks", said), baselines, lambda uri: (tmp_path.as_uri(), "src/a.py")).judge

    def verdicts(*tracked: Tracked, code: str = CODE) -> dict[str, Verdict]:
        return dict(judge(Text("file:///w/src/a.py", code, "python", 1), tracked)[0])

    verdicts.baselines = baselines  # type: ignore[attr-defined]
    return verdicts


def tracked(id_: str = "fnd_1", at: str = "query(name)", code: str = CODE, **changes: object) -> Tracked:
    start = code.index(at)
    return Tracked(finding(id=id_, **changes), start, start + len(at), at)


async def test_nothing_is_hidden_that_nobody_spoke_of(judged: Judged) -> None:
    assert judged(tracked()) == {}
    assert judged() == {}


async def test_what_was_dismissed_counts_in_its_own_function(judged: Judged, said: Said, tmp_path: Path) -> None:
    said.here = FolderMarks(Baseline().add([finding()], "known"))
    assert judged(tracked()) == {"fnd_1": Verdict("dismissed", "known")}
    said.here = FolderMarks(Baseline().add([finding(rel_path="src/other.py", symbol="other")], "known"))
    assert judged(tracked()) == {}, "equal code of another function is not meant"
    (folder := tmp_path / "src").mkdir()
    (folder / "other.py").write_text(CODE)
    said.here = FolderMarks(Baseline().add([finding(rel_path="src/other.py")], "known"))
    await judged.baselines.load(tmp_path.as_uri(), said.here.dismissed.entries)  # type: ignore[attr-defined]
    assert judged(tracked()) == {}, "the function is still there"
    (folder / "other.py").write_text("")
    await judged.baselines.load(tmp_path.as_uri(), said.here.dismissed.entries)  # type: ignore[attr-defined]
    assert judged(tracked()) == {"fnd_1": Verdict("dismissed", "known")}, "it has moved here"


async def test_a_dismissal_outlives_a_new_name_of_its_function(judged: Judged, said: Said) -> None:
    said.here = FolderMarks(Baseline().add([finding(symbol="gone")], "known"))
    assert judged(tracked()) == {"fnd_1": Verdict("dismissed", "known")}
    said.here = FolderMarks(Baseline().add([finding(symbol="load")], "known"))
    assert judged(tracked(symbol="another")) == {}, "that function is still there"


async def test_one_dismissal_is_of_one_finding(judged: Judged, said: Said) -> None:
    said.here = FolderMarks(Baseline().add([finding()]))
    assert len(judged(tracked("a"), tracked("b"))) == 1


async def test_a_rule_that_is_off_goes_before_a_dismissal(judged: Judged, said: Said) -> None:
    said.here = FolderMarks(Baseline().add([finding()], "known"), {"sql-injection": "no database"})
    assert judged(tracked()) == {"fnd_1": Verdict("suppressed", "no database")}


async def test_the_baseline_hides_what_it_knows_and_tells_what_is_new(judged: Judged, tmp_path: Path) -> None:
    folder = tmp_path.as_uri()
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "a.py").write_text(CODE)
    baselines: Baselines = judged.baselines  # type: ignore[attr-defined]
    await baselines.add(folder, [finding()], "old")
    found = judged(tracked(), tracked("fnd_2", fingerprint="b" * 32, rule="wrong-logic"))
    assert found["fnd_1"] == Verdict("baselined", "old", "unchanged")
    assert found["fnd_2"] == Verdict(None, None, "new")


async def test_what_is_known_of_a_file_that_went_is_said_of_the_one_that_came(judged: Judged, tmp_path: Path) -> None:
    baselines: Baselines = judged.baselines  # type: ignore[attr-defined]
    await baselines.add(tmp_path.as_uri(), [finding(rel_path="src/before.py")], "moved")
    await baselines.load(tmp_path.as_uri())
    assert judged(tracked())["fnd_1"].state == "baselined"
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "before.py").write_text(CODE)
    await baselines.load(tmp_path.as_uri())
    assert judged(tracked()).get("fnd_1", Verdict()).state is None


async def test_a_comment_goes_before_everything_else_and_its_reason_is_told(judged: Judged, said: Said) -> None:
    said.here = FolderMarks(Baseline().add([finding()], "known"))
    code = CODE.replace("(name)\n", "(name)  # maestro: ignore[sql-injection] -- trusted\n", 2)
    assert judged(tracked(code=code), code=code) == {"fnd_1": Verdict("suppressed", "trusted")}


async def test_a_comment_that_hides_nothing_is_told_where_all_was_looked_for(said: Said) -> None:
    code = CODE.replace("query(name)", "query(name)  # maestro: ignore[sql-injection]")
    text = Text("file:///w/src/a.py", code, "python", 1)
    judge = Verdicts(cast("Marks", said), Baselines(), lambda uri: ("", None)).judge
    assert judge(text, ()) == ({}, ())
    text.looked_for = frozenset(enabled(None))
    [unused] = judge(text, ())[1]
    assert (unused.finding.rule, code[unused.start : unused.end].strip()) == (
        "unused-suppression", "# maestro: ignore[sql-injection]"
    )  # fmt: skip
    assert unused.proposal is not None
    used, more = judge(text, [tracked(code=code)])
    assert (used["fnd_1"].state, more) == ("suppressed", [])
