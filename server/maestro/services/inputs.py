"""What a user sends into a chat, as a message a model can read: text, files, selections, images."""

from collections.abc import Sequence

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
        MaestroError: 4406 outside the workspace, 4502 for a file that is too large, as `Editor.document`.
    """
    if isinstance(content, str):
        return ChatMessage(role="user", content=content)
    return ChatMessage(role="user", content=[_part(part, editor) for part in content])


def _part(part: InputPart, editor: Editor) -> ContentPart:
    match part:
        case TextPart() | ImagePart():
            return part
        case FileInput(uri=uri):
            document = editor.document(uri)
            return _quoted(document, document.text, "")
        case SelectionInput(uri=uri, range=range_):
            document = editor.document(uri)
            where = f", lines {range_.start.line + 1}-{range_.end.line + 1}"
            return _quoted(document, _slice(document.text, range_, editor.position_encoding), where)


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
