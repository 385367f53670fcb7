"""The names secrets have in code and settings."""

import re

_STRONG = (
    r"passw(?:or)?d|passphrase|secret|api[_-]?key|access[_-]?key|account[_-]?key|private[_-]?key|auth[_-]?token"
    r"|access[_-]?token|refresh[_-]?token|(?<![a-z])pwd|(?:db|user|root|admin|smtp|mail|redis|ftp|proxy)_?pass(?![a-z])"
)
"""Names of secrets and of little else."""
_WEAK = (
    r"token|credentials?|(?<=[a-z0-9]_)pass|(?<![a-z])pass(?=[\"']?\s{0,8}[:=])"
    r"|(?:signing|encryption|master|shared|license|session)[_-]?key"
)
"""Names of other things too: their values must look like a secret."""
_WORD = re.compile(r"[pPsSkKtTcC](?i:(?<=p)(?:ass|wd)|(?<=s)ecret|(?<=k)ey|(?<=t)oken|(?<=c)redential)")
"""In every name of a secret, behind at most so many characters of it; with a set in front, three times as fast."""
_LONGEST_PREFIX = len("encryption_")
NAME = rf"(?:(?P<strong>{_STRONG})|{_WEAK})(?P<rest>[a-z0-9_-]{{0,40}})"
_ANY = re.compile(rf"(?i){NAME}")
_HARMLESS_REST = re.compile(
    r"(?i)(?:^|[a-z0-9]|[_-])(?:ur[li]|field|name|header|hint|label|path|file|dir|env|var|type|kind|prefix|suffix|length"
    r"|pattern|regex|column|prompt|error|message|msg|policy|endpoint|param|count|format|limit|size|budget|expir\w*|ttl"
    r"|manager|provider|class|id|index|at)(?:$|[_-])"
)


def words_of(text: str) -> list[int]:
    """Where a word of such a name begins."""
    return [found.start() for found in _WORD.finditer(text)]


def begins_of(text: str, words: list[int]) -> list[int]:
    """Where a name around these words begins: trying longer patterns everywhere takes ten times as long."""
    near = sorted({at for word in words for at in range(max(word - _LONGEST_PREFIX, 0), word + 1)})
    return [at for at in near if _ANY.match(text, at)]


def is_harmless(rest: str) -> bool:
    """Whether what follows in the name says that something about a secret is held, not the secret."""
    return _HARMLESS_REST.search(rest) is not None
