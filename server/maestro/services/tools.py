"""The tools a chat may use, and where they work."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from maestro.editor import Editor
from maestro.runtime import Runtime
from maestro.services.private import Private
from maestro.tools.base import Surroundings, Tool
from maestro.tools.builtin import built_in
from maestro.tools.mcp import McpTools
from maestro.tools.toolbox import Toolbox
from maestro.workspace.gate import Gate
from maestro.workspace.names import real_folders
from maestro_protocol.audit import Finding
from maestro_protocol.chat import ToolSelection
from maestro_protocol.tools import ToolListResult

_CLOSE_SECONDS = 0.3
_ANYWHERE = ("fetch_url",)
"""Built-in tools that need no folder."""


class Offer(NamedTuple):
    """What a turn may use. `around` is what every call gets."""

    tools: Mapping[str, Tool]
    around: Surroundings


class ToolService:
    """`findings` gives what the editor shows now, by URI."""

    def __init__(
        self,
        runtime: Runtime,
        editor: Editor,
        gate: Gate,
        private: Private,
        findings: Callable[[], Mapping[str, Sequence[Finding]]],
    ) -> None:
        self._runtime = runtime
        self._private = private
        self._editor = editor
        self._gate = gate
        self._mcp = McpTools(lambda: runtime.settings, runtime.environment)
        self.box = Toolbox(built_in(findings), editor, lambda: runtime.settings, self._mcp.tools)

    async def list(self) -> ToolListResult:
        """All tools, those of servers as they answer now."""
        await self._refresh()
        return ToolListResult(tools=self.box.infos(), problems=dict(self._mcp.problems()) or None)

    async def offer(self, selection: ToolSelection | None, workspace_folder: str | None) -> Offer:
        """The tools of a turn in a chat of this folder (a URI); those that work in a folder only if it is open here.

        Raises:
            MaestroError: 4402 for a tool in `allow` that cannot be used now.
        """
        if selection is None or selection.allow != []:
            await self._refresh()
        folder = await asyncio.to_thread(self._look, workspace_folder)
        tools = _usable(self.box.offered(selection), folder)
        around = Surroundings(
            folder or Path("/"),
            self._gate,
            self._editor,
            self._runtime.settings,
            self._runtime.environment,
            self._private.secrets,
            self._private.folders,
        )
        return Offer(tools, around)

    async def known(self, workspace_folder: str | None) -> Mapping[str, Tool]:
        """What a turn would be offered, as far as servers have told by now."""
        return _usable(self.box.offered(), await asyncio.to_thread(self._open_folder, workspace_folder))

    async def aclose(self) -> None:
        """End the servers' process; one that takes its time notices by itself that nobody is left."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_CLOSE_SECONDS):
                await self._mcp.aclose()

    async def _refresh(self) -> None:
        settings = self._runtime.settings.tools
        if settings.enabled and settings.mcp_servers and self._editor.trusted:
            await self._mcp.refresh()

    def _look(self, workspace_folder: str | None) -> Path | None:
        """Everything a turn needs from the disk."""
        self._private.look()
        return self._open_folder(workspace_folder)

    def _open_folder(self, uri: str | None) -> Path | None:
        """The chat's folder, links resolved, if this window has it open. Looks at the disk."""
        wanted = next(iter(real_folders([uri])), None) if uri else None
        return wanted if wanted in self._gate.folders else None


def _usable(tools: Mapping[str, Tool], folder: Path | None) -> Mapping[str, Tool]:
    """Without those that need a folder, where there is none."""
    if folder is not None:
        return tools
    return {name: tool for name, tool in tools.items() if tool.spec.origin != "builtIn" or name in _ANYWHERE}
