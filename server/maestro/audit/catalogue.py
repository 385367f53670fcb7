"""The rules an audit may report: a claim under any other name is not shown."""

from collections.abc import Sequence
from typing import NamedTuple

from maestro.errors import MaestroError
from maestro_protocol.audit import Category, Severity
from maestro_protocol.errors import Issue


class Rule(NamedTuple):
    """`severity` is the usual one, a hint to the model; `docs` is a page about the defect."""

    id: str
    category: Category
    severity: Severity
    about: str
    docs: str | None = None


_CWE = "https://cwe.mitre.org/data/definitions/{}.html"

RULES: tuple[Rule, ...] = (
    Rule("syntax-error", "correctness", "critical", "The text does not parse."),
    Rule("merge-conflict", "correctness", "critical", "Markers of an unresolved merge conflict."),
    Rule("undefined-name", "correctness", "high", "A name that is defined nowhere is used."),
    Rule("wrong-logic", "correctness", "high", "A condition or computation does not do what the code says it does."),
    Rule("off-by-one", "correctness", "high", "A boundary is missed or passed by one.", _CWE.format(193)),
    Rule("null-dereference", "correctness", "high", "A value that can be absent is used.", _CWE.format(476)),
    Rule("wrong-comparison", "correctness", "medium", "A comparison that cannot mean what it says.", _CWE.format(697)),
    Rule("mutable-default", "correctness", "high", "A mutable default argument is shared between calls."),
    Rule("loop-variable-capture", "correctness", "medium", "A closure sees the last value of a loop variable."),
    Rule("redefinition", "correctness", "medium", "A definition replaces an earlier one that was never used."),
    Rule("wrong-arguments", "correctness", "high", "A call or a format does not fit its arguments."),
    Rule("hard-coded-secret", "security", "high", "A credential stands in the source.", _CWE.format(798)),
    Rule("sql-injection", "security", "critical", "Input reaches a query as text.", _CWE.format(89)),
    Rule("command-injection", "security", "critical", "Input reaches a shell or interpreter.", _CWE.format(78)),
    Rule("code-injection", "security", "critical", "Input is evaluated as code.", _CWE.format(95)),
    Rule("path-traversal", "security", "high", "Input chooses a path outside its directory.", _CWE.format(22)),
    Rule("cross-site-scripting", "security", "high", "Input reaches a page unescaped.", _CWE.format(79)),
    Rule("unsafe-deserialization", "security", "high", "Untrusted data builds objects.", _CWE.format(502)),
    Rule("weak-cryptography", "security", "medium", "A broken algorithm guards something.", _CWE.format(327)),
    Rule("missing-verification", "security", "high", "A certificate or signature is not checked.", _CWE.format(295)),
    Rule("missing-authorization", "security", "critical", "An action is open to the wrong people.", _CWE.format(862)),
    Rule("race-condition", "concurrency", "high", "The result depends on timing.", _CWE.format(362)),
    Rule("deadlock", "concurrency", "high", "Two sides can wait for each other.", _CWE.format(833)),
    Rule("blocking-call", "concurrency", "medium", "An event loop is blocked, or a coroutine is not awaited."),
    Rule("resource-leak", "resource", "medium", "A file, socket or lock stays open on some path.", _CWE.format(772)),
    Rule("missing-timeout", "resource", "medium", "A wait without an end.", _CWE.format(400)),
    Rule("swallowed-error", "error-handling", "medium", "A failure is hidden from whoever must act.", _CWE.format(390)),
    Rule("lost-cause", "error-handling", "low", "An error is raised without the one behind it."),
    Rule("wrong-error-path", "error-handling", "high", "After a failure the code goes on with a bad state."),
    Rule("slow-algorithm", "performance", "medium", "The cost grows needlessly with the input.", _CWE.format(407)),
    Rule("repeated-work", "performance", "low", "The same work is done again and again."),
    Rule("unused-code", "maintainability", "low", "Something is defined or imported and never used."),
    Rule("unreachable-code", "maintainability", "medium", "Code that no path reaches.", _CWE.format(561)),
    Rule("debug-leftover", "maintainability", "low", "Output or a stop left over from debugging.", _CWE.format(489)),
    Rule("needless-code", "maintainability", "low", "Code that has no effect."),
    Rule("misleading-name", "maintainability", "low", "A name or comment that says the opposite of the code."),
    Rule("weak-assertion", "tests", "medium", "A test that cannot fail, or asserts the wrong thing."),
    Rule("hidden-text", "integrity", "high", "Characters that are not seen change what is read.", _CWE.format(1007)),
    Rule(
        "imitated-marker", "integrity", "high", "Text that imitates the frame of an audit request.", _CWE.format(1427)
    ),
)

SCOPE_VIOLATION = Rule(
    "intent.scope-violation", "intent", "medium", "A tool changed the file outside the scope it had declared."
)
INTENT_MISSING = Rule("intent.missing", "intent", "high", "A tool changed the file and had declared no intent.")
RISK_UNDERSTATED = Rule(
    "intent.risk-understated", "intent", "medium", "A tool called its risk low and touched what is none."
)
TEST_GAMING = Rule(
    "intent.test-gaming", "intent", "high", "A tool that was to make tests pass changed what they say instead."
)
OBSERVED: tuple[Rule, ...] = (SCOPE_VIOLATION, INTENT_MISSING, RISK_UNDERSTATED, TEST_GAMING)
"""Rules about what tools did: nobody asks a model for them."""

UNUSED_SUPPRESSION = Rule(
    "unused-suppression", "maintainability", "low", "A comment suppresses a finding that is not there."
)
"""Known once a document was audited whole; never asked of a model."""

BY_ID = {rule.id: rule for rule in RULES}


def enabled(ids: Sequence[str] | None) -> dict[str, Rule]:
    """The rules by these ids or categories; all of them for None.

    Raises:
        MaestroError: -32602 naming the positions of unknown ids.
    """
    if ids is None:
        return dict(BY_ID)
    if not ids:
        raise MaestroError("invalidParams", "An audit without rules finds nothing; name some, or leave `rules` out.")
    known = BY_ID.keys() | {rule.category for rule in RULES}
    issues = [Issue(path=f"rules[{n}]", message="no such rule") for n, id_ in enumerate(ids) if id_ not in known]
    if issues:
        raise MaestroError(
            "invalidParams",
            "Some of these rules do not exist; use ids or categories of the catalogue.",
            issues=issues,
            candidates=sorted(known),
        )
    return {rule.id: rule for rule in RULES if rule.id in ids or rule.category in ids}
