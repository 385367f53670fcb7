"""Is this installation whole: the interpreter, the wheels it stands on, and the command an editor would start."""

import os
import platform
import re
import shlex
import shutil
import sys
import sysconfig
from collections.abc import Callable, Iterator, Mapping
from importlib import import_module, metadata
from pathlib import Path

from maestro import __version__
from maestro.services.checks.outcome import bad, good
from maestro_protocol import PROTOCOL_VERSION
from maestro_protocol.doctor import Check

DISTRIBUTION = "the-maestro"
_OPTIONAL = {
    "ruff": ("offline", "Without it, Python files get no findings where no provider is signed in to"),
    "genai-prices": ("prices", "Without it, costs are unknown where a service does not tell its prices"),
}
"""By package: the extra that brings it, and what is lacking without it."""

_WHEELS = ("pygls", "lsprotocol", "httpx", "pydantic", "keyring", "cryptography", "truststore")
"""What cannot be missing, whatever our metadata says: an editable installation's may be older than its source."""
_NATIVE = {"cryptography": "cryptography.hazmat.primitives.ciphers.aead", "pydantic": "pydantic_core"}
"""Modules that show whether a wheel fits this machine."""

_REQUIREMENT = re.compile(r"([A-Za-z0-9._-]+)\s*(?:\[[^\]]*\])?\s*\(?([^;)]*)\)?\s*(?:;(.*))?")
_SPECIFIER = re.compile(r"(==|!=|>=|<=|~=|>|<)\s*(\d+(?:\.\d+)*)(\.\*)?")


def python() -> Iterator[Check]:
    yield good("python.version", f"Python {platform.python_version()} at {sys.executable}")


def protocol() -> Iterator[Check]:
    yield good("protocol.version", f"Maestro {__version__} speaks version {PROTOCOL_VERSION} of its protocol")


def packages() -> Iterator[Check]:
    """The wheels, each with its version and whether that is one we ask for."""
    yield _own()
    wanted = {**dict.fromkeys(_WHEELS, ""), **required()}
    for name, versions in wanted.items():
        yield _package(name, versions)


def required() -> Mapping[str, str]:
    """The packages our own metadata asks for and the versions it takes; empty where it is not installed."""
    try:
        lines = metadata.requires(DISTRIBUTION) or []
    except metadata.PackageNotFoundError:
        return {}
    found = {}
    for name, versions, marker in (_parts(line) for line in lines):
        if not marker or (name in _OPTIONAL and _OPTIONAL[name][0] in marker):
            found[name] = versions
    return found


def fits(version: str, wanted: str) -> bool:
    """Whether a version is in a range such as `>=0.28.1,<0.29`; only the numbers of the release are compared."""
    return all(_holds(_numbers(version), *found) for found in _SPECIFIER.findall(wanted))


def on_path(environment: Mapping[str, str]) -> Iterator[Check]:
    """Which `maestro` an editor with this PATH would start."""
    own, found = _own_script(), shutil.which("maestro", path=environment.get("PATH", ""))
    if found is None:
        yield bad(
            "path.maestro",
            "warning",
            "There is no `maestro` on PATH",
            "An editor that starts `maestro lsp` by its name does not find it",
            f"add {own.parent} to PATH, or give the editor the whole path: {shlex.quote(str(own))}",
        )
    elif _is_own(Path(found), own):
        yield good("path.maestro", f"`maestro` on PATH is this one: {found}")
    else:
        started = _interpreter(Path(found)) or "a program"
        yield bad(
            "path.maestro",
            "warning",
            f"`maestro` on PATH is another one: {found}",
            f"An editor that starts `maestro lsp` by its name gets that one, which runs {started}",
            f"put {own.parent} first in PATH, or give the editor the whole path: {shlex.quote(str(own))}",
        )


