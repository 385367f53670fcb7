"""Language ids of files, by their suffix where no editor knows better; the ids are LSP's."""

from pathlib import PurePath

_LANGUAGES = {
    ".py": "python", ".pyi": "python", ".js": "javascript", ".mjs": "javascript", ".cjs": "javascript",
    ".jsx": "javascriptreact", ".ts": "typescript", ".tsx": "typescriptreact", ".md": "markdown", ".rs": "rust",
    ".rb": "ruby", ".sh": "shellscript", ".bash": "shellscript", ".yml": "yaml", ".h": "c", ".hpp": "cpp",
    ".cc": "cpp", ".cxx": "cpp", ".cs": "csharp", ".kt": "kotlin", ".htm": "html", ".tex": "latex", ".pl": "perl",
    ".txt": "plaintext", "": "plaintext",
}  # fmt: skip
_WITHOUT_COMMENTS = frozenset({"json", "plaintext"})


def language_of(path: PurePath) -> str:
    """What an editor would call it; the bare suffix where nothing better is known."""
    suffix = path.suffix.lower()
    return _LANGUAGES.get(suffix, suffix[1:])


def language_told(told: str, path: PurePath) -> str:
    """What an editor calls it, unless only the suffix names something known: some tell their mode (Eglot: `prog`)."""
    suffixed = language_of(path)
    return told if _is_known(told) or (told and not _is_known(suffixed)) else suffixed


def _is_known(language: str) -> bool:
    from maestro.audit.code.syntaxes import comment_syntax  # it compiles much, and no start needs it

    return language in _WITHOUT_COMMENTS or comment_syntax(language) is not None
