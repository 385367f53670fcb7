"""Where secrets stand in code: keys by their shape, other values by the name or the syntax before them."""

import re
from collections.abc import Iterator

from maestro.secret_shapes import PRIVATE_KEY, key_pattern

# Every repetition that can fail late is bounded: a hostile file must not cost more than linear time.
_STRONG = (
    r"passw(?:or)?d|passphrase|secret|api[_-]?key|access[_-]?key|account[_-]?key|private[_-]?key|auth[_-]?token"
    r"|access[_-]?token|refresh[_-]?token|(?<![a-z])pwd|(?:db|user|root|admin|smtp|mail|redis|ftp|proxy)_?pass(?![a-z])"
)
"""Names of secrets and of little else."""
_WEAK = (
    r"token|credentials?|(?<=[a-z0-9]_)pass|(?<![a-z])pass(?=[\"']?\s{0,8}[:=])"
    r"|(?:signing|encryption|master|shared|license|session)[_-]?key"
)
"""Names of other things too: their values must look like a secret."""
_NAME = rf"(?:(?P<strong>{_STRONG})|{_WEAK})(?P<rest>[a-z0-9_-]{{0,40}})"
_HARMLESS_REST = re.compile(
    r"(?i)(?:^|[a-z0-9]|[_-])(?:ur[li]|field|name|header|hint|label|path|file|dir|env|var|type|kind|prefix|suffix|length"
    r"|pattern|regex|column|prompt|error|message|msg|policy|endpoint|param|count|format|limit|size|budget|expir\w*|ttl"
    r"|manager|provider|class|id|index|at)(?:$|[_-])"
)
_QUOTED = re.compile(
    rf"(?i){_NAME}[\"'`]?\s{{0,4}}[\])]?\s{{0,8}}(?::\s{{0,8}}[a-z][a-z0-9_.]{{0,30}}\s{{0,8}}(?==))?"
    r"(?P<separator>=>|:=|[!=]==?|=|:|,)\s{0,8}(?P<prefix>[a-z]{0,2})"
    r"(?:(?P<mark>\"{3}|'{3})(?P<long>.{1,4000}?)(?P=mark)|(?P<quote>[\"'`])(?P<short>(?:\\.|(?!(?P=quote))[^\\\n]){1,4000})(?P=quote))",
    re.S,
)
_BARE = re.compile(
    rf"(?i){_NAME}[\"']?(?P<separator>\s{{0,8}}[:=>]\s{{0,8}})(?P<value>[a-z0-9+/_.~!@#%^*-]{{4,400}}={{0,2}})"
    r"(?=[\s;&<\"'`]|\Z)"
)
_SETTING = re.compile(
    r"(?im)^[ \t]{0,80}(?:(?:#|//|--)[ \t]{0,8}(?:export[ \t]+)?|(?:export|set|setx|env|arg)[ \t]+)"
    rf"[a-z0-9_]{{0,40}}?{_NAME}(?P<separator>=)(?P<value>[^\s\"'`$(){{}}<>\[\]]{{4,400}})(?=[\s;]|\Z)"
)
_AUTHORIZATION = re.compile(
    r"(?i)(?<![a-z])authorization[\"'`]?\s{0,4}\]?\s{0,4}(?::|=|,)\s{0,4}[a-z]{0,2}[\"'`]?(?:(?:bearer|basic|token|apikey)\s{1,4})?"
    r"(?P<value>[a-z0-9._~+/=-]{8,4000})(?=[\s\"'`]|\Z)"
)
_SCHEME = re.compile(r"\b(?i:bearer|basic)\s{1,4}(?P<value>(?=[A-Za-z._~+/-]{0,200}\d)[A-Za-z0-9._~+/-]{8,4000}={0,2})")
_USER_INFO = re.compile(
    r"(?i)[a-z][a-z0-9+.-]{1,20}://(?:[^\s:/@\"'`]{0,100}:(?P<value>[^\s/\"'`{}$<>]{1,200})|(?P<user>[a-z0-9_-]{20,200}))@"
)
_CURL = re.compile(
    r"\bcurl\b[^\n]{0,300}?[\s\"'](?:-u|--user|--proxy-user)[\s=\"',]{0,6}[^\s:\"'$-][^\s:\"']{0,100}:"
    r"(?P<value>[^\s\"'$]{1,200})"
)
_KEY = re.compile(rf"(?P<value>{key_pattern(16)})")
_PEM = re.compile(PRIVATE_KEY, re.S)
_PEM_LINE = re.compile(r"[A-Za-z0-9+/=]{8,}")

