"""LuaCATS: a class per model for the Lua language server, method names and error codes for the code."""

import json
import re
from collections.abc import Iterable
from typing import cast

from pydantic import JsonValue

from maestro_protocol import PROTOCOL_VERSION
from maestro_protocol.base import JsonObject
from maestro_protocol.emit import HEADER, REF, Alias, Field, Object, Vocabulary

PREFIX = "maestro."
PRIMITIVES = {"string": "string", "integer": "integer", "number": "number", "boolean": "boolean", "null": "nil"}


def emit(vocabulary: Vocabulary) -> str:
    """`protocol.lua`."""
    blocks = [
        f"---@meta\n-- {HEADER}\n",
        *(_alias(alias) for alias in vocabulary.aliases.values()),
        *(_class(item) for item in vocabulary.objects.values()),
        f"local M = {{}}\n\nM.PROTOCOL_VERSION = {PROTOCOL_VERSION}\n",
        _table("methods", ((m.constant, json.dumps(m.name), m.doc) for m in vocabulary.methods)),
        _table("errors", ((row.kind, str(row.code), row.doc) for row in vocabulary.errors)),
        "return M\n",
    ]
    return "\n".join(blocks)


def type_of(schema: JsonObject) -> str:
    """The LuaCATS type of a schema fragment."""
    match schema:
        case {"$ref": str(ref)}:
            return PREFIX + ref.removeprefix(REF)
        case {"const": value}:
            return json.dumps(value)
        case {"enum": list(values)}:
            return "|".join(json.dumps(value) for value in values)
        case {"anyOf": list(options)} | {"oneOf": list(options)}:
            return "|".join(type_of(option) for option in cast("list[JsonObject]", options))
        case {"type": "array"}:
            item = type_of(cast("JsonObject", schema.get("items", {})))
            return f"({item})[]" if "|" in item else f"{item}[]"
        case {"type": "object"}:
            return _dictionary(schema.get("additionalProperties"))
        case {"type": str(name)}:
            return PRIMITIVES[name]
    return "any"


def _dictionary(value: JsonValue) -> str:
    return f"table<string, {type_of(value) if isinstance(value, dict) else 'any'}>"


def _alias(alias: Alias) -> str:
    return f"{_comment(alias.doc)}---@alias {PREFIX}{alias.name} {type_of(alias.schema)}\n"


def _class(item: Object) -> str:
    base = f": {PREFIX}{item.base}" if item.base else ""
    fields = "".join(_field(field) for field in item.fields)
    return f"{_comment(item.doc)}---@class {PREFIX}{item.name}{base}\n{fields}"


def _field(field: Field) -> str:
    name = field.name if re.fullmatch(r"[A-Za-z_]\w*", field.name) else f"[{json.dumps(field.name)}]"
    mark = "" if field.required else "?"
    return f"{_comment(field.doc)}---@field {name}{mark} {type_of(field.schema)}\n"


def _table(name: str, rows: Iterable[tuple[str, str, str]]) -> str:
    lines = (f"{_comment(doc, '  ')}  {key} = {value},\n" for key, value, doc in rows)
    return f"M.{name} = {{\n{''.join(lines)}}}\n"


def _comment(doc: str, indent: str = "") -> str:
    return f"{indent}---{doc}\n" if doc else ""