def _own() -> Check:
    name = "packages.maestro"
    try:
        distribution = metadata.distribution(DISTRIBUTION)
    except metadata.PackageNotFoundError:
        cause = "Maestro runs from its source, so it is not known which versions of its wheels it takes"
        return bad(name, "info", f"{DISTRIBUTION} is not installed", cause, _install(DISTRIBUTION))
    editable = '"editable": true' in (distribution.read_text("direct_url.json") or "")
    how = f", editable, from {Path(__file__).resolve().parents[4]}" if editable else ""
    label = f"{DISTRIBUTION} {distribution.version}{how}"
    if distribution.version == __version__:
        return good(name, label)
    cause = f"The code is version {__version__}, but what is installed says {distribution.version}"
    again = f"-e {Path(__file__).resolve().parents[4]}" if editable else f"--force-reinstall {DISTRIBUTION}"
    return bad(name, "warning", label, cause, f"`{sys.executable} -m pip install {again}`")


def _package(name: str, wanted: str) -> Check:
    check = f"packages.{name}"
    try:
        version = metadata.version(name)
    except metadata.PackageNotFoundError:
        if name in _OPTIONAL:
            extra, cause = _OPTIONAL[name]
            return bad(check, "info", f"{name} is not installed", cause, _install(f"{DISTRIBUTION}[{extra}]"))
        return bad(check, "error", f"{name} is missing", "Maestro cannot work without it", _install(name + wanted))
    label = f"{name} {version}" + (f" ({wanted})" if wanted else "")
    if not fits(version, wanted):
        cause = f"Maestro {__version__} was made for {name} {wanted}"
        return bad(check, "warning", label, cause, _install(name + wanted))
    try:
        if module := _NATIVE.get(name):
            import_module(module)
    except ImportError:
        cause = "The wheel does not fit this machine or this Python"
        return bad(check, "error", label, cause, _install(f"--force-reinstall {name}{wanted}"))
    return good(check, label)


def _install(what: str) -> str:
    return f"`{sys.executable} -m pip install {' '.join(map(shlex.quote, what.split()))}`"


def _parts(line: str) -> tuple[str, str, str]:
    """`httpx[socks]<0.29,>=0.28.1; extra == 'dev'` as name, versions, marker."""
    match = _REQUIREMENT.match(line)
    name, versions, marker = match.groups() if match else (line, "", "")
    return name.lower().replace("_", "-"), versions.strip(), (marker or "").strip()


def _numbers(version: str) -> tuple[int, ...]:
    match = re.match(r"\d+(?:\.\d+)*", version)
    numbers = [int(part) for part in match[0].split(".")] if match else []
    while numbers and numbers[-1] == 0:
        numbers.pop()
    return tuple(numbers)


def _holds(version: tuple[int, ...], operator: str, wanted: str, star: str) -> bool:
    if star or operator == "~=":
        kept = wanted if star else wanted.rpartition(".")[0]
        depth = kept.count(".") + 1
        begins = (*version, *[0] * depth)[:depth] == (*_numbers(kept), *[0] * depth)[:depth]
        return begins != (operator == "!=") if star else begins and version >= _numbers(wanted)
    return _COMPARISONS[operator](version, _numbers(wanted))


_COMPARISONS: Mapping[str, Callable[[tuple[int, ...], tuple[int, ...]], bool]] = {
    "==": lambda version, wanted: version == wanted,
    "!=": lambda version, wanted: version != wanted,
    ">=": lambda version, wanted: version >= wanted,
    "<=": lambda version, wanted: version <= wanted,
    ">": lambda version, wanted: version > wanted,
    "<": lambda version, wanted: version < wanted,
}


def _own_script() -> Path:
    return Path(sysconfig.get_path("scripts")) / ("maestro.exe" if os.name == "nt" else "maestro")


def _is_own(found: Path, own: Path) -> bool:
    """The same file, also through a link, or a script that starts the Python that runs now."""
    return found.resolve() == own.resolve() or _interpreter(found) == sys.executable


def _interpreter(script: Path) -> str | None:
    """What the first line of a script starts."""
    try:
        with script.open("rb") as file:
            line = file.readline(1000)
    except OSError:
        return None
    return line[2:].decode(errors="replace").strip() if line.startswith(b"#!") else None
