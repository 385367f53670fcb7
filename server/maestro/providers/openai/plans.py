"""Which mode a login is used in: the service's rule of today, and the one of August 2025 (providers.md 0.5, A.5.7)."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from maestro_protocol.sessions import Mode

Rule: TypeAlias = Literal["current", "2025-08"]
RULES: tuple[Rule, ...] = ("current", "2025-08")

PERSONAL = ("free", "go", "plus", "pro", "prolite", "free_workspace")
WORKSPACE = (
    "team",
    "self_serve_business_usage_based",
    "business",
    "enterprise_cbp_usage_based",
    "enterprise",
    "hc",
    "education",
    "edu",
    "finserv",
    "k12",
    "quorum",
)
_CHATGPT_IN_2025 = ("free", "plus", "pro", "team")
_OPENAI_STAFF = "@openai.com"


@dataclass(frozen=True, slots=True)
class Choice:
    """The mode that is wanted, and what the user should know about it."""

    mode: Mode
    notice: str | None = None


def choose(rule: Rule, plan: str | None, email: str | None) -> Choice:
    """The mode for an account; `plan` is the id token's `chatgpt_plan_type`."""
    return _choose_as_in_2025(plan, email) if rule == "2025-08" else _choose_as_today(plan)


def _choose_as_today(plan: str | None) -> Choice:
    """ChatGPT for every plan, those nobody here knows included."""
    if plan in (*PERSONAL, *WORKSPACE):
        return Choice("chatgpt")
    return Choice("chatgpt", f"{_named(plan)}; the session uses ChatGPT mode, as OpenAI's own client would.")


def _choose_as_in_2025(plan: str | None, email: str | None) -> Choice:
    if plan in _CHATGPT_IN_2025 or (email or "").lower().endswith(_OPENAI_STAFF):
        return Choice("chatgpt")
    told = f"The ChatGPT plan is `{plan}`" if plan in (*PERSONAL, *WORKSPACE) else _named(plan)
    return Choice("api_key", f"{told}; under the mode rule 2025-08 it is used with an API key, billed by the platform.")


def _named(plan: str | None) -> str:
    """Only a short word is repeated: the claim may hold anything."""
    if plan and len(plan) <= 40 and plan.replace("_", "").isalnum():
        return f"The ChatGPT plan `{plan}` is not known here"
    return "OpenAI did not say which ChatGPT plan this is"
