"""What was sent is counted, whatever its service told of it."""

from maestro.services.untold import completed
from maestro_protocol.chat import ChatMessage, Usage

ASKED = [ChatMessage(role="user", content="word " * 100)]


def test_where_nothing_was_told_both_sides_are_estimated() -> None:
    usage = completed(Usage(), ASKED, (), ["word " * 50, "word"])
    assert 100 <= usage.input_tokens <= 110
    assert 50 <= usage.output_tokens <= 60
    assert usage.total_tokens == usage.input_tokens + usage.output_tokens
    assert usage.estimated


def test_a_prompt_that_was_told_stays() -> None:
    told = Usage(input_tokens=7, cache_read_tokens=20, output_tokens=1, total_tokens=28)
    usage = completed(told, ASKED, (), ["word " * 50])
    assert (usage.input_tokens, usage.cache_read_tokens) == (7, 20)
    assert usage.output_tokens >= 50
    assert usage.total_tokens == 27 + usage.output_tokens


def test_an_output_that_was_told_and_is_more_than_was_heard_stays() -> None:
    told = Usage(input_tokens=7, output_tokens=90, reasoning_tokens=80, total_tokens=97)
    assert completed(told, ASKED, (), ["word"]) == told
