"""What is written into the provider file, and that everything else in it stays as people left it."""

import multiprocessing
import stat
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maestro.provider_file import ProviderEntry, ProviderFileError, parse, read, without_keys, write
from maestro.provider_file.writing import edited, merged

SECRET = "sk-canary-0123456789abcdef"

BY_HAND = f"""\
# The gateways of our team.
version: 3   # of this list

providers:
    # the fast one
    acme:   # ask Kim
      colour: [ green,   blue ]
      name: "Acme"
      base_api_url:   'https://acme.example/v1'   # moves in May
      api_key: {SECRET}   # Kim's
      valid_models:
          # large ones
          acme/large-1: large   # slow
          'acme/large-2': "large 2"

          # small ones
          acme/small-1: small
          # acme/small-0: gone

      invalid_models:
      - acme/embed-1
      - acme/tts-1   # speaks

    # the local one
    local: {{name: Local, base_api_url: http://127.0.0.1:1/v1, valid_models: {{a: b,  c: d}}, invalid_models: []}}
    empty:
      valid_models:   # none yet
      invalid_models: {{}}   # neither
# the end
"""
BY_HAND = BY_HAND.replace("invalid_models: {}", "invalid_models: []")


def test_a_new_file_says_what_it_was_given() -> None:
    entry = ProviderEntry("Acme", "https://acme.example/v1", SECRET, {"acme/large-1": "large", "x:free": "1e3"}, ("e",))
    assert edited("", {"acme": entry, "none": ProviderEntry()}) == (
        "providers:\n"
        "  acme:\n"
        "    name: Acme\n"
        "    base_api_url: https://acme.example/v1\n"
        f"    api_key: {SECRET}\n"
        "    valid_models:\n"
        "      acme/large-1: large\n"
        '      x:free: "1e3"\n'
        "    invalid_models:\n"
        "      - e\n"
        "  none:\n"
        "    valid_models: {}\n"
        "    invalid_models: []\n"
    )


def _changed(text: str, provider: str, /, **changes: object) -> tuple[list[str], list[str]]:
    """The lines that are gone from a text, and the new ones, after a provider in it was changed."""
    entry = replace(parse(text)[provider], **changes)  # type: ignore[arg-type]
    before, after = text.splitlines(), edited(text, {provider: entry}).splitlines()
    assert [line for line in before if line in after] == [line for line in after if line in before]
    return [line for line in before if line not in after], [line for line in after if line not in before]


def test_models_are_added_below_those_there_are_and_before_the_comments_that_follow() -> None:
    models = {**parse(BY_HAND)["acme"].valid_models, "acme/new": "acme/new"}
    assert _changed(BY_HAND, "acme", valid_models=models) == ([], ["          acme/new: acme/new"])
    lines = edited(BY_HAND, {"acme": replace(parse(BY_HAND)["acme"], valid_models=models)}).splitlines()
    assert lines[lines.index("          acme/new: acme/new") + 1] == "          # acme/small-0: gone"


def test_only_the_lines_of_what_changed_are_changed() -> None:
    assert _changed(BY_HAND, "acme", invalid_models=("acme/tts-1", "acme/new")) == (
        ["      - acme/embed-1"],
        ["      - acme/new"],
    )
    assert _changed(BY_HAND, "acme", base_api_url="https://new.example", api_key="") == (
        [
            "      base_api_url:   'https://acme.example/v1'   # moves in May",
            f"      api_key: {SECRET}   # Kim's",
        ],
        ["      base_api_url:   https://new.example   # moves in May", '      api_key: ""   # Kim\'s'],
    )
    assert _changed(BY_HAND, "acme", valid_models={"acme/large-1": "large", "acme/small-1": "s"}) == (
        ["          'acme/large-2': \"large 2\"", "          acme/small-1: small"],
        ["          acme/small-1: s"],
    )
    assert _changed(BY_HAND, "local", valid_models={"a": "b", "e": "f"}, invalid_models=("c",))[1] == [
        "    local: {name: Local, base_api_url: http://127.0.0.1:1/v1, valid_models: {a: b, e: f}, invalid_models: [c]}"
    ]
    assert _changed(BY_HAND, "empty", name="Empty", valid_models={"a": "b"}, invalid_models=("c",)) == (
        ["      invalid_models: []   # neither"],
        ["        a: b", "      invalid_models:   # neither", "        - c", "      name: Empty"],
    )


def test_a_new_provider_comes_last() -> None:
    text = edited(BY_HAND, {"new": ProviderEntry("New", valid_models={"a": "b"})})
    added = "    new:\n      name: New\n      valid_models:\n        a: b\n      invalid_models: []\n"
    assert text == BY_HAND.replace("# the end\n", f"{added}# the end\n")


@pytest.mark.parametrize(
    "text",
    [
        "# nothing yet\n",
        "providers:\n",
        "providers:  # none\n  # add yours here\n",
        "providers: {}",
        "other: 1",
        "---\n",
    ],
)
def test_a_file_without_providers_gets_its_first(text: str) -> None:
    entry = ProviderEntry("Acme", "https://acme.example", "", {"a": "a"}, ("b",))
    new = edited(text, {"acme": entry})
    assert parse(new) == {"acme": entry}
    assert [line for line in new.splitlines() if "#" in line] == [line for line in text.splitlines() if "#" in line]


def test_what_nobody_here_understands_stays() -> None:
    text = "? [a, b]\n: &x {c: *x}\nproviders: {a: {name: A}}\n"
    new = edited(text, {"b": ProviderEntry("B")})
    assert new.startswith("? [a, b]\n: &x {c: *x}\nproviders: {a: {name: A}, b: {name: B")


