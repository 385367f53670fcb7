"""The reference manual: methods, events, types, errors and settings as Markdown tables."""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import cast

from maestro_protocol import PROTOCOL_VERSION
from maestro_protocol.base import JsonObject
from maestro_protocol.emit import HEADER, REF, ROOT, Field, Object, Vocabulary, reference, referenced
from maestro_protocol.methods import Method

TOKENS = ("workDoneToken", "partialResultToken")
"""Fields of every request, told once."""
WHO = {
    ("request", "clientToServer"): "Request, editor to server.",
    ("request", "serverToClient"): "Request, server to editor.",
    ("notification", "clientToServer"): "Notification, editor to server.",
    ("notification", "serverToClient"): "Notification, server to editor.",
}
INTRODUCTION = f"""\
<!-- {HEADER} -->
# Protocol reference

Version {PROTOCOL_VERSION}: what an editor and the server say to each other beside the Language Server Protocol itself.
`maestro_protocol/schema.json` says the same to machines.
"""
HEAD = Path(__file__).with_name("reference_head.md")
"""What tables cannot say, written by hand."""
BOUNDS = {
    "minimum": "At least",
    "maximum": "At most",
    "minLength": "Characters: at least",
    "maxLength": "Characters: at most",
    "minItems": "Items: at least",
    "maxItems": "Items: at most",
    "pattern": "Pattern:",
}
"""How the limits of a schema are told."""


def emit(vocabulary: Vocabulary) -> str:
    """`REFERENCE.md`."""
    blocks = [
        INTRODUCTION,
        HEAD.read_text(encoding="utf-8"),
        *_methods(vocabulary),
        *_events(vocabulary),
        *_types(vocabulary),
        *_errors(vocabulary),
        *_settings(vocabulary),
    ]
    return "\n".join(blocks)


def type_of(schema: JsonObject) -> str:
    """A type as a reader of the manual wants it, its name linked."""
    match schema:
        case {"$ref": str(ref)}:
            return _link(ref.removeprefix(REF))
        case {"const": value}:
            return f"`{json.dumps(value)}`"
        case {"enum": list(values)}:
            return ", ".join(f"`{json.dumps(value)}`" for value in values)
        case {"anyOf": list(options)} | {"oneOf": list(options)}:
            return " or ".join(type_of(option) for option in cast("list[JsonObject]", options))
        case {"type": "array"}:
            return f"list of {type_of(cast('JsonObject', schema.get('items', {})))}"
        case {"type": "object", "additionalProperties": dict(value)} if value:
            return f"object of {type_of(value)}"
        case {"type": str(name)}:
            return {"date-time": "time", "password": "secret"}.get(str(schema.get("format")), name)
    return "any JSON"


def _methods(vocabulary: Vocabulary) -> Iterator[str]:
    yield "## Methods\n"
    yield _table(
        ("method", "what it does"),
        ((f"[`{m.name}`](#{_anchor(m.name)})", m.doc) for m in vocabulary.methods),
    )
    for method in vocabulary.methods:
        yield f"### {method.name}\n"
        yield f"{method.doc} {_how(method)}\n"
        yield _members(vocabulary, "Parameters", reference(method.params))
        if method.result:
            yield _members(vocabulary, "Result", reference(method.result))


def _how(method: Method) -> str:
    words = [WHO[method.kind, method.direction]]
    if method.event:
        words.append(f"Streams [{reference(method.event)}](#{reference(method.event).lower()}).")
    if method.serialise_by == "*":
        words.append(f"One at a time among `maestro/{method.group}/*`.")
    elif method.serialise_by:
        words.append(f"One at a time for the same `{method.serialise_by}`.")
    return " ".join(words)


def _members(vocabulary: Vocabulary, head: str, name: str) -> str:
    """A table in place where a type belongs to one method, else a link."""
    item = vocabulary.objects.get(name)
    if item is None or (head == "Result" and not name.endswith("Result")):
        return f"{head}: {_link(name)}.\n"
    fields = [field for field in vocabulary.fields(name) if field.name not in TOKENS]
    return f"{head}:\n\n{_fields(fields)}" if fields else f"{head}: none.\n"


def _events(vocabulary: Vocabulary) -> Iterator[str]:
    yield "## Stream events\n"
    yield "The `value` of `$/progress` on a request's `partialResultToken`, told apart by `type`.\n"
    for name in _event_unions(vocabulary):
        yield f"### {name}\n"
        members = [vocabulary.objects[member] for member in referenced(vocabulary.aliases[name].schema)]
        for base in {item.base: None for item in members if item.base != ROOT}:
            yield f"Each has, beside its own fields:\n\n{_fields(vocabulary.fields(str(base)))}"
        for item in members:
            tag = next(field.schema["const"] for field in item.fields if field.name == "type")
            yield f"#### {tag}\n"
            yield from [f"{item.doc}\n"] if item.doc else []
            yield _fields(field for field in item.fields if field.name != "type")


