"""What makes two chunks the same question: equal keys have equal answers."""

import hashlib
import json
from collections.abc import Sequence

from pydantic import JsonValue

from maestro.audit.asking.prompt import PROMPT_VERSION
from maestro.audit.catalogue import Rule


def question(provider: str, model: str, language: str, rules: Sequence[Rule]) -> str:
    """What all chunks of an audit have in common."""
    return _digest([PROMPT_VERSION, provider, model, language, *sorted(rule.id for rule in rules)])


def chunk_key(question_: str, code: str, outline: Sequence[str], intents: Sequence[JsonValue] = ()) -> str:
    """The key of a chunk: `code` as `normalise` gives it, `outline` as `relevant` does."""
    return _digest([question_, code, [*outline], [*intents]])


def _digest(value: JsonValue) -> str:
    return hashlib.sha256(json.dumps(value).encode()).hexdigest()
