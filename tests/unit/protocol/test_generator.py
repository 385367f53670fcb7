"""The generator, on types the vocabulary does not happen to have."""

import json
import shutil
from pathlib import Path

import pytest

from maestro_protocol import emit_lua, emit_reference, emit_schema, emit_typescript
from maestro_protocol.codes import ErrorRow
from maestro_protocol.emit import Field, Vocabulary
from maestro_protocol.emit_docs import attribute_docs
from maestro_protocol.emit_models import vocabulary
from maestro_protocol.generate import TARGETS, generated, main
from maestro_protocol.methods import Method
from tests.unit.protocol import odd_types

READ = vocabulary([odd_types])
ODD = Vocabulary(
    READ.objects,
    READ.aliases,
    (
        Method(
            "maestro/odd/doIt", "request", "clientToServer", "Do it.", "x:Everything", "x:Answer", "x:Shape", "colour"
        ),
        Method("maestro/odd/ask", "request", "serverToClient", "Ask.", "x:Answer", "x:Square"),
        Method("maestro/odd/tell", "notification", "clientToServer", "Tell.", "x:Circle"),
    ),
    (ErrorRow(4999, "oddity", True, "Odd."),),
)


def field(name: str, of: str = "Everything") -> Field:
    return next(field for field in ODD.fields(of) if field.name == name)


def block(text: str, start: str) -> str:
    """The lines from one that starts so to the next empty one."""
    return text[text.index(start) :].split("\n\n")[0]


def test_attribute_docstrings_are_read_from_the_source() -> None:
    docs = attribute_docs(odd_types)
    assert docs == {
        "Colour": "What a pencil leaves.",
        "Everything.colour": "The first | the last.",
        "Bounded.few": "At least one.",
    }


def test_unions_are_referred_to_by_name_wherever_they_stand() -> None:
    assert field("colour").schema == {"$ref": "#/$defs/Colour"}
    assert field("shapes").schema["items"] == {"type": "array", "items": {"$ref": "#/$defs/Shape"}}
    assert set(ODD.aliases) == {"Colour", "Shape"}


def test_a_default_is_optional_to_send_and_always_there_to_receive() -> None:
    assert not field("colour").required
    assert field("always", "Answer").required
    assert not field("sometimes", "Answer").required
    assert field("type", "Circle").required, "a tag must be sent although it has a default"


def test_null_is_kept_out_of_types() -> None:
    assert field("secret").schema == {"type": "string", "format": "password", "writeOnly": True}
    assert field("secret").nullable


def test_inherited_fields_come_last_and_meta_not_at_all() -> None:
    names = [field.name for field in ODD.fields("Everything")]
    assert names[-2:] == ["workDoneToken", "partialResultToken"]
    assert "_meta" not in names


def test_typescript() -> None:
    text = emit_typescript.emit(ODD)
    assert block(text, "/** What a") == '/** What a pencil leaves. */\nexport type Colour = "red" | "deep blue";'
    assert block(text, "/** All sides").startswith("/** All sides * / equal. */\nexport interface Square extends")
    assert block(text, "export interface Answer") == "\n".join(
        [
            "export interface Answer extends WireModel {",
            "  always: number;",
            "  sometimes?: number;",
            "  shape: Shape;",
            "  from: string;",
            "}",
        ]
    )
    assert block(text, "export interface Everything") == "\n".join(
        [
            "export interface Everything extends Params {",
            "  /** The first | the last. */",
            "  colour?: Colour;",
            "  colours: Colour[];",
            "  shapes: Shape[][];",
            "  either: (string | JsonObject)[];",
            "  byName: { [key: string]: Circle };",
            "  counts?: { [key: string]: number };",
            "  anything: JsonValue;",
            "  object: JsonObject;",
            "  secret?: string;",
            '  "with-dash"?: boolean;',
            "  one?: 1;",
            "}",
        ]
    )
    assert '"maestro/odd/doIt": { params: Everything; result: Answer; event: Shape };' in text
    assert '"maestro/odd/ask": { params: Answer; result: Square; event: never };' in block(text, "export interface Cli")
    assert '"maestro/odd/tell": Circle;' in block(text, "export interface ClientNotifications")
    assert "ServerNotifications" not in text
    assert "oddity: 4999," in text


