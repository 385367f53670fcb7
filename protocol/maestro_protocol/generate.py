"""Writes what is generated from the vocabulary: `python -m maestro_protocol.generate [--check]`."""

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from maestro_protocol import emit_lua, emit_reference, emit_schema, emit_typescript, emit_vscode
from maestro_protocol.emit import Vocabulary
from maestro_protocol.emit_models import vocabulary

ROOT = Path(__file__).resolve().parents[2]
COMMAND = "python -m maestro_protocol.generate"
TARGETS: dict[str, Callable[[Vocabulary], str]] = {
    "protocol/maestro_protocol/schema.json": emit_schema.emit,
    "protocol/REFERENCE.md": emit_reference.emit,
    "editors/vscode/src/protocol.ts": emit_typescript.emit,
    "editors/neovim/lua/maestro/protocol.lua": emit_lua.emit,
}

MERGED: dict[str, Callable[[Vocabulary, str], str]] = {
    "editors/vscode/package.json": emit_vscode.manifest,
    "editors/vscode/package.nls.json": emit_vscode.words,
    "editors/vscode/README.md": emit_vscode.readme,
}
"""Files written by hand of which a part is generated."""


def generated(root: Path = ROOT) -> dict[str, str]:
    """Every generated file: its path in the repository and its text; none of `MERGED` that are not there."""
    source = vocabulary()
    present = {path: text for path in MERGED if (text := _read(root / path)) is not None}
    whole = {path: emit(source) for path, emit in TARGETS.items()}
    return whole | {path: MERGED[path](source, text) for path, text in present.items()}


def stale(root: Path = ROOT) -> list[str]:
    """The files that are not what the vocabulary says."""
    return [path for path, text in generated(root).items() if _read(root / path) != text]


def write(root: Path = ROOT) -> list[str]:
    """Bring every file up to date; returns those that changed."""
    texts = generated(root)
    changed = [path for path, text in texts.items() if _read(root / path) != text]
    for path in changed:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(texts[path], encoding="utf-8", newline="\n")
    return changed


def main(arguments: Sequence[str] | None = None, root: Path = ROOT) -> int:
    """The command line; 1 if `--check` found stale files."""
    parser = argparse.ArgumentParser(prog=COMMAND, description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing; fail if a file is out of date")
    if not parser.parse_args(arguments).check:
        for path in write(root):
            print(f"wrote {path}")
        return 0
    if not (old := stale(root)):
        return 0
    print(f"Out of date: {', '.join(old)}. Run: {sys.executable} -m maestro_protocol.generate", file=sys.stderr)
    return 1


def _read(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.exists() else None


if __name__ == "__main__":
    sys.exit(main())
