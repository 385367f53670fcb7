"""Where secrets stand in code: keys by their shape, other values by the name or the syntax before them."""

import re
from collections.abc import Iterator

from maestro.audit.secret_names import NAME, begins_of, is_harmless, words_of
from maestro.audit.secret_settings import in_pairs, in_settings
from maestro.secret_shapes import PRIVATE_KEY, key_pattern

# Every repetition that can fail late is bounded: a hostile file must not cost more than linear time.
_QUOTED = re.compile(
    rf"(?i){NAME}[\"'`]?\s{{0,4}}[\])]?\s{{0,8}}(?::\s{{0,8}}[a-z][a-z0-9_.]{{0,30}}\s{{0,8}}(?==))?"
    r"(?P<separator>=>|:=|[!=]==?|=|:|,)\s{0,8}(?:\(\s{0,40})?(?P<prefix>[a-z]{0,2})"
    r"(?:(?P<mark>\"{3}|'{3})(?P<long>.{1,4000}?)(?P=mark)|(?P<quote>[\"'`])(?P<short>(?:\\.|(?!(?P=quote))[^\\\n]){1,4000})(?P=quote))",
    re.S,
)
_CONTINUED = re.compile(
    r"\s{0,40}(?:[\\+.]\s{0,40}){0,2}[a-zA-Z]{0,2}(?P<quote>[\"'])(?P<short>(?:\\.|(?!(?P=quote))[^\\\s]){1,4000})(?P=quote)"
)
"""One more literal of the same string, without blanks: what has some may be a comment on it."""
_MOST_PIECES = 20
_RUBY = re.compile(
    rf"(?i){NAME}\s{{0,8}}(?:=>|=|:|,)\s{{0,8}}%q?(?:\((?P<round>[^()\n]{{4,400}})\)|\[(?P<square>[^\[\]\n]{{4,400}})\]"
    r"|\{(?P<curly>[^{}\n]{4,400})\}|\|(?P<bar>[^|\n]{4,400})\||!(?P<mark>[^!\n]{4,400})!)"
)
_BARE = re.compile(
    rf"(?i){NAME}[\"']?(?P<separator>\s{{0,8}}[:=>]\s{{0,8}})(?P<value>[a-z0-9+/_.~!@#%^*-]{{4,400}}={{0,2}})"
    r"(?=[\s;&<\"'`]|\Z)"
)
_SETTING = re.compile(
    r"(?im)^[ \t]{0,80}(?:(?:#|//|--)[ \t]{0,8}(?:export[ \t]+)?|(?:export|set|setx|env|arg)[ \t]+)"
    rf"[a-z0-9_]{{0,40}}?{NAME}(?P<separator>=)(?P<value>[^\s\"'`$(){{}}<>\[\]]{{4,400}})(?=[\s;]|\Z)"
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
_IDENTIFIED = re.compile(
    r"(?i)\bidentified\s{1,8}(?:with\s{1,8}[\w\"'`]{1,60}\s{1,8})?(?:by|as)\s{1,8}(?:password\s{1,8})?"
    r"(?P<quote>[\"'])(?P<value>(?:(?!(?P=quote))[^\\\n]){1,400})(?P=quote)"
)
_ROLE = re.compile(
    r"(?i)\b(?:create|alter)\s(?:user|role|login)\b[^;'\n]{0,200}?\bpassword\s{0,8}=?\s{0,8}N?'(?P<value>[^'\n]{1,400})'"
)
_KEY = re.compile(rf"(?P<value>{key_pattern(16)})")
_SHAPES = (
    (_KEY, ("",)),
    (_AUTHORIZATION, ("authorization",)),
    (_SCHEME, ("bearer", "basic")),
    (_CURL, ("curl",)),
    (_IDENTIFIED, ("identified by", "identified with")),
    (_ROLE, tuple(f"{verb} {what}" for verb in ("create", "alter") for what in ("user", "role", "login"))),
)
"""With the words without which there is nothing to look for."""
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

_NOT_REAL = re.compile(
    r"(?i)\s|\||\bMSK\d{5}|0000|simulated|canary|placeholder|example|sample|dummy|fake|(?<![a-z])mock|redacted"
    r"|your[-_ ]|not[-_]a[-_]real|\A(?:[a-z]{1,8}|[a-z]{1,14}(?:[-_.][a-z]{1,14})+)\Z"
)
"""What nobody's secret has in it, or is: words of a sentence, a name, and what marks something as made up."""


def is_plausible(value: str) -> bool:
    """Whether somebody may have to be told of what was taken for a secret: what is in doubt is hidden all the same."""
    return _NOT_REAL.search(value) is None


def secret_spans(text: str, language: str = "") -> list[tuple[int, int]]:
    """Where secrets stand, sorted; spans may overlap and never hold the end of a line.

    In a language of settings a value needs no quotes and no look of a secret to be one.
    """
    spans = [*_by_shape(text), *_by_name(text, language)]
    return sorted(
        (start + line.start(), start + line.end()) for start, end in spans for line in _LINE.finditer(text[start:end])
    )


def _by_shape(text: str) -> Iterator[tuple[int, int]]:
    words = text.lower()
    for pattern, needs in _SHAPES:
        if any(word in words for word in needs):
            yield from (found.span("value") for found in pattern.finditer(text))
    for found in _USER_INFO.finditer(text) if "://" in text else ():
        yield found.span("value" if found["value"] else "user")
    for block in _PEM.finditer(text) if "-----" in text else ():
        yield from (line.span() for line in _PEM_LINE.finditer(text, *block.span("body")))


def _by_name(text: str, language: str) -> Iterator[tuple[int, int]]:
    words = words_of(text)
    begins = begins_of(text, words)
    yield from in_settings(text, begins, language)
    yield from in_pairs(text, begins, language)
    for found in filter(None, (_QUOTED.match(text, at) for at in begins)):
        if not is_harmless(found["rest"]):
            yield from _quoted(found)
            yield from _continued(text, found)
    for found in filter(None, (_BARE.match(text, at) for at in begins)):
        if not is_harmless(found["rest"]) and _is_bare_secret(found):
            yield found.span("value")
    for found in filter(None, (_RUBY.match(text, at) for at in begins if language == "ruby")):
        if not is_harmless(found["rest"]):
            yield found.span(found.lastgroup or 0)
    lines = sorted({text.rfind("\n", 0, word) + 1 for word in words})
    for found in filter(None, (_SETTING.match(text, at) for at in lines)):
        if not is_harmless(found["rest"]):
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


def _continued(text: str, found: re.Match[str]) -> Iterator[tuple[int, int]]:
    """The other literals of a string that is written in several."""
    if not found["short"] or found["separator"] in (",", "==", "===", "!=", "!=="):
        return
    if not _is_quoted_secret(found["short"], doubtful=not found["strong"]):
        return
    at = found.end()
    for _ in range(_MOST_PIECES):
        following = _CONTINUED.match(text, at)
        if following is None:
            return
        yield following.span("short")
        at = following.end()


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
