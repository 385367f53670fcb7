"""What is sealed opens with its own key, for its own row, unchanged, or not at all."""

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maestro.vault.envelope import KEY_BYTES, Key, Label, is_clear, key_id, new_key_id, seal, unseal

LABEL = Label("openai", "api_key", "work")
KEY = Key(new_key_id(), os.urandom(KEY_BYTES))
LABELS = st.builds(Label, st.text(), st.text(), st.text())


@given(LABELS, st.binary(max_size=2000))
def test_anything_comes_back_under_any_label(label: Label, plain: bytes) -> None:
    sealed = seal(KEY, label, plain)
    assert key_id(sealed) == KEY.id
    assert not is_clear(sealed)
    assert unseal(KEY, label, sealed) == plain


@given(LABELS, LABELS)
def test_no_two_labels_are_the_same(one: Label, other: Label) -> None:
    sealed = seal(KEY, one, b"plain")
    assert unseal(KEY, other, sealed) == (b"plain" if one == other else None)


def test_the_parts_of_a_label_do_not_run_together() -> None:
    assert unseal(KEY, Label("a", "bc", "d"), seal(KEY, Label("ab", "c", "d"), b"plain")) is None


def test_the_same_is_never_sealed_the_same_way() -> None:
    assert len({seal(KEY, LABEL, b"plain") for _ in range(100)}) == 100


def test_no_byte_can_be_changed() -> None:
    sealed = seal(KEY, LABEL, b"plain")
    for place in range(len(sealed)):
        for bit in (1, 128):
            changed = bytearray(sealed)
            changed[place] ^= bit
            same_key = key_id(bytes(changed)) == KEY.id
            assert not same_key or unseal(KEY, LABEL, bytes(changed)) is None


def test_no_part_can_be_missing() -> None:
    sealed = seal(KEY, LABEL, b"plain")
    for length in range(len(sealed)):
        assert key_id(sealed[:length]) is None or unseal(KEY, LABEL, sealed[:length]) is None
    assert unseal(KEY, LABEL, sealed + b"x") is None


def test_another_key_does_not_open_it() -> None:
    assert unseal(Key(KEY.id, os.urandom(KEY_BYTES)), LABEL, seal(KEY, LABEL, b"plain")) is None


def test_a_key_does_not_show_itself() -> None:
    key = Key(KEY.id, b"canary-key-0123456789-0123456789")
    assert "canary" not in repr(key)
    assert key.fits(key.check_value)
    assert not key.fits(Key(new_key_id(), key.secret).check_value)


@pytest.mark.parametrize(
    ("stored", "clear"), [(b'{"a": 1}', True), (b' \n{"a": 1}', True), (b"", False), (b"\x01{", False)]
)
def test_clear_text_is_known(stored: bytes, clear: bool) -> None:
    assert is_clear(stored) is clear


@pytest.mark.parametrize("stored", [None, 5, 1.5, "{}", "text"])
def test_what_is_no_bytes_does_not_open(stored: object) -> None:
    key = Key(new_key_id(), bytes(KEY_BYTES))
    assert not is_clear(stored)
    assert key_id(stored) is None
    assert unseal(key, Label("openai", "api_key", "work"), stored) is None
    assert not key.fits(stored)
