"""How comments and strings are written, one row per language an editor has an id for."""

import re
from dataclasses import dataclass
from functools import cached_property

# Patterns are possessive where they repeat; without its closing mark a string ends with its line or with the text.
_DOUBLE = r'"(?:[^"\\\n]|\\.)*+"?'
_SINGLE = r"'(?:[^'\\\n]|\\.)*+'?"
_DOUBLE_LINES = r'"(?:[^"\\]|\\.)*+"?'
_SINGLE_LINES = r"'(?:[^'\\]|\\.)*+'?"
_DOUBLE_PLAIN = r'"[^"]*+"?'
_SINGLE_PLAIN = r"'[^']*+'?"
_BACKTICK_PLAIN = r"`[^`]*+`?"
_DOUBLE_3 = r'"""(?:[^"\\]|\\.|"(?!""))*+(?:""")?'
_SINGLE_3 = r"'''(?:[^'\\]|\\.|'(?!''))*+(?:''')?"
_DOUBLE_3_PLAIN = r'"""(?:[^"]|"(?!""))*+(?:"""+)?'
_SINGLE_3_PLAIN = r"'''(?:[^']|'(?!''))*+(?:''')?"
# One character, so that lifetimes, labels, symbols and primes are none.
_CHAR = r"(?<!\w)'(?:[^'\\\n]|\\[^\n][^'\n]{0,10})'"
_FIELD = r"\{(?:[^{}'\"#\n]|'[^'\n]*'|\"[^\"\n]*\"|\{[^{}'\"\n]*\})*+\}"
_F = r"(?<!\w)(?:[fFtT][rR]?|[rR][fFtT])"
_PYTHON = (
    rf'{_F}"(?!"")(?:[^"\\\n{{]|\\.|\{{\{{|{_FIELD}|\{{)*+"?',
    rf"{_F}'(?!'')(?:[^'\\\n{{]|\\.|\{{\{{|{_FIELD}|\{{)*+'?",
    _DOUBLE_3,
    _SINGLE_3,
    _DOUBLE,
    _SINGLE,
)
_HEREDOC = r"[^\n]*+(?:\n|\Z)(?s:.*?)(?:^[ \t]*(?P=tag)\b|\Z)"
_SHELL_HEREDOC = rf"(?<![<\w)])<<-?[ \t]*\\?['\"]?(?P<tag>[A-Za-z_]\w*)['\"]?{_HEREDOC}"
_RUBY_HEREDOC = rf"(?<![\w)\]])<<[~-]?['\"`]?(?P<tag>[A-Z_]\w*)['\"`]?{_HEREDOC}"
_PHP_HEREDOC = rf"<<<[ \t]*['\"]?(?P<tag>[A-Za-z_]\w*)['\"]?{_HEREDOC}"
_PERCENT = r"\[[^\]]*+\]?", r"\([^)]*+\)?", r"\{[^}]*+\}?", r"<[^>]*+>?"
_RUBY_PERCENT = rf"(?<![\w)])%[qQwWiIrsx](?:{'|'.join(_PERCENT)}|\|[^|]*+\|?|![^!]*+!?)"
_PERL_QUOTE = rf"(?<![\w$@%&>-])(?:q[qwrx]?|m)[ ]?(?:{'|'.join(_PERCENT[:3])}|\|[^|\n]*+\|?|![^!\n]*+!?|/[^/\n]*+/?)"
_PERL_CHANGE = (
    r"(?<![\w$@%&>-])(?:s|tr|y)(?P<mark>[/|!,#])(?:(?!(?P=mark))(?:[^\\\n]|\\.))*+(?P=mark)?[^\n]{0,200}?(?P=mark)"
)
_SIGIL = r"~[a-zA-Z](?:\"\"\"(?s:.*?)(?:\"\"\"|\Z)|/(?:[^/\\\n]|\\.)*+/?|\[[^\]\n]*+\]?|\([^)\n]*+\)?|\{[^}\n]*+\}?)"
_YAML = r"(?:^[ \t]*|[:,?-][ \t]+|[\[{,][ \t]*)(?:\"(?:[^\"\\\n]|\\.)*+\"|'[^'\n]*+')"
_YAML_BLOCK = (
    r"(?<=[:-][ ])[|>][-+0-9]*[ \t]*\n(?:[ \t]*\n)*+(?P<deep>[ ]+)[^\n]*(?:\n(?:(?P=deep)[^\n]*|[ \t]*(?=\n|\Z)))*+"
)
_POD = "pod", "head1", "head2", "head3", "head4", "over", "item", "begin", "for", "encoding"


