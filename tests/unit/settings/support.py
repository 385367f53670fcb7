"""A home with files of settings in it."""

import json
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from pathlib import Path

from maestro.provider_file import FILE_NAME
from maestro.settings import Files, Problem, Project, load
from maestro_protocol.base import JsonObject
from maestro_protocol.settings import Settings


@dataclass
class Home:
    """`load` gives what counts; `told` are the problems of the last time."""

    folder: Path
    variables: dict[str, str] = field(default_factory=dict)
    told: list[Problem] = field(default_factory=list)

    @property
    def environment(self) -> dict[str, str]:
        return {"MAESTRO_HOME": str(self.folder), **self.variables}

    @property
    def messages(self) -> list[str]:
        return [problem.message for problem in self.told]

    def write(self, name: str, text: str | bytes) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return path

    def config(self, text: str | bytes) -> Path:
        return self.write("config/config.toml", text)

    def providers(self, text: str | bytes) -> Path:
        return self.write(f"data/{FILE_NAME}", text)

    def project(self, text: str | bytes, name: str = "project", *, trusted: bool | None = None) -> Project:
        return Project(self.write(f"{name}/.maestro.toml", text).parent, trusted)

    def load(
        self,
        *projects: Project,
        files: Files | None = None,
        editor: JsonObject | None = None,
        built_in: Callable[[], Collection[str]] | None = None,
    ) -> Settings:
        self.told.clear()
        return load(self.environment, editor, self.told.append, projects=projects, files=files, built_in=built_in)


def toml(settings: JsonObject) -> str:
    """Settings as TOML: every leaf on a line of its own, and every name in quotes."""
    return "".join(f"{'.'.join(map(json.dumps, path))} = {json.dumps(value)}\n" for path, value in _leaves(settings))


def _leaves(settings: JsonObject, *path: str) -> list[tuple[tuple[str, ...], object]]:
    found: list[tuple[tuple[str, ...], object]] = []
    for name, value in settings.items():
        inner = isinstance(value, dict) and bool(value)
        found += _leaves(value, *path, name) if inner else [((*path, name), value)]  # type: ignore[arg-type]
    return found
