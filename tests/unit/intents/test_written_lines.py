"""Who wrote which lines, whatever happens to the text."""

from hypothesis import given
from hypothesis import strategies as st

from maestro.audit.moving.line_changes import line_changes
from maestro.intents.written_lines import Block, digested, found_again, moved, read, rewritten, write
from tests.unit.intents.support import memory

LINES = st.lists(st.sampled_from(["a", "b", "c", "d", "", "}"]), max_size=10)


def wrote(blocks: list[Block], before: list[str], after: list[str], who: str, at: str = "1") -> list[Block]:
    return rewritten(blocks, line_changes(before, after), len(before), who, at)


def owners(blocks: list[Block], count: int) -> list[str]:
    """Who has each line; a dot for nobody."""
    found = ["."] * count
    for block in blocks:
        for line in range(block.first_line, block.last_line + 1):
            assert found[line] == "."
            found[line] = block.intent_id
    return found


def test_the_latest_writer_has_the_line() -> None:
    first = wrote([], ["a", "b"], ["a", "x", "y", "b"], "1")
    second = wrote(first, ["a", "x", "y", "b"], ["a", "x", "z", "b"], "2", "2")
    assert owners(second, 4) == [".", "1", "2", "."]


def test_a_line_put_between_two_belongs_to_who_put_it_there() -> None:
    first = wrote([], [], ["a", "b"], "1")
    assert owners(wrote(first, ["a", "b"], ["a", "x", "b"], "2"), 3) == ["1", "2", "1"]


def test_lines_that_are_taken_out_belong_to_nobody() -> None:
    first = wrote([], [], ["a", "b", "c"], "1")
    assert owners(wrote(first, ["a", "b", "c"], ["a", "c"], "2"), 2) == ["1", "1"]


@given(st.lists(LINES, min_size=1, max_size=5))
def test_every_line_has_one_owner_and_what_was_not_written_keeps_its_own(texts: list[list[str]]) -> None:
    before, blocks = list[str](), list[Block]()
    for number, after in enumerate(texts):
        blocks = wrote(blocks, before, after, str(number), str(number))
        before = after
    # Everything that is there was written by somebody, for there was nothing at first.
    assert "." not in owners(blocks, len(before))


@given(LINES, LINES, LINES)
def test_what_a_person_changes_belongs_to_nobody(start: list[str], written: list[str], typed: list[str]) -> None:
    blocks = wrote([], start, written, "1")
    now = owners(moved(blocks, line_changes(written, typed), len(written)), len(typed))
    new = {line for one in line_changes(written, typed) for line in range(one.new_first, one.new_end)}
    assert all(now[line] == "." for line in new)


@given(LINES, LINES)
def test_blocks_are_found_at_their_place(before: list[str], after: list[str]) -> None:
    blocks = wrote([], before, after, "1")
    assert found_again(digested(blocks, after), after) == blocks


def test_blocks_that_moved_are_found_and_those_that_are_gone_are_not() -> None:
    text = ["def f():", "    return 1", "", "x = 2"]
    stored = digested([Block("1", 0, 1, "1"), Block("2", 3, 3, "2")], text)
    assert owners(found_again(stored, ["import a", "", *text]), 6) == [".", ".", "1", "1", ".", "2"]
    assert owners(found_again(stored, ["def f():", "    return 2", "x = 2"]), 3) == [".", ".", "2"]
    assert found_again(stored, []) == []


def test_of_equal_places_the_nearest_counts_and_each_only_once() -> None:
    stored = digested([Block("1", 2, 2, "1"), Block("2", 3, 3, "2")], ["", "", "go()", "go()"])
    assert owners(found_again(stored, ["go()", "", "", "", "go()", "go()"]), 6) == ["1", ".", ".", ".", "2", "."]
    assert owners(found_again(stored, ["", "", "", "", "go()", "go()"]), 6)[4:] == ["2", "1"]


def test_a_bracket_alone_is_not_looked_for() -> None:
    stored = digested([Block("1", 1, 1, "1")], ["f {", "}"])
    assert found_again(stored, ["f {", "  g", "}"]) == []


def test_the_store_keeps_what_it_is_given() -> None:
    text = ["a", "b", "c"]
    stored = digested([Block("1", 0, 0, "1"), Block("2", 2, 2, "2")], text)
    with memory() as connection:
        write(connection, "file:///a", stored)
        write(connection, "file:///b", stored[:1])
        write(connection, "file:///a", stored)
        assert read(connection, "file:///a") == sorted(stored, key=lambda one: one.block.first_line)
        assert "a" not in {digest for _, digest in read(connection, "file:///a")}
        write(connection, "file:///a", [])
        assert read(connection, "file:///a") == []
        assert len(read(connection, "file:///b")) == 1
