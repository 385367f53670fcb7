"""Where secrets stand in settings and markup, where a value needs no quotes and may be apart from its name."""

import re
import string
from collections.abc import Iterator

from maestro.audit.secret_names import NAME, is_harmless

_LANGUAGES = frozenset(
    "ini cfg conf config cnf properties jproperties java-properties spring-boot-properties spring-boot-properties-yaml"
    " toml dotenv env yaml yml dockercompose ansible plaintext txt dockerfile nginx apache apacheconf git-config npmrc"
    " netrc service tfvars shellscript".split()
)
_WITH_PROSE = frozenset(["plaintext", "txt"])
_WITHOUT_BLANKS = frozenset(["shellscript", "toml", "yaml", "yml"])
"""Where a blank does not part a name from its value."""
_VALUE = r"(?:\"(?P<double>[^\"\r\n]{1,400})\"|'(?P<single>[^'\r\n]{1,400})'|(?P<bare>[^\s\"'][^\r\n]{0,400}))"
_SETTING = re.compile(
    rf"(?i){NAME}(?P<path>(?:\.[a-z0-9_.-]{{0,40}})?)[\"']?"
    rf"(?P<separator>[ \t]{{0,20}}[=:][ \t]{{0,20}}|[ \t]{{1,20}}){_VALUE}"
)
_PAIR = re.compile(
    rf"(?i){NAME}[\"']?(?:,?\s{{1,40}}[\"']?value[\"']?[ \t]{{0,8}}[:=][ \t]{{0,8}}{_VALUE}"
    r"|[ \t]{0,8}>(?P<text>[^<>{}\r\n]{1,400})</)"
)
"""A name and its value as two attributes or entries, or as an element and its content."""
_NAMED = ("name=", "key=", "name:", "key:")
_KEY = f"{string.ascii_letters}{string.digits}_./-"
_WIDEST = 120
"""Characters before a name that are looked at."""
_LEADS = frozenset(["", "-", "export", "- export", "set", "setx", "env", "arg"])
_COMMENTS = frozenset(["#", "##", ";", "//", "!", "# export"])
_END_OF_LINE = re.compile(r"[ \t]{1,20}[#;]|;?[ \t]{0,20}\Z")
_END_OF_WORD = re.compile(r"[\s,;}\])]|\Z")
_NO_SECRET = re.compile(
    r"(?i)true|false|yes|no|on|off|null|none|nil|undefined|required|optional|inherit|default|read|write|string|password"
    r"|[\^~]?v?\d{1,5}(?:\.\d{1,5}){0,3}(?:ms|[smhdkgb]|-[a-z0-9.]{1,20})?"
    r"|(?:~|\.{1,2})?/[\w.-]{1,80}(?:/[\w.-]{1,80}){0,20}/?|[a-z]:\\.*|%\w+%|[|>][+-]?\d?|\*\w+|!\w+ .*|.{1,2}"
)
_REFERENCES = ("$", "{", "[", "%(", "<", "=", "@@", "ENC(", "&")


def in_settings(text: str, begins: list[int], language: str) -> Iterator[tuple[int, int]]:
    """Values behind a secret's name in a language of settings; `begins` are where one may stand."""
    if language.lower() not in _LANGUAGES:
        return
    for found in filter(None, (_SETTING.match(text, at) for at in begins)):
        if _is_harmless(found):
            continue
        start, end = _value(found, language.lower())
        if end > start and _is_secret(text[start:end], sure=bool(found["strong"])):
            yield start, end


def in_pairs(text: str, begins: list[int], language: str) -> Iterator[tuple[int, int]]:
    """Values beside or within what bears a secret's name."""
    if "</" not in text and "value" not in text:
        return
    bare = language.lower() in _LANGUAGES
    for found in filter(None, (_PAIR.match(text, at) for at in begins)):
        before = _before(found).replace(" ", "").replace('"', "").replace("'", "")
        named = before.lower().endswith(_NAMED)
        group = next(name for name in ("double", "single", "bare", "text") if found[name] is not None)
        if is_harmless(found["rest"]) or not (named or (group == "text" and before.endswith("<"))):
            continue
        value = found[group].rstrip()
        if (bare or group != "bare") and _is_secret(value, sure=bool(found["strong"])):
            yield found.start(group), found.start(group) + len(value)


def _before(found: re.Match[str]) -> str:
    """The line as far as the key the name is part of."""
    at, text = found.start(), found.string
    first = max(at - _WIDEST, 0)
    return text[max(text.rfind("\n", first, at) + 1, first) : at].rstrip(_KEY)


def _is_harmless(found: re.Match[str]) -> bool:
    rest = f"{found['rest']}{found['path']}".replace(".", "_")
    return is_harmless(rest) or (not found["strong"] and re.match(r"s?(?:[_\d-]|\Z)", rest) is None)


def _value(found: re.Match[str], language: str) -> tuple[int, int]:
    """Its span, empty if the name is no key."""
    before = _before(found).rstrip(f"{_KEY}:\"'")
    lead, separator = before.strip().lower(), found["separator"].strip()
    is_whole = lead in _LEADS or lead in _COMMENTS
    is_part = before.rstrip().endswith(("{", ",")) or (found["separator"] == "=" and before[-1:].isspace())
    group = next(name for name in ("double", "single", "bare") if found[name] is not None)
    start, value = found.start(group), found[group]
    if not separator:
        return start, start + (_only_word(found) if lead in _LEADS and language not in _WITHOUT_BLANKS else 0)
    if not is_whole and not is_part:
        return start, start
    if group != "bare":
        return found.span(group)
    if is_whole and separator == ":" and (lead in _COMMENTS or language in _WITH_PROSE) and " " in value.strip():
        return start, start
    end = (_END_OF_LINE if is_whole else _END_OF_WORD).search(value)
    return start, start + (end.start() if end else len(value))


def _only_word(found: re.Match[str]) -> int:
    """The length of the only word behind the name; 0 if there are more, or it may be a word of a language."""
    only = re.fullmatch(r"([^\s;{}]{2,400}[^\s;{}.*])[ \t]{0,20}(;?)[ \t]{0,20}", found["bare"] or "")
    if only is None or found[0].lower().split()[0].endswith("pass"):
        return 0
    return len(only[1]) if only[2] or re.fullmatch("[a-z]+", only[1]) is None else 0


def _is_secret(value: str, *, sure: bool) -> bool:
    if _NO_SECRET.fullmatch(value) or value.startswith(_REFERENCES) or "://" in value:
        return False
    return sure or not value.isdecimal()
