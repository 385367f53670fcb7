"""Logs: warnings on stderr at once, everything in a file once settings are known; never a secret."""

import logging
import os
import sys
import threading
from asyncio import AbstractEventLoop
from collections.abc import Mapping
from contextlib import suppress
from copy import copy
from types import TracebackType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"
_FILE_BYTES = 2_000_000
_OLDER = 2

logger = logging.getLogger("maestro.lsp")


class SafeFormatter(logging.Formatter):
    """Formats exceptions by type and place, never by text, and redacts whatever else looks like a secret."""

    def format(self, record: logging.LogRecord) -> str:
        from maestro.redact import redact

        own = copy(record)
        own.exc_text = None  # another formatter may have left the exception's text there
        return redact(super().format(own))

    def formatException(
        self,
        ei: tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None],
    ) -> str:
        return describe(ei[1])


def describe(error: BaseException | None) -> str:
    """An exception and what led to it: types and places only, for their texts may hold anything somebody sent."""
    lines: list[str] = []
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        lines.append(f"{type(error).__module__}.{type(error).__qualname__}")
        trace = error.__traceback__
        while trace is not None:
            code = trace.tb_frame.f_code
            lines.append(f"  {code.co_filename}:{trace.tb_lineno} in {code.co_name}")
            trace = trace.tb_next
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return "\n".join(lines)


def begin() -> None:
    """Warnings to stderr, which may drop them."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setLevel(logging.WARNING)
    _add(handler)
    logging.captureWarnings(True)
    # The defaults write an exception's text.
    sys.excepthook = lambda kind, error, trace: _report(error, "the main thread")
    sys.unraisablehook = lambda args: _report(args.exc_value, "a finalizer")
    threading.excepthook = lambda args: _report(args.exc_value, "a thread")
    for name in ("pygls", "httpx", "httpcore", "asyncio"):
        logging.getLogger(name).setLevel(logging.WARNING)


def open_file(environment: Mapping[str, str], level: str) -> bool:
    """The complete log: `maestro.log` in the platform's log directory, or in `MAESTRO_HOME/cache/log`.

    Its owner alone may read it. False, with a warning, if it cannot be opened.
    """
    from logging.handlers import RotatingFileHandler

    from maestro.private_files import create_private, tighten

    path = _directory(environment)
    file = path / "maestro.log"
    try:
        _make_private(path, environment)
        create_private(file)
        for older in path.glob("maestro.log.*"):
            tighten(older)
        handler = RotatingFileHandler(file, maxBytes=_FILE_BYTES, backupCount=_OLDER, encoding="utf-8")
    except OSError:
        logger.warning("the log file cannot be opened in %s", path)
        return False
    handler.rotator = _rotate
    logging.getLogger("maestro").setLevel(level.upper())
    _add(handler)
    return True


def incident(error: BaseException, place: str) -> str:
    """Log a fault and return the id that finds it."""
    incident_id = os.urandom(6).hex()
    logger.error("incident %s in %s", incident_id, place, exc_info=error)
    return incident_id


def loop_error(loop: AbstractEventLoop, context: dict[str, object]) -> None:
    """An event loop's exception handler: the context's own text shows exceptions with theirs."""
    error = context.get("exception")
    _report(error if isinstance(error, BaseException) else None, "the event loop")


def _report(error: BaseException | None, place: str) -> None:
    incident(error or RuntimeError(), place)


def _add(handler: logging.Handler) -> None:
    handler.setFormatter(SafeFormatter(_FORMAT))
    logging.getLogger().addHandler(handler)


def _make_private(path: "Path", environment: Mapping[str, str]) -> None:
    """The log's directory, and `cache` around it where that is ours."""
    from maestro.private_files import private_directory

    if environment.get("MAESTRO_HOME"):
        private_directory(path.parent)
    private_directory(path)


def _rotate(source: str, target: str) -> None:
    """As the handler would; but the file that follows is private before anything is in it."""
    from pathlib import Path

    from maestro.private_files import create_private

    with suppress(FileNotFoundError):  # another window did it
        os.replace(source, target)
    create_private(Path(source))


def _directory(environment: Mapping[str, str]) -> "Path":
    from maestro.directories import directories

    if environment.get("MAESTRO_HOME"):
        return directories(environment).cache / "log"
    import platformdirs

    return platformdirs.user_log_path("maestro", appauthor=False)
