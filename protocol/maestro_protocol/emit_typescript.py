"""TypeScript: an interface per model, the method maps, the error codes."""

import json
import re
from collections.abc import Iterable, Iterator
from typing import cast

from pydantic import JsonValue

from maestro_protocol import PROTOCOL_VERSION
from maestro_protocol.base import JsonObject
from maestro_protocol.emit import HEADER, REF, Alias, Field, Object, Vocabulary, reference
from maestro_protocol.methods import Method

PRIMITIVES = {"string": "string", "integer": "number", "number": "number", "boolean": "boolean", "null": "null"}
MAPS = {
    ("request", "clientToServer"): ("ServerRequests", "Requests an editor sends: parameters, result, stream events."),
    ("request", "serverToClient"): ("ClientRequests", "Requests the server sends: parameters and result."),
    ("notification", "clientToServer"): ("ClientNotifications", "Notifications an editor sends."),
    ("notification", "serverToClient"): ("ServerNotifications", "Notifications the server sends."),
}
PREAMBLE = f"""\
// {HEADER}

export const PROTOCOL_VERSION = {PROTOCOL_VERSION};

export type JsonValue = null | boolean | number | string | JsonValue[] | JsonObject;
export type JsonObject = {{ [key: string]: JsonValue }};
"""


def emit(vocabulary: Vocabulary) -> str:
    """`protocol.ts`."""
    blocks = [
        PREAMBLE,
        *(_alias(alias) for alias in vocabulary.aliases.values()),
        *(_interface(item) for item in vocabulary.objects.values()),
        *_method_maps(vocabulary.methods),
        _errors(vocabulary),
    ]
    return "\n".join(blocks)


def type_of(schema: JsonObject) -> str:
    """The TypeScript type of a schema fragment."""
    match schema:
        case {"$ref": str(ref)}:
            return ref.removeprefix(REF)
        case {"const": value}:
            return json.dumps(value)
        case {"enum": list(values)}:
            return " | ".join(json.dumps(value) for value in values)
        case {"anyOf": list(options)} | {"oneOf": list(options)}:
            return " | ".join(type_of(option) for option in cast("list[JsonObject]", options))
        case {"type": "array"}:
            item = type_of(cast("JsonObject", schema.get("items", {})))
            return f"({item})[]" if " | " in item else f"{item}[]"
        case {"type": "object"}:
            return _dictionary(schema.get("additionalProperties"))
        case {"type": str(name)}:
            return PRIMITIVES[name]
    return "JsonValue"


def _dictionary(value: JsonValue) -> str:
    if not isinstance(value, dict) or not value:
        return "JsonObject"
    return f"{{ [key: string]: {type_of(value)} }}"


def _alias(alias: Alias) -> str:
    return f"{_comment(alias.doc)}export type {alias.name} = {type_of(alias.schema)};\n"


def _interface(item: Object) -> str:
    extends = f" extends {item.base}" if item.base else ""
    head = f"{_comment(item.doc)}export interface {item.name}{extends} {{"
    if not item.fields:
        return head + "}\n"
    return "\n".join([head, *(_field(field) for field in item.fields), "}\n"])


def _field(field: Field) -> str:
    name = field.name if re.fullmatch(r"[A-Za-z_$][\w$]*", field.name) else json.dumps(field.name)
    mark = "" if field.required else "?"
    return f"{_comment(field.doc, '  ')}  {name}{mark}: {type_of(field.schema)};"


def _method_maps(methods: Iterable[Method]) -> Iterator[str]:
    rows = list(methods)
    for key, (name, doc) in MAPS.items():
        chosen = [method for method in rows if (method.kind, method.direction) == key]
        if chosen:
            yield "\n".join([f"{_comment(doc)}export interface {name} {{", *map(_row, chosen), "}\n"])


def _row(method: Method) -> str:
    params = reference(method.params)
    value = params
    if method.result:
        event = reference(method.event) if method.event else "never"
        value = f"{{ params: {params}; result: {reference(method.result)}; event: {event} }}"
    return f"{_comment(method.doc, '  ')}  {json.dumps(method.name)}: {value};"


def _errors(vocabulary: Vocabulary) -> str:
    rows = [f"{_comment(row.doc, '  ')}  {row.kind}: {row.code}," for row in vocabulary.errors]
    return "\n".join(
        [
            "/** The codes of `error.code`, by the name in `error.data.kind`. */",
            "export const ErrorCode = {",
            *rows,
            "} as const;\n",
            "export type ErrorKind = keyof typeof ErrorCode;\n",
        ]
    )


def _comment(doc: str, indent: str = "") -> str:
    return f"{indent}/** {doc.replace('*/', '* /')} */\n" if doc else ""
