"""How much a Gemini model may think: budgets up to 2.5, levels from 3 on."""

from maestro_protocol.base import JsonObject
from maestro_protocol.chat import Effort

_WITHOUT_THINKING = ("gemini-1", "gemini-2.0", "gemma-", "learnlm")
"""Models that refuse a request for thoughts, because they have none."""
_BUDGETS: dict[Effort, int] = {
    "none": 0,
    "minimal": 1_024,
    "low": 1_024,
    "medium": 8_192,
    "high": 24_576,
    "xhigh": 24_576,
    "max": 24_576,
}
"""Tokens, as Google's OpenAI-compatible endpoint maps efforts to them."""
_SMALLEST_PRO_BUDGET = 128
"""2.5 Pro cannot be told not to think."""
_LARGEST_BUDGET = _BUDGETS["max"]
_LEVELS: dict[Effort, str] = {
    "none": "MINIMAL",
    "minimal": "MINIMAL",
    "low": "LOW",
    "medium": "MEDIUM",
    "high": "HIGH",
    "xhigh": "HIGH",
    "max": "HIGH",
}


def room_to_think(model: str, effort: Effort | None = None) -> tuple[JsonObject | None, int]:
    """How an audit lets a model think, and how many tokens that takes of the output cap, which thoughts count towards.

    A budget where one can be set; from 3 on the model's own level, which all of them take, unless an effort is given.
    """
    name = model.removeprefix("models/")
    if not thinks(model):
        return None, 0
    if name.startswith("gemini-2.5"):
        budget = _budget(name, effort or "medium")
        return {"thinkingBudget": budget}, budget
    return None if effort is None else {"thinkingLevel": _level(name, effort)}, _LARGEST_BUDGET


def thinks(model: str) -> bool:
    """Whether the model has thoughts that can be asked for."""
    return not model.removeprefix("models/").startswith(_WITHOUT_THINKING)


def takes_temperature(model: str) -> bool:
    """From Gemini 3 on Google warns of loops and worse reasoning below the default of 1 (Gemini 3 developer guide)."""
    return model.removeprefix("models/").startswith((*_WITHOUT_THINKING, "gemini-2.5"))


def thinking_config(model: str, effort: Effort | None) -> JsonObject | None:
    """Thoughts are asked for wherever there are any; how many is the model's affair unless an effort is given."""
    name = model.removeprefix("models/")
    if not thinks(model):
        return None
    config: JsonObject = {"includeThoughts": True}
    if effort is None:
        return config
    if name.startswith("gemini-2.5"):
        return config | {"thinkingBudget": _budget(name, effort)}
    return config | {"thinkingLevel": _level(name, effort)}


def _budget(name: str, effort: Effort) -> int:
    return max(_BUDGETS[effort], _SMALLEST_PRO_BUDGET if _is_pro(name) else 0)


def _level(name: str, effort: Effort) -> str:
    level = _LEVELS[effort]
    return "LOW" if _is_pro(name) and level == "MINIMAL" else level


def _is_pro(name: str) -> bool:
    return "pro" in name.split("-")
