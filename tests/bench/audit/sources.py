"""Source files in six languages: from packages in a cache outside the clone, and Python's own library always."""

import os
import subprocess
import sys
import sysconfig
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Literal, NamedTuple

_SECONDS = 180
_LEAST_LINES, _MOST_LINES = 60, 3_000
_MOST_FILES = 60


class Package(NamedTuple):
    """Where a package comes from and which of its files are meant."""

    client: Literal["npm", "pip", "apt"]
    name: str
    language: str
    suffix: str


PACKAGES = (
    Package("npm", "rxjs", "typescript", ".ts"),
    Package("npm", "zod", "typescript", ".ts"),
    Package("apt", "golang-github-spf13-cobra-dev", "go", ".go"),
    Package("apt", "golang-github-gorilla-mux-dev", "go", ".go"),
    Package("apt", "golang-gopkg-yaml.v3-dev", "go", ".go"),
    Package("npm", "@capacitor/android", "java", ".java"),
    Package("npm", "cordova-android", "java", ".java"),
    Package("apt", "librust-regex-dev", "rust", ".rs"),
    Package("apt", "librust-serde-json-dev", "rust", ".rs"),
    Package("apt", "librust-tokio-dev", "rust", ".rs"),
    Package("pip", "psutil", "c", ".c"),
    Package("apt", "libsqlite3-dev", "c", ".h"),
    Package("pip", "pylint", "python", ".py"),
)


class SourceFile(NamedTuple):
    """`package` says which files are neighbours; `path` is where it was read."""

    package: str
    language: str
    path: Path
    text: str


def read_sources(packages: tuple[Package, ...] = PACKAGES) -> tuple[list[SourceFile], list[str]]:
    """The files there are, and the names of packages that could not be fetched."""
    files = list(_library())
    missing = []
    for package in packages:
        try:
            files += _files(package.name, package.language, package.suffix, fetch(package))
        except (OSError, subprocess.SubprocessError, tarfile.TarError):
            missing.append(package.name)
    return files, missing


def fetch(package: Package) -> Path:
    """The folder of an unpacked package, fetched by its ordinary client unless it is there.

    Raises:
        OSError, SubprocessError, TarError: it cannot be had.
    """
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "maestro-tests" / "sources"
    home = cache / package.name.replace("/", "-").lstrip("@")
    if home.exists():
        return home
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache) as folder:
        subprocess.run(_command(package), cwd=folder, check=True, capture_output=True, timeout=_SECONDS)
        archive = next(iter(Path(folder).iterdir()))
        unpacked = Path(folder) / "unpacked"
        unpacked.mkdir()
        if package.client == "apt":
            subprocess.run(["dpkg-deb", "-x", archive, unpacked], check=True, capture_output=True, timeout=_SECONDS)
        else:
            with tarfile.open(archive) as tar:
                tar.extractall(unpacked, filter="data")
        unpacked.rename(home)
    return home


def _command(package: Package) -> list[str]:
    match package.client:
        case "npm":
            return ["npm", "pack", "--silent", package.name]
        case "pip":
            pip = [sys.executable, "-m", "pip"] if sys.prefix == sys.base_prefix else ["pip"]
            return [*pip, "download", "--quiet", "--no-deps", "--no-binary", package.name, package.name]
        case "apt":
            return ["apt-get", "download", "--quiet", package.name]


def _library() -> Iterator[SourceFile]:
    folder = Path(sysconfig.get_path("stdlib"))
    for part in ("asyncio", "email", "http", "importlib", "json", "logging", "unittest", "xml"):
        yield from _files(f"stdlib-{part}", "python", ".py", folder / part)


def _files(package: str, language: str, suffix: str, folder: Path) -> Iterator[SourceFile]:
    paths = sorted(path for path in folder.rglob(f"*{suffix}") if path.is_file() and not path.name.endswith(".d.ts"))
    stride = max(1, len(paths) // _MOST_FILES)
    for path in paths[::stride]:
        text = path.read_text(encoding="utf-8", errors="replace").replace("\r\n", "\n")
        if _LEAST_LINES <= text.count("\n") <= _MOST_LINES:
            yield SourceFile(package, language, path, text)
