"""How requests become batches."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maestro.audit.asking.exchange import RawReply, StructuredRequest
from maestro.services import audit_batch
from maestro.services.audit_batch import Waiting, portions


def waiting(size: int) -> Waiting:
    loop = asyncio.new_event_loop()
    reply: asyncio.Future[RawReply] = loop.create_future()
    loop.close()
    return Waiting(StructuredRequest("m", "", "ä" * (size // 2), {}, 1), reply)


@given(st.lists(st.integers(0, 100_000), max_size=30))
def test_portions_keep_the_order_and_fit(sizes: list[int]) -> None:
    every = [waiting(size) for size in sizes]
    parts = [*portions(every, most_bytes=150_000, most_requests=7)]
    assert [one for part in parts for one in part] == every
    for part in parts:
        assert 0 < len(part) <= 7
        assert len(part) == 1 or sum(len(one.request.user.encode()) for one in part) <= 150_000


@pytest.mark.parametrize(("count", "parts"), [(0, 0), (1, 1), (1_000, 1), (1_001, 2)])
def test_so_many_go_in_one(count: int, parts: int) -> None:
    one = waiting(10)
    assert len([*audit_batch.portions([one] * count)]) == parts
