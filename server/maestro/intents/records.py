"""A record of the ledger, put together from its entries."""

import json
from collections.abc import Iterable
from datetime import UTC, datetime

from pydantic import ValidationError

from maestro.errors import MaestroError
from maestro.intents.chain import Entry
from maestro_protocol.base import JsonObject
from maestro_protocol.intents import IntentRecord


def record_of(entries: Iterable[Entry]) -> IntentRecord:
    """A record from its entries, the first one first.

    Raises:
        MaestroError: 4901 if one of them was tampered with so that it cannot be read.
    """
    first, *_ = there = list(entries)
    fields: JsonObject = {
        "id": first.intent_id,
        "chatId": first.chat_id,
        "tool": first.tool,
        "purpose": first.purpose,
        "riskLevel": first.risk_level,
        "at": first.at,
        "prevHash": there[-1].prev_hash,
        "hash": there[-1].hash,
    }
    try:
        for entry in there:
            fields = {**json.loads(entry.body), **fields}
        return IntentRecord.from_wire(fields)
    except (ValueError, TypeError, ValidationError, RecursionError) as error:
        message = "A record of the ledger cannot be read; verify the ledger to learn which one was changed."
        raise MaestroError("storageFailed", message, retryable=False) from error


def written(time: datetime) -> str:
    """A time as the ledger has it: UTC, always equally long, so that texts sort as times do. UTC if it has no zone."""
    zoned = time if time.tzinfo else time.replace(tzinfo=UTC)
    return zoned.astimezone(UTC).isoformat(timespec="microseconds")
