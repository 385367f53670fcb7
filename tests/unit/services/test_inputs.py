"""What a user may send into a chat, and what is kept back."""

import pytest

from maestro.errors import MaestroError
from maestro.services.inputs import user_message
from maestro_protocol.chat import FileInput, InputPart, Position, Range, SelectionInput
from tests.unit.audit.editor import MemoryEditor

RANGE = Range(start=Position(line=0, character=0), end=Position(line=1, character=0))


def editor(uri: str) -> MemoryEditor:
    editor = MemoryEditor()
    editor.open(uri, "KEY=canary\n", "plaintext")
    return editor


@pytest.mark.parametrize("name", [".env", ".env.local", "%2Eenv", "prod.env", "id_ed25519", "server.PEM", ".netrc"])
@pytest.mark.parametrize("selected", [False, True])
def test_files_of_secrets_are_not_sent(name: str, selected: bool) -> None:
    uri = f"file:///work/{name}"
    part: InputPart = SelectionInput(uri=uri, range=RANGE) if selected else FileInput(uri=uri)
    with pytest.raises(MaestroError) as caught:
        user_message([part], editor(uri))
    assert caught.value.kind == "requestFailed"
    assert "paste the part you mean" in caught.value.message
    assert "canary" not in caught.value.message


@pytest.mark.parametrize("name", ["app.py", ".env.example", "environment.py"])
def test_other_files_are_sent(name: str) -> None:
    uri = f"file:///work/{name}"
    message = user_message([FileInput(uri=uri), SelectionInput(uri=uri, range=RANGE)], editor(uri))
    assert str(message.content).count("KEY=canary") == 2