def test_lua() -> None:
    text = emit_lua.emit(ODD)
    assert text.startswith("---@meta\n")
    assert '---What a pencil leaves.\n---@alias maestro.Colour "red"|"deep blue"\n' in text
    assert block(text, "---@class maestro.Everything") == "\n".join(
        [
            "---@class maestro.Everything: maestro.Params",
            "---The first | the last.",
            "---@field colour? maestro.Colour",
            "---@field colours maestro.Colour[]",
            "---@field shapes maestro.Shape[][]",
            "---@field either (string|table<string, any>)[]",
            "---@field byName table<string, maestro.Circle>",
            "---@field counts? table<string, integer>",
            "---@field anything any",
            "---@field object table<string, any>",
            "---@field secret? string",
            '---@field ["with-dash"]? boolean',
            "---@field one? 1",
        ]
    )
    assert '  ---Do it.\n  ODD_DO_IT = "maestro/odd/doIt",\n' in text
    assert "  ---Odd.\n  oddity = 4999,\n" in text


def test_schema() -> None:
    bundle = json.loads(emit_schema.emit(ODD))
    everything = bundle["$defs"]["Everything"]
    assert everything["additionalProperties"] is False
    assert everything["required"] == ["colours", "shapes", "either", "byName", "anything", "object"]
    assert everything["properties"]["colour"] == {
        "description": "The first | the last.",
        "$ref": "#/$defs/Colour",
        "default": "red",
    }
    assert everything["properties"]["secret"]["anyOf"][1] == {"type": "null"}
    assert everything["properties"]["_meta"] == {"$ref": "#/$defs/Meta"}
    answer = bundle["$defs"]["Answer"]
    assert answer["required"] == ["always", "shape", "from"]
    assert answer["properties"]["sometimes"] == {"type": "integer"}
    assert "additionalProperties" not in answer
    assert bundle["$defs"]["Circle"]["properties"]["radius"] == {"type": "number", "minimum": 0}
    assert bundle["methods"]["maestro/odd/doIt"]["serialiseBy"] == "colour"
    assert bundle["errors"] == [{"code": 4999, "kind": "oddity", "retryable": True, "description": "Odd."}]


def test_reference() -> None:
    text = emit_reference.emit(ODD)
    assert "### maestro/odd/doIt\n\nDo it. Request, editor to server. Streams [Shape](#shape)." in text
    assert "One at a time for the same `colour`." in text
    assert '| `colour`? | [Colour](#colour) | The first \\| the last. Default: `"red"`. |' in text
    assert "| `secret`? | secret |  |" in text
    assert "| `byName` | object of [Circle](#circle) |  |" in text
    assert "| `either` | list of string or object |  |" in text
    assert "| `few` | list of integer | At least one. Items: at least `1`. Items: at most `3`. |" in text
    assert "| `name` | string | Characters: at most `9`. Pattern: `^a\\|b$`. |" in text
    assert "#### circle\n" in text
    assert "| 4999 | `oddity` | yes | Odd. |" in text


def test_the_reference_tells_every_setting_with_its_variable() -> None:
    text = generated()["protocol/REFERENCE.md"]
    assert "| `transport.idleTimeoutMs` | `MAESTRO_TRANSPORT__IDLE_TIMEOUT_MS` | integer | `300000` |" in text
    assert "| `providers.<id>.baseUrl` | `MAESTRO_PROVIDERS__<ID>__BASE_URL` | string |  |" in text


@pytest.mark.parametrize("path", TARGETS)
def test_generated_text_is_stable_and_tidy(path: str) -> None:
    text = generated()[path]
    assert generated()[path] == text
    assert text.endswith("\n")
    assert not text.endswith("\n\n")
    assert [line for line in text.splitlines() if line != line.rstrip()] == []
    assert "do not edit" in text.lower()


def test_the_command_writes_and_then_has_nothing_to_do(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([], tmp_path) == 0
    assert capsys.readouterr().out.splitlines() == [f"wrote {path}" for path in TARGETS]
    assert main([], tmp_path) == 0
    assert main(["--check"], tmp_path) == 0
    assert capsys.readouterr().out == ""


def test_the_check_names_the_stale_file_and_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main([], tmp_path)
    shutil.rmtree(tmp_path / "editors" / "neovim")
    (tmp_path / "protocol" / "REFERENCE.md").write_text("old")
    assert main(["--check"], tmp_path) == 1
    said = capsys.readouterr().err
    assert "protocol/REFERENCE.md, editors/neovim/lua/maestro/protocol.lua" in said
    assert "-m maestro_protocol.generate" in said
    assert (tmp_path / "protocol" / "REFERENCE.md").read_text() == "old"
