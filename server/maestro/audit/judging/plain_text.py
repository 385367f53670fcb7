"""A model's words as words: nothing in them is a link, an image, markup or a character that steers a screen."""

import re

from maestro.audit.judging.hidden import without_hidden

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
_BREAKS = re.compile(r"\r\n|[\r\x0b\x0c\x85\u2028\u2029]")
# All of ASCII's punctuation but what means nothing in Markdown; a colon makes addresses, a full stop makes lists.
_MARKUP = re.compile(r"[!#$()*+\-.:=@\[\\\]^_`{|}~]")
_ENTITIES = str.maketrans({"<": "&lt;", ">": "&gt;", "&": "&amp;"})


def one_line(text: str, limit: int) -> str:
    """One line, at most `limit` characters long, that shows all it holds."""
    line = " ".join(_CONTROL.sub(" ", without_hidden(text)).split())
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"


def markdown(text: str) -> str:
    """Markdown that is drawn as the text itself, line by line."""
    shown = _CONTROL.sub("", _BREAKS.sub("\n", without_hidden(text))).strip("\n")
    paragraphs = re.split(r"\n(?:[^\S\n]*\n)+", shown)
    return "\n\n".join("\\\n".join(map(_literal, paragraph.split("\n"))) for paragraph in paragraphs)


def _literal(line: str) -> str:
    """Spaces that begin a line would be cut off, or make it a block of code."""
    text = line.strip()
    indent = len(line[: len(line) - len(line.lstrip())].expandtabs(4))
    return "&nbsp;" * indent + _MARKUP.sub(r"\\\g<0>", text).translate(_ENTITIES)
