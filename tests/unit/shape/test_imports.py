"""Who may import whom: the contracts of pyproject.toml, and what they cannot say."""

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.unit.shape.source import ROOT, SERVER, imports, modules

# import-linter cannot forbid a part of a package, such as `urllib.request`.
FORBIDDEN = ("requests", "aiohttp", "urllib3", "urllib.request", "http.client")


def test_the_import_contracts_hold() -> None:
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert result.returncode == 0, result.stdout + result.stderr


def test_every_module_of_the_server_has_its_layer() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"][
        "contracts"
    ]
    layers = next(contract["layers"] for contract in contracts if contract["type"] == "layers")
    placed = {name for layer in layers for name in layer.replace(":", "|").replace(" ", "").split("|")}
    there = {
        f"maestro.{path.stem}" for path in SERVER.iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()
    }
    assert there - {"maestro.__init__"} - placed == set()


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(ROOT)))
def test_only_the_transport_speaks_http_and_only_lsp_speaks_pygls(path: Path) -> None:
    found = set(imports(path))
    assert not found & set(FORBIDDEN)
    if SERVER / "transport" not in path.parents:
        assert not found & {"httpx", "httpcore"}
    if SERVER / "lsp" not in path.parents:
        assert not {name for name in found if name.split(".")[0] in ("pygls", "lsprotocol")}
