"""What the commands of `workspace/executeCommand` have in common: their arguments, and how they begin their work."""

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeAlias

from pydantic import JsonValue, ValidationError

from maestro.lsp.context import RequestContext
from maestro.lsp.messages import invalid_params
from maestro_protocol.chat import Range

Command: TypeAlias = Callable[[Sequence[JsonValue]], None]
Feature: TypeAlias = Callable[[RequestContext], Awaitable[object]]
Start: TypeAlias = Callable[[Feature], None]
"""Runs a feature in the background, with progress; its failure is shown."""


def text_at(arguments: Sequence[JsonValue], place: int, what: str) -> str:
    """An argument that must be there. Raises RpcError -32602."""
    if (found := optional_text_at(arguments, place, what)) is None:
        raise invalid_params(f"arguments[{place}]", f"must be {what}")
    return found


def optional_text_at(arguments: Sequence[JsonValue], place: int, what: str) -> str | None:
    """An argument that may be missing or null. Raises RpcError -32602."""
    value = arguments[place] if place < len(arguments) else None
    if value is not None and (not isinstance(value, str) or not value):
        raise invalid_params(f"arguments[{place}]", f"must be {what}")
    return value


def range_at(arguments: Sequence[JsonValue], place: int) -> Range:
    """An argument that must be a range. Raises RpcError -32602."""
    try:
        return Range.model_validate(arguments[place] if place < len(arguments) else None)
    except ValidationError:
        raise invalid_params(f"arguments[{place}]", "must be a range of the document") from None


def at_most(arguments: Sequence[JsonValue], count: int) -> None:
    """Raises RpcError -32602 if there are more."""
    if len(arguments) > count:
        raise invalid_params("arguments", f"must be at most {count}" if count else "must be empty")
