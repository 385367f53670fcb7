"""What is never sent to a provider, whatever the user's settings say."""

import re

from maestro.audit.source import AuditSource

MAX_BYTES = 256 * 1024
_LONGEST_LINE = 5_000

_SECRET = re.compile(
    r"(?i)^(?:\.env(?:\..*)?|\.envrc|.*\.env|kubeconfig|.*\.kubeconfig|\.htpasswd|\.dockercfg|secrets?\.(?:ya?ml|json|toml|ini)"
    r"|\.vault[-_](?:pass|token).*|\.netrc|\.pgpass|\.npmrc|\.pypirc|\.git-credentials|credentials(?:\.json)?"
    r"|id_(?:rsa|dsa|ecdsa|ed25519)|.*\.(?:pem|key|p12|pfx|jks|keystore|asc|kdbx))$"
)
_GENERATED = re.compile(
    r"(?i)^(?:.*\.lock|.*\.lockb|package-lock\.json|npm-shrinkwrap\.json|pnpm-lock\.yaml|go\.sum|.*\.min\.(?:js|css|mjs)"
    r"|.*\.map|.*_pb2(?:_grpc)?\.py|.*\.pb\.go|.*\.g\.dart)$"
)
_FOREIGN = frozenset(
    "node_modules bower_components vendor third_party site-packages .venv venv .tox .nox .eggs .maestro"
    " __pycache__ __pypackages__ .mypy_cache .ruff_cache .pytest_cache"
    " dist build target out .next .nuxt .gradle .idea".split()
)
_EXAMPLES = (".env.example", ".env.sample", ".env.template")


NOTHING_THERE = "There is nothing to review."
"""Of a text that has no code; there is no harm in that."""


def refusal(source: AuditSource) -> str | None:
    """Why this text is not audited, as a sentence; None if it may be."""
    if holds_credentials(source.name):
        return "Files that hold credentials are never audited."
    if _GENERATED.match(source.name):
        return "Lock files, minified and generated files are not audited; audit what they are made from."
    if len(source.text) > MAX_BYTES or len(source.text.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        return f"The file is larger than {MAX_BYTES // 1024} KiB; audit a smaller one."
    if "\x00" in source.text:
        return "The file is not text."
    if max(map(len, source.lines)) > _LONGEST_LINE:
        return f"The file has a line of more than {_LONGEST_LINE} characters, so it is taken for minified or data."
    return None


def is_foreign(path: str) -> bool:
    """Whether a path, "/"-separated, is below a folder of what others wrote or a build made; named, it is audited."""
    return not _FOREIGN.isdisjoint(path.split("/")[:-1])


def holds_credentials(name: str) -> bool:
    """Whether files of this name, without its folder, are there to keep secrets."""
    return _SECRET.match(name) is not None and name.lower() not in _EXAMPLES
