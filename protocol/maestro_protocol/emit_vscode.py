"""VS Code: the settings of the extension, in its manifest, its words and its README."""

import json
from dataclasses import dataclass, field
from typing import cast

from pydantic import JsonValue

from maestro_protocol.base import JsonObject
from maestro_protocol.emit import REF, Field, Vocabulary

ROOT = "Settings"
PREFIX = "maestro."
WORDS = "setting."
"""Where the words of settings stand in `package.nls.json`."""
BEGIN, END = "<!-- settings -->", "<!-- /settings -->"
VALIDATION = ("type", "enum", "items", "minimum", "maximum", "additionalProperties")


@dataclass(frozen=True, slots=True)
class Row:
    """A setting that is offered. Those that can be abused by a workspace are `restricted` to trusted ones."""

    path: str
    doc: str = ""
    restricted: bool = False


ROWS = (
    Row("defaults.provider", restricted=True),
    Row("defaults.chat", restricted=True),
    Row("defaults.audit", restricted=True),
    Row("aliases", restricted=True),
    Row("routes", restricted=True),
    Row("budgets.turn", "US dollars a turn may cost, estimated; 0 is no limit.", restricted=True),
    Row("budgets.chat", "US dollars a chat may cost, estimated; 0 is no limit.", restricted=True),
    Row("budgets.day", "US dollars a day may cost, estimated, of everything since midnight UTC.", restricted=True),
    Row("chat.delivery"),
    Row("chat.overflow"),
    Row("chat.maxRounds"),
    Row("chat.restartInterrupted"),
    Row("permissions.timeoutMs", restricted=True),
    Row("tools.enabled", restricted=True),
    Row("tools.runCommand", "Offer models a tool that runs programs; each call is asked for.", restricted=True),
    Row("tools.fetchUrl", "Offer models a tool that reads web pages; each call is asked for.", restricted=True),
    Row("audit.consent", restricted=True),
    Row("audit.onSave", restricted=True),
    Row("audit.rules"),
    Row("audit.minSeverity"),
    Row("audit.codeLens"),
    Row("logLevel", "How much the server logs."),
)


@dataclass(frozen=True, slots=True)
class Own:
    """A setting of the extension itself, which the server is never told."""

    path: str
    doc: str
    schema: JsonObject = field(default_factory=dict)
    restricted: bool = False


OWN = (
    Own(
        "server.command",
        "The program to start and its arguments, before `lsp --stdio`; empty: looked for.",
        {"type": "array", "items": {"type": "string"}, "default": [], "scope": "machine"},
        restricted=True,
    ),
    Own(
        "trace.server",
        "Log what the editor and the server say to each other, with all texts but no secrets in it.",
        {"type": "string", "enum": ["off", "messages", "verbose"], "default": "off", "scope": "window"},
        restricted=True,
    ),
)


def manifest(vocabulary: Vocabulary, present: str) -> str:
    """`package.json` with the settings that are offered now; the rest stays as it is."""
    package: JsonObject = json.loads(present)
    contributes = cast("JsonObject", package.setdefault("contributes", {}))
    contributes["configuration"] = {"title": "Maestro", "properties": _properties(vocabulary)}
    capabilities = cast("JsonObject", package.setdefault("capabilities", {}))
    untrusted = cast("JsonObject", capabilities.setdefault("untrustedWorkspaces", {}))
    untrusted["restrictedConfigurations"] = [PREFIX + row.path for row in (*OWN, *ROWS) if row.restricted]
    return _dump(package)


def words(vocabulary: Vocabulary, present: str) -> str:
    """`package.nls.json` with what is to be said about the settings."""
    kept: JsonObject = {key: value for key, value in json.loads(present).items() if not key.startswith(WORDS)}
    own: JsonObject = {WORDS + row.path: row.doc for row in OWN}
    docs: JsonObject = {WORDS + row.path: _doc(vocabulary, row) for row in ROWS}
    return _dump(kept | own | docs)


def readme(vocabulary: Vocabulary, present: str) -> str:
    """`README.md` of the extension with the table of its settings."""
    docs = {row.path: row.doc for row in OWN} | {row.path: _doc(vocabulary, row) for row in ROWS}
    table = ["| setting | default | meaning |", "| --- | --- | --- |"]
    for name, schema in _properties(vocabulary).items():
        default = cast("JsonObject", schema).get("default")
        shown = "" if default in (None, {}, []) else f"`{json.dumps(default)}`"
        table.append(f"| `{name}` | {shown} | {docs[name.removeprefix(PREFIX)]} |")
    before, _, rest = present.partition(BEGIN)
    _, _, after = rest.partition(END)
    return "\n".join([f"{before}{BEGIN}", *table, f"{END}{after}"]) if rest else present


def _doc(vocabulary: Vocabulary, row: Row) -> str:
    return row.doc or _field(vocabulary, row.path).doc


def _properties(vocabulary: Vocabulary) -> JsonObject:
    rows: JsonObject = {PREFIX + row.path: {**row.schema, "markdownDescription": f"%{WORDS}{row.path}%"} for row in OWN}
    for order, row in enumerate(ROWS):
        rows[PREFIX + row.path] = _property(vocabulary, row, order)
    return rows


def _property(vocabulary: Vocabulary, row: Row, order: int) -> JsonObject:
    item = _field(vocabulary, row.path)
    schema = _resolved(vocabulary, item.schema)
    default = {} if schema.get("type") == "object" else item.default
    told: JsonObject = {key: schema[key] for key in VALIDATION if key in schema}
    return {
        **told,
        **({} if item.nullable else {"default": default}),
        "scope": "window",
        "order": order,
        "markdownDescription": f"%{WORDS}{row.path}%",
    }


def _field(vocabulary: Vocabulary, path: str, within: str = ROOT) -> Field:
    """The field a dotted path leads to."""
    word, _, rest = path.partition(".")
    found = next(field for field in vocabulary.fields(within) if field.name == word)
    return _field(vocabulary, rest, str(found.schema["$ref"]).removeprefix(REF)) if rest else found


def _resolved(vocabulary: Vocabulary, schema: JsonObject) -> JsonObject:
    """The schema with the names of unions replaced by what they stand for; objects need not be described closer."""
    name = str(schema.get("$ref", "")).removeprefix(REF)
    if name in vocabulary.aliases:
        return _resolved(vocabulary, vocabulary.aliases[name].schema)
    inner = cast("JsonObject", {key: value for key, value in schema.items() if REF not in json.dumps(value)})
    return inner | ({"type": "string"} if "enum" in inner else {})


def _dump(value: JsonValue) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"
