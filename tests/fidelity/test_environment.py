"""Where the SDKs cannot be installed, the reason is told."""

from pathlib import Path

import pytest

from tests.fidelity import environment


def test_the_reason_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    pins = tmp_path / "requirements.txt"
    pins.write_text("/no/such/package\n")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(environment, "REQUIREMENTS", pins)
    with pytest.raises(environment.Unavailable, match="-m pip install failed"):
        environment.python()


def test_it_is_made_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    pins = tmp_path / "requirements.txt"
    pins.write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(environment, "REQUIREMENTS", pins)
    monkeypatch.setattr(environment, "_make", lambda home, interpreter: (home / "made").open("x").close())
    assert environment.python() == environment.python()
