"""What a call was exactly, as it may be kept: without secrets, and no longer than a person would read."""

import json
import re
from collections.abc import Sequence

from pydantic import JsonValue

from maestro.intents.plain import shortened
from maestro.redact import MASK, redact
from maestro_protocol.base import JsonObject
from maestro_protocol.permissions import PermissionSubject

_INPUT = 4_000
"""Characters of JSON; of a longer input only the length is kept."""
_WORD, _COMMAND = 4_000, 32_000
"""Characters of a word, and of all of them."""
_FEW, _SHORT = 100, 200
"""So many words, each with so many characters, are kept of a command that is longer."""

_DEEPEST = 50
"""Levels of an input."""

_SECRET_NAME = re.compile(r"token|secret|passw|api_?key|_key\b|credential", re.I)
_USER = re.compile(r"(?<=://)[^/@\s?#]*@")


def kept(subject: PermissionSubject) -> JsonObject:
    """The subject on the wire as the ledger has it: secrets are redacted, the texts of an edit left out."""
    texts = {name: getattr(subject, name) for name in ("tool", "cwd", "path", "uri", "url")}
    found: JsonObject = {"type": subject.type}
    found |= {name: storable(shortened(_hidden(text), _WORD)) for name, text in texts.items() if text is not None}
    if subject.argv is not None:
        found["argv"] = [*_command(subject.argv)]
    if subject.input is not None:
        found["input"] = _input(subject.input)
    return found


def storable(text: str) -> str:
    """The text without halves of characters, which no database takes."""
    return text.encode("utf-8", "replace").decode()


def shown(value: JsonValue, name: str = "") -> JsonValue:
    """The value without secrets, by their looks and by the names they stand under."""
    if isinstance(value, dict):
        return {key: shown(inner, key) for key, inner in value.items()}
    if isinstance(value, list):
        return [shown(inner, name) for inner in value]
    if not isinstance(value, str):
        return value
    if (without := redact(value)) != value:
        return without
    pair = json.dumps({name: value})
    return value if redact(pair) == pair else MASK


def _hidden(text: str) -> str:
    """Without secrets, also those before the host of an address."""
    return _USER.sub(f"{MASK}@", redact(text))


def _word(option: str, word: str) -> str:
    """Without what a name before it says is a secret: `--token x`, `MY_TOKEN=x`."""
    if _is_secret(option, word):
        return MASK
    name, equals, _ = word.partition("=")
    bare = name.lstrip("-").replace("-", "_")
    is_named = equals and len(name) < _SHORT and bare.isidentifier() and _SECRET_NAME.search(bare)
    return f"{name}={MASK}" if is_named else _hidden(word)


def _command(argv: Sequence[str]) -> Sequence[str]:
    words = [_word(option, word) for option, word in zip(["", *argv], argv, strict=False)]
    most = _WORD if sum(map(len, words)) <= _COMMAND else _SHORT
    ends = words if most == _WORD or len(words) <= _FEW else [*words[:_FEW], f"… ({len(words) - _FEW} more)"]
    return [storable(shortened(word, most)) for word in ends]


def _is_secret(option: str, word: str) -> bool:
    if not option.startswith("--") or word.startswith("-"):
        return False
    pair = f"{option.lstrip('-')}={word}"
    return redact(pair) != pair


def _input(given: JsonObject) -> JsonObject:
    """The input, or how long it is."""
    try:
        count = len(json.dumps(given, ensure_ascii=False))
        if count > _INPUT:
            return {"…": f"{count} characters"}
        return {storable(name): _storable(value, 0) for name, value in _object(shown(given)).items()}
    except RecursionError:
        return {"…": "nested too deeply to be kept"}


def _object(value: JsonValue) -> JsonObject:
    return value if isinstance(value, dict) else {}


def _storable(value: JsonValue, depth: int) -> JsonValue:
    """Raises RecursionError for what could not be read again."""
    if depth > _DEEPEST:
        raise RecursionError
    if isinstance(value, dict):
        return {storable(name): _storable(inner, depth + 1) for name, inner in value.items()}
    if isinstance(value, list):
        return [_storable(inner, depth + 1) for inner in value]
    return storable(_hidden(value)) if isinstance(value, str) else value
