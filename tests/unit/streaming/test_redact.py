"""Secrets are taken out of text; the text around them stays."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maestro.redact import MASK, redact

JWT = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJl"


@pytest.mark.parametrize(
    "secret",
    [
        "sk-proj-abcDEF123456_-789",
        "sk-ant-api03-abcDEF123456",
        "sk-ant-oat01-abcDEF123456",
        "sk-or-v1-0123456789abcdef",
        "AIzaSyA1234567890abcdefghij",
        "ya29.a0AfH6SNabcdef-_",
        "1//0gabcdefghijklmnop",
        "GOCSPX-abcdefghijkl",
        "gsk_abcdef1234567890",
        "xai-abcdef1234567890",
        "hf_abcdefghijkl",
        JWT,
    ],
)
@pytest.mark.parametrize("around", ["{}", "Incorrect key: {}.", '{{"x":"{}"}}', "https://h/p?q={}&r=1", "({})"])
def test_keys_by_their_shape(secret: str, around: str) -> None:
    text = redact(around.format(secret))
    assert secret.rstrip(".") not in text
    assert MASK in text


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        ("Authorization: Bearer abc.def-123", f"Authorization: Bearer {MASK}"),
        ("authorization: Basic dXNlcjpwdw==", f"authorization: Basic {MASK}"),
        ("GET /v1?key=abc123&alt=sse", f"GET /v1?key={MASK}&alt=sse"),
        (
            "grant_type=x&code=c1&code_verifier=v1&client_id=i",
            f"grant_type=x&code={MASK}&code_verifier={MASK}&client_id=i",
        ),
        ('{"access_token":"a","expires_in":1}', f'{{"access_token":"{MASK}","expires_in":1}}'),
        ('{"api_key" : "a\\"b", "x": 1}', f'{{"api_key" : "{MASK}", "x": 1}}'),
        ("{'refresh_token': \"a\"}", f"{{'refresh_token': \"{MASK}\"}}"),
        ('{"token":"cut off he', f'{{"token":"{MASK}"'),
        ("x-api-key: abcdef", f"x-api-key: {MASK}"),
        ("api_key=abc, next", f"api_key={MASK}, next"),
        ('{"code":"4/0AX4XfWhabcdefghijklmnopqrstuvwxyz"}', f'{{"code":"{MASK}"}}'),
    ],
)
def test_values_by_their_name(text: str, redacted: str) -> None:
    assert redact(text) == redacted


@pytest.mark.parametrize(
    "text",
    [
        '{"code":"rate_limit_exceeded","state":"idle","key":"value"}',
        '{"code":"response_incomplete_because_it_is_long_enough"}',
        "The monkey=banana task-force sk-1",
        '{"max_tokens": 5, "total_tokens": 7, "token_count": 3}',
        "Limit 200000 tokens per min. Visit https://platform.openai.com/account/rate-limits",
        "",
    ],
)
def test_harmless_text_stays(text: str) -> None:
    assert redact(text) == text


@given(st.text())
def test_redacting_twice_changes_nothing(text: str) -> None:
    once = redact(text)
    assert redact(once) == once
