"""Edits of a document: by its editor where it is open there, else of the file."""

from collections.abc import Sequence

from maestro.audit.moving.offsets import to_position
from maestro.audit.source import Span
from maestro.editor import Change, Editor, NoAnswer
from maestro.errors import MaestroError
from maestro.services.texts import Text
from maestro_protocol.audit import Edit
from maestro_protocol.chat import Range

_PATIENCE = 30.0
"""Seconds an editor has to make an edit."""


class DocumentEdits:
    def __init__(self, editor: Editor) -> None:
        self._editor = editor

    def told(self, text: Text, edits: Sequence[tuple[Span, str]]) -> list[Edit]:
        """Edits of the text in the editor's units and with the text's own line ends."""
        source, encoding = text.source, self._editor.position_encoding
        found = []
        for span, new in edits:
            start, end = (source.raw(source.offset(*place)) for place in (span[:2], span[2:]))
            range_ = Range(start=to_position(text.text, start, encoding), end=to_position(text.text, end, encoding))
            found.append(Edit(range=range_, new_text=new.replace("\r\n", "\n").replace("\n", source.eol)))
        return found

    def changes(self, text: Text, edits: Sequence[tuple[Span, str]]) -> list[Change]:
        """The same as changes of the document in its present version."""
        return [Change(text.uri, text.version, edit.range, edit.new_text) for edit in self.told(text, edits)]

    async def apply(self, text: Text, edits: Sequence[tuple[Span, str]], label: str) -> list[Edit] | None:
        """Have the editor make one edit; returns what is left to be done by whoever asked, where it cannot.

        Raises:
            MaestroError: -32803 if the editor refused.
        """
        if not self._editor.applies_edits:
            return self.told(text, edits)
        for change in self.changes(text, edits):
            try:
                refusal = await self._editor.apply(change, label, _PATIENCE)
            except NoAnswer as reason:
                raise MaestroError("requestFailed", f"The change was not made: {reason}") from None
            if refusal is not None:
                raise MaestroError("requestFailed", f"The change was not made: {refusal}")
        return None
