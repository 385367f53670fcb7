"""What a web server answered, as text for a model."""

import re
import zlib
from email.message import Message

from maestro.errors import MaestroError
from maestro.tools.workers import worker
from maestro.transport import Page

_TEXT = re.compile(
    r"text/.+|application/(?:.+\+)?(?:json|xml|yaml|toml|javascript|x-javascript|ecmascript|x-ndjson|x-yaml|x-sh|sql"
    r"|graphql|json5|xhtml\+xml)|(?:image|model)/.+\+xml"
)
_HTML = ("text/html", "application/xhtml+xml")
_CHARSET = re.compile(
    r"(?:utf[-_]?(?:8|16|32)|us-ascii|ascii|latin-?1|iso-8859|windows-|cp\d|shift|sjis|euc|gb|big5|koi8).*"
)
"""Python knows encodings beside these that are none of text, or slow on purpose."""
_PARSE_SECONDS = 10.0


async def text_of(page: Page, limit: int) -> str:
    """The text of the page; of HTML what a reader would see.

    Raises:
        MaestroError: -32803 for what is no text, or cannot be decoded within `limit` bytes.
    """
    kind, charset = _content_type(page)
    if kind and not _TEXT.fullmatch(kind):
        raise MaestroError("requestFailed", "The URL leads to something that is not text; only text can be read.")
    text = _decoded(_expanded(page, limit), charset)
    if not kind and "\0" in text:
        raise MaestroError("requestFailed", "The URL leads to something that is not text; only text can be read.")
    if kind in _HTML or (not kind and text.lstrip()[:9].lower().startswith(("<!doctype", "<html"))):
        return await _without_markup(text)
    return text


def _content_type(page: Page) -> tuple[str, str]:
    header = Message()
    header["content-type"] = page.headers.get("content-type", "")
    charset = header.get_param("charset")
    kind = page.headers.get("content-type", "").partition(";")[0].strip().lower()
    return kind, charset.lower() if isinstance(charset, str) else ""


def _expanded(page: Page, limit: int) -> bytes:
    """The body without its compression, which was not asked for; never more than `limit` bytes."""
    match page.headers.get("content-encoding", "identity").strip().lower():
        case "identity" | "":
            return page.body
        case "gzip" | "x-gzip" | "deflate":
            try:
                return zlib.decompressobj(wbits=zlib.MAX_WBITS | 32).decompress(page.body, limit)
            except zlib.error:
                pass
    raise MaestroError("requestFailed", "The page is compressed in a way that cannot be read.")


def _decoded(body: bytes, charset: str) -> str:
    encoding = charset if _CHARSET.fullmatch(charset) else "utf-8"
    try:
        return body.decode(encoding, "replace")
    except LookupError:
        return body.decode("utf-8", "replace")


async def _without_markup(html: str) -> str:
    try:
        async with worker("page_text.py") as parser:
            answer = await parser.ask({"html": html}, _PARSE_SECONDS)
    except TimeoutError:
        raise MaestroError("requestFailed", "The page is built so that reading it takes too long.") from None
    text = answer.get("text") if isinstance(answer, dict) else None
    return text if isinstance(text, str) else ""
