"""Edits that add a suppressing comment to a document, or take one away."""

import re
from collections.abc import Collection, Sequence
from dataclasses import replace

from maestro.audit.code.comments import find_comments
from maestro.audit.code.symbols import Symbol, find_symbols
from maestro.audit.code.syntaxes import Syntax, comment_syntax
from maestro.audit.code.tokens import statement_lines
from maestro.audit.identity.suppressions import Scope, Suppression, find_suppressions, preamble
from maestro.audit.source import AuditSource, Span

_LONGEST = 120


def removal(source: AuditSource, suppression: Suppression, rules: Collection[str] = ()) -> tuple[Span, str]:
    """The edit that takes these rules out of the directive, or all of it where none are named or none would be left."""
    kept = [rule for rule in suppression.rules if rule not in rules]
    if rules and kept and suppression.list_:
        return source.span(*suppression.list_), ", ".join(kept)
    start, end = suppression.start, suppression.end
    line = source.span(start, start).start_line
    first, behind = source.offset(line), source.offset(source.span(end, end).start_line + 1)
    if not source.plain[first:start].strip() and not source.plain[end:behind].strip():
        return _whole_lines(source, first, behind), ""
    before = source.plain[first:start].rstrip()
    after = source.plain[end:behind].strip()
    return source.span(start if after else first + len(before), end), ""


def insertion(
    source: AuditSource, line: int, rule: str, scope: Scope, symbols: Sequence[Symbol], reason: str | None = None
) -> tuple[Span, str] | None:
    """The edit that suppresses a rule on a line, in the function or class around it, or in the document.

    None where the language has no comments, no place for one, or where it is suppressed already.
    """
    syntax = comment_syntax(source.language)
    if syntax is None or not (syntax.lines or syntax.blocks):
        return None
    found = find_suppressions(source, symbols)
    if found.covering(rule, line, line) is not None:
        return None
    target = _target(line, scope, symbols)
    for one in found.all:
        if one.scope == scope and one.list_ and one.first_line <= target <= one.last_line and not reason:
            return _extended(source, one, rule)
    words = f"maestro: ignore{'-file' if scope == 'file' else ''}[{rule}]{_because(reason)}"
    above = preamble(source) if scope == "file" else statement_lines(source, target)[0]
    edits = [_at_the_end(source, syntax, line, words)] if scope == "line" else []
    if above or source.language != "php":
        # Before the first tag of PHP nothing is a comment.
        edits.append(_above(source, syntax, above, words))
    return next((edit for edit in edits if edit is not None and _suppresses(source, edit, line, rule)), None)


def _suppresses(source: AuditSource, edit: tuple[Span, str], line: int, rule: str) -> bool:
    """Whether it does what it is for: in code that does not parse it may end up in a string."""
    after = replace(source, text=source.apply(*edit))
    moved = line + len(after.lines) - len(source.lines)
    return find_suppressions(after, find_symbols(after)).covering(rule, moved, moved) is not None


def _because(reason: str | None) -> str:
    """A reason as one line that ends no comment."""
    said = re.sub(r"\*/|-->|[\x00-\x1f]", " ", reason or "")
    return f" -- {' '.join(said.split())}" if said.strip() else ""


def _target(line: int, scope: Scope, symbols: Sequence[Symbol]) -> int:
    if scope == "line":
        return line
    around = [symbol for symbol in symbols if symbol.first_line <= line <= symbol.last_line]
    innermost = min(around, key=lambda symbol: symbol.last_line - symbol.first_line, default=None)
    return innermost.first_line if innermost and scope == "symbol" else line


def _extended(source: AuditSource, suppression: Suppression, rule: str) -> tuple[Span, str]:
    start, end = suppression.list_ or (suppression.end, suppression.end)
    return source.span(start, end), ", ".join([*suppression.rules, rule])


def _at_the_end(source: AuditSource, syntax: Syntax, line: int, words: str) -> tuple[Span, str] | None:
    """The comment behind the code of the line; None where it would stand in a string, be hidden or be too long."""
    text = source.lines[line].rstrip()
    end = source.offset(line, len(text))
    if not syntax.lines or syntax.before.startswith("^") or not text.strip() or text.endswith("\\"):
        return None
    addition = f"  {syntax.lines[0].strip()} {words}"
    has_comment = any(comment.start < end <= comment.end for comment in find_comments(source))
    if has_comment or len(text) + len(addition) > _LONGEST:
        return None
    return source.span(end, source.offset(line, len(source.lines[line]))), addition


def _above(source: AuditSource, syntax: Syntax, line: int, words: str) -> tuple[Span, str]:
    text = source.lines[line] if line < len(source.lines) else ""
    left = len(text) - len(text.removeprefix("\ufeff"))
    text = text[left:]
    indent = text[: len(text) - len(text.lstrip())]
    start, end = (syntax.lines[0].strip(), "") if syntax.lines else (syntax.blocks[0][0], f" {syntax.blocks[0][1]}")
    return Span(line, left, line, left), f"{indent}{start} {words}{end}{source.eol}"


def _whole_lines(source: AuditSource, first: int, behind: int) -> Span:
    if behind == len(source.plain) and first and not source.plain.endswith("\n"):
        return source.span(first - 1, behind)
    return source.span(first, behind)
