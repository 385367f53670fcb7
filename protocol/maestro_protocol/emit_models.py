"""Reads the models into plain data for the emitters."""

import inspect
import pkgutil
from collections.abc import Iterable
from importlib import import_module
from types import ModuleType, UnionType
from typing import Annotated, Literal, Union, cast, get_origin

from pydantic import JsonValue, TypeAdapter
from pydantic.fields import FieldInfo
from pydantic_core import to_jsonable_python

import maestro_protocol
from maestro_protocol.base import JsonObject, Params, WireModel
from maestro_protocol.emit import REF, ROOT, Alias, Field, Object, Vocabulary, referenced
from maestro_protocol.emit_docs import attribute_docs, one_line


def vocabulary(modules: Iterable[ModuleType] | None = None) -> Vocabulary:
    """Read the models of the package, or of the given modules."""
    classes: dict[str, type[WireModel]] = {}
    unions: dict[str, object] = {}
    docs: dict[str, str] = {}
    for module in [import_module("maestro_protocol.base"), *(modules or _modules())]:
        docs |= attribute_docs(module)
        found = {name: value for name, value in vars(module).items() if _is_model_of(module, value)}
        classes |= cast("dict[str, type[WireModel]]", found)
        if found:
            unions |= {name: value for name, value in vars(module).items() if _is_union(name, value)}
    return _Reader(classes, unions, docs).read()


class _Reader:
    """Turns classes into data; the unions it knows are referred to by name."""

    def __init__(self, classes: dict[str, type[WireModel]], unions: dict[str, object], docs: dict[str, str]) -> None:
        self._classes = classes
        self._docs = docs
        self._unions = {name: clean(_schema_of(value)) for name, value in unions.items()}
        self._inputs: set[str] = set()
        self._closed: set[str] = set()

    def read(self) -> Vocabulary:
        aliases = {
            name: Alias(name, self._docs.get(name, ""), cast("JsonObject", self._named(schema, name)))
            for name, schema in sorted(self._unions.items())
        }
        schemas = {name: self._properties(model) for name, model in self._classes.items()}
        inside = {name: {*referenced(self._named(schema))} for name, schema in schemas.items()}
        inside |= {name: {*referenced(alias.schema)} for name, alias in aliases.items()}
        self._sort_by_direction(inside)
        objects = {name: self._object(model, schemas[name]) for name, model in sorted(self._classes.items())}
        return Vocabulary(objects, aliases)

    def _properties(self, model: type[WireModel]) -> JsonObject:
        schema = model.model_json_schema(by_alias=True, ref_template=REF + "{model}")
        return cast("JsonObject", {name: clean(value) for name, value in schema["properties"].items()})

    def _sort_by_direction(self, inside: dict[str, set[str]]) -> None:
        """What a client may send: parameters, settings, its half of the handshake, and all they consist of."""
        params = {name for name, model in self._classes.items() if issubclass(model, Params)}
        settings = {name for name in ("ClientHello", "Settings") if name in self._classes}
        self._inputs = self._reach(params | settings, inside)
        self._closed = self._reach(params, inside) - self._reach(self._classes.keys() - self._inputs, inside)

    def _reach(self, roots: set[str], inside: dict[str, set[str]]) -> set[str]:
        found: set[str] = set()
        todo = {*roots}
        while todo:
            name = todo.pop()
            found.add(name)
            model = self._classes.get(name)
            bases = {_base(model) or ROOT} if model else set()
            todo |= (inside[name] | bases) - found
        return found

    def _object(self, model: type[WireModel], properties: JsonObject) -> Object:
        own = inspect.get_annotations(model)
        fields = tuple(
            self._field(model, attribute, info, name, cast("JsonObject", schema))
            for (attribute, info), (name, schema) in zip(model.model_fields.items(), properties.items(), strict=True)
            if attribute in own
        )
        closed = model.model_config.get("extra") == "forbid" or model.__name__ in self._closed
        doc = one_line(model.__doc__)
        return Object(model.__name__, _base(model), doc, fields, closed, model.__name__ in self._inputs)

    def _field(self, model: type[WireModel], attribute: str, info: FieldInfo, name: str, schema: JsonObject) -> Field:
        schema, nullable = without_null(schema)
        default = None if info.is_required() else to_jsonable_python(info.get_default(call_default_factory=True))
        is_tag = "const" in schema and name == "type"
        always_sent = model.__name__ not in self._inputs and default is not None
        return Field(
            name=name,
            attribute=attribute,
            schema=cast("JsonObject", self._named(schema)),
            required=info.is_required() or is_tag or always_sent,
            nullable=nullable,
            doc=self._docs.get(f"{model.__name__}.{attribute}", ""),
            default=None if is_tag or (isinstance(default, dict) and default) else default,
        )

    def _named(self, schema: JsonValue, but: str | None = None) -> JsonValue:
        """Put the name of a union where its definition stands."""
        for name, union in self._unions.items():
            if name != but and union == schema:
                return {"$ref": REF + name}
        if isinstance(schema, dict):
            return {key: self._named(value) for key, value in schema.items()}
        if isinstance(schema, list):
            return [self._named(value) for value in schema]
        return schema


def clean(schema: JsonValue) -> JsonValue:
    """A schema without what pydantic says for its own sake."""
    if isinstance(schema, list):
        return [clean(value) for value in schema]
    if not isinstance(schema, dict):
        return schema
    if schema.get("$ref") == REF + "JsonValue":
        return {}
    noise = ("title", "default", "description", "discriminator", "$defs")
    return {key: clean(value) for key, value in schema.items() if key not in noise}


def without_null(schema: JsonObject) -> tuple[JsonObject, bool]:
    """The schema without its null branch, and whether there was one."""
    options = schema.get("anyOf")
    if not isinstance(options, list) or {"type": "null"} not in options:
        return schema, False
    rest = [option for option in options if option != {"type": "null"}]
    return (cast("JsonObject", rest[0]) if len(rest) == 1 else {**schema, "anyOf": rest}), True


def _schema_of(union: object) -> JsonObject:
    adapter: TypeAdapter[object] = TypeAdapter(cast("type[object]", union))
    return adapter.json_schema(ref_template=REF + "{model}")


def _modules() -> list[ModuleType]:
    names = sorted(module.name for module in pkgutil.iter_modules(maestro_protocol.__path__))
    tools = ("generate", "emit")
    return [import_module(f"maestro_protocol.{name}") for name in names if not name.startswith(tools)]


def _is_model_of(module: ModuleType, value: object) -> bool:
    return isinstance(value, type) and issubclass(value, WireModel) and value.__module__ == module.__name__


def _is_union(name: str, value: object) -> bool:
    """Whether a module's name stands for a type of several values or shapes: `Severity`, `TurnEvent`."""
    return name[0].isupper() and get_origin(value) in (Literal, Annotated, Union, UnionType)


def _base(model: type[WireModel]) -> str | None:
    return None if model is WireModel else model.__bases__[0].__name__
