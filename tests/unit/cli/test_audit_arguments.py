"""What can be typed behind `maestro audit`, and what it means."""

import argparse
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maestro.cli.audit_arguments import Shard, declare, shard
from maestro.cli.audit_progress import line
from maestro.cli.audit_report import exit_code, on_lines
from maestro.cli.audit_targets import find_places, roots, shard_of
from maestro.errors import MaestroError
from maestro_protocol.audit import AuditResult, AuditStatus
from tests.unit.audit.results import finding, place, result

PATHS = st.text(st.characters(codec="utf-8"), min_size=1, max_size=40)


@pytest.mark.parametrize("text", ["0/2", "3/2", "1", "1/", "/2", "a/b", "1/0", "-1/2", "1/2/3", "01/2"])
def test_what_is_no_shard_is_refused(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError):
        shard(text)


@given(st.integers(1, 999_999), st.integers(1, 999_999))
def test_shards_are_read_as_they_are_written(number: int, of: int) -> None:
    if number <= of:
        assert shard(f"{number}/{of}") == Shard(number, of)


@given(st.sets(PATHS, max_size=50), st.integers(1, 9))
def test_each_path_is_in_one_shard_whatever_else_there_is(paths: set[str], of: int) -> None:
    parts = [{path for path in paths if shard_of(path, of) == number} for number in range(1, of + 1)]
    assert set().union(*parts) == paths
    assert sum(map(len, parts)) == len(paths)


def test_shards_are_the_same_on_every_machine() -> None:
    assert [shard_of(path, 4) for path in ("src/a.py", "src/b.py", "ä.py")] == [4, 4, 2]


def test_a_baseline_file_and_none_exclude_each_other(capsys: pytest.CaptureFixture[str]) -> None:
    parser = argparse.ArgumentParser()
    declare(parser)
    with pytest.raises(SystemExit):
        parser.parse_args(["--baseline", "a.json", "--no-baseline"])
    assert "not allowed with" in capsys.readouterr().err


def test_a_path_belongs_to_its_repository_else_to_where_one_is(tmp_path: Path) -> None:
    here, repository, other = (tmp_path / name for name in ("here", "repository", "other"))
    for folder in (here / "src", repository / ".git", repository / "src", other):
        folder.mkdir(parents=True)
    for file in (here / "src" / "a.py", repository / "src" / "b.py", other / "c.py"):
        file.touch()
    places = find_places(["src/a.py", "../repository/src/b.py", "../other/c.py", str(other)], here)
    assert [one.root for one in places] == [here, repository, other, other]
    assert roots(places) == [here, repository, other]
    assert [one.path for one in find_places([], here)] == [here]


def test_folders_in_each_other_are_one_without_git(tmp_path: Path) -> None:
    inner, here = tmp_path / "a" / "b", tmp_path / "elsewhere"
    inner.mkdir(parents=True)
    here.mkdir()
    assert roots(find_places([str(inner), str(inner.parent)], here)) == [inner.parent]


@pytest.mark.parametrize("name", ["no-such.py", "a\0b", "loop"])
def test_what_is_not_there_is_said(tmp_path: Path, name: str) -> None:
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    with pytest.raises(MaestroError) as refused:
        find_places([name], tmp_path)
    assert refused.value.kind == "invalidParams"


@pytest.mark.parametrize(
    ("severity", "fail_on", "code"),
    [("low", "low", 1), ("low", "medium", 0), ("high", "high", 1), ("critical", "high", 1), ("critical", "never", 0)],
)
def test_the_exit_code_follows_the_severity(severity: str, fail_on: str, code: int) -> None:
    assert exit_code(result(finding(severity=severity)), fail_on) == code  # type: ignore[arg-type]


@pytest.mark.parametrize("state", ["suppressed", "baselined", "dismissed", "fixed"])
def test_what_was_judged_already_does_not_count(state: str) -> None:
    assert exit_code(result(finding(state=state)), "low") == 0


@pytest.mark.parametrize("status", ["partial", "failed", "cancelled"])
def test_what_is_incomplete_is_never_clean(status: AuditStatus) -> None:
    assert exit_code(AuditResult(audit_id="a", status=status), "never") == 2


@given(st.integers(0, 9), st.integers(0, 3), st.lists(st.tuples(st.integers(0, 9), st.integers(0, 3)), max_size=4))
def test_only_findings_on_the_lines_are_left(first: int, more: int, stretches: list[tuple[int, int]]) -> None:
    one = finding(range=place(first).model_copy(update={"end": place(first + more).end}))
    lines = [(start, start + length) for start, length in stretches]
    on = {line for start, end in lines for line in range(start, end + 1)} & {*range(first, first + more + 1)}
    left = on_lines(result(one), {one.uri: lines}).findings
    assert bool(left) == (bool(on) or not lines)


@given(st.integers(0, 500), st.integers(0, 500), st.text(max_size=60), st.integers(1, 120))
def test_the_bar_fits_every_terminal(done: int, more: int, name: str, width: int) -> None:
    text = line(done, done + more, 3, name, width)
    assert len(text.encode("utf-32-le")) // 4 < max(width, 1) + 200
    assert "\n" not in text and "\r" not in text
