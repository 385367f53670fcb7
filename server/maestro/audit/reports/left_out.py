"""What an audit did not look at, and what looked at the rest."""

import re
from collections.abc import Callable, Iterator, Sequence
from typing import TypeAlias

from maestro.audit.limits import NOTHING_THERE
from maestro_protocol.audit import AuditResult, ChunkReport

Name: TypeAlias = Callable[[str], str]
"""What people call a document, by its URI."""

_STEERS = "\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff"
_CONTROL = re.compile(f"[{_STEERS}]")
_NO_NAME = re.compile(f"[\t\n{_STEERS}\ud800-\udfff]")


def left_out(results: Sequence[AuditResult], name: Name = str) -> list[str]:
    """Why something was not audited, with the document's name where it is about one; each sentence once."""
    chunks = [chunk for chunk in _unreviewed(results) if chunk.reason and not _is_empty(chunk)]
    told = {chunk.reason for chunk in chunks}
    errors = [result.error.message for result in results if result.error is not None]
    sentences = [message for message in errors if message not in told]
    sentences += [
        f"{readable(name(chunk.uri))}: {chunk.reason}" if chunk.uri else str(chunk.reason) for chunk in chunks
    ]
    return list(dict.fromkeys(sentences))


def reasons(results: Sequence[AuditResult]) -> list[str]:
    """Why an audit is not complete, without names."""
    found = [result.error.message for result in results if result.error is not None]
    parts = [one for one in _unreviewed(results) if one.status == "failed" or one.first_line is not None or not one.uri]
    return list(dict.fromkeys([*found, *(one.reason for one in parts if one.reason)]))


def unread(results: Sequence[AuditResult]) -> list[ChunkReport]:
    """Those of documents of which nothing was audited, though there may be something in them."""
    return [one for one in _unreviewed(results) if one.uri and one.first_line is None and not _is_empty(one)]


def files_unread(results: Sequence[AuditResult]) -> tuple[int, int]:
    """How many documents should have been audited and were not, and how many are none to audit by what they are."""
    found = unread(results)
    return (
        len({chunk.uri for chunk in found if chunk.status == "failed"}),
        len({chunk.uri for chunk in found if chunk.status == "skipped"}),
    )


def looked(results: Sequence[AuditResult]) -> list[str]:
    """What there is to say of those who reviewed, each sentence once."""
    chunks = [chunk for result in results for chunk in result.chunks if chunk.status == "reviewed"]
    return list(dict.fromkeys(chunk.reason for chunk in chunks if chunk.reason))


def clean(text: str) -> str:
    """Without what steers a terminal or hides."""
    return _CONTROL.sub("\ufffd", text)


def readable(name: str) -> str:
    """The name of a file on one line, with escapes for what steers a terminal, hides or is no UTF-8."""
    return _NO_NAME.sub(_escape, name)


def _escape(found: re.Match[str]) -> str:
    number = ord(found[0])
    if 0xDC80 <= number <= 0xDCFF:  # how Python keeps a byte that is no UTF-8
        number -= 0xDC00
    return f"\\x{number:02x}" if number < 0x100 else f"\\u{number:04x}"


def _unreviewed(results: Sequence[AuditResult]) -> Iterator[ChunkReport]:
    return (chunk for result in results for chunk in result.chunks if chunk.status != "reviewed")


def _is_empty(chunk: ChunkReport) -> bool:
    return chunk.reason == NOTHING_THERE
