"""The program that matches a pattern with texts, for `workers.py`: only killing it ends a catastrophic match.

The first line it reads is `{"pattern"}`, answered by `{}` or `{"error": position or null}`; each line after that is
`{"text", "limit"}`, answered by `{"found": [[line number, line], …]}`.
"""

import json
import re
import sys
from collections.abc import Iterator
from typing import BinaryIO

_LINE_END = re.compile(r"\r\n|\r|\n")
_AROUND = 200
"""Characters shown before and after the place in a longer line."""


def matches(pattern: re.Pattern[str], text: str) -> Iterator[tuple[int, str]]:
    """The lines in which the pattern is found, with their numbers from 1."""
    for number, line in enumerate(_LINE_END.split(text), 1):
        if found := pattern.search(line):
            yield number, excerpt(line, found.start(), found.end())


def excerpt(line: str, start: int, end: int) -> str:
    """The line, or of a long one what stands around the place."""
    first, last = max(0, start - _AROUND), min(len(line), min(end, start + _AROUND) + _AROUND)
    return f"{'…' if first else ''}{line[first:last]}{'…' if last < len(line) else ''}"


def serve(questions: BinaryIO, answers: BinaryIO) -> None:
    def answer(value: object) -> None:
        answers.write(json.dumps(value).encode() + b"\n")
        answers.flush()

    try:
        pattern = re.compile(json.loads(questions.readline())["pattern"])
    except (re.error, OverflowError, RecursionError) as error:
        return answer({"error": getattr(error, "pos", None)})
    answer({})
    for line in questions:
        question = json.loads(line)
        found = []
        for match in matches(pattern, question["text"]):
            found.append(match)
            if len(found) >= question["limit"]:
                break
        answer({"found": found})


if __name__ == "__main__":
    serve(sys.stdin.buffer, sys.stdout.buffer)
