"""Settings from every place they may stand, merged; each place overrides those before it.

`openaicompat-providers.yaml` < `config.toml` < the projects' `.maestro.toml` < environment < editor.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import reduce
from pathlib import Path

from pydantic import JsonValue

from maestro.provider_file import FILE_NAME
from maestro.settings.environment import from_environment
from maestro.settings.files import CONFIG, CONFIG_FILE, PROJECT_FILE, PROJECTS, PROVIDERS, Content, Files
from maestro.settings.key_places import place_of_key
from maestro.settings.merging import Layer, canonical, fitting, merge, without_nulls
from maestro.settings.own_names import misfits
from maestro.settings.owned import without_secrets, without_trust
from maestro.settings.problems import Broken, Mark, Problem, Report, Spot, shown
from maestro.settings.project import Project, is_trusted, open_to_strangers
from maestro_protocol.base import JsonObject
from maestro_protocol.settings import Settings

__all__ = [
    "CONFIG_FILE",
    "PROJECT_FILE",
    "Files",
    "Mark",
    "Problem",
    "Project",
    "Report",
    "Spot",
    "examine",
    "is_settings_file",
    "load",
    "paths",
    "place_of_key",
    "tolerant",
]


def load(
    environment: Mapping[str, str],
    editor: JsonObject | None,
    report: Report | None = None,
    *,
    projects: Sequence[Project] = (),
    files: Files | None = None,
    built_in: Callable[[], Collection[str]] | None = None,
) -> Settings:
    """The settings in force. Spelling is camelCase or snake_case in files, camelCase from editors, whose nulls say
    nothing.

    With `report` a misfit is told and left out, and everything else stays in force; while `config.toml` cannot be
    read at all, no code is sent for audits, since it may say so. Of several projects the first one wins. `files` are
    those of the process, which knows what was good in them; `built_in` are the ids of providers that need no address.

    Raises:
        MaestroError: without `report`, -32602 naming the place and the path of what does not fit.
    """
    tell, files = report or _raise, files or Files(environment)
    providers = _taken(_on_disk(files.content(files.providers, PROVIDERS), tell), tell)
    own = _on_disk(files.content(files.config, CONFIG), tell)
    config = fitting(canonical(own), tell)
    variables = _taken(Layer("the environment", from_environment(environment)), tell)
    typed = _taken(Layer("the editor", without_nulls(editor or {})), tell, shared="editor settings")
    chosen = any(layer.get("defaults") for layer in (config, variables, typed))
    trusted = Settings.from_wire(config).trusted_folders
    of_projects = [_of_project(project, files, trusted, tell, chosen=chosen) for project in projects]
    layers: list[JsonValue] = [providers, config, *reversed(of_projects), variables, typed]
    settings = Settings.from_wire(reduce(merge, layers))
    told = _of_own_names(settings, own._replace(value=config))
    for problem in (*_without_address(files.content(files.providers, PROVIDERS), settings, built_in), *told):
        tell(problem)
    return settings


def _of_own_names(settings: Settings, own: Layer) -> Iterator[Problem]:
    """Each is said of `config.toml` where the name stands there; it stays, since whoever uses it is told again."""
    for issue in misfits(settings):
        kind, _, name = issue.path.partition(".")
        names = own.value.get(kind) if isinstance(own.value, dict) else None
        place = own if isinstance(names, dict) and name in names else Layer("the settings", {})
        told = issue.model_copy(update={"path": shown(issue.path)})
        yield replace(place.problem(f"The setting `{told.path}` {told.message}.", [told]), is_slight=True)


def examine(
    path: Path,
    text: str,
    environment: Mapping[str, str],
    editor: JsonObject | None,
    projects: Sequence[Project],
    built_in: Callable[[], Collection[str]] | None = None,
) -> Sequence[Problem]:
    """What would be wrong with one of the files if it held this text."""
    found: list[Problem] = []
    shown = Files(environment, {path: text})
    load(environment, editor, found.append, projects=projects, files=shown, built_in=built_in)
    return [problem for problem in found if problem.file == path]


def paths(environment: Mapping[str, str], projects: Sequence[Project]) -> Sequence[Path]:
    """The files that settings may stand in."""
    files = Files(environment)
    return [files.providers, files.config, *(project.folder / PROJECT_FILE for project in projects)]


def is_settings_file(name: str) -> bool:
    """Whether a path or an address may lead to one of them, by its last part."""
    return name.rpartition("/")[2] in (CONFIG_FILE, PROJECT_FILE, FILE_NAME)


def tolerant(tell: Callable[[str], None]) -> Report:
    """For a command: it does not run with less than the user's own settings; what else is wrong is only told."""

    def report(problem: Problem) -> None:
        if not problem.is_slight and (problem.file is None or problem.file.name == CONFIG_FILE):
            _raise(problem)
        tell(problem.message)

    return report


def _raise(problem: Problem) -> None:
    if not problem.is_slight:
        raise problem.error


def _on_disk(content: Content, tell: Report) -> Layer:
    if content.problem is not None:
        tell(content.problem)
    for problem in content.slight:
        tell(problem)
    return Layer(str(content.path), content.value, content.path, content.places)


def _without_address(
    content: Content, merged: Settings, built_in: Callable[[], Collection[str]] | None
) -> Iterator[Problem]:
    """Providers of the file of which nobody knows where they are."""
    entries = content.value.get("providers")
    names = [name for name in entries if not merged.provider(name).base_url] if isinstance(entries, dict) else []
    unknown = {*names} - {*built_in()} if names and built_in else set()
    places = content.places() if unknown else {}
    for name in (name for name in names if name in unknown):
        what = "`base_api_url` is missing, and no provider of this name is built in; add its address"
        yield Broken(what, places.get(f"providers.{name}")).of(content.path, "warning")


def _taken(layer: Layer, tell: Report, *, shared: str = "") -> JsonObject:
    """What counts of any layer but `config.toml`; `shared` is what it is called where others may read it."""
    layer = without_trust(canonical(layer), tell)
    return fitting(without_secrets(layer, shared, tell) if shared else layer, tell)


def _of_project(
    project: Project, files: Files, trusted_folders: Sequence[str], tell: Report, *, chosen: bool
) -> JsonObject:
    layer = _on_disk(files.content(project.folder / PROJECT_FILE, PROJECTS), tell)
    value = _taken(layer, tell, shared="project settings")
    if not value or is_trusted(project, trusted_folders):
        return value
    return open_to_strangers(layer, value, tell, chosen=chosen)
