"""Takes secrets out of text that will be logged or shown: keys by their shape, and values by the name before them."""

import re

from maestro.secret_shapes import PRIVATE_KEY, key_pattern

MASK = "[redacted]"

# Short, and with the stars and dots of keys that a service shows in part.
_SHAPES = re.compile(key_pattern(8, also="*."))
_PRIVATE_KEY = re.compile(PRIVATE_KEY, re.S)
_SCHEME = re.compile(r"\b(Bearer|Basic)\s+[A-Za-z0-9._~+/=\-]{6,}", re.IGNORECASE)

_NAMES = (
    "access_token|api[_-]?key|x-api-key|x-goog-api-key|authorization|client_secret|code_verifier|id_token"
    "|refresh_token|requested_token|subject_token|token|password|secret|key|state|code"
)
"""Parameters whose values are secrets in OAuth and API traffic; the list of codex's login server and API key names."""

_QUOTED = re.compile(rf'(["\']({_NAMES})["\']\s*:\s*)"((?:[^"\\]|\\.)*)"?', re.IGNORECASE)
_PAIR = re.compile(rf"(?<![A-Za-z0-9_\-])(({_NAMES})\s*=\s*)[^\s&\"'<>,;)\]}}]+", re.IGNORECASE)
_HEADER = re.compile(
    r"(?<![A-Za-z0-9_\-\"'])((?:x-api-key|x-goog-api-key|api[_-]?key|authorization)\s*:\s*)(?!Bearer\b|Basic\b)"
    r"[^\s,;&\"'<>]+",
    re.IGNORECASE,
)
_LONG_ENOUGH = 24
"""`code`, `state` and `key` also name harmless things (`"code": "rate_limit_exceeded"`); only long values go then."""


def redact(text: str) -> str:
    """The text without keys, tokens, and the values of parameters that carry them; idempotent."""
    text = _SHAPES.sub(MASK, _PRIVATE_KEY.sub(MASK, text))
    text = _SCHEME.sub(rf"\1 {MASK}", text)
    text = _QUOTED.sub(_hide_quoted, text)
    text = _PAIR.sub(rf"\g<1>{MASK}", text)
    return _HEADER.sub(rf"\g<1>{MASK}", text)


def _hide_quoted(match: re.Match[str]) -> str:
    prefix, name, value = match.groups()
    if name.lower() in ("code", "state", "key") and _is_word(value):
        return match.group()
    return f'{prefix}"{MASK}"'


def _is_word(value: str) -> bool:
    return len(value) < _LONG_ENOUGH or re.fullmatch(r"[a-z_]+|[A-Z_]+", value) is not None