@dataclass(frozen=True)
class Syntax:
    """A language's comments and strings. The first of `lines` and of `blocks` is the one to write comments with."""

    lines: tuple[str, ...] = ()
    """What begins a comment that ends with its line."""
    blocks: tuple[tuple[str, str], ...] = ()
    strings: tuple[str, ...] = ()
    """Patterns of what holds no comment."""
    nested: bool = False
    """Whether blocks stand in blocks."""
    before: str = ""
    """A pattern of what stands before a comment, without width."""
    after: str = ""
    """A pattern of what stands after `lines`, without width."""
    rest: str = r"[^\n]*+"
    """A pattern of the words of a line comment."""
    skip: str = ""
    """A pattern of what only looks like the beginning of a string or comment."""
    slashes: bool = False
    """Whether a slash may begin a regular expression."""
    templates: bool = False
    """Whether backticks hold text with code in `${}`."""
    starts: str = ""
    """All characters with which something may begin, where they are few: a text is searched many times faster."""
    embeds: tuple[tuple[str, str], ...] = ()
    """Elements whose content is in another language."""

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """The next place where something begins; the group says what."""
        lines, blocks = ("|".join(map(re.escape, marks)) for marks in (self.lines, [start for start, _ in self.blocks]))
        groups = {
            "skip": self.skip,
            "string": "|".join(self.strings),
            "block": blocks and f"{self.before}(?:{blocks})",
            "line": lines and f"{self.before}(?P<mark_>{lines}){self.after}{self.rest}",
            "slash": "/" if self.slashes else "",
            "template": "`" if self.templates else "",
            "open": r"\{" if self.templates else "",
            "close": r"\}" if self.templates else "",
            "embed": "|".join(rf"<(?P<{name}>{name})\b[^<>]*+>" for name, _ in self.embeds),
        }
        starts = f"(?=[{re.escape(self.starts)}])" if self.starts else ""
        found = "|".join(f"(?P<{name}>{part})" for name, part in groups.items() if part)
        return re.compile(f"{starts}(?:{found})", re.S | re.M)


_STARS = (("/*", "*/"),)
_TAGS = (("<!--", "-->"),)
_START = r"^[ \t]*"
_CONTINUED = r"(?:[^\\\n]|\\.)*+"
_C = Syntax(("//",), _STARS, (_DOUBLE, _SINGLE), rest=_CONTINUED, starts="\"'/")
_CPP = Syntax(
    ("//",),
    _STARS,
    (
        r'(?<!\w)(?:u8|[uUL])?R"(?P<tag>[^()\\\s"]{0,16})\((?s:.*?)(?:\)(?P=tag)"|\Z)',
        _DOUBLE,
        _SINGLE,
    ),
    rest=_CONTINUED,
    skip=r"(?<!\w)\d[\w']*+",
)
_SLASHES = Syntax(("//",), _STARS, (_DOUBLE, _SINGLE))
_TRIPLE = Syntax(("//",), _STARS, (_DOUBLE_3, _SINGLE_3, _DOUBLE, _SINGLE), nested=True)
_JAVASCRIPT = Syntax(("//",), _STARS, (_DOUBLE, _SINGLE), slashes=True, templates=True, starts="\"'/`{}")
_HASH = Syntax(("#",), (), (_DOUBLE, _SINGLE))
_SHELL = Syntax(
    ("#",),
    (),
    (_SHELL_HEREDOC, r"\$'(?:[^'\\]|\\.)*+'?", _DOUBLE_LINES, _SINGLE_PLAIN),
    before=r"(?<![^\s;&|()<>`])",
    skip=r"\\.|\(\([^\n]{0,200}?\)\)|\$[#{]#?",
)
_CSS = Syntax((), _STARS, (_DOUBLE, _SINGLE), skip=r"url\([^()\n'\"]*+\)")
_LISP = Syntax((";",), (("#|", "|#"),), (_DOUBLE_LINES,), nested=True, skip=r"#?\\.")
_HASKELL_SIGNS = r"[!#$%&*+./<=>?@\\^|~:-]"
_HASKELL = Syntax(
    ("--",),
    (("{-", "-}"),),
    (_DOUBLE, _CHAR),
    nested=True,
    skip=rf"(?!--+(?!{_HASKELL_SIGNS})|\{{-){_HASKELL_SIGNS}{{2,}}+",
)
_MARKUP = Syntax((), _TAGS, (r"<!\[CDATA\[(?s:.*?)(?:\]\]>|\Z)",))
_PAGE = Syntax((), _TAGS, embeds=(("script", "javascript"), ("style", "scss")))

