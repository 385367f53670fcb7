"""What the tours of `maestro demo` share: a place to print to, and reading answers without trusting their shape."""

import sys
from dataclasses import dataclass

from maestro.cli.terminal import styled
from maestro_protocol.base import JsonObject


@dataclass(frozen=True, slots=True)
class Printer:
    """Says nothing when it is quiet."""

    quiet: bool

    def title(self, text: str) -> None:
        self.line(styled(f"\n{text}", 1))

    def line(self, text: str) -> None:
        if not self.quiet:
            print(text)

    def piece(self, text: str) -> None:
        if not self.quiet:
            sys.stdout.write(text)
            sys.stdout.flush()


def object_of(value: JsonObject, key: str) -> JsonObject:
    inner = value.get(key)
    return inner if isinstance(inner, dict) else {}


def objects_of(value: JsonObject, key: str) -> list[JsonObject]:
    inner = value.get(key)
    return [item for item in inner if isinstance(item, dict)] if isinstance(inner, list) else []
