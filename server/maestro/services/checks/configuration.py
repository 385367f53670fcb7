"""Do the settings fit, wherever they stand, and are their files in order."""

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from maestro import provider_file
from maestro.directories import directories
from maestro.provider_file import FILE_NAME, ProviderFileError
from maestro.providers.registry import provider_ids
from maestro.services.checks.outcome import bad, good
from maestro.settings import CONFIG_FILE, PROJECT_FILE, Problem, Project, load
from maestro_protocol.doctor import Check


def files(environment: Mapping[str, str], projects: Sequence[Project]) -> Iterator[Check]:
    """`config.toml` and the variables that are settings, the provider file, and the projects' own settings."""
    problems: list[Problem] = []
    load(environment, None, problems.append, projects=projects, built_in=provider_ids)
    places = directories(environment)
    providers, theirs = places.data / FILE_NAME, [project.folder / PROJECT_FILE for project in projects]
    yield _own(environment, [one for one in problems if one.file not in (providers, *theirs)])
    yield _providers(providers, [one for one in problems if one.file == providers])
    for number, path in enumerate(filter(os.path.lexists, theirs), 1):
        name = "config.project" if number == 1 else f"config.project.{number}"
        yield _project(name, path, [one for one in problems if one.file == path])


def keys_in(path: Path) -> Sequence[str]:
    """The providers whose keys stand in a provider file in clear text; none in one that cannot be read."""
    try:
        return [name for name, entry in provider_file.read(path).items() if entry.api_key.strip()]
    except ProviderFileError:
        return []


def _own(environment: Mapping[str, str], problems: Sequence[Problem]) -> Check:
    config = directories(environment).config / CONFIG_FILE
    if problems:
        return bad(
            "config.readable",
            "error",
            "Settings do not fit, so the terminal's commands refuse to start",
            _told(problems),
            " and ".join(dict.fromkeys(_mending(problem, config, environment) for problem in problems)),
        )
    if config.exists():
        return good("config.readable", f"The settings in {config} fit")
    return good("config.readable", f"There is no {config}; everything is as it comes")


def _providers(path: Path, problems: Sequence[Problem]) -> Check:
    if problems:
        label = "The provider file does not count as long as it is broken"
        return bad("config.providers", "error", label, _told(problems), f"edit {path}")
    if keys := keys_in(path):
        label = f"Keys stand in {path} in clear text"
        return bad("config.providers", "warning", label, f"Those of {', '.join(keys)}", "`maestro sessions import`")
    if path.exists():
        return good("config.providers", f"The providers in {path} fit")
    return good("config.providers", f"There is no {path}; providers are those that come with Maestro")


def _project(name: str, path: Path, problems: Sequence[Problem]) -> Check:
    if not problems:
        return good(name, f"The settings in {path} fit")
    closed = all(mark.severity == "hint" for problem in problems for mark in problem.marks)
    label = "Some of the project's settings do not count"
    return bad(name, "info" if closed else "warning", label, _told(problems), f"edit {path}, or trust its folder")


def _told(problems: Sequence[Problem]) -> str:
    return " ".join(problem.message for problem in problems)


def _mending(problem: Problem, config: Path, environment: Mapping[str, str]) -> str:
    """The variables to change, or the file."""
    if problem.file is not None:
        return f"edit {problem.file}"
    names = [name for name in environment if any(_is_setting(name, issue.path) for issue in problem.issues)]
    return " and ".join(f"`unset {name}`" for name in names) or f"correct the settings in {config}"


def _is_setting(variable: str, path: str) -> bool:
    """`MAESTRO_LIMITS__MAX_ACTIVE_TURNS` is `limits.maxActiveTurns`."""
    steps = [step.replace("_", "") for step in variable.removeprefix("MAESTRO_").lower().split("__")]
    wanted = path.lower().replace("_", "").split(".")
    return variable.startswith("MAESTRO_") and steps == wanted[: len(steps)]
