"""Names of findings that survive moved lines, reformatting, renaming and another checkout."""

import hashlib
import re

from maestro.audit.identity.canonical import Word, canonical

_SHAPE = 12
# What such a rule quotes may hold a secret that was not recognised, and a short one is soon guessed from its hash.
_SECRET_RULES = frozenset({"hard-coded-secret"})


def fingerprint(rule: str, quote: str, *, language: str = "") -> str:
    """The same for the same defect in the same code, wherever it stands, however it is laid out and its names are.

    `quote` is best the whole statement (`tokens.statement`): formatters move line ends into statements and out.
    Without a language the names count too. Whatever stands in place of a secret is the same secret.
    """
    guessable = rule in _SECRET_RULES
    words = canonical(quote, language or ("plaintext" if guessable else ""))
    shape = [_shaped(word) for word in words]
    texts = shape if guessable else [word.text for word in words]
    if not words:  # a comment, or nothing but brackets
        shape = texts = [] if guessable else re.findall(r"\w+", quote) or quote.split()
    return _digest(rule, *shape)[:_SHAPE] + _digest(rule, *texts)[_SHAPE:]


def shape_of(fingerprint_: str) -> str:
    """What the fingerprints of one rule share where code differs only in its constants and in which names are equal."""
    return fingerprint_[:_SHAPE]


def finding_id(uri: str, fingerprint_: str, occurrence: int) -> str:
    """The key of one finding; `occurrence` counts equal fingerprints of a file from the top."""
    return f"fnd_{_digest(uri, fingerprint_, str(occurrence))[:20]}"


def _shaped(word: Word) -> str:
    if word.kind == "name":
        return word.text[0]
    return word.text if word.kind == "word" else word.kind


def _digest(*parts: str) -> str:
    joined = "\x00".join(parts).encode("utf-8", "surrogatepass")
    return hashlib.sha256(joined).hexdigest()[:32]
