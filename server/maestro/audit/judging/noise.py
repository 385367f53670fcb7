"""Which claims are not worth a reader's time, and which findings go when there are too many."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from maestro.audit.asking.wire import WireFinding
from maestro.audit.catalogue import BY_ID, Rule
from maestro_protocol.audit import Confidence, Finding, Severity

RANK: Mapping[Severity, int] = {"critical": 0, "high": 1, "medium": 2, "low": 3}
SURENESS: Mapping[Confidence, int] = {"high": 0, "medium": 1, "low": 2}

_ADVICE = re.compile(
    r"(?i)\W*(?:please\s+)?(?:(?:you|we|it)\s+(?:should|may want to|might want to|could|would be better to)\s+)?"
    r"(?:ensure|verify|consider|make sure|double[- ]check|be sure|be careful|it is recommended|review whether)\b"
)
# What only somebody says who has a failure in mind; "it fails" says everybody.
_DEFECT = re.compile(
    r"(?i)\b(?:\w+(?:error|exception)|raises?|throws?|crash\w*|panics?|leak\w*|deadlock\w*|hangs?|inject\w*|attacker"
    r"|overflow\w*|corrupt\w*|los(?:t|es?)|none|null|undefined|never|wrong|twice|stays? open|unescaped|unhandled)\b"
)
_NO_DEFECT = re.compile(
    r"(?i)(?:^\W*(?:there (?:is|are)\s+)?no\s+(?:(?:real|actual|obvious|known|apparent)\s+)?"
    r"(?:issue|defect|bug|problem|vulnerabilit|finding)\w*\b(?!\s+(?:is|are)\s+(?:raised|reported|logged|shown|returned))"
    r"|\b(?:this|the)\s+(?:code|line|function|method|implementation|logic|call|usage|check)\s+"
    r"(?:is|looks|seems|appears)\s+(?:already\s+|to be\s+)*(?:correct|fine|safe|ok|okay|good|valid)\b"
    r"|\balready\s+(?:correct|fine|safe|handled correctly)\b"
    r"|\b(?:is\s+)?not\s+(?:really\s+|actually\s+)?an?\s+(?:issue|bug|defect|problem|vulnerability)\b"
    r"|\bno\s+(?:fix|change|action)s?\s+(?:is\s+|are\s+)?(?:needed|required|necessary)\b"
    r"|\bfalse positive\b|\bworks\s+as\s+(?:intended|expected|designed)\b|\blgtm\b)"
)
_CONTRAST = re.compile(r"(?i)\b(?:but|however|except|unless|only|until|although|though|yet)\b")
_TOKEN = re.compile(r"\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'|\w+|[^\w\s]")

T = TypeVar("T")


def reject_reason(
    claim: WireFinding, rules: Mapping[str, Rule], min_severity: Severity = "low", file: str = ""
) -> str | None:
    """Why a claim is not worth a place, as a key of `AuditResult.rejected`; None if it is. `file` is the one sent."""
    if claim.rule not in rules:
        return "ruleNotEnabled" if claim.rule in BY_ID else "unknownRule"
    if RANK[claim.severity] > RANK[min_severity]:
        return "belowSeverity"
    if file and claim.file and _base(claim.file) != _base(file):
        return "otherFile"
    if claim.fix and same_code(claim.fix, claim.quote):
        return "fixIsQuote"
    return None if names_defect(claim.title, claim.why) else "noDefect"


def names_defect(title: str, why: str) -> bool:
    """Whether somebody claims that something fails, instead of giving advice or saying that all is well."""
    if not why.strip():
        return False
    if any(_NO_DEFECT.search(text) and not _CONTRAST.search(text) for text in (title, why)):
        return False
    return not (_ADVICE.match(title) or _ADVICE.match(why)) or _DEFECT.search(why) is not None


def same_code(one: str, other: str) -> bool:
    """Whether two texts differ in spacing only. Indentation is more than that, where both have it."""
    (first, indents), (second, others) = _shape(one), _shape(other)
    if first != second or not indents:
        return first == second
    if bool(indents[0]) == bool(others[0]):
        return indents == others
    # A first line without indentation was copied from its first word on: it says nothing about the others.
    return _relative(indents) == _relative(others) or _relative(indents[1:]) == _relative(others[1:])


def most_telling(findings: Sequence[T], limit: int, rank: Callable[[T], tuple[int, ...]]) -> tuple[list[T], int]:
    """At most so many, in the order given, and how many more there are; the last by rank, then by order, go."""
    order = sorted(range(len(findings)), key=lambda index: (*rank(findings[index]), index))
    kept = sorted(order[:limit])
    return [findings[index] for index in kept], len(order) - len(kept)


def rank(finding: Finding) -> tuple[int, int]:
    """The most severe first, among them the surest."""
    return RANK[finding.severity], SURENESS[finding.confidence]


def more(count: int) -> str:
    """What a reader is told of those beyond the cap."""
    findings = "1 more finding is" if count == 1 else f"{count} more findings are"
    return f"{findings} not shown; repair some of these and run the audit again."


def _shape(text: str) -> tuple[list[list[str]], list[int]]:
    """The tokens of every line that is not blank, and how far each is indented."""
    lines = [line for line in re.split(r"\r\n|\r|\n", text) if line.strip()]
    return [_TOKEN.findall(line) for line in lines], [len(line) - len(line.lstrip()) for line in lines]


def _relative(indents: list[int]) -> list[int]:
    return [indent - indents[0] for indent in indents]


def _base(path: str) -> str:
    return re.split(r"[/\\]", path.strip())[-1].casefold()
