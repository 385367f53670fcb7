"""What people do to a text between two looks at it: each transaction is edits, in order, each against the text then."""

import difflib
import re
from collections.abc import Callable, Iterator, Sequence
from random import Random
from typing import TypeAlias

from maestro.audit.moving.edits import Edit, apply
from maestro.positions import split_lines

Transaction: TypeAlias = list[Edit]
_WORDS = ("value", "self.cache", "x", "await ", "(result)", " + 1", ", key", "not ", "é", "😀", ".strip()", "if ok:")
_WORD = re.compile(r"\b[A-Za-z_]{4,}\b")


def transact(random: Random, text: str, count: int) -> Iterator[Transaction]:
    """Random transactions, each against the text that those before it left; some undo the one before."""
    last: Transaction = []
    for _ in range(count):
        act = random.choices(list(_ACTS), list(_ACTS.values()))[0]
        edits = last if random.random() < 0.06 else act(random, text)
        undone = list(_inverse(text, edits))
        yield edits
        text, last = apply(text, edits), undone


def between(before: str, after: str) -> list[Transaction]:
    """The hunks from one release to the next, from the last to the first: lines by difflib, then the characters."""
    old, new = split_lines(before), split_lines(after)
    starts = _starts(old)
    hunks = []
    for tag, i, i_end, j, j_end in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag == "replace" and i_end - i == j_end - j:
            pairs = reversed(list(zip(range(i, i_end), range(j, j_end), strict=True)))
            hunks.append([edit for a, b in pairs for edit in _retyped(starts[a], old[a], new[b])])
        elif tag != "equal":
            hunks.append([Edit(starts[i], starts[i_end], "".join(new[j:j_end]))])
    return hunks[::-1]


def _retyped(at: int, old: str, new: str) -> Transaction:
    codes = difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
    return [Edit(at + i, at + i_end, new[j:j_end]) for tag, i, i_end, j, j_end in codes[::-1] if tag != "equal"]


def _inverse(text: str, edits: Sequence[Edit]) -> Iterator[Edit]:
    undone = []
    for edit in edits:
        undone.append(Edit(edit.start, edit.start + len(edit.text), text[edit.start : edit.end]))
        text = apply(text, [edit])
    return reversed(undone)


def _starts(lines: Sequence[str]) -> list[int]:
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line))
    return starts


def _some_lines(random: Random, lines: Sequence[str], most: int) -> tuple[int, int]:
    first = random.randrange(max(len(lines) - 1, 1))
    return first, min(first + random.randint(1, most), len(lines))


def type_words(random: Random, text: str) -> Transaction:
    """A word, key by key, with now and then a key taken back."""
    at = random.randint(0, len(text))
    edits = []
    for key in random.choice(_WORDS):
        edits.append(Edit(at, at, key))
        at += 1
        if random.random() < 0.1:
            edits += [Edit(at - 1, at, ""), Edit(at - 1, at - 1, key)]
    return edits


def open_line(random: Random, text: str) -> Transaction:
    """Enter at the end of a line, and a new line below it."""
    lines = split_lines(text) or [""]
    at = random.randrange(len(lines))
    end = _starts(lines)[at] + len(lines[at].rstrip("\r\n"))
    indent = lines[at][: len(lines[at]) - len(lines[at].lstrip(" \t"))]
    return [Edit(end, end, "\n" + indent), Edit(end + 1 + len(indent), end + 1 + len(indent), _new_line(random))]


def _new_line(random: Random) -> str:
    return f"{random.choice('abcdefgh')}{random.randrange(99)} = {random.choice(_WORDS)}{random.randrange(999)}"


def delete_lines(random: Random, text: str) -> Transaction:
    lines = split_lines(text)
    first, last = _some_lines(random, lines, 3)
    starts = _starts(lines)
    return [Edit(starts[first], starts[last], "")] if lines else []


def delete_words(random: Random, text: str) -> Transaction:
    at = random.randint(0, len(text))
    return [Edit(at, min(at + random.randint(1, 12), len(text)), "")]


def paste(random: Random, text: str) -> Transaction:
    """Lines of this text once more elsewhere, half of the time changed a little."""
    lines = split_lines(text) or [""]
    first, last = _some_lines(random, lines, 8)
    block = "".join(lines[first:last])
    if random.random() < 0.5:
        block = _WORD.sub(lambda match: match[0] + "2", block, count=3)
    at = random.choice(_starts(lines))
    return [Edit(at, at, block)]


def move_lines(random: Random, text: str) -> Transaction:
    """Up by one: the line above goes below."""
    lines = split_lines(text)
    first, last = _some_lines(random, lines, 4)
    starts = _starts(lines)
    if first == 0 or not lines[last - 1].endswith("\n"):
        return []
    above = lines[first - 1]
    return [
        Edit(starts[first - 1], starts[first], ""),
        Edit(starts[last] - len(above), starts[last] - len(above), above),
    ]


def indent(random: Random, text: str) -> Transaction:
    """Some lines in, or out where they can."""
    lines = split_lines(text)
    starts = _starts(lines)
    chosen = range(*_some_lines(random, lines, 10))
    if random.random() < 0.5:
        return [Edit(starts[at], starts[at] + 4, "") for at in reversed(chosen) if lines[at].startswith("    ")]
    return [Edit(starts[at], starts[at], "    ") for at in reversed(chosen) if lines[at].strip()]


def comment_out(random: Random, text: str) -> Transaction:
    lines = split_lines(text)
    starts = _starts(lines)
    indents = [len(line) - len(line.lstrip(" \t")) for line in lines]
    chosen = reversed(range(*_some_lines(random, lines, 5)))
    return [Edit(starts[at] + indents[at], starts[at] + indents[at], "# ") for at in chosen if lines[at].strip()]


def rename(random: Random, text: str) -> Transaction:
    """One word, wherever it stands."""
    words = _WORD.findall(text)
    if not words:
        return []
    word = random.choice(words)
    places = [match.span() for match in re.finditer(rf"\b{word}\b", text)]
    return [Edit(start, end, word + random.choice(("_", "_new", "s"))) for start, end in reversed(places)]


def reformat(random: Random, text: str) -> Transaction:
    """Blanks only: long argument lists are split, blank lines and ends of lines tidied. See `as_formatter`."""
    edits = [Edit(m.start(), m.end(), "") for m in re.finditer(r"[ \t]+(?=\r?\n)", text)]
    edits += [Edit(m.end() - 1, m.end(), "") for m in re.finditer(r"\n\n\n\n", text)]
    for match in re.finditer(r"(?m)^([ \t]*)([^\s#][^\n()]*)\(([^\n()]{30,})\)", text):
        if random.random() < 0.2:
            inner = f"\n{match[1]}    "
            edits.append(Edit(match.start(3), match.start(3), inner))
            edits += [Edit(m.start() + match.start(3), m.end() + match.start(3), inner)
                      for m in re.finditer(r"(?<=,) +", match[3])]  # fmt: skip
            edits.append(Edit(match.end(3), match.end(3), "\n" + match[1]))
    return sorted(set(edits), reverse=True)


_ACTS: dict[Callable[[Random, str], Transaction], float] = {
    type_words: 30, open_line: 20, delete_words: 6, delete_lines: 8, paste: 8, move_lines: 4, indent: 6, comment_out: 5,
    rename: 4, reformat: 2,
}  # fmt: skip
