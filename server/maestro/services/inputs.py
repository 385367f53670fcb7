"""What a user sends into a chat, as a message a model can read: text, files, selections, images."""

from collections.abc import Sequence
from urllib.parse import unquote

from maestro.audit.limits import holds_credentials
from maestro.errors import MaestroError
from maestro.positions import Encoding, from_units, split_lines
from maestro.services.editor import Document, Editor
from maestro_protocol.chat import (
    ChatMessage,
    ContentPart,
    FileInput,
    ImagePart,
    InputPart,
    Position,
    Range,
    SelectionInput,
    TextPart,
)

_LARGEST = 256 * 1024  # characters of one file


def user_message(content: str | Sequence[InputPart], editor: Editor) -> ChatMessage:
    """The user's message, files read now.

    Raises:
        MaestroError: 4406 outside the workspace, 4502 for a file that is too large, as `Editor.document`; -32803 for
            files that are there to keep secrets.
    """
    if isinstance(content, str):
        return ChatMessage(role="user", content=content)
    return ChatMessage(role="user", content=[_part(part, editor) for part in content])


def _part(part: InputPart, editor: Editor) -> ContentPart:
    match part:
        case TextPart() | ImagePart():
            return part
        case FileInput(uri=uri):
            document = _document(uri, editor)
            return _quoted(document, document.text, "")
        case SelectionInput(uri=uri, range=range_):
            document = _document(uri, editor)
            where = f", lines {range_.start.line + 1}-{range_.end.line + 1}"
            return _quoted(document, _slice(document.text, range_, editor.position_encoding), where)


def _document(uri: str, editor: Editor) -> Document:
    """The text behind a URI, unless its name says that it holds secrets."""
    name = unquote(uri).rpartition("/")[2]
    if holds_credentials(name):
        message = f"`{name}` looks like a file of secrets, so it is not sent; paste the part you mean."
        raise MaestroError("requestFailed", message)
    return editor.document(uri)


def _quoted(document: Document, text: str, where: str) -> TextPart:
    if len(text) > _LARGEST:
        message = f"A file of {len(text):,} characters is more than the {_LARGEST:,} a chat takes; select a part of it."
        raise MaestroError("contextTooLarge", message)
    name = document.uri.rpartition("/")[2]
    fence = "`" * max(3, _longest_run_of_backticks(text) + 1)
    return TextPart(text=f"{name}{where}:\n{fence}{document.language}\n{text}\n{fence}")


def _slice(text: str, range_: Range, encoding: Encoding) -> str:
    """The text a range covers; what lies beyond the end of a line or of the text is left out."""
    lines = split_lines(text)
    start, end = (_offset(lines, position, encoding) for position in (range_.start, range_.end))
    return text[start:end]


def _offset(lines: Sequence[str], position: Position, encoding: Encoding) -> int:
    before = sum(len(line) for line in lines[: position.line])
    if position.line >= len(lines):
        return before
    return before + from_units(lines[position.line].rstrip("\r\n"), position.character, encoding)


def _longest_run_of_backticks(text: str) -> int:
    longest = run = 0
    for char in text:
        run = run + 1 if char == "`" else 0
        longest = max(longest, run)
    return longest
