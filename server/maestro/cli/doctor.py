"""`maestro doctor`: what is wrong, why, and how to mend it."""

import argparse
import asyncio
import json
import os
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from maestro.app import build
from maestro.cli.terminal import TerminalEditor, harmless, styled
from maestro.settings import Project, load
from maestro.workspace.projects import projects_around
from maestro_protocol.doctor import Check, DoctorResult


class _Mark(NamedTuple):
    sign: str
    plain: str
    """For encodings that lack the sign."""
    colour: int


_GOOD, _WARNING, _ERROR = _Mark("✓", "+", 32), _Mark("!", "!", 33), _Mark("✗", "x", 31)
_COUNTED: Mapping[str, str] = {"error": "errors", "warning": "warnings", "info": "hints"}


def run(options: argparse.Namespace) -> int:
    """0 unless something keeps Maestro from working."""
    return asyncio.run(_examine(network=options.network, as_json=options.json))


async def _examine(*, network: bool, as_json: bool) -> int:
    """Misfit settings are among what is told, and the store is opened by nobody but the doctor."""
    projects: Sequence[Project] = ()
    with suppress(OSError):  # the folder one stands in may be gone
        projects = projects_around([Path.cwd().as_uri()])
    settings = load(os.environ, None, lambda misfit: None, projects=projects)
    nowhere = TerminalEditor(Path(sys.prefix))
    services = build(settings, os.environ, nowhere, use_environment_keys=True)
    services.runtime.projects = lambda: projects
    try:
        result = await services.doctor.examine(network=network)
    finally:
        await services.aclose()
    _print(result, as_json=as_json)
    return 1 if any(check.severity == "error" for check in _failed(result)) else 0


def _print(result: DoctorResult, *, as_json: bool) -> None:
    if as_json:
        print(json.dumps(result.to_wire(), indent=2))
        return
    for check in result.checks:
        mark = _mark(check)
        sign = styled(mark.sign if _can_say(mark.sign) else mark.plain, mark.colour)
        print(f"{sign} {_line(check.label)}")
        for told in filter(None, (check.cause, check.fix and f"-> {check.fix}")):
            print(f"    {_line(told)}")
    print(f"\n{_summary(result)}")


def _mark(check: Check) -> _Mark:
    if check.ok:
        return _GOOD
    return _ERROR if check.severity == "error" else _WARNING


def _can_say(sign: str) -> bool:
    try:
        sign.encode(sys.stdout.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def _line(text: str) -> str:
    return harmless(" ".join(text.split("\n")), sys.stdout)


def _summary(result: DoctorResult) -> str:
    """`29 checks: 1 error, 2 hints.`"""
    found = [check.severity for check in _failed(result)]
    counts = [_count(found.count(severity), word) for severity, word in _COUNTED.items() if severity in found]
    return f"{len(result.checks)} checks: {', '.join(counts) or 'all is well'}."


def _count(number: int, words: str) -> str:
    return f"{number} {words.removesuffix('s') if number == 1 else words}"


def _failed(result: DoctorResult) -> Sequence[Check]:
    return [check for check in result.checks if not check.ok]
