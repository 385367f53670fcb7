"""Whether a finding keeps its fingerprint when its code is pushed down, laid out anew, moved or renamed.

`python -m tests.bench.audit.identity [SEED [FILES]]` prints shares of places; `--install` first fetches formatters.
"""

import builtins
import keyword
import random
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from itertools import combinations

from maestro.audit.code.symbols import enclosing, find_symbols
from maestro.audit.code.tokens import statement, tokenise
from maestro.audit.identity.fingerprint import fingerprint, shape_of
from maestro.audit.source import AuditSource
from tests.bench.audit import layouts
from tests.bench.audit.codes import Code, Place, files, quoted, read

LANGUAGES = ("python", "javascript")
_PER_FILE = 8
_PAIRS = 400
_AIMS = {"insert above": 100, "ruff": 98, "black": 98, "prettier": 98, "move": 100}
_RENAMED = 95
_SPLIT = ", of the lost: its line was split"
_SCRIPT = (
    "await async break case catch class const continue default delete do else export extends false finally for from"
    " function get if import in instanceof let new null of require return set static super switch this throw true try"
    " typeof undefined var void while with yield"
)
_FIXED = frozenset([*keyword.kwlist, *dir(builtins), "self", "cls", *_SCRIPT.split()])
_INSERTED = ("", "{comment} said before", "inserted = 1")
Changed = Iterator[tuple[str, str, Place]]


def measure(seed: int = 1, limit: int = 40) -> dict[str, float]:
    """Percentages by `language: change`, from so many files per language."""
    numbers: dict[str, float] = {}
    for language in LANGUAGES:
        codes = list(files(language, seed, limit))
        draw = random.Random(seed)
        picked = {number: draw.choices(code.places, k=_PER_FILE) for number, code in enumerate(codes)}
        kept: dict[str, list[bool]] = defaultdict(list)
        for number, code in enumerate(codes):
            for place in picked[number]:
                _compare(kept, code, place, draw)
        for name, format_ in layouts.formatters(language).items():
            split = _compare_layouts(kept[name], codes, picked, format_)
            if lost := kept[name].count(False):
                numbers[f"{language}: {name}{_SPLIT}"] = _percent(split, lost)
        numbers |= {f"{language}: {name}": _percent(sum(found), len(found)) for name, found in kept.items()}
        numbers |= {f"{language}: {name}": number for name, number in _collisions(codes, draw).items()}
    return numbers


def name_of(source: AuditSource, place: Place) -> str:
    """The fingerprint of a finding about these lines."""
    return fingerprint("wrong-logic", statement(source, quoted(source, place)), language=source.language)


def _compare(kept: dict[str, list[bool]], code: Code, place: Place, draw: random.Random) -> None:
    before = name_of(code.source, place)
    for change in (_pushed, _moved, _renamed):
        for name, text, there in change(code.source, place, draw):
            kept[name].append(name_of(AuditSource("file:///changed", text, code.source.language), there) == before)


def _compare_layouts(
    kept: list[bool],
    codes: list[Code],
    picked: dict[int, list[Place]],
    format_: Callable[[list[str]], list[str | None]],
) -> int:
    """Places are the same ones where the syntax tree has the same nodes in the same order.

    Returns how many of those that did not keep theirs shared a line with code that is on another one now.
    """
    split = 0
    for number, text in enumerate(format_([code.source.plain for code in codes])):
        code, after = codes[number], read(text, codes[number].source.language) if text else None
        if after is None or [place.kind for place in after.places] != [place.kind for place in code.places]:
            continue
        for place in picked[number]:
            there = after.places[code.places.index(place)]
            kept.append(name_of(code.source, place) == name_of(after.source, there))
            split += not kept[-1] and _words(after.source, there) < _words(code.source, place)
    return split


def _words(source: AuditSource, place: Place) -> int:
    return len(re.findall(r"\w+", "\n".join(source.lines[place.first : place.last + 1])))


def why_layouts(figures: Mapping[str, float]) -> str:
    """What became of the places whose fingerprint a formatter changed."""
    shares = (f"{share:.0f} % with {name.removesuffix(_SPLIT)}" for name, share in figures.items() if _SPLIT in name)
    return f"lines of several statements, as `if (x) {{ return }}`, were split; of what was lost {', '.join(shares)}"


