"""A vocabulary of unusual types, to generate from."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field, JsonValue, SecretStr

from maestro_protocol.base import JsonObject, Params, WireModel

Colour = Literal["red", "deep blue"]
"""What a
pencil leaves."""


class Circle(WireModel):
    type: Literal["circle"] = "circle"
    radius: float = Field(ge=0)


class Square(WireModel):
    """All sides */ equal."""

    type: Literal["square"] = "square"
    side: int


Shape = Annotated[Circle | Square, Field(discriminator="type")]


class Answer(WireModel):
    """Sent by the server only."""

    always: int = 0
    sometimes: int | None = None
    shape: Shape
    from_: datetime = Field(alias="from")


class Everything(Params):
    """Sent by the client."""

    colour: Colour = "red"
    """The first | the last."""
    colours: list[Colour]
    shapes: list[list[Shape]]
    either: list[str | JsonObject]
    by_name: dict[str, Circle]
    counts: dict[str, int] = Field(default_factory=dict)
    anything: JsonValue
    object: JsonObject
    secret: SecretStr | None = None
    dashed: bool = Field(default=False, alias="with-dash")
    one: Literal[1] = 1


class Bounded(WireModel):
    few: list[int] = Field(min_length=1, max_length=3)
    """At least one."""
    name: str = Field(default="a", max_length=9, pattern=r"^a|b$")
