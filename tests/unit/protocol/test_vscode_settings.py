"""The settings of the VS Code extension are those of the vocabulary."""

import json
from pathlib import Path

from maestro_protocol import emit_vscode
from maestro_protocol.emit_models import vocabulary
from maestro_protocol.generate import MERGED, ROOT, main, stale
from maestro_protocol.settings import Settings

PACKAGE = json.loads((ROOT / "editors/vscode/package.json").read_text(encoding="utf-8"))
WORDS = json.loads((ROOT / "editors/vscode/package.nls.json").read_text(encoding="utf-8"))
PROPERTIES = PACKAGE["contributes"]["configuration"]["properties"]
EMPTY_TABLE = f"Before\n{emit_vscode.BEGIN}\n{emit_vscode.END}\nAfter\n"
OWN = {f"maestro.{row.path}" for row in emit_vscode.OWN}


def _nested(path: str, value: object) -> dict[str, object]:
    for word in reversed(path.split(".")):
        value = {word: value}
    assert isinstance(value, dict)
    return value


def test_there_are_no_more_than_people_read() -> None:
    assert len(PROPERTIES) <= 25


def test_every_default_is_the_servers_own() -> None:
    defaults = {name: row["default"] for name, row in PROPERTIES.items() if "default" in row and name not in OWN}
    assert len(defaults) > 15
    for name, value in defaults.items():
        settings = Settings.model_validate(_nested(name.removeprefix("maestro."), value))
        assert settings == Settings(), name


def test_every_setting_is_described() -> None:
    assert {name: row["markdownDescription"] for name, row in PROPERTIES.items()} == {
        name: f"%setting.{name.removeprefix('maestro.')}%" for name in PROPERTIES
    }
    assert [name for name in PROPERTIES if not WORDS[f"setting.{name.removeprefix('maestro.')}"].endswith(".")] == []


def test_what_starts_programs_or_sends_code_is_not_taken_from_an_untrusted_folder() -> None:
    restricted = PACKAGE["capabilities"]["untrustedWorkspaces"]["restrictedConfigurations"]
    assert {"maestro.server.command", "maestro.tools.runCommand", "maestro.audit.consent"} <= set(restricted)
    assert PROPERTIES["maestro.server.command"]["scope"] == "machine"


def test_what_is_written_by_hand_stays(tmp_path: Path) -> None:
    present = json.dumps({"name": "x", "contributes": {"views": {"a": []}, "configuration": {"old": 1}}})
    merged = json.loads(emit_vscode.manifest(vocabulary(), present))
    assert merged["name"] == "x"
    assert merged["contributes"]["views"] == {"a": []}
    assert "old" not in merged["contributes"]["configuration"]
    words = json.loads(emit_vscode.words(vocabulary(), json.dumps({"description": "d", "setting.gone": "old"})))
    assert words["description"] == "d"
    assert "setting.gone" not in words


def test_the_readme_tells_every_setting() -> None:
    lines = emit_vscode.readme(vocabulary(), EMPTY_TABLE).splitlines()
    assert (lines[0], lines[-1]) == ("Before", "After")
    told = [line.split("`")[1] for line in lines if line.startswith("| `")]
    assert told == list(PROPERTIES)
    assert emit_vscode.readme(vocabulary(), "no table") == "no table"


def test_a_manifest_that_lacks_a_setting_is_stale(tmp_path: Path) -> None:
    main([], tmp_path)
    for path in MERGED:
        (tmp_path / path).write_text("{}" if path.endswith(".json") else EMPTY_TABLE, encoding="utf-8")
    assert stale(tmp_path) == list(MERGED)
    main([], tmp_path)
    assert stale(tmp_path) == []
