"""Whether a change makes a text worse for whoever parses it."""

import json
import re
from functools import lru_cache

from maestro.audit.code.symbols import parse_python
from maestro.audit.code.syntax import tree

_HASH = frozenset({"python", "ruby", "shellscript", "perl", "r", "yaml", "toml", "makefile", "dockerfile", "elixir"})
# Where a single quote is also something else, only a character stands between two of them.
_CHARACTERS = frozenset({"c", "cpp", "go", "java", "rust", "csharp", "kotlin", "swift", "scala"})
_APOSTROPHES = frozenset({"markdown", "plaintext", "restructuredtext", "latex", "html", "xml"})
# Elsewhere a comment may hold an apostrophe that is taken for code.
_QUOTED = frozenset({"python", "javascript", "javascriptreact", "typescript", "typescriptreact", "ruby", "php"})
_PAIRS = {")": "(", "]": "[", "}": "{"}


def breaks(language: str, before: str, after: str) -> bool:
    """Whether `after` does not parse where `before` did, or has more errors than it had."""
    before, after = before.removeprefix("\ufeff"), after.removeprefix("\ufeff")
    if language == "python":
        if parse_python(after) is not None:
            return False
        if parse_python(before) is not None:
            return True
    if language == "json":
        return _is_json(before) and not _is_json(after)
    if language in _APOSTROPHES:
        return False
    if _imbalance(language, after) > _imbalance(language, before):
        return True
    return _errors(language, after) > _errors(language, before)


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _imbalance(language: str, text: str) -> int:
    """Brackets without their partner and quotes without their end, outside of strings and comments."""
    rest = _literals(language in _HASH, language in _CHARACTERS).sub(_outside, text)
    open_: list[str] = []
    unmatched = len(re.findall(r"[\"'`]" if language in _QUOTED else r'["`]', rest))
    for bracket in re.findall(r"[()\[\]{}]", rest):
        if bracket not in _PAIRS:
            open_.append(bracket)
        elif open_ and open_[-1] == _PAIRS[bracket]:
            open_.pop()
        else:
            unmatched += 1
    return unmatched + len(open_)


def _outside(literal: re.Match[str]) -> str:
    """Nothing of a literal counts but that a comment has no end, which is as bad as a quote without one."""
    return "`" if literal[0].startswith("/*") and not literal[0].endswith("*/") else ""


@lru_cache
def _literals(hash_: bool, characters: bool) -> re.Pattern[str]:
    comment = r"#[^\n]*" if hash_ else r"//[^\n]*|/\*.*?(?:\*/|\Z)"
    single = r"'(?:\\[^\n]{1,9}?|[^'\\\n])'" if characters else r"'(?:\\.|[^'\\\n])*'"
    long = r'"""(?:\\.|[^\\])*?"""|' + r"'''(?:\\.|[^\\])*?'''|"
    return re.compile(rf"{long}{comment}|\"(?:\\.|[^\"\\\n])*\"|{single}|`(?:\\.|[^`\\])*`", re.S)


def _errors(language: str, text: str) -> int:
    """How many errors the language's grammar sees, where there is one."""
    root = tree(text, language)
    nodes, count = [root] if root is not None else [], 0
    while nodes:
        node = nodes.pop()
        count += node.is_error or node.is_missing
        nodes += [child for child in node.children if child.has_error]
    return count
