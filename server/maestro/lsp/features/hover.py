"""`textDocument/hover`: the findings at a place, and which intent wrote the line last."""

from contextlib import suppress

from lsprotocol import types

from maestro.app import Services
from maestro.errors import MaestroError
from maestro.lsp.diagnostics import to_lsp_range
from maestro.lsp.handshake import Handshake
from maestro.lsp.protocol import StandardServer
from maestro.lsp.words import in_markdown, in_plain_text
from maestro_protocol.chat import Range
from maestro_protocol.intents import IntentRecord


def register(server: StandardServer, services: Services, handshake: Handshake) -> None:
    """Answer in Markdown only where the client draws it."""
    draws = handshake.lists("markdown", "textDocument", "hover", "contentFormat")
    kind, words = (types.MarkupKind.Markdown, in_markdown) if draws else (types.MarkupKind.PlainText, in_plain_text)

    async def hover(params: types.HoverParams) -> types.Hover | None:
        uri, position = params.text_document.uri, params.position
        shown = services.findings.diagnostics(uri)
        here = [one for one in shown if one.range is not None and covers(one.range, position)]
        intent = await _last_writer(services, uri, position.line)
        if not here and intent is None:
            return None
        range_ = to_lsp_range(here[0].range) if here and here[0].range else None
        return types.Hover(contents=types.MarkupContent(kind=kind, value=words(here, intent)), range=range_)

    server.feature(types.TEXT_DOCUMENT_HOVER)(hover)


async def _last_writer(services: Services, uri: str, line: int) -> IntentRecord | None:
    document = services.editor.opened(uri)
    with suppress(MaestroError):  # a store that cannot be read knows of nobody
        return await services.written.intent_at(document.uri, document.text, line) if document is not None else None
    return None


def covers(range_: Range, position: types.Position) -> bool:
    """Whether a position is in a range, or right behind it."""
    at = (position.line, position.character)
    return (range_.start.line, range_.start.character) <= at <= (range_.end.line, range_.end.character)
