"""Which tools there are now: Maestro's own, the editor's, and those of servers."""

from collections.abc import Callable, Iterable, Mapping, Sequence

from maestro.editor import Editor
from maestro.errors import MaestroError
from maestro.tools import fetch_url, run_command
from maestro.tools.base import Tool
from maestro.tools.client import ClientTool
from maestro_protocol.chat import ToolSelection
from maestro_protocol.errors import Issue
from maestro_protocol.settings import Settings
from maestro_protocol.tools import ToolInfo, ToolRegistration, ToolUnregisterResult

REPLACEABLE = frozenset(("diagnostics",))
"""Built-in tools an editor may offer itself, because it knows more."""
_WITHOUT_FOLDER = frozenset(("fetch_url",))
_OFF = "Tools are off; the setting `tools.enabled` allows them."
_UNTRUSTED = "The workspace is not trusted, so no tool runs in it."
_NO_FOLDER = "No folder is open, and this tool works in one."


class Toolbox:
    """`settings` gives those in force, `more` the tools of servers that are connected now."""

    def __init__(
        self,
        built_in: Sequence[Tool],
        editor: Editor,
        settings: Callable[[], Settings],
        more: Callable[[], Sequence[Tool]] = tuple,
    ) -> None:
        self._built_in = {tool.spec.name: tool for tool in built_in}
        self._client: dict[str, Tool] = {}
        self._editor = editor
        self._settings = settings
        self._more = more

    def register(self, registrations: Sequence[ToolRegistration]) -> list[str]:
        """Offer these tools of the editor's, in place of its earlier ones of the same names; all or none.

        Raises:
            MaestroError: 4703 if the client did not declare that it has tools, -32602 for one that cannot be taken.
        """
        if not self._editor.offers("clientTools"):
            message = (
                "The client did not declare `features.clientTools` in `initialize`, so its tools cannot be called."
            )
            raise MaestroError("featureNotNegotiated", message)
        if issues := list(self._misfits(registrations)):
            message = f"A tool cannot be registered: `{issues[0].path}` {issues[0].message}."
            raise MaestroError("invalidParams", message, issues=issues)
        self._client |= {one.name: ClientTool(one, self._editor) for one in registrations}
        return [one.name for one in registrations]

    def unregister(self, names: Sequence[str]) -> ToolUnregisterResult:
        """Take tools of the editor's back."""
        known = [name for name in dict.fromkeys(names) if self._client.pop(name, None) is not None]
        return ToolUnregisterResult(unregistered=known, not_found=[name for name in names if name not in known])

    def infos(self) -> list[ToolInfo]:
        """All tools, with the reason why one is not offered."""
        return [_info(tool, self._reason(tool)) for tool in self._tools().values()]

    def offered(self, selection: ToolSelection | None = None) -> Mapping[str, Tool]:
        """The tools a model may be told of, by name.

        Raises:
            MaestroError: 4402 for a tool in `allow` that does not exist or is not offered now.
        """
        tools = self._tools()
        offered = {name: tool for name, tool in tools.items() if self._reason(tool) is None}
        if selection is None:
            return offered
        for name in selection.allow or ():
            if name not in offered:
                raise self._not_offered(tools.get(name), list(offered))
        allowed = offered if selection.allow is None else selection.allow
        return {name: offered[name] for name in offered if name in allowed and name not in (selection.deny or ())}

    def _tools(self) -> dict[str, Tool]:
        """By name; where two have the same, the editor's replaces a built-in one, and a server's none."""
        tools = {**self._built_in, **self._client}
        for tool in self._more():
            tools.setdefault(tool.spec.name, tool)
        return tools

    def _reason(self, tool: Tool) -> str | None:
        """Why a tool is not offered."""
        settings, name = self._settings().tools, tool.spec.name
        if not settings.enabled:
            return _OFF
        if not self._editor.trusted:
            return _UNTRUSTED
        if tool.spec.origin != "builtIn":
            return None
        if name == "run_command" and not settings.run_command:
            return run_command.OFF
        if name == "fetch_url" and not settings.fetch_url:
            return fetch_url.OFF
        return None if self._editor.folders or name in _WITHOUT_FOLDER else _NO_FOLDER

    def _not_offered(self, tool: Tool | None, candidates: list[str]) -> MaestroError:
        if tool is None:
            message = "`tools.allow` names a tool that does not exist; `candidates` lists those there are."
        else:
            message = f"The tool `{tool.spec.name}` cannot be used now: {self._reason(tool)}"
        return MaestroError("toolNotFound", message, candidates=candidates)

    def _misfits(self, registrations: Sequence[ToolRegistration]) -> Iterable[Issue]:
        seen: set[str] = set()
        for index, one in enumerate(registrations):
            if one.name in self._built_in and one.name not in REPLACEABLE:
                yield Issue(path=f"tools[{index}].name", message="is the name of a built-in tool")
            if one.name in seen:
                yield Issue(path=f"tools[{index}].name", message="stands in the list twice")
            seen.add(one.name)
            properties = one.input_schema.get("properties", {})
            if one.input_schema.get("type") != "object" or not isinstance(properties, dict):
                yield Issue(path=f"tools[{index}].inputSchema", message="must be the JSON Schema of an object")
            elif "intent" in properties:
                message = "is asked for by Maestro itself"
                yield Issue(path=f"tools[{index}].inputSchema.properties.intent", message=message)


def _info(tool: Tool, reason: str | None) -> ToolInfo:
    spec = tool.spec
    return ToolInfo(
        name=spec.name,
        description=spec.description,
        input_schema=spec.input_schema,
        annotations=spec.annotations,
        origin=spec.origin,
        enabled=reason is None,
        reason=reason,
    )
