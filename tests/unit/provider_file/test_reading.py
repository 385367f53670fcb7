"""What the provider file says, and where it is wrong, without ever repeating what stands there."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maestro.provider_file import ProviderEntry, ProviderFileError, examined, parse, read
from maestro.provider_file.entry import LARGEST

SECRET = "sk-canary-0123456789abcdef"

WHOLE = f"""
# written by hand
providers:
  acme:
    name: Acme
    base_api_url: https://acme.example/v1
    api_key: {SECRET}
    valid_models: {{acme/large-1: large, 4.1: on, bare: }}
    invalid_models: [acme/embed-1, 2001-99-99]
    colour: green
  old:
    name: Old
    base_api_url: https://old.example
    valid_models:
      a: b
version: 3
"""


def test_providers_are_read_with_every_scalar_as_it_is_written() -> None:
    acme, old = parse(WHOLE).values()
    models = {"acme/large-1": "large", "4.1": "on", "bare": "bare"}
    assert acme == ProviderEntry("Acme", "https://acme.example/v1", SECRET, models, ("acme/embed-1", "2001-99-99"))
    assert old == ProviderEntry("Old", "https://old.example", "", {"a": "b"}, ())
    assert SECRET not in repr(acme)


@pytest.mark.parametrize("text", ["", "# nothing yet\n", "---\n", "providers:\n", "providers: {}", "other: 1"])
def test_a_file_without_providers_has_none(text: str) -> None:
    assert parse(text) == {}


def test_fields_that_are_empty_are_as_if_they_were_not_there() -> None:
    empty = "providers: {a: {name: , base_api_url: ~, api_key: null, valid_models: , invalid_models: }, b: }"
    assert parse(empty) == {"a": ProviderEntry(), "b": ProviderEntry()}


WRONG = {
    "providers: [": (1, 13),
    f"providers:\n\tacme: {SECRET}": (2, 1),
    f"{SECRET}": (1, 1),
    f"- {SECRET}": (1, 1),
    f"providers:\n  - {SECRET}": (2, 3),
    f"providers:\n  acme: {SECRET}": (2, 9),
    f"providers:\n  acme:\n    api_key: [{SECRET}]": (3, 14),
    f"providers:\n  acme:\n    valid_models:\n    - {SECRET}": (4, 5),
    f"providers:\n  acme:\n    valid_models: {{{SECRET}: []}}": (3, 48),
    f"providers:\n  acme:\n    invalid_models: {SECRET}": (3, 21),
    f"providers:\n  acme:\n    invalid_models: [~, {SECRET}]": (3, 22),
    f"providers:\n  acme:\n    api_key: {SECRET}\n    api_key: other": (4, 5),
    f"providers:\n  {SECRET}: {{}}\n  {SECRET}: {{}}": (3, 3),
    f"providers:\n  ? [{SECRET}]\n  : {{}}": (2, 5),
    f"providers:\n  acme: &x\n    api_key: {SECRET}\n  b: *x": (2, 9),
    f"providers:\n  acme:\n    <<: {{api_key: {SECRET}}}": (3, 5),
    f"providers:\n  acme:\n    api_key: &x {SECRET}": (3, 14),
    f"providers:\n  acme: *{SECRET}": (2, 9),
    f"providers: {{}}\n---\n{SECRET}": (2, 1),
    f"providers:\n  acme:\n    api_key: {SECRET}\x00": (3, 40),
    f"%YAML 9.9\n---\n{SECRET}": (1, 1),
}


@pytest.mark.parametrize("text", WRONG)
def test_what_is_wrong_is_said_with_its_place_and_without_a_word_of_the_file(text: str) -> None:
    with pytest.raises(ProviderFileError) as caught:
        parse(text)
    error = caught.value
    assert (error.line, error.column) == WRONG[text]
    assert f"line {error.line}, column {error.column}" in error.message
    assert SECRET not in f"{error!r} {error.message} {error.data!r} {error.__cause__!r} {error.__context__!r}"


SAID = {
    f"providers:\n\tacme: {SECRET}": (2, 1, "a tab"),
    f"providers: '{SECRET}\n": (1, 12, "this quote is not closed"),
    f'providers: "{SECRET}\n': (1, 12, "this quote is not closed"),
    f"providers:\n  acme:\n    name: x\n  {SECRET}\n": (4, 3, "a colon is missing"),
    f"providers:\n  acme:\n    name: {SECRET}\n      api_key: x": (4, 14, "a colon is not expected here"),
    f"providers:\n  acme:\n    name: {SECRET}\n   api_key: x": (4, 4, "this is indented otherwise"),
    f"providers:\n  acme:\n    name: @{SECRET}": (3, 11, "a text that begins like this"),
    f"providers: {{acme: {SECRET}": (1, 45, "a bracket is not closed"),
    f"providers: [a, {SECRET}}}": (1, 42, "a comma or a closing bracket"),
    "[" * 51: (1, 51, "this is nested too deeply"),
    f"&a &b {SECRET}": (1, 4, "this is no YAML"),
}


@pytest.mark.parametrize("text", SAID)
def test_what_is_wrong_with_the_yaml_is_said_in_our_words(text: str) -> None:
    with pytest.raises(ProviderFileError) as caught:
        parse(text)
    line, column, what = SAID[text]
    assert (caught.value.line, caught.value.column) == (line, column)
    assert caught.value.what.startswith(what)
    assert SECRET not in caught.value.message


DEEP = {
    "brackets": "[" * LARGEST,
    "lines": "[\n" * 40_000,
    "closed in strings": "['] ]'," * 40_000,
    "behind an apostrophe": f"[a'b,{'[' * (LARGEST - 6)}'",
    "braces": "providers: " + "{a: " * (LARGEST // 4 - 3),
    "indented": "\n".join(f"{' ' * depth}a:" for depth in range(1400)),
    "dashes": "\n".join(f"{' ' * depth}-" for depth in range(1400)),
}


@pytest.mark.parametrize("kind", DEEP)
def test_what_is_nested_as_in_no_file_of_providers_is_not_read_to_its_end(kind: str) -> None:
    with pytest.raises(ProviderFileError, match="nested too deeply"):
        parse(DEEP[kind])


BOMB = "\n".join(["a0: &a0 [x]", *(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 30))])


@pytest.mark.parametrize(
    "text", ["{" * 20_000, "a: " * 500_000, f"providers:\n  {BOMB.replace(chr(10), chr(10) + '  ')}"]
)
def test_absurd_texts_are_refused_soon(text: str) -> None:
    with pytest.raises(ProviderFileError):
        parse(text)


@pytest.mark.parametrize("text", ["?\n" * (LARGEST // 2), f"providers: [{',' * (LARGEST // 2)}"])
def test_more_lines_and_items_than_any_file_has_are_not_read(text: str) -> None:
    with pytest.raises(ProviderFileError, match="lines and items"):
        parse(text)


def test_repetitions_where_nobody_looks_do_no_harm() -> None:
    assert parse(BOMB) == {}


_YAML = st.text(alphabet=st.sampled_from("providers:valid_models ab12\n\t -[]{}?&*!|>'\"%#,\\\x00\x85\u2028\ud800"))


@given(st.one_of(st.text(), _YAML, _YAML.map(lambda text: f"providers:\n  a:\n    valid_models: {text}")))
def test_any_text_is_read_or_refused_by_our_own_error(text: str) -> None:
    try:
        parse(text)
    except ProviderFileError as error:
        assert (error.line is None) == (error.column is None)
        assert error.line is None or 1 <= error.line <= len(text.splitlines()) + 1


WITHOUT_EFFECT = {
    f"provider: {{a: {SECRET}}}": (1, 1, "`provider` is not a known field"),
    f"providers:\n  acme:\n    base_url: {SECRET}": (3, 5, "`base_url` is not a known field; known are name, "),
    f"providers:\n  acme:\n    {SECRET}: x": (3, 5, "this is not a known field"),
    f"providers:\n  acme: {{? [{SECRET}] : x}}": (2, 12, "this is not a known field"),
    f"providers:\n  '': {{api_key: {SECRET}}}": (2, 3, "the id of a provider"),
    f"providers:\n  a/b: {{api_key: {SECRET}}}": (2, 3, "the id of a provider"),
    f"providers:\n  a:\n    base_api_url: ftp://{SECRET}": (3, 19, "`base_api_url` must be an address"),
    f"providers:\n  a:\n    base_api_url: {SECRET}": (3, 19, "`base_api_url` must be an address"),
    "providers:\n  a:\n    base_api_url: 'http://[x'": (3, 19, "`base_api_url` must be an address"),
}


@pytest.mark.parametrize("text", WITHOUT_EFFECT)
def test_what_says_nothing_is_told_with_its_place(text: str) -> None:
    entries, [misfit] = examined(text)
    line, column, what = WITHOUT_EFFECT[text]
    assert (misfit.line, misfit.column) == (line, column)
    assert misfit.what.startswith(what)
    assert SECRET not in misfit.what
    assert entries == parse(text)


def test_what_is_as_it_should_be_is_no_misfit() -> None:
    text = "providers:\n  a: {name: A, base_api_url: ' https://a.example ', api_key: , valid_models: {x/y: z}}\n  b: "
    assert examined(text)[1] == examined("")[1] == []


def test_a_file_is_named_when_it_is_wrong_and_empty_when_it_is_not_there(tmp_path: Path) -> None:
    path = tmp_path / "openaicompat-providers.yaml"
    assert read(path) == {}
    path.write_bytes(b"\xef\xbb\xbf" + WHOLE.replace("\n", "\r\n").encode())
    assert read(path) == parse(WHOLE)
    path.write_text(f"providers:\n  {SECRET}: [", encoding="utf-8")
    with pytest.raises(ProviderFileError) as caught:
        read(path)
    assert caught.value.message.startswith(f"{path}, line 2, column ")
    assert SECRET not in f"{caught.value.message} {caught.value.__context__!r}"


def test_what_is_no_text_file_is_refused_and_never_waited_for(tmp_path: Path) -> None:
    pipe, folder, large, latin = (tmp_path / name for name in ("pipe", "folder", "large", "latin"))
    os.mkfifo(pipe)
    folder.mkdir()
    large.write_bytes(b"#" * (1024 * 1024 + 1))
    latin.write_bytes("# für alle".encode("latin-1"))
    for path in (pipe, folder, large, latin):
        with pytest.raises(ProviderFileError, match=path.name):
            read(path)
