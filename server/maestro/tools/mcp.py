"""Tools of Model Context Protocol servers: offered like our own, run in the servers by way of a process of its own."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import replace

from pydantic import JsonValue

from maestro.addresses import is_https_or_local
from maestro.errors import MaestroError
from maestro.tools.base import Call, Outcome, Tool, ToolSpec
from maestro.tools.mcp_names import annotations, tool_name
from maestro.tools.mcp_process import COMMAND, HostLost, HostProcess, HostRefusal, server_environment
from maestro.tools.mcp_state import Pace, Patience, ServerState, failure, sentence
from maestro.tools.output import withhold
from maestro_protocol.base import JsonObject
from maestro_protocol.permissions import PermissionSubject
from maestro_protocol.settings import McpServer, Settings


class McpTool:
    """One tool of a server."""

    def __init__(self, tools: "McpTools", server: str, name: str, spec: ToolSpec) -> None:
        self._tools = tools
        self._server = server
        self._name = name
        self._spec = spec

    @property
    def spec(self) -> ToolSpec:
        return self._spec

    async def subject(self, call: Call) -> PermissionSubject:
        """Nothing is known of what a foreign tool does: all that is asked of it is shown."""
        return PermissionSubject(type="other", tool=self._spec.name, input=call.input)

    async def run(self, call: Call) -> Outcome:
        """Have the server do it.

        Raises:
            MaestroError: 4403 if the server cannot be used or does not answer in time.
        """
        held = call.around.secrets()
        try:
            outcome = await self._tools.call(self._server, self._name, call.input)
        except MaestroError as error:  # it may quote the server
            raise MaestroError(error.kind, await asyncio.to_thread(withhold, error.message, held)) from None
        return replace(outcome, content=await asyncio.to_thread(withhold, outcome.content, held))


class McpTools:
    """The tools of every configured server. Nothing is started before `refresh` or the first call."""

    def __init__(
        self,
        settings: Callable[[], Settings],
        environment: Mapping[str, str],
        *,
        command: Sequence[str] = COMMAND,
        patience: Patience | None = None,
    ) -> None:
        self._settings = settings
        self._environment = environment
        self._command = command
        self._patience = patience or Patience()
        self._servers: dict[str, ServerState] = {}
        self._host: HostProcess | None = None
        self._starting = asyncio.Lock()
        self._pace = Pace(self._patience)
        self._closed = False
        self._background: set[asyncio.Task[None]] = set()

    def tools(self) -> Sequence[Tool]:
        """Those known now, of the servers that are enabled now."""
        return [tool for server in self._current() for tool in server.tools]

    def problems(self) -> Mapping[str, str]:
        """By server: a sentence about why its tools cannot be used, or could not when it was last tried."""
        return {server.name: server.problem for server in self._current() if server.problem}

    async def refresh(self) -> None:
        """List the tools of every server that is new, was changed, or failed some time ago."""
        servers = self._current()
        await self._forget({server.name for server in servers})
        due = [server for server in servers if not self._listed(server) and server.pace.left <= 0]
        await asyncio.gather(*(self._refresh(server) for server in due))

    async def call(self, server: str, tool: str, arguments: JsonObject) -> Outcome:
        """Run a tool by the server's name for it; cancelling this cancels it at the server.

        Raises:
            MaestroError: 4402 for a server that is not configured, 4403 if it cannot be used or is late.
        """
        known = next((one for one in self._current() if one.name == server), None)
        if known is None:
            raise MaestroError("toolNotFound", "This tool's MCP server is no longer among the settings.")
        known.calls += 1
        try:
            async with asyncio.timeout(self._seconds):
                return await self._call(known, tool, arguments)
        except TimeoutError:
            await self._note_late(known)
            raise failure("late", server) from None
        finally:
            known.calls -= 1

    async def aclose(self) -> None:
        """End every server; nothing is started afterwards."""
        self._closed = True
        async with self._starting:
            host, self._host = self._host, None
        if host is not None:
            await host.aclose(self._patience.close)
        await asyncio.gather(*self._background)

    @property
    def _seconds(self) -> float:
        return self._settings().tools.timeout_ms / 1000

    def _current(self) -> list[ServerState]:
        """The enabled servers; one whose settings are others now is a new one."""
        tools = self._settings().tools
        enabled = {name: one for name, one in tools.mcp_servers.items() if tools.enabled and one.enabled}
        for name, config in enabled.items():
            known = self._servers.get(name)
            if known is None or known.config != config:
                self._servers[name] = ServerState(name, config, Pace(self._patience))
        return [self._servers[name] for name in enabled]

    async def _forget(self, current: set[str]) -> None:
        """Let go of the servers that are no longer wanted, and of the host with the last one."""
        gone = self._servers.keys() - current
        for name in gone:
            del self._servers[name]
        if self._host is None or not self._host.alive:
            return
        if not current:
            host, self._host = self._host, None
            await host.aclose(self._patience.close)
        elif gone:
            await asyncio.gather(*(self._drop(name) for name in gone))

    async def _drop(self, name: str) -> None:
        """End a server's connection; a host that cannot even do that is ended."""
        host = self._host
        if host is None:
            return
        try:
            async with asyncio.timeout(self._patience.ping + 8):
                await host.request("drop", {"server": name})
        except (HostLost, HostRefusal):
            pass
        except TimeoutError:
            await host.kill()

    def _listed(self, server: ServerState) -> bool:
        return server.host is not None and server.host is self._host and server.host.alive

    async def _refresh(self, server: ServerState) -> None:
        try:
            async with asyncio.timeout(self._seconds):
                await self._list(server)
        except TimeoutError:
            self._note(server, sentence("late", server.name))
            await self._note_late(server)
        except MaestroError:
            pass  # noted as the server's problem

    async def _list(self, server: ServerState) -> HostProcess:
        """The host that is connected with the server, its tools listed.

        Raises:
            MaestroError: 4403 with the problem.
        """
        async with server.lock:
            if self._listed(server):
                assert server.host is not None
                return server.host
            await asyncio.sleep(max(server.pace.left, 0))
            try:
                host = await self._running()
                config = self._wire(server.config)
                answer = await host.request("list", {"server": server.name, "config": config})
            except (HostRefusal, HostLost, OSError) as error:
                raise self._problem(server, error) from None
            server.tools = self._made(server.name, answer["tools"], trusted=server.config.trusted)
            server.problem, server.host = None, host
            return host

    async def _call(self, server: ServerState, tool: str, arguments: JsonObject) -> Outcome:
        limit = self._settings().tools.max_output_bytes
        asked: JsonObject = {"server": server.name, "tool": tool, "input": arguments, "limit": limit}
        for last in (False, True):
            host = await self._list(server)
            try:
                answer = await host.request("call", {**asked, "seconds": self._seconds + 60})
            except HostRefusal as refusal:
                if refusal.error == "absent" and not last:  # it ended some time ago, and nothing was sent
                    server.host = None
                    continue
                if refusal.error == "refused":
                    return Outcome(refusal.detail or sentence("refused", server.name), failed=True)
                raise self._problem(server, refusal) from None
            except HostLost as lost:
                raise self._problem(server, lost) from None
            server.pace.worked()
            self._pace.worked()
            return Outcome(str(answer["content"]), failed=answer["failed"] is True)
        raise AssertionError("the second round answers or raises")

    async def _running(self) -> HostProcess:
        """The host, started if there is none. Raises OSError, HostLost."""
        async with self._starting:
            if self._host is not None and self._host.alive:
                return self._host
            if self._closed:
                raise HostLost
            if self._host is not None:
                self._pace.failed()
            await asyncio.sleep(max(self._pace.left, 0))
            self._host = None
            self._host = await HostProcess.start(self._environment, self._note_changed, self._command)
            return self._host

    def _wire(self, config: McpServer) -> JsonObject:
        """The settings as the host takes them. Raises HostRefusal for what cannot be used."""
        if bool(config.command) == bool(config.url) or (config.url and not is_https_or_local(config.url)):
            raise HostRefusal("config", "")
        if config.url:
            headers: dict[str, JsonValue] = {name: one.get_secret_value() for name, one in config.headers.items()}
            return {"url": config.url, "headers": headers, "secrets": list(headers.values())}
        own = {name: one.get_secret_value() for name, one in config.env.items()}
        environment: dict[str, JsonValue] = {**server_environment(self._environment), **own}
        return {"command": config.command, "args": [*config.args], "env": environment, "secrets": [*own.values()]}

    def _made(self, server: str, listed: JsonValue, *, trusted: bool) -> list[Tool]:
        """Tools from the host's list; of several of one name the first."""
        made: dict[str, Tool] = {}
        for one in listed if isinstance(listed, list) else []:
            if isinstance(one, dict) and isinstance(one["schema"], dict):
                name = str(one["name"])
                hints = annotations(one["readOnly"], one["destructive"], one["openWorld"], trusted=trusted)
                spec = ToolSpec(tool_name(server, name), str(one["description"]), one["schema"], hints, "mcp")
                made.setdefault(spec.name, McpTool(self, server, name, spec))
        return list(made.values())

    def _problem(self, server: ServerState, error: HostRefusal | HostLost | OSError) -> MaestroError:
        """Note what keeps the server from being used, and when to try again."""
        kind = error.error if isinstance(error, HostRefusal) else "host"
        detail = f" It said: {error.detail}" if isinstance(error, HostRefusal) and error.detail else ""
        problem = failure(kind, server.name, detail)
        if kind != "cancelled":
            self._note(server, problem.message)
        return problem

    def _note(self, server: ServerState, problem: str) -> None:
        server.problem, server.host = problem, None
        server.pace.failed()

    async def _note_late(self, server: ServerState) -> None:
        """Nothing came in time: of a host that does not answer either nothing is left; a server that nobody else is
        using is started anew the next time, since nothing tells one that is slow from one that hangs."""
        host = self._host
        if host is None or not host.alive:
            return
        try:
            async with asyncio.timeout(self._patience.ping):
                await host.request("ping", {})
        except TimeoutError:
            await host.kill()
        except HostLost:
            pass
        else:
            if server.calls <= 1 and server.config.command:
                server.host = None
                self._begin(self._drop(server.name))

    def _begin(self, work: Coroutine[None, None, None]) -> None:
        """Do something that nobody waits for."""
        task = asyncio.create_task(work)
        self._background.add(task)
        task.add_done_callback(self._background.discard)

    def _note_changed(self, name: str) -> None:
        if name in self._servers:
            self._servers[name].host = None
