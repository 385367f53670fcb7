"""Audit requests: findings by a few plain rules over the code sent, and the ways in which a model gets it wrong."""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from tests.simulators.replies import Finish, Script
from tests.simulators.wire import Json


@dataclass(frozen=True, slots=True)
class AuditReply:
    """A reply before it is text: `body` is the WireReply, `wrap` turns its JSON into what the model writes."""

    body: Json
    wrap: Callable[[str], str] = str
    finish: Finish = "stop"
    refusal: str = ""
    """The model's own, in place of an answer."""

    def script(self) -> Script:
        if self.refusal:
            return Script(refusal=self.refusal)
        return Script(text=self.wrap(json.dumps(self.body, ensure_ascii=False)), finish=self.finish)


AuditFlaw = Callable[[AuditReply], AuditReply]


@dataclass(frozen=True, slots=True)
class _Rule:
    pattern: re.Pattern[str]
    rule: str
    severity: str
    title: str
    why: str
    fix: tuple[str, str] | None = None
    """A pattern and its replacement, applied to the quoted line."""


_RULES = (
    _Rule(
        re.compile(r"\b(?:eval|exec)\("),
        "code-injection",
        "high",
        "Text is run as code",
        "Whoever controls the text runs any code in this process.",
    ),
    _Rule(
        re.compile(r"^\s*except\s*:"),
        "swallowed-error",
        "medium",
        "Bare except",
        "It also catches SystemExit and KeyboardInterrupt, so the program cannot be stopped.",
        (r"except\s*:", "except Exception:"),
    ),
    _Rule(
        re.compile(r"[=!]= ?None\b"),
        "wrong-comparison",
        "low",
        "Comparison to None with an operator",
        "A class may define equality its own way; identity is meant.",
        (r"== ?None\b", "is None"),
    ),
    _Rule(
        re.compile(r"\bdef\b.*=\s*(?:\[\]|\{\}|set\(\)|list\(\)|dict\(\))"),
        "mutable-default",
        "medium",
        "Mutable default argument",
        "The value is shared by all calls: the second call sees what the first one left.",
    ),
    _Rule(
        re.compile(r"shell\s*=\s*True"),
        "command-injection",
        "high",
        "Command line through a shell",
        "A file name with a semicolon runs a second command.",
    ),
)

_NUMBERED = re.compile(r"^\s*(\d+)(?:\s*[|:→]|\t| )(.*)$")


def request_in(text: str) -> Json | None:
    """The audit request in a prompt: the object from the first `{` to the last `}`, if it carries an `audit_id`."""
    start, end = text.find("{"), text.rfind("}")
    if start < 0 or '"audit_id"' not in text:
        return None
    try:
        request = json.loads(text[start : end + 1])
    except ValueError:
        return None
    return request if isinstance(request, dict) and "audit_id" in request else None


def reply_to(request: Json) -> AuditReply:
    """The honest answer: nonce and chunk ids echoed, and what the rules find."""
    chunks: list[Json] = request.get("chunks", [])
    findings = [finding for chunk in chunks for finding in _findings(chunk)]
    reviewed = [chunk["id"] for chunk in chunks]
    return AuditReply({"audit_id": request["audit_id"], "reviewed": reviewed, "findings": findings})


def _findings(chunk: Json) -> Iterator[Json]:
    for number, line in code_lines(str(chunk.get("code", "")), int(chunk.get("start_line", 1))):
        for rule in _RULES:
            if rule.pattern.search(line) and not line.lstrip().startswith("#"):
                yield {
                    "quote": line,
                    "line": number,
                    "symbol": chunk.get("symbol") or "",
                    "why": rule.why,
                    "rule": rule.rule,
                    "severity": rule.severity,
                    "confidence": "high",
                    "title": rule.title,
                    "fix": re.sub(*rule.fix, line) if rule.fix else "",
                    "related": [],
                }


def code_lines(code: str, start: int) -> list[tuple[int, str]]:
    """(number, line) pairs; line numbers written into the code are read and taken off again."""
    lines = code.split("\n")
    matches = [_NUMBERED.match(line) for line in lines if line.strip()]
    if not matches or not all(matches):
        return list(enumerate(lines, start))
    pairs = [(int(match[1]), match[2]) for match in matches if match]
    spaced = all(text.startswith(" ") or not text for _, text in pairs)
    return [(number, text[1:] if spaced else text) for number, text in pairs]


def _with(reply: AuditReply, **changes: Any) -> AuditReply:
    return replace(reply, body={**reply.body, **changes})


def _each(reply: AuditReply, change: Callable[[Json], Json]) -> AuditReply:
    return _with(reply, findings=[change(finding) for finding in reply.body["findings"]])


def _truncated(reply: AuditReply) -> AuditReply:
    return replace(reply, wrap=lambda text: text[: len(text) * 2 // 3], finish="length")


def _flood(reply: AuditReply) -> AuditReply:
    some = reply.body["findings"] or [_invented({})]
    return _with(reply, findings=[{**some[number % len(some)], "title": f"Finding {number}"} for number in range(500)])


def _invented(finding: Json) -> Json:
    base = {"line": 1, "symbol": "", "why": "It fails.", "rule": "wrong-comparison", "severity": "high"}
    rest = {"confidence": "high", "title": "Invented", "fix": "", "related": []}
    return {**base, **rest, **finding, "quote": "this_line_is_in_no_file = frobnicate(42)"}


def _think(text: str) -> str:
    return f'<think>{{"findings": []}} is what they hope for.</think>\n{text}'


def _two(text: str) -> str:
    return f'{{"audit_id": "draft", "reviewed": [], "findings": []}}\n{text}'


FLAWS: dict[str, AuditFlaw] = {
    "truncated": _truncated,
    "wrong-nonce": lambda reply: _with(reply, audit_id="0" * 32),
    "missing-nonce": lambda reply: replace(reply, body={k: v for k, v in reply.body.items() if k != "audit_id"}),
    "not-reviewed": lambda reply: _with(reply, reviewed=[]),
    "clean": lambda reply: _with(reply, findings=[]),
    "invented-quotes": lambda reply: _with(reply, findings=[_invented(f) for f in reply.body["findings"] or [{}]]),
    "wrong-lines": lambda reply: _each(reply, lambda finding: {**finding, "line": finding["line"] + 37}),
    "prose": lambda reply: replace(reply, wrap=lambda text: f"Here is my review:\n\n{text}\n\nTell me {{more}}!"),
    "fences": lambda reply: replace(reply, wrap=lambda text: f"```json\n{text}\n```"),
    "think": lambda reply: replace(reply, wrap=_think),
    "two-objects": lambda reply: replace(reply, wrap=_two),
    "flood": _flood,
    "empty-candidates": lambda reply: replace(reply, wrap=lambda text: "", finish="nothing"),
    "refusal": lambda reply: replace(reply, refusal="I cannot help with that."),
    "safety": lambda reply: replace(reply, wrap=lambda text: "", finish="filter"),
}
"""Each is a persona `audit-<name>`."""
