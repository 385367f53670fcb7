"""From a replacement of quoted lines to edits of the file."""

from maestro.audit.anchor import Anchor
from maestro.audit.positions import to_range
from maestro.audit.source import AuditSource, Span
from maestro.audit.symbols import parse_python
from maestro.positions import Encoding
from maestro_protocol.audit import Edit, Fix

MAX_CHARS = 8_000


def make_fix(source: AuditSource, anchor: Anchor, replacement: str, title: str, encoding: Encoding) -> Fix | None:
    """The fix as edits; None for one that would break the file's syntax or change nothing."""
    span, new_text = _edit(source, anchor, replacement.replace("\r\n", "\n"))
    after = source.apply(span, new_text)
    if after == source.plain or _breaks(source, after):
        return None
    edit = Edit(range=to_range(source.lines, span, encoding), new_text=new_text.replace("\n", source.eol))
    return Fix(title=f"Fix: {title}", edits=[edit], safe=False)


def _edit(source: AuditSource, anchor: Anchor, replacement: str) -> tuple[Span, str]:
    span = anchor.span
    if not anchor.whole_lines:
        return span, replacement
    if not replacement.strip():
        return _whole_lines(source, span), ""
    replacement = _reindent(source, anchor, replacement.strip("\n").rstrip())
    return Span(span.start_line, 0, span.end_line, len(source.lines[span.end_line])), replacement


def _reindent(source: AuditSource, anchor: Anchor, replacement: str) -> str:
    """Give back the indentation that the quote, and so its replacement, went without."""
    first = anchor.span.start_line
    indent = _indent(source.lines[first])
    if _indent(replacement) == indent:
        return replacement
    missing = indent.removesuffix(_indent(anchor.cleaned))
    lines, quoted = replacement.split("\n"), anchor.cleaned.split("\n")
    if len(quoted) > 1 and _indent(quoted[1]) == _indent(source.lines[first + 1]):
        return missing + replacement
    return "\n".join(missing + line if line.strip() else line for line in lines)


def _whole_lines(source: AuditSource, span: Span) -> Span:
    """The lines with one line break: the one behind them, or on the last line the one before."""
    if span.end_line + 1 < len(source.lines):
        return Span(span.start_line, 0, span.end_line + 1, 0)
    before = span.start_line - 1
    start = (before, len(source.lines[before])) if before >= 0 else (0, 0)
    return Span(*start, span.end_line, len(source.lines[span.end_line]))


def _indent(text: str) -> str:
    return text[: len(text) - len(text.lstrip(" \t"))]


def _breaks(source: AuditSource, after: str) -> bool:
    if source.language != "python" or parse_python(after) is not None:
        return False
    return parse_python(source.plain) is not None
