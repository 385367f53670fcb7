"""The base of every wire type: camelCase names, `_meta` everywhere, absent instead of null."""

from typing import Self, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, JsonValue
from pydantic.alias_generators import to_camel

JsonObject: TypeAlias = dict[str, JsonValue]


class WireModel(BaseModel):
    """A value on the wire. Readers ignore fields they do not know; writers never send null."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        validate_by_alias=True,
        validate_by_name=True,
        defer_build=True,
        hide_input_in_errors=True,
    )

    meta: JsonObject | None = Field(default=None, alias="_meta")
    """Free for the sender; never interpreted."""

    @classmethod
    def from_wire(cls, value: JsonValue) -> Self:
        """Validate what a peer sent: wire names only.

        Raises:
            pydantic.ValidationError: never quotes the input.
        """
        return cls.model_validate(value, by_alias=True, by_name=False)

    def to_wire(self) -> JsonObject:
        """The JSON object to send: wire names, absent fields left out."""
        wire: JsonObject = self.model_dump(mode="json", by_alias=True, exclude_none=True)
        return wire


class Params(WireModel):
    """Parameters of a request. Unknown fields are an error that names their path."""

    model_config = ConfigDict(extra="forbid")

    work_done_token: str | int | None = None
    """Where standard begin/report/end progress goes."""
    partial_result_token: str | int | None = None
    """Where typed stream events go."""

    @classmethod
    def from_wire(cls, value: JsonValue) -> Self:
        """As `WireModel.from_wire`; objects inside refuse unknown fields too, although they accept them in results."""
        return cls.model_validate(value, by_alias=True, by_name=False, extra="forbid")


class NotificationParams(WireModel):
    """Parameters of a notification."""


class CallParams(WireModel):
    """Parameters of a request the server makes to the editor."""
