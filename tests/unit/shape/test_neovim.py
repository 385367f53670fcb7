"""The Neovim plugin says of itself what is so: its help, its tables, its package."""

import re
from collections.abc import Iterator

from editors.neovim.scripts.vimdoc import PLUGIN, SOURCE, TARGET, vimdoc

README = SOURCE.read_text(encoding="utf-8")
LUA = sorted(PLUGIN.rglob("*.lua"))
GENERATED = PLUGIN / "lua" / "maestro" / "protocol.lua"


def read(name: str) -> str:
    return (PLUGIN / name).read_text(encoding="utf-8")


def first_cells(heading: str) -> Iterator[str]:
    section = README.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    for line in section.splitlines():
        if line.startswith("| `"):
            yield line.split("|")[1].strip(" `")


def test_the_help_is_fresh() -> None:
    assert TARGET.read_text(encoding="utf-8") == vimdoc(README), "run: make generate"


def test_every_command_is_told() -> None:
    told = [cell.split()[1] for cell in first_cells("Commands")]
    assert sorted(told) == sorted(re.findall(r"^subs\.(\w+) = ", read("lua/maestro/subcommands.lua"), re.MULTILINE))


def test_every_option_is_told() -> None:
    defaults = read("lua/maestro/config.lua").split("local defaults = {")[1].split("\n}")[0]
    assert list(first_cells("Options")) == re.findall(r"^  (\w+) =", defaults, re.MULTILINE)


def test_every_event_is_told() -> None:
    emitted = {name for path in LUA for name in re.findall(r"ui\.emit\('(\w+)'", path.read_text(encoding="utf-8"))}
    assert sorted(first_cells("Events")) == sorted(f"Maestro{name}" for name in emitted)


def test_every_map_is_told() -> None:
    plugs = read("plugin/maestro.lua").split("local plugs = {")[1].split("\n}")[0]
    told = [cell.removeprefix("<Plug>(maestro-").rstrip(")") for cell in first_cells("Maps")]
    assert sorted(told) == sorted(re.findall(r"^  (\w+) =", plugs, re.MULTILINE))


def test_files_are_small_and_say_what_they_are_for() -> None:
    for path in LUA:
        lines = path.read_text(encoding="utf-8").splitlines()
        if path != GENERATED:
            assert len(lines) <= 420, path
            assert lines[0].startswith("---") or path.parent.name == "plugin", path


def test_nothing_else_is_required() -> None:
    names = {name for path in LUA for name in re.findall(r"require\(?'([\w.]+)'", path.read_text(encoding="utf-8"))}
    assert all(name == "maestro" or name.startswith("maestro.") for name in names)


def test_every_type_is_defined() -> None:
    texts = [path.read_text(encoding="utf-8") for path in LUA]
    defined = {
        name for text in texts for name in re.findall(r"^---@(?:class|alias) (maestro\.[\w.]+)", text, re.MULTILINE)
    }
    own = [text for path, text in zip(LUA, texts, strict=True) if path != GENERATED]
    annotations = [line for text in own for line in re.findall(r"---@.*|--\[\[@.*", text)]
    named = {name for line in annotations for name in re.findall(r"(?<![\w'(])maestro\.[A-Za-z.]+\b(?!')", line)}
    assert named - defined == set()


def test_every_function_says_its_parameters() -> None:
    """Those that others call, and those of a file's own with a name."""
    for path in LUA:
        if path == GENERATED or path.parent.name != "maestro":
            continue
        for before, given in re.findall(
            r"((?:^---.*\n)*)^(?:local function \w+|function (?:M\.|Drawing:)\w+)\(([^)]*)\)", path.read_text(), re.M
        ):
            for name in filter(None, (word.strip() for word in given.split(","))):
                assert f"@param {name}" in before or name.startswith("_"), (path.name, name, before)