_HOLE = re.compile(r"\$?\{[^{}\n]{0,400}\}")
_LINE = re.compile(r"[^\r\n]+")
_IDENTIFIER = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*")
_TYPE = re.compile(r"(?:[A-Z][a-z0-9]+){2,}|(?:U?[Ii]nt|[Ff]loat|[Bb]ytes?)\d+\w*")
_NUMBER = re.compile(r"(?i)[+-]?(?:0[xob])?[0-9a-f_.]{1,7}|[+-]?0[xob][0-9a-f_]+|\d{1,4}(?:[./-]\d{1,4})+")
_WORDS = re.compile(
    r"(?i)[a-z_-]*(?:password|secret|token|api[_-]?key|passphrase)|required|optional|undefined|varchar\S*"
)


def secret_spans(text: str) -> list[tuple[int, int]]:
    """Where secrets stand, sorted; spans may overlap and never hold the end of a line."""
    spans = [*_by_shape(text), *_by_name(text)]
    return sorted(
        (start + line.start(), start + line.end()) for start, end in spans for line in _LINE.finditer(text[start:end])
    )


def _by_shape(text: str) -> Iterator[tuple[int, int]]:
    for pattern in (_KEY, _AUTHORIZATION, _SCHEME, _CURL):
        yield from (found.span("value") for found in pattern.finditer(text))
    for found in _USER_INFO.finditer(text):
        yield found.span("value" if found["value"] else "user")
    for block in _PEM.finditer(text):
        yield from (line.span() for line in _PEM_LINE.finditer(text, *block.span("body")))


def _by_name(text: str) -> Iterator[tuple[int, int]]:
    for found in _QUOTED.finditer(text):
        if not _HARMLESS_REST.search(found["rest"]):
            yield from _quoted(found)
    for found in _BARE.finditer(text):
        if not _HARMLESS_REST.search(found["rest"]) and _is_bare_secret(found):
            yield found.span("value")
    for found in _SETTING.finditer(text):
        if not _HARMLESS_REST.search(found["rest"]):
            yield found.span("value")


def _quoted(found: re.Match[str]) -> Iterator[tuple[int, int]]:
    """The literal in quotes; of a template the parts that are written out."""
    name = "long" if found["long"] else "short"
    start, value = found.start(name), found[name]
    holes = [hole.span() for hole in _HOLE.finditer(value)] if _is_template(found) else []
    edges = [0, *(edge for hole in holes for edge in hole), len(value)]
    # What is compared or listed beside the name, or has a hole in it, is seldom the secret itself.
    doubtful = bool(holes) or not found["strong"] or found["separator"] not in ("=", ":", "=>", ":=")
    for first, last in zip(edges[::2], edges[1::2], strict=True):
        if _is_quoted_secret(value[first:last], doubtful=doubtful):
            yield start + first, start + last


def _is_template(found: re.Match[str]) -> bool:
    return "f" in found["prefix"].lower() or found["quote"] == "`" or "${" in found[0]


def _is_quoted_secret(value: str, *, doubtful: bool) -> bool:
    if _WORDS.fullmatch(value) or value.startswith(("$", "{{", "<", "%(")) or "://" in value:
        return False
    if doubtful:
        return _looks_random(value)
    return len(value) >= 8 or (len(value) >= 4 and _has_digit(value))


def _is_bare_secret(found: re.Match[str]) -> bool:
    """Without quotes it may as well be code: a name, a type, a number."""
    value, separator = found["value"], found["separator"]
    if _NUMBER.fullmatch(value) or not _has_digit(value) or (len(value) < 8 and separator != "="):
        return False
    if not found["strong"] and not _looks_random(value):
        return False
    if ":" in separator:
        return separator != ":" and not _TYPE.fullmatch(value)
    return separator == "=" or not _IDENTIFIER.fullmatch(value) or len(re.findall(r"\d+", value)) > 1


def _looks_random(value: str) -> bool:
    """Letters and digits in one piece, or far more letters than a word has."""
    if len(value) < 8 or re.search(r"\s", value) or value.startswith(("/", "./")):
        return False
    return (_has_digit(value) and re.search("[A-Za-z]", value) is not None) or re.search("[a-z]{20}", value) is not None


def _has_digit(value: str) -> bool:
    return re.search(r"\d", value) is not None
