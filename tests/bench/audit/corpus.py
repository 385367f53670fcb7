"""Real sources to edit: those at hand, and successive releases of packages."""

import random
import subprocess
import sys
import sysconfig
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.bench.harness import ROOT, Broken

_SUFFIXES = (".py", ".ts", ".go")
_SIZES = range(4_000, 60_000)
# Pure Python, often released, and changed by many hands.
RELEASES = {
    "rich": ("12.0.0", "12.6.0", "13.0.0", "13.5.0", "14.0.0"),
    "click": ("7.1.2", "8.0.0", "8.1.0", "8.1.8", "8.2.0"),
    "httpx": ("0.23.0", "0.24.0", "0.25.0", "0.27.0", "0.28.0"),
}


def sources(folders: Sequence[Path], seed: int, limit: int) -> list[str]:
    """Texts of Python, TypeScript and Go, as many of each as there are, from the folders, this repository and the
    standard library."""
    everywhere = (*folders, ROOT / "editors", ROOT / "server", Path(sysconfig.get_path("stdlib")))
    found = sorted({path for folder in everywhere for path in _files(folder)})
    random.Random(seed).shuffle(found)
    by_kind = [[path for path in found if path.suffix == suffix] for suffix in _SUFFIXES]
    turns = [paths[turn] for turn in range(limit) for paths in by_kind if turn < len(paths)]
    return [path.read_bytes().decode("utf-8", "replace") for path in turns[:limit]]


def successions(cache: Path) -> Iterator[list[str]]:
    """The texts of one file through the releases that have it, oldest first.

    Raises:
        Broken: a release could not be fetched.
    """
    for name, versions in RELEASES.items():
        releases = [_release(name, version, cache) for version in versions]
        for path in sorted(releases[-1]):
            texts = [release[path] for release in releases if path in release]
            distinct = [text for text, before in zip(texts, [None, *texts], strict=False) if text != before]
            if len(distinct) > 1 and len(distinct[0]) in _SIZES:
                yield distinct


def _files(folder: Path) -> Iterator[Path]:
    for suffix in _SUFFIXES:
        for path in folder.rglob(f"*{suffix}"):
            if "site-packages" not in path.parts and path.is_file() and path.stat().st_size in _SIZES:
                yield path


def _release(name: str, version: str, cache: Path) -> dict[str, str]:
    """Path to text of the Python files of a release."""
    folder = cache / f"{name}-{version}"
    if not folder.exists():
        options = ["--quiet", "--no-deps", "--only-binary", ":all:", "--dest", str(folder), f"{name}=={version}"]
        if subprocess.run([sys.executable, "-m", "pip", "download", *options], check=False).returncode:
            raise Broken(f"{name} {version} could not be fetched")
    with zipfile.ZipFile(next(folder.glob("*.whl"))) as wheel:
        return {path: wheel.read(path).decode() for path in wheel.namelist() if path.endswith(".py")}
