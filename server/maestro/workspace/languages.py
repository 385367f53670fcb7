"""Language ids of files nobody has opened, by their suffix; the ids are LSP's."""

from pathlib import PurePath

_LANGUAGES = {
    ".py": "python", ".pyi": "python", ".js": "javascript", ".mjs": "javascript", ".cjs": "javascript",
    ".jsx": "javascriptreact", ".ts": "typescript", ".tsx": "typescriptreact", ".md": "markdown", ".rs": "rust",
    ".rb": "ruby", ".sh": "shellscript", ".bash": "shellscript", ".yml": "yaml", ".h": "c", ".hpp": "cpp",
    ".cc": "cpp", ".cxx": "cpp", ".cs": "csharp", ".kt": "kotlin", ".htm": "html", ".tex": "latex", ".pl": "perl",
    ".txt": "plaintext", "": "plaintext",
}  # fmt: skip


def language_of(path: PurePath) -> str:
    """What an editor would call it; the bare suffix where nothing better is known."""
    suffix = path.suffix.lower()
    return _LANGUAGES.get(suffix, suffix[1:])
