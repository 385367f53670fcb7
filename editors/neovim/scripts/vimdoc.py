"""`doc/maestro.txt` from the plugin's README, which is its one source: `python editors/neovim/scripts/vimdoc.py`."""

import re
import textwrap
from collections.abc import Iterator, Sequence
from pathlib import Path

PLUGIN = Path(__file__).resolve().parent.parent
SOURCE, TARGET = PLUGIN / "README.md", PLUGIN / "doc" / "maestro.txt"
WIDTH = 78
INDENT = 8


def vimdoc(source: str) -> str:
    """The help file of a Markdown text: headings, paragraphs, code and tables of it."""
    title, *sections = re.split(r"^#{1,2} ", source, flags=re.MULTILINE)[1:]
    name, _, opening = title.partition("\n")
    head = _right(f"*maestro.txt*  {name}", "*maestro*") + "\n"
    body = "".join(_section(*section.partition("\n")[::2]) for section in sections)
    contents = "".join(_right(line, f"|{_tag(line)}|") for line in (section.partition("\n")[0] for section in sections))
    return f"{head}{''.join(_blocks(opening))}{contents}{body}\nvim:tw=78:ts=8:ft=help:norl:\n"


def _section(heading: str, text: str) -> str:
    tags = f"*{_tag(heading)}*" + (" *:Maestro*" if heading == "Commands" else "")
    return f"\n{'=' * WIDTH}\n{_right(heading.upper(), tags)}\n{''.join(_blocks(text)).rstrip()}\n"


def _tag(heading: str) -> str:
    return f"maestro-{heading.lower().replace(' ', '-')}"


def _right(left: str, right: str) -> str:
    return f"{left}{right:>{WIDTH - len(left)}}\n"


def _blocks(text: str) -> Iterator[str]:
    for block in re.split(r"\n{2,}(?![^`]*```\n)|(?<=```)\n\n", _fenced(text.strip("\n"))):
        if block.startswith("\0"):
            yield _code(block)
        elif block.startswith("|"):
            yield "".join(_rows(block.splitlines())) + "\n"
        elif block:
            yield textwrap.fill(_plain(" ".join(block.split())), WIDTH, break_on_hyphens=False) + "\n\n"


def _fenced(text: str) -> str:
    """The text with each block of code on one line, so that blank lines in it divide nothing."""
    return re.sub(r"```(\w*)\n(.*?)\n```", lambda it: f"\0{it[1]}\1" + it[2].replace("\n", "\1"), text, flags=re.DOTALL)


def _code(block: str) -> str:
    language, *lines = block[1:].split("\1")
    language = "bash" if language == "sh" else language
    return f">{language}\n" + "".join(f"    {line}".rstrip() + "\n" for line in lines) + "<\n"


def _rows(lines: Sequence[str]) -> Iterator[str]:
    """A table's rows as names, with a tag where it is one, and what is said of them below."""
    for line in lines[2:]:
        name, *rest = (cell.strip() for cell in line.strip("|").split(" | "))
        tag = _tag_of(name)
        yield _right(_plain(name), f"*{tag}*") if tag else f"{_plain(name)}\n"
        if len(rest) > 1:
            yield " " * INDENT + f"Default: {_plain(rest[0])}\n"
        indent = " " * INDENT
        yield textwrap.fill(_plain(rest[-1]), WIDTH, initial_indent=indent, subsequent_indent=indent) + "\n"


def _tag_of(name: str) -> str | None:
    bare = name.strip("`")
    if command := re.match(r":Maestro (\w+)", bare):
        return f":Maestro-{command[1]}"
    if re.fullmatch(r"<Plug>\(.*\)|Maestro\w+", bare):
        return bare
    return f"maestro-option-{bare}" if re.fullmatch(r"[a-z]+(_[a-z]+)*", bare) and len(bare) > 2 else None


def _plain(text: str) -> str:
    return re.sub(r"\[([^]]+)\]\([^)]+\)", r"\1", text).replace("`:help trust`", "|trust|")


if __name__ == "__main__":
    TARGET.write_text(vimdoc(SOURCE.read_text(encoding="utf-8")), encoding="utf-8")
