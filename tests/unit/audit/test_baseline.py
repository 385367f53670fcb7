"""The baseline knows findings again, merges in git and is never silently empty."""

import json
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maestro.audit.identity.baseline import GIT_ATTRIBUTES, Baseline, read
from maestro.audit.identity.fingerprint import fingerprint
from maestro.errors import MaestroError
from maestro_protocol.audit import Finding
from tests.unit.audit.results import finding


def quoted(quote: str, **changes: object) -> Finding:
    return finding(fingerprint=fingerprint("sql-injection", quote, language="python"), **changes)


def test_there_and_back() -> None:
    baseline = Baseline().add([finding(), finding(symbol=None, title="Ü", fingerprint="b" * 32)], "known")
    text = baseline.render()
    assert read(text) == baseline
    assert read(text).render() == text
    assert text.count("\n") == 8
    assert "range" not in text and '"line' not in text
    assert '"reason": "known"' in text and "Ü" in text


@given(st.lists(st.sampled_from("abcdef"), max_size=8), st.lists(st.sampled_from(["x", "y", None]), max_size=3))
def test_the_order_of_adding_leaves_no_trace(prints: list[str], symbols: list[str | None]) -> None:
    findings = [finding(fingerprint=print_ * 32, symbol=symbol) for print_ in prints for symbol in symbols]
    text = Baseline().add(findings).render()
    assert Baseline().add(findings[::-1]).render() == text
    assert sum(entry.count for entry in read(text).entries) == len(findings)


def test_fingerprints_are_known_elsewhere_too() -> None:
    baseline = Baseline().add([finding()])
    assert baseline.matches(finding(id="other", rel_path="lib/b.py", symbol="renamed", range=None))
    assert not baseline.matches(finding(fingerprint="b" * 32))


def test_each_entry_speaks_for_as_many_as_it_counts() -> None:
    one, two, three = (finding(id=name) for name in "123")
    matches = Baseline().add([one, two]).match([one, two, three])
    assert matches.states == {"1": "unchanged", "2": "unchanged", "3": "new"}
    assert not matches.absent


def test_the_most_alike_is_the_one_that_is_known() -> None:
    new, old = finding(id="new", symbol="first"), finding(id="old", symbol="second")
    assert Baseline().add([old]).match([new, old]).states == {"new": "new", "old": "unchanged"}


def test_what_was_edited_nearby_is_known_by_its_shape() -> None:
    baseline = Baseline().add([quoted("run(a, 'x')"), quoted("run(a, 'x')", symbol=None)])
    assert baseline.match([quoted("run(b, 'y')")]).states == {"fnd_1": "updated"}
    assert baseline.match([quoted("run(b, 'y')", rel_path="moved.py")]).states == {"fnd_1": "updated"}
    assert baseline.match([quoted("run(b, 'y')", symbol=None, rel_path="moved.py")]).states == {"fnd_1": "new"}
    assert baseline.match([quoted("run(b, 'y')", symbol="elsewhere")]).states == {"fnd_1": "new"}
    assert baseline.match([quoted("run(b)")]).states == {"fnd_1": "new"}


def test_what_is_gone_can_go() -> None:
    baseline = Baseline().add([finding(), finding(fingerprint="b" * 32, symbol="other")])
    absent = baseline.match([finding()]).absent
    assert [entry.symbol for entry in absent] == ["other"]
    assert [entry.symbol for entry in baseline.without(absent).entries] == ["load"]


def test_unknown_members_stay() -> None:
    text = Baseline().add([finding()]).render()
    text = text.replace('"count": 1', '"count": 1, "owner": "me"').replace(
        '"findings"', '"tool": {"a": 1},\n"findings"'
    )
    again = read(text).add([finding(fingerprint="0" * 32)]).render()
    assert '"owner": "me"' in again and '"tool": {"a": 1}' in again


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("<<<<<<< ours\n{}\n=======\n>>>>>>> theirs\n", "merge"),
        ('{"findings": [', "line 1"),
        (" \n", "empty"),
        ("[]", "list of findings"),
        ('{"version": 1}', "list of findings"),
        ('{"version": 2, "findings": []}', "newer"),
        ('{"findings": [1]}', "finding 1"),
        ('{"findings": [{"fingerprint": "a", "rule": "b", "path": "c"}]}', "title"),
        ('{"findings": [{"fingerprint": "a", "rule": "b", "path": "c", "title": "d", "count": true}]}', "count"),
        ("[" * 100_000, "JSON"),
    ],
)
def test_what_cannot_be_read_is_said(text: str, word: str) -> None:
    with pytest.raises(MaestroError) as raised:
        read(text)
    assert word in raised.value.message
    assert raised.value.message.endswith(".") and ". " not in raised.value.message


def test_an_empty_baseline_is_a_file_too() -> None:
    assert json.loads(Baseline().render()) == {"version": 1, "findings": [{}]}


def test_git_merges_what_two_sides_added(tmp_path: Path) -> None:
    def git(*arguments: str) -> None:
        identity = ("-c", "user.name=n", "-c", "user.email=e@example.org", "-c", "commit.gpgsign=false")
        subprocess.run(["git", *identity, *arguments], cwd=tmp_path, check=True, capture_output=True)

    def commit(baseline: Baseline) -> None:
        (tmp_path / ".maestro" / "baseline.json").write_text(baseline.render())
        git("add", ".")
        git("commit", "-m", "m")

    def many(first: str, digits: str) -> list[Finding]:
        return [finding(fingerprint=first + digit * 31) for digit in digits]

    (tmp_path / ".maestro").mkdir()
    (tmp_path / ".maestro" / ".gitattributes").write_text(GIT_ATTRIBUTES)
    git("init", "-b", "main")
    base = Baseline().add(many("a", "05"))
    commit(base)
    git("checkout", "-b", "theirs")
    commit(base.add(many("b", "123") + many("a", "1")))
    git("checkout", "main")
    commit(base.add(many("b", "135") + many("a", "2")))
    git("merge", "theirs")
    merged = read((tmp_path / ".maestro" / "baseline.json").read_text())
    assert [(e.fingerprint[:2], e.count) for e in merged.entries] == [
        (first, 1) for first in ("a0", "a1", "a2", "a5", "b1", "b2", "b3", "b5")
    ]
