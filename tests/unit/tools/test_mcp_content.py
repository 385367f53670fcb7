"""Results of MCP tools as text."""

from hypothesis import given
from hypothesis import strategies as st
from mcp.types import (
    AudioContent,
    BlobResourceContents,
    CallToolResult,
    ContentBlock,
    EmbeddedResource,
    ImageContent,
    ResourceLink,
    TextContent,
    TextResourceContents,
)

from maestro.tools.mcp_content import cap, clean, to_text


def test_texts_are_joined_and_everything_else_is_a_line() -> None:
    blocks: list[ContentBlock] = [
        TextContent(text="first"),
        ImageContent(data="eHh4eHh4", mime_type="image/png"),
        AudioContent(data="eHh4", mime_type="audio/wav"),
        ResourceLink(name="notes", uri="file:///notes.md"),
        EmbeddedResource(resource=TextResourceContents(uri="file:///a.txt", mime_type="text/plain", text="hello")),
        EmbeddedResource(resource=BlobResourceContents(uri="file:///b.bin", blob="eHh4")),
        TextContent(text="last"),
    ]
    assert to_text(CallToolResult(content=blocks)).splitlines() == [
        "first",
        "[image image/png 6 bytes]",
        "[audio audio/wav 3 bytes]",
        "[resource link notes file:///notes.md]",
        "[resource file:///a.txt text/plain 5 characters]",
        "[resource file:///b.bin 3 bytes]",
        "last",
    ]


def test_structured_content_alone_is_shown() -> None:
    assert to_text(CallToolResult(content=[], structured_content={"n": 1})) == '{"n": 1}'
    assert to_text(CallToolResult(content=[TextContent(text="t")], structured_content={"n": 1})) == "t"
    assert to_text(CallToolResult(content=[])) == ""


def test_configured_values_go_and_words_stay() -> None:
    secrets = ["Bearer correct-horse-battery", "production", "/var/lib/maestro/data", "correct-horse-battery-staple"]
    said = "production /var/lib/maestro/data correct-horse-battery correct-horse-battery-staple"
    assert clean(said, secrets) == "production /var/lib/maestro/data [redacted] [redacted]"


def test_keys_go_by_their_shape() -> None:
    assert "sk-" not in clean("use sk-ant-api03-abcdefghijklmnop now", [])


@given(st.text(max_size=400), st.integers(2, 200))
def test_the_middle_of_too_much_is_left_out(text: str, limit: int) -> None:
    capped = cap(text, limit)
    data = text.encode()
    if len(data) <= limit:
        assert capped == text
    else:
        head, _, tail = capped.partition(f"\n[{len(data) - limit} bytes left out]\n")
        assert text.startswith(head)
        assert text.endswith(tail)
        assert len(head.encode()) + len(tail.encode()) <= limit
