"""Reasoning written into the text as JSON is recognised; ordinary text is neither eaten nor kept waiting."""

import pytest

from maestro.streaming.wire.reasoning_json import ReasoningJson, Sorted

ITEM = (
    '{"type": "reasoning", "summary": [{"type": "summary_text", "text": "a}"}, {"type": "summary_text", "text": "b"}]}'
)


def sort(*pieces: str) -> tuple[str, str]:
    finder = ReasoningJson()
    found = [finder.push(piece) if not finder.decided else Sorted("", piece) for piece in pieces]
    return "".join(f.reasoning for f in found), "".join(f.content for f in found) + finder.flush()


@pytest.mark.parametrize(
    ("text", "reasoning"),
    [
        (ITEM, "a}\n\nb"),
        ('{"type":"summary_text","text":"x"}', "x"),
        ('{"type":"reasoning_text","text":"x"}', "x"),
        ('{"type":"reasoning","id":"rs_1","content":[{"type":"reasoning_text","text":"x"}]}', "x"),
        ('{"reasoning":{"summary":[{"type":"summary_text","text":"x"}]}}', "x"),
        ('{"summary":[{"type":"summary_text","text":"x"}]}', "x"),
    ],
)
def test_items_are_recognised_however_they_are_cut(text: str, reasoning: str) -> None:
    for cut in range(len(text)):
        assert sort(text[:cut], text[cut:], "Answer") == (reasoning, "Answer")
    assert sort(*text, *"Answer") == (reasoning, "Answer")
    assert sort("\n " + text + text + "Answer") == (reasoning * 2, "Answer")


@pytest.mark.parametrize("text", ['{"reasoning":"x"}', '{"reasoning":"x","next_speaker":"model"}'])
def test_a_bare_item_is_recognised_where_it_comes_whole(text: str) -> None:
    assert sort(text, "Answer") == ("x", "Answer")


@pytest.mark.parametrize(
    "text",
    [
        "Hello {",
        '{"city":"Paris"}',
        '{"reasoning":"x","answer":1}',
        '{"reasoning":1}',
        '{"reasoning":{"steps":[]}}',
        '{"summary":"short"}',
        '{"summary":[]}',
        '{"summary":[{"type":"other"}]}',
        '{"type":"reasoning","answer":42}',
        '{"type":"function"}',
        '{"',
        "{}",
        "{" * 5000,
        " \n",
        '{"type":"reasoning","text":"' + "x" * 70_000,
    ],
)
def test_other_text_is_left(text: str) -> None:
    assert sort(text) == ("", text)
    assert sort(*text) == ("", text)


def test_ordinary_json_is_not_kept_waiting() -> None:
    finder = ReasoningJson()
    assert finder.push('{"ci') == Sorted("", '{"ci')
    assert finder.decided
    finder = ReasoningJson()
    assert finder.push('{"reasoning"') == Sorted("", "")
    assert finder.push(': "Because') == Sorted("", '{"reasoning": "Because')
