"""Comments that tools obey: they are code, as far as they say nothing else."""

import re

# Each is matched to its last character, so that no prose can stand in what is kept.
_CODES = r"[A-Z]{1,5}\d{1,5}"
_NAME = r"@?[a-zA-Z][\w/-]{0,50}"
_NAMES = rf"{_NAME}(?:,[ ]?{_NAME}){{0,5}}"
_TERM = r"[!(]{0,3}[\w.]{1,20}\)?"
_DIRECTIVES = (
    rf"(?i:noqa)(?::[ ]?{_CODES}(?:(?:,[ ]?|[ ]){_CODES}){{0,19}})?",
    rf"(?:flake8|ruff): noqa(?::[ ]?{_CODES}(?:,[ ]?{_CODES}){{0,19}})?",
    rf"(?:type|pyright|mypy|ty): ?ignore(?:\[{_NAMES}\])?",
    r"pyright: (?:basic|standard|strict)",
    r"(?:fmt|isort|yapf|black): ?(?:on|off|skip|skip_file)",
    r"pragma: no (?:cover|branch)",
    rf"pylint: ?(?:disable|enable|disable-next)={_NAMES}",
    r"nosec(?:[ ]B\d{3}(?:,[ ]?B\d{3}){0,9})?",
    rf"NOLINT(?:NEXTLINE|BEGIN|END)?(?:\({_NAMES.replace('/-', '/.*-')}\))?",
    rf"eslint-(?:disable|enable)(?:-next-line|-line)?(?:[ ]{_NAMES})?",
    r"@ts-(?:ignore|expect-error|nocheck|check)",
    r"(?:prettier|biome|deno-lint)-ignore",
    r"istanbul ignore (?:next|if|else|file)",
    r"[cv]8 ignore (?:next|start|stop)",
    rf"go:build[ ]{_TERM}(?:[ ]?(?:&&|\|\|)[ ]?{_TERM}){{0,9}}",
    r"go:[a-z]{1,20}",
    r"\+build[ ][!\w.,]{1,60}",
    rf"nolint(?::{_NAMES})?",
    rf"lint:ignore[ ]{_CODES}",
    rf"(?:rubocop|shellcheck|swiftlint|ktlint)[: ](?:disable|enable)[=: ]{_NAMES}",
    r"clang-format (?:on|off)|IWYU pragma: (?:keep|export)",
    r"#?(?:end)?region",
    r"SAFETY:",
    r"(?:-\*- )?coding[:=][ ]?[\w.-]{1,20}(?: -\*-)?",
    r"frozen_string_literal: (?:true|false)",
)
_MARKS = r"#|//|/\*|--|<!--|;|%"
_DIRECTIVE = re.compile(rf"(?:{_MARKS})[ \t*]*+(?:{'|'.join(_DIRECTIVES)})(?![\w-])")
_SHEBANG = re.compile(r"#!(?:/[\w.-]{1,20}){1,5}(?:[ ](?:-S[ ])?[\w.-]{1,20})?[ \t]*(?=\n|\Z)")


def find_directives(text: str, start: int, end: int) -> list[tuple[int, int]]:
    """The spans of the directives in the comment from `start` to `end`, with the marks before them."""
    shebang = _SHEBANG.match(text, 0, end) if start == 0 else None
    if shebang is not None:
        return [shebang.span()]
    return [found.span() for found in _DIRECTIVE.finditer(text, start, end)]
