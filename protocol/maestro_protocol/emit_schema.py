"""The JSON Schema bundle: every model under `$defs`, the table of methods, the errors."""

import json

from pydantic import JsonValue

from maestro_protocol import PROTOCOL_VERSION
from maestro_protocol.base import JsonObject
from maestro_protocol.emit import HEADER, REF, ROOT, Field, Object, Vocabulary, reference
from maestro_protocol.methods import Method

META = "Meta"


def emit(vocabulary: Vocabulary) -> str:
    """`schema.json`."""
    bundle: JsonObject = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:maestro:protocol:{PROTOCOL_VERSION}",
        "$comment": HEADER,
        "protocolVersion": PROTOCOL_VERSION,
        "methods": {method.name: _method(method) for method in vocabulary.methods},
        "errors": [
            {"code": row.code, "kind": row.kind, "retryable": row.retryable, "description": row.doc}
            for row in vocabulary.errors
        ],
        "$defs": _definitions(vocabulary),
    }
    return json.dumps(bundle, indent=2, ensure_ascii=False) + "\n"


def _method(method: Method) -> JsonObject:
    row: JsonObject = {"kind": method.kind, "direction": method.direction, "description": method.doc}
    for key, model in (("params", method.params), ("result", method.result), ("event", method.event)):
        if model:
            row[key] = {"$ref": REF + reference(model)}
    if method.serialise_by:
        row["serialiseBy"] = method.serialise_by
    return row


def _definitions(vocabulary: Vocabulary) -> JsonObject:
    meta = next(field for field in vocabulary.objects[ROOT].fields if field.name == "_meta")
    definitions: dict[str, JsonValue] = {META: _described(meta.schema, meta.doc)}
    for alias in vocabulary.aliases.values():
        definitions[alias.name] = _described(alias.schema, alias.doc)
    for item in vocabulary.objects.values():
        if item.name != ROOT:
            definitions[item.name] = _object(vocabulary, item)
    return dict(sorted(definitions.items()))


def _object(vocabulary: Vocabulary, item: Object) -> JsonObject:
    fields = list(vocabulary.fields(item.name))
    properties: JsonObject = {field.name: _property(field, item.sent_by_client) for field in fields}
    schema = _described({"type": "object", "properties": {**properties, "_meta": {"$ref": REF + META}}}, item.doc)
    if required := [field.name for field in fields if field.required]:
        schema["required"] = [*required]
    if item.closed:
        schema["additionalProperties"] = False
    return schema


def _property(field: Field, sent_by_client: bool) -> JsonObject:
    """Null is accepted where a client may send it; the server never does."""
    nullable: JsonObject = {"anyOf": [field.schema, {"type": "null"}]}
    schema = _described(nullable if field.nullable and sent_by_client else field.schema, field.doc)
    return schema if field.required or field.default is None else {**schema, "default": field.default}


def _described(schema: JsonObject, doc: str) -> JsonObject:
    return {"description": doc, **schema} if doc else dict(schema)