def test_a_file_keeps_its_line_ends() -> None:
    text = BY_HAND.replace("\n", "\r\n")
    new = edited(text, {"new": ProviderEntry("New")})
    assert new.count("\n") == new.count("\r\n") == BY_HAND.count("\n") + 4


_NAMES = st.one_of(st.text(max_size=12), st.from_regex(r"[a-z0-9/.:@-]{1,20}", fullmatch=True), st.just("<<"))
_ENTRIES = st.builds(
    ProviderEntry,
    name=_NAMES,
    base_api_url=_NAMES,
    api_key=_NAMES,
    valid_models=st.dictionaries(_NAMES, _NAMES, max_size=4),
    invalid_models=st.lists(_NAMES, max_size=4, unique=True).map(tuple),
)
_FILES = st.dictionaries(_NAMES.map(str.lower), _ENTRIES, max_size=3)


@settings(deadline=None, max_examples=50)
@given(_FILES)
def test_what_was_written_is_read_again(entries: Mapping[str, ProviderEntry]) -> None:
    assert parse(edited("", entries)) == entries


@settings(deadline=None, max_examples=50)
@given(_FILES, _FILES)
def test_what_was_written_later_stands_beside_what_was_there(
    entries: Mapping[str, ProviderEntry], later: Mapping[str, ProviderEntry]
) -> None:
    text = edited("", entries)
    after = parse(edited(text, merged(entries, later, {})))
    assert after.keys() == entries.keys() | later.keys()
    for name, entry in after.items():
        old, new = entries.get(name, ProviderEntry()), later.get(name, ProviderEntry())
        assert entry.name == (new.name or old.name)
        assert entry.api_key == (new.api_key or old.api_key)
        assert entry.valid_models == {**old.valid_models, **new.valid_models}
        assert {*entry.invalid_models} == {*old.invalid_models, *new.invalid_models}


_LOCALS = st.fixed_dictionaries({}, optional={name: _ENTRIES for name in ("acme", "local", "empty", "new")})


@settings(deadline=None, max_examples=50)
@given(_LOCALS)
def test_comments_and_unknown_fields_stay_in_their_order(entries: Mapping[str, ProviderEntry]) -> None:
    """All but the comments on lines of models, which go with them."""
    new = edited(BY_HAND, entries)
    kept = [line for line in BY_HAND.splitlines() if line.lstrip().startswith("#") or "colour" in line]
    assert [line for line in new.splitlines() if line in kept] == kept


def test_a_file_is_made_for_its_owner_alone_and_replaced_as_a_whole(tmp_path: Path) -> None:
    path = tmp_path / "data" / "openaicompat-providers.yaml"
    write(path, {"acme": ProviderEntry("Acme")})
    assert read(path) == {"acme": ProviderEntry("Acme")}
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    path.chmod(0o644)
    write(path, {"acme": ProviderEntry("Acme")})
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [*path.parent.iterdir()] == [path]


def test_only_what_the_writer_changed_is_carried_over(tmp_path: Path) -> None:
    path = tmp_path / "p.yaml"
    path.write_text(BY_HAND, encoding="utf-8")
    known = read(path)
    path.write_text(BY_HAND.replace("'acme/large-2': \"large 2\"", "theirs: theirs"), encoding="utf-8")
    acme = known["acme"]
    mine = replace(acme, valid_models={**acme.valid_models, "mine": "mine"}, invalid_models=("acme/tts-1", "x"))
    write(path, {**known, "acme": mine}, known)
    models = {"acme/large-1": "large", "theirs": "theirs", "acme/small-1": "small", "mine": "mine"}
    assert read(path) == {**known, "acme": replace(mine, valid_models=models)}


def test_a_file_that_cannot_be_read_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "p.yaml"
    path.write_text(f"providers: [{SECRET}", encoding="utf-8")
    with pytest.raises(ProviderFileError) as caught:
        write(path, {"acme": ProviderEntry("Acme")})
    assert caught.value.message.startswith(f"{path}, line 1")
    assert path.read_text(encoding="utf-8") == f"providers: [{SECRET}"
    assert [*tmp_path.iterdir()] == [path]


def test_a_file_laid_out_in_a_way_that_cannot_be_edited_is_left_alone() -> None:
    text = "---\n...\n"
    assert parse(text) == {}
    with pytest.raises(ProviderFileError, match="without losing something"):
        edited(text, {"b": ProviderEntry("B")})


def test_keys_that_are_kept_elsewhere_are_emptied(tmp_path: Path) -> None:
    path = tmp_path / "p.yaml"
    without_keys(path, ["acme"])
    assert not path.exists()
    path.write_text(BY_HAND, encoding="utf-8")
    without_keys(path, ["acme", "local", "unknown"])
    assert path.read_text(encoding="utf-8") == BY_HAND.replace(SECRET, '""')


def test_a_link_is_written_through(tmp_path: Path) -> None:
    real, link = tmp_path / "dotfiles.yaml", tmp_path / "p.yaml"
    real.write_text(BY_HAND, encoding="utf-8")
    link.symlink_to(real)
    write(link, {"new": ProviderEntry("New")})
    assert link.is_symlink()
    assert "new" in read(real)


def _add(path: Path, name: str) -> None:
    for number in range(5):
        write(path, {f"{name}-{number}": ProviderEntry(name)})


def test_processes_that_write_at_once_lose_nothing(tmp_path: Path) -> None:
    path = tmp_path / "p.yaml"
    spawn = multiprocessing.get_context("spawn")
    writers = [spawn.Process(target=_add, args=(path, name)) for name in ("one", "two")]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert sorted(read(path)) == [f"{name}-{number}" for name in ("one", "two") for number in range(5)]
