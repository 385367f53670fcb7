"""What models do to a quote, to the line they name and to the symbol; and quotes of code that is not there."""

import html
import json
import random
import re
from collections.abc import Callable

from tests.bench.audit.labels import Label

Lines = list[str]
Change = Callable[[Lines, random.Random, Label], str]

_KEYWORDS = frozenset(
    "if else for while return import from def class func fn let const var new public private static void int not and "
    "or in is None True False null nil true false self this struct type interface async await try except catch".split()
)


def _text(lines: Lines) -> str:
    return "\n".join(lines)


def _seen(lines: Lines, draw: random.Random, label: Label) -> str:
    return _text(list(label.seen.lines[label.first : label.last + 1]))


def _dedented(lines: Lines, draw: random.Random, label: Label) -> str:
    return _text([line.strip() for line in lines])


def _spaced(lines: Lines, draw: random.Random, label: Label) -> str:
    return _text([re.sub(r"[ \t]+", lambda _: " " * draw.randint(1, 3), line) for line in lines])


def _tight(lines: Lines, draw: random.Random, label: Label) -> str:
    return _text([re.sub(r"\s*([=,:<>+(){}-])\s*", r"\1", line) for line in lines])


def _tabs(lines: Lines, draw: random.Random, label: Label) -> str:
    return _text([re.sub(r"^( {2,4})+", lambda m: "\t" * (len(m[0]) // 2), line) for line in lines])


def _commented(lines: Lines, draw: random.Random, label: Label) -> str:
    mark = "#" if label.file.language == "python" else "//"
    return _text([*lines[:-1], f"{lines[-1]}  {mark} <- this one leaks"])


def _swapped_quotes(lines: Lines, draw: random.Random, label: Label) -> str:
    return _text(lines).translate(str.maketrans("'\"", "\"'"))


def _one_quote(lines: Lines, draw: random.Random, label: Label) -> str:
    return _text(lines).replace("'", '"')


def _smart(lines: Lines, draw: random.Random, label: Label) -> str:
    return re.sub(r'"([^"\n]*)"', r"“\1”", _text(lines)).replace("'", "’")  # noqa: RUF001


def _ellipsis_inside(lines: Lines, draw: random.Random, label: Label) -> str:
    text = _text(lines)
    if len(text.strip()) < 30:
        return text
    start = draw.randint(len(text) // 2, len(text) * 2 // 3)
    return f"{text[:start]}{draw.choice(['...', ' ... ', '…'])}{text[min(start + 8, len(text) - 4) :]}"


def _ellipsis_behind(lines: Lines, draw: random.Random, label: Label) -> str:
    text = _text(lines).rstrip()
    return text[: max(len(text) * 3 // 4, min(16, len(text)))] + draw.choice(["...", " ...", "…"])


def _joined(lines: Lines, draw: random.Random, label: Label) -> str:
    return " ".join(line.strip() for line in lines)


def _split(lines: Lines, draw: random.Random, label: Label) -> str:
    text = _text(lines)
    places = [match.end() for match in re.finditer(r"[,(=]\s?", text)]
    if not places:
        return text
    at = draw.choice(places)
    return f"{text[:at]}\n        {text[at:]}"


def _numbered(form: str) -> Change:
    def change(lines: Lines, draw: random.Random, label: Label) -> str:
        return _text([form.format(label.first + number, line) for number, line in enumerate(lines, 1)])

    return change


def _diff(lines: Lines, draw: random.Random, label: Label) -> str:
    sign = draw.choice("+-")
    return _text([sign + line for line in lines])


def _diff_context(lines: Lines, draw: random.Random, label: Label) -> str:
    return _text([f" {line}" for line in lines[:-1]] + [f"+{lines[-1]}"])


def _entities(lines: Lines, draw: random.Random, label: Label) -> str:
    return html.escape(_text(lines))


def _escaped(lines: Lines, draw: random.Random, label: Label) -> str:
    return json.dumps(_text(lines), ensure_ascii=False)[1:-1]


def _underescaped(lines: Lines, draw: random.Random, label: Label) -> str:
    return _text(lines).replace("\\n", "\n").replace("\\t", "\t").replace('\\"', '"')


def _fenced(lines: Lines, draw: random.Random, label: Label) -> str:
    return f"```{label.file.language}\n{_text(lines)}\n```"


def _backticks(lines: Lines, draw: random.Random, label: Label) -> str:
    return f"`{_text(lines).strip()}`"


def _typo(lines: Lines, draw: random.Random, label: Label) -> str:
    text = _text(lines)
    words = [m for m in re.finditer(r"[A-Za-z_]{5,}", text) if m[0] not in _KEYWORDS]
    if not words:
        return text
    word = draw.choice(words)
    at = word.start() + draw.randint(1, len(word[0]) - 3)
    kinds = (text[at + 1] + text[at], text[at + 1], text[at] * 2 + text[at + 1], text[at] + draw.choice("aeiotn"))
    return text[:at] + draw.choice(kinds) + text[at + 2 :]


def _unfinished(lines: Lines, draw: random.Random, label: Label) -> str:
    return _text([re.sub(r"[;,:{)\s]+$", "", line) for line in lines])


def _truncated(lines: Lines, draw: random.Random, label: Label) -> str:
    text = _text(lines).rstrip()
    return text[: max(int(len(text) * draw.uniform(0.6, 0.95)), min(16, len(text)))]


def _line_before(lines: Lines, draw: random.Random, label: Label) -> str:
    return _text(label.file.text.split("\n")[max(0, label.first - 1) : label.last + 1])


def _line_behind(lines: Lines, draw: random.Random, label: Label) -> str:
    return _text(label.file.text.split("\n")[label.first : label.last + 2])


def _prose(lines: Lines, draw: random.Random, label: Label) -> str:
    return f"The problem is here:\n{_text(lines)}"


def _brace_behind(lines: Lines, draw: random.Random, label: Label) -> str:
    return f"{_text(lines)}\n}}"


def _lower(lines: Lines, draw: random.Random, label: Label) -> str:
    return draw.choice([str.lower, str.upper, str.capitalize])(_text(lines))


def _located(lines: Lines, draw: random.Random, label: Label) -> str:
    form = draw.choice(["{0}:{1}: {2}", "{0}:{1}:5: {2}", "{0}:{1}\n{2}", "{0}({1}): {2}"])
    return form.format(label.file.path.name, label.first + 1, _text(lines))


def _gap(lines: Lines, draw: random.Random, label: Label) -> str:
    """The middle line of three left out."""
    return _text([lines[0], lines[-1]] if len(lines) == 3 else lines)


CHANGES: dict[str, Change] = {
    "verbatim": lambda lines, draw, label: _text(lines),
    "as seen": _seen,
    "dedented": _dedented,
    "other spaces": _spaced,
    "no spaces": _tight,
    "tabs": _tabs,
    "comment added": _commented,
    "quotes swapped": _swapped_quotes,
    "one kind of quote": _one_quote,
    "smart quotes": _smart,
    "ellipsis inside": _ellipsis_inside,
    "ellipsis behind": _ellipsis_behind,
    "joined": _joined,
    "split": _split,
    "gutter 12|": _numbered("{0}| {1}"),
    "gutter 12:": _numbered("{0}: {1}"),
    "gutter cat": _numbered("{0:6}\t{1}"),
    "gutter L12": _numbered("L{0}: {1}"),
    "diff": _diff,
    "diff with context": _diff_context,
    "entities": _entities,
    "escaped twice": _escaped,
    "escaped too little": _underescaped,
    "fence": _fenced,
    "backticks": _backticks,
    "typo": _typo,
    "no last punctuation": _unfinished,
    "truncated": _truncated,
    "line before": _line_before,
    "line behind": _line_behind,
    "prose before": _prose,
    "brace behind": _brace_behind,
    "other case": _lower,
    "located": _located,
    "line left out": _gap,
}


def combined(lines: Lines, draw: random.Random, label: Label) -> str:
    """Two changes, one upon the other."""
    first, second = draw.sample([name for name in CHANGES if not name.startswith(("line ", "as seen"))], 2)
    return CHANGES[second](CHANGES[first](lines, draw, label).split("\n"), draw, label)


CHANGES["two at once"] = combined


def hint(label: Label, draw: random.Random) -> int | None:
    """A line as models name it: half of them right, many near, some absent, some anything."""
    kind = draw.random()
    if kind < 0.5:
        return label.first
    if kind < 0.8:
        return max(0, label.first + draw.choice([-1, 1]) * draw.choice([1, 1, 2, 2, 3, 4, 5, 8]))
    return None if kind < 0.92 else draw.randint(0, 2 * len(label.seen.lines))


def symbol(label: Label, draw: random.Random) -> str:
    """The enclosing symbol as models name it: mostly right, else without or with the outer part, or another one."""
    kind = draw.random()
    if kind < 0.65 or not label.symbols:
        return label.symbol
    if kind < 0.75:
        return label.symbol.rpartition(".")[2] + draw.choice(["", "()"])
    if kind < 0.85:
        around = [s.name for s in label.symbols if s.first_line <= label.first <= s.last_line]
        return around[0] if around else ""
    return "" if kind < 0.93 else draw.choice(label.symbols).name


_OPERATORS = {
    "==": "!=",
    "!=": "==",
    "<=": "<",
    ">=": ">",
    "<": "<=",
    ">": ">=",
    "+": "-",
    "-": "+",
    "&&": "||",
    "||": "&&",
}
_WORDS = {"and": "or", "or": "and", "True": "False", "False": "True", "true": "false", "false": "true", "is": "is not"}


def near_miss(label: Label, draw: random.Random) -> str | None:
    """The quote with one token that changes its meaning; None if nothing can be changed."""
    text = _text(list(label.seen.lines[label.first : label.last + 1]))
    tokens = list(re.finditer(r"\d+|[A-Za-z_]\w*|[=!<>]=|&&|\|\||[<>+-]", text))
    draw.shuffle(tokens)
    for token in tokens:
        if (other := _other(token[0], label, draw)) is not None:
            return text[: token.start()] + other + text[token.end() :]
    return None


def _other(token: str, label: Label, draw: random.Random) -> str | None:
    if token.isdigit():
        return str(int(token) + draw.choice([1, 2, 10]))
    if token in _OPERATORS or token in _WORDS:
        return _OPERATORS.get(token) or _WORDS.get(token)
    if token in _KEYWORDS:
        return None
    words = sorted(set(re.findall(r"[A-Za-z_]\w{2,}", label.seen.plain)) - _KEYWORDS - {token})
    made = [f"{token}_{draw.choice(['old', 'id', 'count'])}", f"{token}{draw.choice('s12')}", f"new_{token}"]
    return draw.choice([draw.choice(words), draw.choice(words), draw.choice(made)])


def foreign(label: Label, others: list[str], draw: random.Random) -> str | None:
    """One to three lines of another file of the package."""
    lines = draw.choice(others).split("\n")
    at = draw.randrange(len(lines))
    text = _text(lines[at : at + draw.choice([1, 1, 2, 3])])
    return text if sum(map(str.isalnum, text)) >= 6 else None
