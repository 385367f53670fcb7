"""A provider that somebody else publishes: installed by pip, found by its entry point, examined as every provider."""

import hashlib
import hmac
import json
import os
import subprocess
import sys
import tomllib
from importlib.util import find_spec
from pathlib import Path
from zipfile import ZipFile

import pytest

from tests.conformance.subjects import KEY
from tests.e2e.environment import environment
from tests.simulators.fixtures import running

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "tests" / "plugin_example"

pytestmark = pytest.mark.skipif(find_spec("pip") is None, reason="pip is not installed")


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the example in it, as `pip install --target` leaves it."""
    folder = tmp_path_factory.mktemp("plug_in")
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps", "--no-compile"]
    options = ["--disable-pip-version-check", "--root-user-action=ignore", "--target", str(folder / "site")]
    subprocess.run([*pip, *options, str(wheel(folder))], check=True)
    return folder / "site"


def wheel(folder: Path) -> Path:
    """The example's wheel: what its pyproject says, without asking for the tool that it names."""
    project = tomllib.loads((EXAMPLE / "pyproject.toml").read_text())["project"]
    stem = f"{project['name'].replace('-', '_')}-{project['version']}"
    points = "".join(
        f"[{group}]\n" + "".join(f"{name} = {value}\n" for name, value in rows.items())
        for group, rows in project["entry-points"].items()
    )
    about = f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n"
    tags = "Wheel-Version: 1.0\nGenerator: example\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    path = folder / f"{stem}-py3-none-any.whl"
    with ZipFile(path, "w") as archive:
        for source in sorted(EXAMPLE.rglob("*.py")):
            archive.write(source, str(source.relative_to(EXAMPLE)))
        for name, text in {"METADATA": about, "WHEEL": tags, "entry_points.txt": points, "RECORD": ""}.items():
            archive.writestr(f"{stem}.dist-info/{name}", text)
    return path


def test_the_command_knows_an_installed_plug_in(installed: Path, tmp_path: Path) -> None:
    with running("compatible", gateway="acme") as service:
        variables = {"ACME_BASE_URL": f"{service.base_url}/v1", "ACME_API_KEY": KEY, "PYTHONPATH": str(installed)}
        asked = subprocess.run(
            [sys.executable, "-m", "maestro", "models", "--provider", "acme", "--json"],
            env=environment(tmp_path, **variables),
            capture_output=True,
            check=True,
        )
        (request,) = service.requests
    assert [model["id"] for model in json.loads(asked.stdout)["models"]][:1] == ["acme/acme/large-1"]
    assert request.headers["x-acme-signature"] == hmac.new(KEY.encode(), b"", hashlib.sha256).hexdigest()


def test_an_installed_plug_in_conforms(installed: Path) -> None:
    suite = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", "acme"]
    paths = os.pathsep.join([str(installed), os.environ.get("PYTHONPATH", "")]).rstrip(os.pathsep)
    examined = subprocess.run(
        [*suite, "tests/conformance/test_every_function.py"],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": paths, "PYTEST_ADDOPTS": ""},
        capture_output=True,
        text=True,
    )
    assert examined.returncode == 0, examined.stdout
    passed = examined.stdout.splitlines()[-1]
    assert int(passed.split()[0]) > 50, passed
