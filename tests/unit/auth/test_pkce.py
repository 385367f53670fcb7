"""Proof keys and states."""

import re
from base64 import urlsafe_b64encode
from hashlib import sha256

from maestro.auth.pkce import new_pkce, new_state


def test_the_challenge_is_the_hash_of_the_verifier() -> None:
    pkce = new_pkce()
    assert re.fullmatch(r"[A-Za-z0-9_-]{86}", pkce.verifier)
    digest = urlsafe_b64encode(sha256(pkce.verifier.encode()).digest()).decode()
    assert pkce.challenge == digest.rstrip("=")


def test_every_login_has_its_own_and_the_state_is_another() -> None:
    keys = [new_pkce() for _ in range(50)]
    states = [new_state() for _ in range(50)]
    assert len({key.verifier for key in keys} | set(states)) == 100
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{43}", state) for state in states)


def test_nothing_shows_in_a_repr() -> None:
    pkce = new_pkce()
    assert pkce.verifier not in repr(pkce)
    assert pkce.challenge not in repr(pkce)
