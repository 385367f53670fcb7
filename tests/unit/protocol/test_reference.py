"""The hand-written part of the reference, held against the code it describes."""

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from maestro.audit import findings
from maestro.audit.asking import reply
from maestro.audit.judging import noise
from maestro.lsp import handshake
from maestro.services import audit_document, consent
from maestro_protocol.base import JsonObject
from maestro_protocol.codes import BY_CODE
from maestro_protocol.emit_reference import HEAD
from maestro_protocol.generate import ROOT, generated
from maestro_protocol.handshake import ClientHello, ServerHello
from maestro_protocol.methods import BY_NAME

TEXT = HEAD.read_text(encoding="utf-8")
REQUEST, RESULT = (json.loads(block) for block in re.findall(r"```json\n(.*?)```", TEXT, re.S))


def section(heading: str) -> str:
    return TEXT.partition(f"### {heading}\n")[2].partition("\n### ")[0]


def told_in(table: str) -> set[str]:
    """The names in the first column of a section's table."""
    return set(re.findall(r"^\| `([^`]+)` \|", section(table), re.M))


def nodes(module: ModuleType) -> Iterator[ast.AST]:
    return ast.walk(ast.parse(Path(str(module.__file__)).read_text(encoding="utf-8")))


def texts(node: ast.AST) -> set[str]:
    return {one.value for one in ast.walk(node) if isinstance(one, ast.Constant) and isinstance(one.value, str)}


def counted_in(module: ModuleType) -> Iterator[str]:
    """The keys that are put into a `rejected`: one by one, by `update`, or beside those that are there."""
    for node in nodes(module):
        match node:
            case ast.Subscript(value=ast.Name(id="rejected") | ast.Attribute(attr="rejected"), slice=key):
                yield from texts(key)
            case ast.Call(func=ast.Attribute(value=ast.Attribute(attr="rejected"), attr="update"), keywords=named):
                yield from (one.arg for one in named if one.arg is not None)
            case ast.Dict(keys=[None, *keys], values=[ast.Attribute(attr="rejected"), *_]):
                yield from (name for key in keys if key is not None for name in texts(key))


def hello(value: JsonObject) -> JsonObject:
    found = handshake.dig(value, "capabilities", "experimental", "maestro")
    assert isinstance(found, dict)
    return found


def test_it_stands_before_the_tables() -> None:
    text = generated()["protocol/REFERENCE.md"]
    assert TEXT in text
    assert text.index(TEXT) < text.index("\n## Methods\n")


def test_the_handshake_is_a_real_one(tmp_path: Path) -> None:
    real = handshake.result(handshake.read(REQUEST, {"MAESTRO_HOME": str(tmp_path)}))
    hello(real)["serverInstance"] = hello(RESULT)["serverInstance"]
    real["serverInfo"] = {"name": "maestro", "version": RESULT["serverInfo"]["version"]}
    assert RESULT == real


def test_the_examples_have_no_field_the_types_lack() -> None:
    assert ClientHello.model_validate(hello(REQUEST), extra="forbid", by_name=False).protocol_versions == [1]
    assert ServerHello.model_validate(hello(RESULT), extra="forbid", by_name=False).protocol_version == 1


def test_every_command_is_told() -> None:
    assert told_in("Commands") == {*handshake.COMMANDS}


def test_every_reason_to_reject_a_claim_is_told() -> None:
    counted = {name for module in (findings, reply, audit_document) for name in counted_in(module)}
    [judge] = [node for node in nodes(noise) if isinstance(node, ast.FunctionDef) and node.name == "reject_reason"]
    returns = [node for node in ast.walk(judge) if isinstance(node, ast.Return)]
    assert told_in("Rules, and claims that are dropped") == counted | {name for one in returns for name in texts(one)}
    assert f"the {findings.MAX_FINDINGS} most severe" in TEXT


def test_consent_is_asked_in_these_words() -> None:
    text = section("Consent")
    assert f"`{consent._ALLOW}`" in text
    assert f"`{consent._REFUSE}`" in text
    assert f"{consent._PATIENCE:.0f} s" in text


def test_codes_and_methods_it_names_exist() -> None:
    assert {int(code) for code in re.findall(r"(?<![\w`-])-?(?:32\d{3}|4[0-9]\d\d)\b(?!,)", TEXT)} <= BY_CODE.keys()
    assert set(re.findall(r"`(maestro/[a-zA-Z]+/\w+)`", TEXT)) <= BY_NAME.keys()


@pytest.mark.parametrize("target", re.findall(r"\]\(([^)]+)\)", TEXT))
def test_its_links_lead_somewhere(target: str) -> None:
    text = generated()["protocol/REFERENCE.md"]
    if target.startswith("#"):
        headings = re.findall(r"^#+ (.+)$", text, re.M)
        assert target[1:] in {heading.lower().replace(" ", "-") for heading in headings}
    else:
        assert (ROOT / "protocol" / target).exists()
