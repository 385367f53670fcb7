"""The pages the browser ends on."""

import re
from base64 import b64encode
from hashlib import sha256

import pytest

from maestro.auth import pages

PAGES = {"success": pages.success(), "failure": pages.failure("It broke."), "neutral": pages.neutral()}


@pytest.mark.parametrize("page", PAGES.values(), ids=PAGES)
def test_a_page_stands_alone_and_leads_back_to_the_editor(page: bytes) -> None:
    head, _, body = page.decode().partition("\r\n\r\n")
    assert f"Content-Length: {len(body.encode())}" in head
    assert "default-src 'none'" in head
    assert "Referrer-Policy: no-referrer" in head
    assert not re.search(r"https?:|//|src=|href=|<script|url\(", body)
    assert "color-scheme:light dark" in body
    assert "editor" in body
    assert len(page) < 2048


def test_the_style_is_the_one_the_policy_allows() -> None:
    head, _, body = pages.success().decode().partition("\r\n\r\n")
    style = re.search(r"<style>(.*)</style>", body)
    assert style
    assert f"'sha256-{b64encode(sha256(style.group(1).encode()).digest()).decode()}'" in head


def test_somebody_elses_words_are_text() -> None:
    assert b"<img" not in pages.failure('<img src="x">')
    assert b"&lt;img" in pages.failure('<img src="x">')


def test_no_content_has_no_length_and_no_body() -> None:
    answer = pages.response(204)
    assert answer.endswith(b"\r\n\r\n")
    assert b"Content-Length" not in answer
