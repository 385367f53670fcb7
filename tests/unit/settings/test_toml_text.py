"""Where a key stands is told by line and column, whatever its file looks like."""

import tomllib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maestro.settings.problems import Broken, Spot, by_path, spot_of
from maestro.settings.toml_text import parse, places

_NAMES = st.text("abcxyz_", min_size=1, max_size=4)
_VALUES = st.sampled_from(
    [
        "1",
        '"text # no comment"',
        "'[literal'",
        '"""\n[no.table]\nno = "key\\""\n"""',
        "'''\n[no]\n'''''",
        '""""quoted" at both ends"""""',
        '[\n  "a", # x = 1\n  "]",\n]',
        "{ inner = 1, other = [2, 3] }",
        "[[1], [2]]  # [no]",
    ]
)
_FILLERS = st.sampled_from(["", "# a = 1", "   ", "#[table]"])


@settings(deadline=None)
@given(
    st.dictionaries(_NAMES.map(lambda name: f"t{name}"), st.dictionaries(_NAMES, _VALUES, max_size=4), max_size=4),
    st.lists(_FILLERS, min_size=1),
)
def test_every_key_is_found_where_it_stands(tables: dict[str, dict[str, str]], fillers: list[str]) -> None:
    lines: list[str] = []
    expected: dict[str, Spot] = {}
    for number, (table, entries) in enumerate(tables.items()):
        lines.append(fillers[number % len(fillers)])
        expected[f"{table}.x"] = Spot(len(lines), 1)
        lines.append(f'[{table} . "x"]')
        for key, value in entries.items():
            expected[f"{table}.x.{key}"] = Spot(len(lines), 2)
            lines += f"  {key} = {value}".split("\n")
    text = "\n".join(lines)
    assert set(tomllib.loads(text)) == set(tables)
    assert places(text) == expected


def test_a_path_leads_to_its_key_however_its_words_are_joined() -> None:
    known = by_path(places('log_level = 1\n[providers."my.gateway"]\nbase_url = "x"\nmodels = { a = 1 }\n'))
    assert spot_of(known, "logLevel") == (0, 0)
    assert spot_of(known, "providers.my.gateway.baseUrl") == (2, 0)
    assert spot_of(known, "providers.my.gateway.models.a") == (3, 0)
    assert spot_of(known, "providers.my.gateway.other") == (1, 1)
    assert spot_of(known, "providers") == (1, 1)
    assert spot_of(known, "provider") is None


@pytest.mark.parametrize(
    ("text", "spot"),
    [
        ('a = 1\nb = "canary\n', Spot(1, 11)),
        ("a = [1,\n", Spot(0, 0)),
        ("[a]\nx = 1\nx = canary", Spot(2, 4)),
        ("a = " + "[" * 20_000, None),
        ("a = " + "9" * 5_000, None),
        (f"_meta.{'a.' * 100}a = 1", None),
        (f"\n_meta.{'a.' * 30_000}a = 1", Spot(1, 0)),
    ],
)
def test_what_is_no_toml_is_told_with_its_place_and_not_quoted(text: str, spot: Spot | None) -> None:
    with pytest.raises(Broken) as caught:
        parse(text)
    assert caught.value.spot == spot
    assert "canary" not in caught.value.what


@settings(deadline=None)
@given(st.text("[]{}=\"'#\n\\ ab._-1", max_size=40))
def test_any_text_is_read_or_broken(text: str) -> None:
    try:
        value = parse(text)
    except Broken:
        return
    assert all(path.split(".")[0] in value for path in places(text) if "." not in "".join(value))
