"""Columns survive the way to the editor and back in every encoding."""

from hypothesis import given
from hypothesis import strategies as st

from maestro.positions import Encoding, from_units, split_lines, to_units

_ENCODINGS: tuple[Encoding, ...] = ("utf-8", "utf-16", "utf-32")
_LINES = st.text(st.sampled_from("ax\u00e9\u20ac\U0001f600\ud800\t"), max_size=12)


@given(_LINES, st.integers(0, 14), st.sampled_from(_ENCODINGS))
def test_there_and_back(line: str, column: int, encoding: Encoding) -> None:
    assert from_units(line, to_units(line, column, encoding), encoding) == min(column, len(line))


@given(_LINES, st.integers(0, 60), st.sampled_from(_ENCODINGS))
def test_inside_a_character_is_before_it(line: str, character: int, encoding: Encoding) -> None:
    column = from_units(line, character, encoding)
    assert to_units(line, column, encoding) <= character
    if column < len(line):
        assert to_units(line, column + 1, encoding) > character


def test_known_widths() -> None:
    line = "a\U0001f600b"
    assert [to_units(line, 2, encoding) for encoding in _ENCODINGS] == [5, 3, 2]


@given(st.text(st.sampled_from("a\r\n\x0c\u2028\x85"), max_size=12))
def test_only_the_three_line_ends_of_the_protocol_end_a_line(text: str) -> None:
    lines = split_lines(text)
    assert "".join(lines) == text
    assert [line.rstrip("\r\n") for line in lines] == text.replace("\r\n", "\n").replace("\r", "\n").removesuffix(
        "\n"
    ).split("\n")[: len(lines)]
