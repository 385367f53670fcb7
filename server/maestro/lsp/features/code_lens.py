"""`textDocument/codeLens`: above a function how many findings are in it, and which call of a tool wrote it last."""

from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress

from lsprotocol import types

from maestro.app import Services
from maestro.audit.code.symbols import Symbol, find_symbols
from maestro.audit.source import AuditSource
from maestro.errors import MaestroError
from maestro.lsp.functions import innermost, whole_lines
from maestro.lsp.protocol import StandardServer
from maestro.lsp.words import count, written_by
from maestro.services.written import WrittenLines
from maestro_protocol.base import JsonObject
from maestro_protocol.chat import Range
from maestro_protocol.intents import IntentRecord


def register(server: StandardServer, services: Services) -> None:
    async def code_lens(params: types.CodeLensParams) -> list[JsonObject]:
        is_on = services.runtime.settings.audit.code_lens
        document = services.editor.opened(params.text_document.uri) if is_on else None
        if document is None:
            return []
        source = AuditSource(document.uri, document.text, document.language)
        shown = services.findings.diagnostics(document.uri)
        lines = [finding.range.start.line for finding in shown if finding.range is not None]
        writers = await last_writers(services.written, source)
        symbols = find_symbols(source) if lines or writers else []
        found = Counter(innermost(symbols, line) for line in lines)
        lenses = []
        for symbol in symbols:
            range_ = whole_lines(source, symbol.first_line, symbol.last_line, services.editor.position_encoding)
            lenses += [lens(document.uri, range_, title) for title in titles(symbol, found[symbol], writers)]
        return lenses

    server.feature(types.TEXT_DOCUMENT_CODE_LENS)(code_lens)


async def last_writers(written: WrittenLines, source: AuditSource) -> Mapping[int, IntentRecord]:
    """Who wrote which line, as far as that was a tool."""
    writers: dict[int, IntentRecord] = {}
    with suppress(MaestroError):  # a store that cannot be read knows of nobody
        for one in await written.lines_of(source.uri, source.text):
            record = await written.intent_at(source.uri, source.text, one.first_line)
            if record is not None:
                writers |= dict.fromkeys(range(one.first_line, one.last_line + 1), record)
    return writers


def titles(symbol: Symbol, findings: int, writers: Mapping[int, IntentRecord]) -> Sequence[str]:
    """What stands above a definition. Of a class that a tool wrote, its functions tell."""
    lines = range(symbol.first_line, symbol.last_line + 1) if symbol.kind == "function" else ()
    records = [writers[line] for line in lines if line in writers]
    return [
        *([f"{count(findings, 'finding')} · re-audit"] if findings else ()),
        *([written_by(max(records, key=lambda record: record.at))] if records else ()),
    ]


def lens(uri: str, range_: Range, title: str) -> JsonObject:
    """A lens on the first line of a function; it audits the function."""
    start = range_.start.to_wire()
    command: JsonObject = {"title": title, "command": "maestro.audit.range", "arguments": [uri, range_.to_wire()]}
    return {"range": {"start": start, "end": start}, "command": command}
