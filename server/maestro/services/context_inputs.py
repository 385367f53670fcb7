"""What a client adds to a context, as a chunk: files are read now, secrets replaced."""

from maestro.context import attach
from maestro.context.attach import FindingsOf
from maestro.context.rows import NewChunk
from maestro.editor import Editor
from maestro.errors import MaestroError
from maestro.workspace.gate import Gate
from maestro_protocol.context import Chunk, ContextAddParams
from maestro_protocol.errors import Issue

_LABELS = {"text": "Text", "toolOutput": "Output of a tool", "message": "user"}


class Inputs:
    def __init__(self, gate: Gate, editor: Editor, findings: FindingsOf) -> None:
        self._gate = gate
        self._editor = editor
        self._findings = findings

    async def new(self, params: ContextAddParams) -> NewChunk:
        """The chunk that is asked for.

        Raises:
            MaestroError: -32602 for what is missing or does not belong together; 4406, 4502 and -32803 for the file.
        """
        if params.text is not None and params.source in ("file", "range", "selection"):
            raise misfit("text", f"does not belong to `{params.source}`, whose text is read from the file")
        match params.source:
            case "file":
                return await attach.whole_file(_uri(params), self._gate)
            case "range" | "selection":
                return await self._part(params, params.source)
            case "diagnostics":
                return await self._diagnostics(params)
            case _:
                text, secrets = await attach.masked(_text(params))
                return NewChunk(params.source, _LABELS[params.source], text, secrets=secrets)

    async def again(self, chunk: Chunk) -> NewChunk:
        """What the file of a chunk says now.

        Raises:
            MaestroError: -32602 if the chunk is no file and no part of one; else as `new`.
        """
        if chunk.uri is not None and chunk.source == "file":
            return await attach.whole_file(chunk.uri, self._gate)
        if chunk.uri is not None and chunk.range is not None and chunk.source in ("range", "selection"):
            encoding = self._editor.position_encoding
            return await attach.part_of_file(chunk.uri, chunk.range, self._gate, encoding, chunk.source)
        raise misfit("refresh", "is for files and parts of them; add anything else again")

    async def _part(self, params: ContextAddParams, source: attach.PartSource) -> NewChunk:
        if params.range is None:
            raise misfit("range", f"is required for `{params.source}`")
        encoding = self._editor.position_encoding
        return await attach.part_of_file(_uri(params), params.range, self._gate, encoding, source)

    async def _diagnostics(self, params: ContextAddParams) -> NewChunk:
        if params.text is not None:
            return await attach.said_about(_uri(params), params.text, self._gate)
        return await attach.diagnostics(_uri(params), None, self._gate, self._findings)


def _uri(params: ContextAddParams) -> str:
    if params.uri is None:
        raise misfit("uri", f"is required for `{params.source}`")
    return params.uri


def _text(params: ContextAddParams) -> str:
    if params.text is None:
        raise misfit("text", f"is required for `{params.source}`")
    return params.text


def misfit(path: str, message: str) -> MaestroError:
    """-32602 about one parameter."""
    issue = Issue(path=path, message=message)
    return MaestroError("invalidParams", f"In the params, `{path}` {message}.", issues=[issue])
