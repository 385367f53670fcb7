"""The options of the universal interface's functions, as their keyword arguments."""

from collections.abc import Mapping, Sequence
from typing import TypedDict

from pydantic import JsonValue, SecretStr

from maestro_protocol.chat import ChatParams, Tool
from maestro_protocol.sessions import Flow


class LoginOptions(TypedDict, total=False):
    """`flow` is one of the provider's, the first without it; `options` are those of `session/create`; `inputs` answer
    what the login would ask for, by field key."""

    flow: Flow | None
    options: Mapping[str, JsonValue]
    inputs: Mapping[str, SecretStr]


class CreateOptions(LoginOptions, total=False):
    """`api_key` is required where the provider needs a key; `validate` asks the provider first and keeps no bad key."""

    api_key: str | SecretStr | None
    validate: bool


class TextOptions(TypedDict, total=False):
    """`model` is the provider's own name; without it the session's, the settings' or the provider's default."""

    model: str | None
    params: ChatParams | None


class ChatOptions(TextOptions, total=False):
    """`tools` are offered to the model; its calls are returned, never run. With `once` nothing is tried again."""

    tools: Sequence[Tool]
    once: bool