_ROWS: dict[str, Syntax] = {
    "python": Syntax(("#",), (), _PYTHON, starts="\"'#fFtTrR"),
    "javascript javascriptreact typescript typescriptreact": _JAVASCRIPT,
    "html vue vue-html svelte astro handlebars razor": _PAGE,
    "xml xsl svg markdown": _MARKUP,
    "css": _CSS,
    "scss less sass stylus": Syntax(("//",), _STARS, (_DOUBLE, _SINGLE), skip=_CSS.skip),
    "c objective-c cuda-c glsl hlsl shaderlab": _C,
    "cpp cuda-cpp objective-cpp arduino": _CPP,
    "go": Syntax(("//",), _STARS, (_DOUBLE, _BACKTICK_PLAIN, _SINGLE), starts="\"'/`"),
    "java": Syntax(("//",), _STARS, (_DOUBLE_3, _DOUBLE, _SINGLE), starts="\"'/"),
    "kotlin": Syntax(("//",), _STARS, (_DOUBLE_3_PLAIN, _DOUBLE, _SINGLE), nested=True),
    "scala": Syntax(("//",), _STARS, (_DOUBLE_3_PLAIN, _DOUBLE, _CHAR), nested=True),
    "groovy gradle": Syntax(("//",), _STARS, (_DOUBLE_3, _SINGLE_3, _DOUBLE, _SINGLE), slashes=True),
    "dart": _TRIPLE,
    "swift": Syntax(
        ("//",),
        _STARS,
        (r'(?P<tag>#+)"(?s:.*?)(?:"(?P=tag)|\Z)', _DOUBLE_3, _DOUBLE),
        nested=True,
    ),
    "rust": Syntax(
        ("//",),
        _STARS,
        (
            r'(?<!\w)[bc]?r(?P<tag>#*+)"(?s:.*?)(?:"(?P=tag)|\Z)',
            _DOUBLE_LINES,
            r"(?<!\w)b?" + _CHAR.removeprefix(r"(?<!\w)"),
        ),
        nested=True,
    ),
    "csharp": Syntax(
        ("//",),
        _STARS,
        (r'(?P<tag>"{3,}+)(?s:.*?)(?:(?P=tag)|\Z)', r'(?:@\$?|\$@)"(?:[^"]|"")*+"?', _DOUBLE, _SINGLE),
    ),
    "fsharp": Syntax(("//",), (("(*", "*)"),), (_DOUBLE_3_PLAIN, _DOUBLE_LINES, _CHAR), nested=True, skip=r"\(\*\)"),
    "ocaml": Syntax((), (("(*", "*)"),), (_DOUBLE_LINES, _CHAR), nested=True),
    "pascal": Syntax(("//",), (("{", "}"), ("(*", "*)")), (r"'[^'\n]*+'?",)),
    "php": Syntax(
        ("//", "#"),
        _STARS,
        (r"\?>(?s:.*?)(?:<\?|\Z)", _PHP_HEREDOC, _DOUBLE_LINES, _SINGLE_LINES),
        after=r"(?!(?<=#)\[)",
        rest=r"(?:(?!\?>)[^\n])*+",
        skip=r"\A(?s:.*?)<\?(?:php|=)",
    ),
    "ruby crystal": Syntax(
        ("#",),
        (("=begin", "\n=end"),),
        (_RUBY_HEREDOC, _RUBY_PERCENT, _DOUBLE_LINES, _SINGLE_LINES, r"`(?:[^`\\]|\\.)*+`?"),
        before=r"(?:(?<!=)(?=#)|^(?==))",
        skip=r"(?<!\w)[?$]['\"#`]",
        slashes=True,
    ),
    "perl perl6": Syntax(
        ("#",),
        tuple((f"={command}", "\n=cut") for command in _POD),
        (_RUBY_HEREDOC, _PERL_QUOTE, _PERL_CHANGE, _DOUBLE_LINES, _SINGLE_LINES),
        before=r"(?:(?=#)|^(?==))",
        skip=r"\$[#'\"`]|(?<=\w)'(?=\w)",
        slashes=True,
    ),
    "shellscript dotenv fish": _SHELL,
    "dockerfile ignore gitignore properties codeowners": Syntax(("#",), before=_START),
    "makefile": Syntax(("#",), (), (_DOUBLE, _SINGLE), skip=r"\\.|\$[({][^()\n]*+[)}]"),
    "cmake": Syntax(("#",), (("#[[", "]]"), ("#[=[", "]=]")), (_DOUBLE_LINES,)),
    "yaml dockercompose": Syntax(("#",), (), (_YAML_BLOCK, _YAML), before=r"(?<!\S)"),
    "toml": Syntax(("#",), (), (_DOUBLE_3, _SINGLE_3_PLAIN, _DOUBLE, r"'[^'\n]*+'?")),
    "ini": Syntax((";", "#"), before=_START),
    "jsonc json5": _SLASHES,
    "terraform hcl": Syntax(("#", "//"), _STARS, (_SHELL_HEREDOC, _DOUBLE)),
    "nix": Syntax(("#",), _STARS, (r"''(?:[^']|'(?!')|'''|''\$)*+(?:'')?", _DOUBLE_LINES)),
    "lua": Syntax(
        ("--",),
        (("--[[", "]]"), ("--[=[", "]=]"), ("--[==[", "]==]")),
        (r"(?<!-)\[(?P<tag>=*+)\[(?s:.*?)(?:\](?P=tag)\]|\Z)", _DOUBLE, _SINGLE),
    ),
    "sql mysql plsql postgres": Syntax(("--",), _STARS, (_SINGLE_PLAIN, _DOUBLE_PLAIN)),
    "haskell elm purescript": _HASKELL,
    "ada vhdl": Syntax(("--",), (), (r'"[^"\n]*+"?', r"'.'")),
    "r": Syntax(("#",), (), (r"(?<!\w)[rR]\"(?P<tag>-*+)\((?s:.*?)(?:\)(?P=tag)\"|\Z)", _DOUBLE_LINES, _SINGLE_LINES)),
    "julia": Syntax(
        ("#",),
        (("#=", "=#"),),
        (_DOUBLE_3, _DOUBLE_LINES, r"(?<![\w)\]}.'])'(?:[^'\\\n]|\\[^\n][^'\n]{0,10})'"),
        nested=True,
    ),
    "elixir": Syntax(("#",), (), (_SIGIL, _DOUBLE_3, _SINGLE_3, _DOUBLE_LINES, _SINGLE), skip=r"(?<!\w)\?\\?."),
    "erlang": Syntax(("%",), (), (_DOUBLE_LINES, _SINGLE), skip=r"\$\\?."),
    "clojure": Syntax((";",), (), (_DOUBLE_LINES,), skip=r"\\."),
    "lisp commonlisp scheme racket": _LISP,
    "tex latex bibtex": Syntax(("%",), skip=r"\\."),
    "matlab": Syntax(("%",), (), (_DOUBLE, r"(?<![\w)\]}.'])'[^'\n]*+'")),
    "powershell": Syntax(
        ("#",),
        (("<#", "#>"),),
        (r'@"\n(?s:.*?)(?:\n"@|\Z)', r"@'\n(?s:.*?)(?:\n'@|\Z)", r'"(?:[^"`]|`.)*+"?', _SINGLE_PLAIN),
        before=r"(?<![^\s;|()<>{}=,])",
        skip=r"`.",
    ),
    "bat": Syntax(("rem ", "REM ", "Rem ", "::"), before=_START),
    "vb": Syntax(("'",), (), (_DOUBLE_PLAIN.replace('[^"]', '[^"\\n]'),)),
    "zig": Syntax(("//",), (), (r"\\\\[^\n]*+", _DOUBLE, _SINGLE)),
    "d": Syntax(("//",), (*_STARS, ("/+", "+/")), (_DOUBLE_LINES, _BACKTICK_PLAIN, _SINGLE)),
    "proto proto3 solidity thrift bicep verilog systemverilog qml haxe": _SLASHES,
    "coffeescript": Syntax(
        ("#",), (("###", "###"),), (_DOUBLE_3, _SINGLE_3, _DOUBLE_LINES, _SINGLE_LINES), slashes=True
    ),
    "graphql nim starlark bazel tcl prisma awk": _HASH,
}
_SYNTAXES = {language: syntax for languages, syntax in _ROWS.items() for language in languages.split()}


def comment_syntax(language: str) -> Syntax | None:
    """How comments are written in a language, by the editor's id; None where there are none or we know none."""
    return _SYNTAXES.get(language)
