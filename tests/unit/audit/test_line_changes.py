"""Lines before and after: which changed, and where the others went."""

from hypothesis import given
from hypothesis import strategies as st

from maestro.audit.moving.line_changes import LineChange, bare_lines, edit_changes, kept, line_changes

LINES = st.lists(st.sampled_from(["a", "b", "c", "", "}"]), max_size=12)


@given(LINES, LINES)
def test_what_is_kept_is_the_same_and_the_rest_was_changed(before: list[str], after: list[str]) -> None:
    changes = line_changes(before, after)
    runs = list(kept(changes, len(before)))
    for first, end, shift in runs:
        assert before[first:end] == after[first + shift : end + shift]
    stayed = sum(end - first for first, end, _ in runs)
    assert len(after) == stayed + sum(one.new_end - one.new_first for one in changes)
    assert len(before) == stayed + sum(one.end - one.first for one in changes)


def test_a_line_that_was_put_in_is_the_only_change() -> None:
    assert line_changes(["a", "b"], ["a", "x", "b"]) == (LineChange(1, 1, 1, 2),)
    assert line_changes(["a"], ["a"]) == ()


def test_texts_that_have_nothing_in_common_are_one_change_however_long() -> None:
    before, after = [f"a{n}" for n in range(3_000)], [f"b{n}" for n in range(3_000)]
    assert line_changes(before, after) == (LineChange(0, 3_000, 0, 3_000),)


@given(
    st.text(st.sampled_from("ab\n"), max_size=20),
    st.integers(0, 20),
    st.integers(0, 20),
    st.text(st.sampled_from("ab\n"), max_size=6),
)
def test_an_edit_changes_the_lines_it_touches_and_no_others(text: str, one: int, other: int, new: str) -> None:
    start, end = sorted((min(one, len(text)), min(other, len(text))))
    changes = edit_changes(text, start, end, new)
    before, after = bare_lines(text), bare_lines(text[:start] + new + text[end:])
    for first, stop, shift in kept(changes, len(before)):
        assert before[first:stop] == after[first + shift : stop + shift]