def _event_unions(vocabulary: Vocabulary) -> list[str]:
    return list(dict.fromkeys(reference(method.event) for method in vocabulary.methods if method.event))


def _types(vocabulary: Vocabulary) -> Iterator[str]:
    """The types no other section shows."""
    shown = {reference(method.params) for method in vocabulary.methods}
    shown |= {reference(m.result) for m in vocabulary.methods if m.result and m.result.endswith("Result")}
    events = _event_unions(vocabulary)
    for name in events:
        shown |= {name, *referenced(vocabulary.aliases[name].schema)}
    bases = {item.base for item in vocabulary.objects.values()}
    hidden = {base for base in bases if base and not _is_referenced(vocabulary, base)}
    yield "## Types\n"
    for name in sorted({*vocabulary.objects, *vocabulary.aliases} - shown - hidden - _settings_names(vocabulary)):
        yield from _type(vocabulary, name)


def _type(vocabulary: Vocabulary, name: str) -> Iterator[str]:
    yield f"### {name}\n"
    alias, item = vocabulary.aliases.get(name), vocabulary.objects.get(name)
    doc = alias.doc if alias else cast("Object", item).doc
    yield from [f"{doc}\n"] if doc else []
    yield f"{type_of(alias.schema)}\n" if alias else _fields(vocabulary.fields(name))


def _is_referenced(vocabulary: Vocabulary, name: str) -> bool:
    """Whether a base class is also a type of its own."""
    schemas = (field.schema for item in vocabulary.objects.values() for field in item.fields)
    results = {reference(method.result) for method in vocabulary.methods if method.result}
    return name in results or any(name in referenced(schema) for schema in schemas)


def _errors(vocabulary: Vocabulary) -> Iterator[str]:
    yield "## Errors\n"
    yield f"`error.data` is always {_link('ErrorData')}; `error.message` is one sentence a person can act on.\n"
    rows = ((str(row.code), f"`{row.kind}`", "yes" if row.retryable else "no", row.doc) for row in vocabulary.errors)
    yield _table(("code", "kind", "retryable", "meaning"), rows)


def _settings(vocabulary: Vocabulary) -> Iterator[str]:
    yield "## Settings\n"
    yield "The same names in `config.toml`, in the editor's settings and, as shown, in the environment.\n"
    if "Settings" in vocabulary.objects:
        yield _table(
            ("setting", "environment", "type", "default", "meaning"), _setting_rows(vocabulary, "Settings", (), ())
        )


def _setting_rows(
    vocabulary: Vocabulary, name: str, path: tuple[str, ...], variable: tuple[str, ...]
) -> Iterator[tuple[str, ...]]:
    for field in vocabulary.fields(name):
        here = (*path, field.name)
        upper = (*variable, field.attribute.upper())
        match field.schema:
            case {"$ref": str(ref)} if (inner := ref.removeprefix(REF)) in vocabulary.objects:
                yield from _setting_rows(vocabulary, inner, here, upper)
            case {"additionalProperties": {"$ref": str(ref)}}:
                yield from _setting_rows(vocabulary, ref.removeprefix(REF), (*here, "<id>"), (*upper, "<ID>"))
            case schema:
                default = "" if field.default is None else f"`{json.dumps(field.default)}`"
                yield (
                    f"`{'.'.join(here)}`",
                    f"`MAESTRO_{'__'.join(upper)}`",
                    type_of(schema),
                    default,
                    " ".join(_told(field)),
                )


def _settings_names(vocabulary: Vocabulary) -> set[str]:
    return {item.name for item in vocabulary.objects.values() if item.base == "SettingsModel"}


def _fields(fields: Iterable[Field]) -> str:
    rows = (
        (f"`{field.name}`" + ("" if field.required else "?"), type_of(field.schema), _meaning(field))
        for field in fields
    )
    return _table(("field", "type", "meaning"), rows)


def _meaning(field: Field) -> str:
    default = [] if field.required or field.default is None else [f"Default: `{json.dumps(field.default)}`."]
    return " ".join([*_told(field), *default])


def _told(field: Field) -> Iterator[str]:
    """What the field means and which values it takes."""
    yield from [field.doc] if field.doc else []
    for name, words in BOUNDS.items():
        if name in field.schema:
            yield f"{words} `{field.schema[name]}`."


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "".join(_table_row(cells) for cells in lines)


def _table_row(cells: tuple[str, ...]) -> str:
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |\n"


def _link(name: str) -> str:
    return f"[{name}](#{name.lower()})"


def _anchor(heading: str) -> str:
    """The fragment a Markdown viewer gives a heading."""
    return "".join(char for char in heading.lower() if char.isalnum() or char in " -_").replace(" ", "-")