def _pushed(source: AuditSource, place: Place, draw: random.Random) -> Changed:
    """A line above the statement, and lines at the top of the file."""
    text = statement(source, quoted(source, place))
    first = source.plain.rfind(text, 0, source.offset(place.last, len(source.lines[place.last])) + len(text))
    line = source.span(max(first, 0), max(first, 0)).start_line
    indent = re.match(r"\s*", source.lines[line])
    comment = "#" if source.language == "python" else "//"
    inserted = (indent[0] if indent else "") + draw.choice(_INSERTED).format(comment=comment)
    lines = [*source.lines[:line], inserted, *source.lines[line:]]
    yield "insert above", "\n".join(lines), Place(place.kind, place.first + 1, place.last + 1)
    top = [f"{comment} a header", "import_of = 1", ""]
    yield "insert above", "\n".join([*top, *source.lines]), Place(place.kind, place.first + 3, place.last + 3)


def _moved(source: AuditSource, place: Place, draw: random.Random) -> Changed:
    """The outermost function or class to the end of the file, and into a class or function of another one."""
    around = [one for one in find_symbols(source) if one.first_line <= place.first and place.last <= one.last_line]
    if not around:
        return
    block = source.lines[around[0].first_line : around[0].last_line + 1]
    offset = place.first - around[0].first_line
    rest = [*source.lines[: around[0].first_line], *source.lines[around[0].last_line + 1 :], ""]
    head = ["import other", "", "class Elsewhere:" if source.language == "python" else "function elsewhere() {"]
    inner = [f"    {line}" if line.strip() else line for line in block]
    tail = [] if source.language == "python" else ["}"]
    for before, lines in ((rest, block), (head, inner)):
        first = len(before) + offset
        there = Place(place.kind, first, first + place.last - place.first)
        yield "move", "\n".join([*before, *lines, *(tail if before is head else [])]), there


def _renamed(source: AuditSource, place: Place, draw: random.Random) -> Changed:
    yield "rename of the file", source.plain, place
    symbol = enclosing(find_symbols(source), place.first)
    if symbol is not None:
        own = symbol.rpartition(".")[2]
        yield "rename of the function or class", re.sub(rf"\b{re.escape(own)}\b", f"{own}_new", source.plain), place
    text = statement(source, quoted(source, place))
    if text.startswith(("import ", "from ")):
        return
    names = [token.text for token in tokenise(text, source.language) if token.kind == "name"]
    if names := sorted({name for name in names if name not in _FIXED and name.isidentifier()}):
        name = draw.choice(names)
        yield "rename of an identifier, as code", _as_code(source, name), place
        yield (
            "rename of an identifier, wherever the word is",
            re.sub(rf"\b{name}\b", f"{name}_new", source.plain),
            place,
        )


def _as_code(source: AuditSource, name: str) -> str:
    """Not in strings and comments, as an editor renames."""
    pieces, at = [], 0
    for token in tokenise(source.plain, source.language):
        if token.kind == "name" and token.text == name:
            pieces += [source.plain[at : token.start], f"{name}_new"]
            at = token.end
    return "".join([*pieces, source.plain[at:]])


def _collisions(codes: list[Code], draw: random.Random) -> dict[str, float]:
    """How often different statements of one file have one fingerprint, were they reported under one rule."""
    pairs: Counter[str] = Counter()
    shared, count = 0, 0
    for code in codes:
        texts = {
            statement(code.source, quoted(code.source, place)): name_of(code.source, place) for place in code.places
        }
        distinct = {"".join(text.split()): print_ for text, print_ in texts.items() if text}
        uses = Counter(distinct.values())
        shared += sum(uses[print_] > 1 for print_ in distinct.values())
        count += len(distinct)
        every = list(combinations(distinct.values(), 2))
        for one, other in draw.sample(every, min(_PAIRS, len(every))):
            pairs.update(all=1, same=one == other, shape=shape_of(one) == shape_of(other))
    return {
        "pairs of different statements with one fingerprint": _percent(pairs["same"], pairs["all"]),
        "pairs of different statements with one shape": _percent(pairs["shape"], pairs["all"]),
        "statements that share theirs with another of the file": _percent(shared, count),
    }


def _percent(part: int, whole: int) -> float:
    return round(100 * part / whole, 2) if whole else 0.0


def main() -> int:
    if "--install" in sys.argv:
        layouts.install()
    seed, limit, *_ = [*(int(word) for word in sys.argv[1:] if word.isdigit()), 1, 40]
    for name, number in measure(seed, limit).items():
        change = name.partition(": ")[2]
        aim = _RENAMED if change.startswith("rename") else _AIMS.get(change)
        print(f"{number:6.2f} %  {name}" + (f"  (aim {aim} %)" if aim else ""))
    return 0


if __name__ == "__main__":
    sys.exit(main())
