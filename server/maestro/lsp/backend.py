"""Everything behind the handshake: the services, the features, the standard protocol. Imported once it is answered."""

import asyncio
import os

from pydantic import JsonValue

from maestro import app
from maestro.errors import MaestroError
from maestro.lsp import logs
from maestro.lsp.configuration import Configuration
from maestro.lsp.connection import Connection, Request
from maestro.lsp.context import ProgressSink, RequestContext, Work
from maestro.lsp.dispatch import Dispatcher, as_rpc_error
from maestro.lsp.editor import LspEditor
from maestro.lsp.features import code_action, code_lens, diagnostics, hover, text_document
from maestro.lsp.features.execute_command import Commands
from maestro.lsp.handshake import Handshake, dig, unsupported_version
from maestro.lsp.messages import Token
from maestro.lsp.open_settings import OpenSettings
from maestro.lsp.protocol import StandardServer
from maestro.lsp.settings_events import heard
from maestro.lsp.writer import Outbox
from maestro_protocol.base import Params
from maestro_protocol.settings import Settings

PREFIX = "maestro/"
STORELESS = ("maestro/status", "maestro/provider/")
"""What is answered before the store has been read."""


class LspBackend:
    """A `connection.Backend`."""

    def __init__(self, handshake: Handshake, connection: Connection, outbox: Outbox) -> None:
        self._handshake = handshake
        self._connection = connection
        self._outbox = outbox
        self._server = StandardServer()
        self.protocol = self._server.protocol
        self.protocol.connection, self.protocol.outbox = connection, outbox
        self.protocol.open_workspace(handshake)
        self.editor = LspEditor(handshake, self.protocol, outbox, connection.calls)
        self._configuration = Configuration(handshake, os.environ, self.editor, connection.calls)
        self._applied = self._configuration.current
        logs.open_file(os.environ, self._applied.log_level)
        self.services = app.build(self._applied, os.environ, self.editor)
        self.services.runtime.projects = lambda: self._configuration.projects
        self._opened = OpenSettings(
            self._configuration, self.editor, connection.spawn, self.services.findings.diagnostics
        )
        self.editor.beside = self._opened.of
        self.dispatcher = Dispatcher(self.context)
        self._register_features()
        self.protocol.commands = Commands(handshake, connection, self.editor, self.command_context).table
        self._opening = connection.spawn(self._open(), "opening the store")
        connection.spawn(self._recall(), "telling findings again")
        if not handshake.supported:
            self.editor.show(unsupported_version().message, error=True)

    async def answer(self, request: Request) -> bytes:
        if not request.method.startswith(PREFIX):
            return await self._answer_standard(request)
        if not self._handshake.supported:
            raise unsupported_version()
        if not request.method.startswith(STORELESS):
            await asyncio.shield(self._opening)
        if request.method == "maestro/model/list" and dig(request.params, "refresh") is True:
            await self._reread()  # what is true today includes the providers in files
        return await self.dispatcher.answer(request)

    async def notice(self, method: str, params: JsonValue) -> None:
        if method == "initialized":
            self._apply(await self._configuration.pull())
            await self._configuration.watch()
        elif method == "workspace/didChangeConfiguration":
            self._apply(await self._configuration.changed(params))
            await self._reread()
        else:
            await self.protocol.notice(method, params)
            await heard(method, params, self._opened, self._reread)

    async def aclose(self) -> None:
        await self.services.aclose()

    def context(self, request: Request, params: Params) -> RequestContext:
        """What a request's feature gets; its outlets close with its answer."""
        token = params.partial_result_token
        events = None if token is None else ProgressSink(self._outbox, token)
        work = Work(self._outbox, params.work_done_token)
        request.before_response.append(work.end)
        if events is not None:
            request.before_response.append(events.close)
        return RequestContext(self.services, request.id, events, work, self._latency(), request.after_response)

    def command_context(self, token: Token | None) -> RequestContext:
        """The same for work that an `executeCommand` began."""
        return RequestContext(self.services, token or "", None, Work(self._outbox, token), self._latency())

    def _register_features(self) -> None:
        """The standard requests and notifications about documents."""
        server, services = self._server, self.services
        text_document.register(server, services)
        diagnostics.register(server, services, self.editor, self._opened)
        code_action.register(server, services, self.editor, self._handshake)
        hover.register(server, services, self._handshake)
        code_lens.register(server, services)
        services.findings.listen(self.editor.refresh)
        self._opened.listen(self.editor.refresh)

    async def _answer_standard(self, request: Request) -> bytes:
        try:
            return await self.protocol.answer(request.method, request.params)
        except MaestroError as error:
            raise as_rpc_error(error) from error

    async def _open(self) -> None:
        """Read the store beside whatever the editor asks first, and follow it. A fault in that is no request's."""
        try:
            await self.services.open()
        except Exception as error:
            logs.incident(error, "opening the store")
        self.services.refresher.start()

    async def _recall(self) -> None:
        """What was found before the server was started anew is shown again."""
        await asyncio.shield(self._opening)
        try:
            await self.services.recall.run()
        except MaestroError as error:
            logs.logger.info("findings are not told again: %s", error.message)

    def _latency(self) -> int:
        ours = self.services.runtime.settings.stream.max_latency_ms
        return ours if (theirs := self._handshake.max_latency_ms) is None else theirs

    async def _reread(self) -> None:
        self._apply(await self._configuration.reread())
        self._opened.look_again()

    def _apply(self, settings: Settings) -> None:
        """Put settings in force, unless they are: what was discovered since then stays known."""
        before, self._applied = self._applied, settings
        if settings == before:
            return
        self.services.runtime.settings = settings
        if settings.providers != before.providers:
            self._connection.spawn(self._offer(), "looking for keys in settings")

    async def _offer(self) -> None:
        """A key in a file is a session, which others may be told of."""
        await asyncio.shield(self._opening)
        await self.services.sessions.list(None)
        self.services.sessions.announce("external")
