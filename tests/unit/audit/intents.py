"""A record of the ledger, as rules look at it."""

from datetime import UTC, datetime

from maestro_protocol.intents import IntentRecord


def record(**named: object) -> IntentRecord:
    """A call of `apply_edit` that was to make tests pass and was called a low risk, unless `named` says otherwise."""
    fields: dict[str, object] = {
        "id": "int_1",
        "turn_id": "turn_1",
        "tool_call_id": "call_1",
        "tool": "apply_edit",
        "purpose": "test_pass",
        "scope": "src/shop.py",
        "risk_level": "medium",
        "declared_by": "model",
        "model": "openai/gpt-5.5",
        "prev_hash": "0",
        "hash": "1",
        "at": datetime(2026, 1, 2, tzinfo=UTC),
    }
    return IntentRecord.model_validate({**fields, **named}, by_name=True)
