"""Logs tell where, not what somebody sent."""

import asyncio
import logging
import os
import stat
import sys
import threading
from collections.abc import Iterator
from logging.handlers import RotatingFileHandler
from pathlib import Path

import pytest

from maestro.lsp import logs


def fail(secret: str) -> None:
    try:
        raise KeyError(secret)
    except KeyError as error:
        raise ValueError(f"bad {secret}") from error


def caught(secret: str = "canary") -> BaseException:
    with pytest.raises(ValueError) as info:
        fail(secret)
    return info.value


def test_exceptions_are_described_by_type_and_place() -> None:
    text = logs.describe(caught())

    assert "builtins.ValueError\n" in text and "builtins.KeyError\n" in text
    assert "test_logs.py" in text and " in fail" in text
    assert "canary" not in text
    assert logs.describe(None) == ""


def test_a_circle_of_causes_ends() -> None:
    one, two = ValueError(), KeyError()
    one.__cause__, two.__cause__ = two, one

    assert logs.describe(one).count("ValueError") == 1


class Unraisable:
    def __del__(self) -> None:
        raise ValueError("canary")


def _raise_in(place: str) -> None:
    """Let an exception end where nobody catches it."""
    if place == "a thread":
        thread = threading.Thread(target=fail, args=("canary",))
        thread.start()
        thread.join()
    elif place == "a finalizer":
        Unraisable()
    elif place == "the main thread":
        error = caught()
        sys.excepthook(type(error), error, error.__traceback__)
    else:
        loop = asyncio.new_event_loop()
        loop.set_exception_handler(logs.loop_error)
        loop.call_exception_handler({"message": "canary", "exception": caught()})
        loop.call_exception_handler({"message": "canary"})
        loop.close()


@pytest.mark.parametrize("own_home", [True, False])
def test_the_file_is_complete_and_clean(own_home: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    before = list(logging.getLogger().handlers)
    for module, name in ((sys, "excepthook"), (sys, "unraisablehook"), (threading, "excepthook")):
        monkeypatch.setattr(module, name, getattr(module, name))
    levels = {name: logging.getLogger(name).level for name in ("maestro", "pygls", "httpx", "httpcore", "asyncio")}
    try:
        logs.begin()
        logs.open_file({"MAESTRO_HOME": str(tmp_path / "home")} if own_home else {}, "info")
        number = logs.incident(caught(), "a test")
        logging.getLogger("maestro.x").info("key sk-ant-abcdefghijklmnop")
        for hook in ("a thread", "a finalizer", "the main thread", "the event loop"):
            _raise_in(hook)
        (file,) = tmp_path.rglob("maestro.log")
        text = file.read_text()
    finally:
        for handler in [h for h in logging.getLogger().handlers if h not in before]:
            logging.getLogger().removeHandler(handler)
            handler.close()
        for name, level in levels.items():
            logging.getLogger(name).setLevel(level)
        logging.captureWarnings(False)

    assert f"incident {number} in a test" in text
    assert all(f"in {place}" in text for place in ("a thread", "a finalizer", "the main thread", "the event loop"))
    assert "canary" not in text and "abcdefghijklmnop" not in text
    assert "key [redacted]" in text
    if own_home:
        assert file == tmp_path / "home" / "cache" / "log" / "maestro.log"


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "cache").write_text("in the way")
    logs.open_file({"MAESTRO_HOME": str(tmp_path)}, "info")

    assert "cannot be opened" in caplog.text


@pytest.fixture
def no_handlers_left() -> Iterator[None]:
    root, before = logging.getLogger(), list(logging.getLogger().handlers)
    level, mask = logging.getLogger("maestro").level, os.umask(0)
    yield
    os.umask(mask)
    logging.getLogger("maestro").setLevel(level)
    for handler in [one for one in root.handlers if one not in before]:
        root.removeHandler(handler)
        handler.close()


@pytest.mark.skipif(sys.platform == "win32", reason="permission bits mean nothing there")
@pytest.mark.usefixtures("no_handlers_left")
@pytest.mark.parametrize("there_before", [False, True])
def test_the_log_is_its_owners_alone(tmp_path: Path, there_before: bool) -> None:
    folder = tmp_path / "cache" / "log"
    if there_before:
        folder.mkdir(parents=True)
        for name in ("maestro.log", "maestro.log.1"):
            (folder / name).write_text("before\n")
            (folder / name).chmod(0o644)
    assert logs.open_file({"MAESTRO_HOME": str(tmp_path)}, "info")
    logging.getLogger("maestro.x").info("one")
    [handler] = [one for one in logging.getLogger().handlers if isinstance(one, RotatingFileHandler)]
    handler.doRollover()
    logging.getLogger("maestro.x").info("two")

    assert "one" in (folder / "maestro.log.1").read_text()
    assert "two" in (folder / "maestro.log").read_text()
    assert {_mode(one) for one in (folder, folder.parent)} == {0o700}
    assert {_mode(one) for one in folder.iterdir()} == {0o600}


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)
