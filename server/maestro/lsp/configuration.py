"""The settings in force, as they change: in the editor, from `initialize`, a push or a question, and in files."""

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path

from pydantic import JsonValue

from maestro import settings
from maestro.lsp.calls import Calls
from maestro.lsp.editor import LspEditor
from maestro.lsp.handshake import Handshake, dig
from maestro.lsp.logs import logger
from maestro.lsp.messages import RpcError, encode
from maestro.providers.registry import provider_ids
from maestro.settings import Files, Problem, Project
from maestro.workspace.names import path_of
from maestro_protocol.base import JsonObject
from maestro_protocol.settings import BudgetSettings, Settings

SECTION = "maestro"
DEADLINE = 10.0
"""Seconds the editor has to tell its settings."""
_CHANGES = "workspace/didChangeConfiguration"
_FILES = "workspace/didChangeWatchedFiles"
_BUDGETS_STAY = "Until what is wrong with `budgets` is mended, the budgets stay as they were."
_NO_BUDGET = "Until what is wrong with `budgets` is mended, that budget does not hold."


class Configuration:
    """The settings in force. What does not fit is told to the user once and left out; the rest stays."""

    def __init__(self, handshake: Handshake, environment: Mapping[str, str], editor: LspEditor, calls: Calls) -> None:
        self._handshake = handshake
        self._environment = environment
        self._editor = editor
        self._calls = calls
        self._told: Sequence[str] = ()
        self._files = Files(environment)
        self._looking = asyncio.Lock()
        self._typed = handshake.settings
        self._budgets: BudgetSettings | None = None
        """The last ones that were good; None at the start."""
        self.current = self._load()

    @property
    def projects(self) -> Sequence[Project]:
        """The workspace folders, as far as they are on this machine."""
        folders = [path_of(folder) for folder in self._editor.folders]
        return [Project(folder, self._handshake.declared_trust) for folder in folders if folder is not None]

    def push(self, section: JsonValue) -> Settings:
        """Take the editor's section; it adds to what `initialize` said."""
        layer: JsonObject = section if isinstance(section, dict) else {}
        self._typed = _merge(self._handshake.settings, layer)
        return self._load()

    async def pull(self) -> Settings:
        """Ask the editor, if it can be asked."""
        if self._handshake.can("workspace", "configuration"):
            try:
                items = encode({"items": [{"section": SECTION}]})
                answer = await self._calls.call("workspace/configuration", items, DEADLINE)
            except (TimeoutError, RpcError):
                logger.warning("the editor did not tell its settings")
                return self.current
            return self.push(answer[0] if isinstance(answer, list) and answer else None)
        return self.current

    async def watch(self) -> None:
        """Ask to be told of changes, where that must be asked for."""
        if registrations := [*self._registrations()]:
            try:
                await self._calls.call("client/registerCapability", encode({"registrations": registrations}), DEADLINE)
            except (TimeoutError, RpcError):
                logger.warning("the editor will not tell changes of its settings")

    async def changed(self, params: JsonValue) -> Settings:
        """After `workspace/didChangeConfiguration`: with its section, else by asking."""
        section = dig(params, "settings", SECTION)
        return self.push(section) if isinstance(section, dict) else await self.pull()

    async def reread(self) -> Settings:
        """Look whether files have changed, and which there are by now."""
        async with self._looking:
            await asyncio.to_thread(self._files.renew)
        return self._load()

    async def examine(self, uri: str, text: str) -> Sequence[Problem]:
        """What would be wrong with a file of settings if it held this text; of another file nothing."""
        projects, typed = self.projects, self._typed

        def work() -> Sequence[Problem]:
            opened = path_of(uri)
            known = settings.paths(self._environment, projects)
            path = next((path for path in known if opened is not None and _same(path, opened)), None)
            return settings.examine(path, text, self._environment, typed, projects, provider_ids) if path else ()

        return await asyncio.to_thread(work)

    def _registrations(self) -> Sequence[JsonValue]:
        found: list[JsonValue] = []
        if self._handshake.can("workspace", "didChangeConfiguration", "dynamicRegistration"):
            found.append({"id": SECTION, "method": _CHANGES, "registerOptions": {"section": SECTION}})
        if self._handshake.can("workspace", "didChangeWatchedFiles", "dynamicRegistration"):
            watchers: list[JsonValue] = [{"globPattern": f"**/{settings.PROJECT_FILE}"}]
            if self._handshake.can("workspace", "didChangeWatchedFiles", "relativePatternSupport"):
                watchers += [_exactly(self._files.config), _exactly(self._files.providers)]
            found.append({"id": f"{SECTION}.files", "method": _FILES, "registerOptions": {"watchers": watchers}})
        return found

    def _load(self) -> Settings:
        found: list[Problem] = []
        loaded = settings.load(
            self._environment,
            self._typed,
            found.append,
            projects=self.projects,
            files=self._files,
            built_in=provider_ids,
        )
        told = [problem.message for problem in found]
        if any(map(_is_about_budgets, found)):
            loaded = loaded.model_copy(update={"budgets": self._budgets or loaded.budgets})
            told.append(_BUDGETS_STAY if self._budgets else _NO_BUDGET)
        self.current, self._budgets = loaded, loaded.budgets
        for message in told:
            if message not in self._told:
                self._editor.show(message)
        self._told = told
        return self.current


def _is_about_budgets(problem: Problem) -> bool:
    return any(issue.path.partition(".")[0] == "budgets" for issue in problem.issues)


def _exactly(path: Path) -> JsonObject:
    """What is watched for one file."""
    return {"globPattern": {"baseUri": path.parent.absolute().as_uri(), "pattern": path.name}}


def _same(one: Path, other: Path) -> bool:
    """Whether two paths lead to one entry of a folder; whether that is a link is not looked at."""
    return one.name == other.name and one.parent.resolve() == other.parent.resolve()


def _merge(low: JsonObject, high: JsonObject) -> JsonObject:
    merged = dict(low)
    for key, value in high.items():
        if value is None:
            continue  # nothing is said, so what `initialize` said stays
        below = merged.get(key)
        merged[key] = _merge(below, value) if isinstance(below, dict) and isinstance(value, dict) else value
    return merged
