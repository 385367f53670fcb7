"""The program that reduces a web page to its text, for `workers.py`: a hostile page can keep a parser busy for long.

A line it reads is `{"html"}`, answered by `{"text"}`.
"""

import json
import re
import sys
from collections.abc import Sequence
from html.parser import HTMLParser
from typing import BinaryIO

_UNSEEN = frozenset(("script", "style", "template", "noscript", "svg", "math", "iframe", "object"))
_BLOCKS = frozenset(
    "address article aside blockquote body br dd details div dl dt fieldset figcaption figure footer form h1 h2 h3 h4"
    " h5 h6 head header hr html li main nav ol option p pre section summary table tbody thead title tr ul".split()
)
_SPACE = re.compile(r"[ \t\r\n\f]+")


class PageText(HTMLParser):
    """Collects what a reader of the page would see, a block per line."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._pieces: list[str] = []
        self._unseen: list[str] = []
        self._preformatted = 0

    def handle_starttag(self, tag: str, attrs: Sequence[tuple[str, str | None]]) -> None:
        if tag in _UNSEEN:
            self._unseen.append(tag)
        if tag in _BLOCKS:
            self._pieces.append("\n- " if tag == "li" else "\n")
        elif tag in ("td", "th"):
            self._pieces.append(" | ")
        if tag == "pre":
            self._preformatted += 1

    def handle_startendtag(self, tag: str, attrs: Sequence[tuple[str, str | None]]) -> None:
        if tag in _BLOCKS:
            self._pieces.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in self._unseen:
            del self._unseen[self._unseen.index(tag) :]
        if tag in _BLOCKS:
            self._pieces.append("\n")
        if tag == "pre":
            self._preformatted = max(0, self._preformatted - 1)

    def handle_data(self, data: str) -> None:
        if not self._unseen:
            self._pieces.append(data if self._preformatted else _SPACE.sub(" ", data))

    @property
    def text(self) -> str:
        lines = (line.rstrip() if line.startswith("  ") else line.strip() for line in "".join(self._pieces).split("\n"))
        return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip("\n")


def text_of(html: str) -> str:
    parser = PageText()
    parser.feed(html)
    parser.close()
    return parser.text


def serve(questions: BinaryIO, answers: BinaryIO) -> None:
    for line in questions:
        answers.write(json.dumps({"text": text_of(json.loads(line)["html"])}).encode() + b"\n")
        answers.flush()


if __name__ == "__main__":
    serve(sys.stdin.buffer, sys.stdout.buffer)
