"""What a user attaches, as chunks: files, parts of them and diagnostics, read now, their secrets replaced."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple, TypeAlias

from maestro.audit.secrets import mask
from maestro.context.rows import NewChunk
from maestro.context.selection import cut
from maestro.errors import MaestroError
from maestro.positions import Encoding
from maestro.workspace.gate import Gate
from maestro_protocol.audit import Finding
from maestro_protocol.chat import (
    ContentPart,
    DiagnosticItem,
    DiagnosticsInput,
    FileInput,
    ImagePart,
    InputPart,
    Range,
    SelectionInput,
    TextPart,
)

FindingsOf: TypeAlias = Callable[[str], Sequence[Finding]]
"""Maestro's own findings about a document, by its URI."""

PartSource: TypeAlias = Literal["range", "selection"]

LARGEST = 1024 * 1024
"""Bytes of one text."""


class Attached(NamedTuple):
    parts: list[ContentPart]
    """What stays in the user's message."""
    chunks: list[NewChunk]
    """What is sent before it."""


async def attach(parts: str | Sequence[InputPart], gate: Gate, encoding: Encoding, findings: FindingsOf) -> Attached:
    """What stays in the user's message, and what is sent beside it.

    Raises:
        MaestroError: 4406 for files that may not be read, 4502 for what is too large, -32803 for what is no text.
    """
    if isinstance(parts, str):
        parts = [TextPart(text=parts)]
    said: list[ContentPart] = []
    chunks: list[NewChunk] = []
    for part in parts:
        match part:
            case TextPart(text=text):
                _check_size(text)
                said.append(part)
            case ImagePart():
                said.append(part)
            case FileInput(uri=uri):
                chunks.append(await whole_file(uri, gate))
            case SelectionInput(uri=uri, range=range_):
                chunks.append(await part_of_file(uri, range_, gate, encoding, "selection"))
            case DiagnosticsInput(uri=uri, items=items):
                chunks.append(await diagnostics(uri, items, gate, findings))
    return Attached(said, chunks)


async def whole_file(uri: str, gate: Gate) -> NewChunk:
    """A file's text. Raises as `attach`."""
    source = await gate.read(uri)
    return NewChunk("file", source.path, source.text, uri=source.uri, sha256=source.sha256, secrets=source.secrets)


async def part_of_file(uri: str, range_: Range, gate: Gate, encoding: Encoding, source: PartSource) -> NewChunk:
    """What a range covers of a file. Raises as `attach`."""
    file = await gate.read(uri)
    text = cut(file.text, range_, encoding)
    counted = sum(placeholder in text for placeholder in file.masked.secrets)
    return NewChunk(source, file.path, text, uri=file.uri, range=range_, sha256=file.sha256, secrets=counted)


async def diagnostics(uri: str, items: Sequence[DiagnosticItem] | None, gate: Gate, findings: FindingsOf) -> NewChunk:
    """What an editor shows about a file, or without `items` what Maestro found in it. Raises as `attach`."""
    lines = [_found(one) for one in findings(uri)] if items is None else [_shown(item) for item in items]
    return await said_about(uri, "\n".join(lines) or "There are none.", gate)


async def said_about(uri: str, text: str, gate: Gate) -> NewChunk:
    """A text of diagnostics about a file; stale when the file is. Raises as `attach`."""
    file = await gate.read(uri)
    label = f"Diagnostics of {file.path}"
    clean, secrets = await masked(text)
    return NewChunk("diagnostics", label, clean, uri=file.uri, sha256=file.sha256, secrets=secrets)


async def masked(text: str) -> tuple[str, int]:
    """The text without its secrets, and how many there were. Raises 4502."""
    _check_size(text)
    result = await asyncio.to_thread(mask, text)
    return result.text, len(result.secrets)


def _check_size(text: str) -> None:
    size = len(text) if text.isascii() else len(text.encode("utf-8", "replace"))
    if size > LARGEST:
        message = f"A text of {size:,} bytes is more than the {LARGEST:,} that one chunk takes; add a part of it."
        raise MaestroError("contextTooLarge", message)


def _shown(item: DiagnosticItem) -> str:
    origin = " ".join(filter(None, (item.source, item.code)))
    return f"{_place(item.range)}: {item.severity}: {item.message}" + (f" [{origin}]" if origin else "")


def _found(finding: Finding) -> str:
    place = _place(finding.range) if finding.range else "somewhere"
    return f"{place}: {finding.severity}: {finding.title}: {finding.message} [{finding.rule}]"


def _place(range_: Range) -> str:
    return f"{range_.start.line + 1}:{range_.start.character + 1}"
