"""Names of findings that survive moved lines, reformatting and another checkout."""

import hashlib


def fingerprint(rule: str, quote: str) -> str:
    """The same for the same defect on the same words, wherever they stand and however they are spaced."""
    return _digest(rule, "".join(quote.split()))


def finding_id(uri: str, fingerprint_: str, occurrence: int) -> str:
    """The key of one finding; `occurrence` counts equal fingerprints of a file from the top."""
    return f"fnd_{_digest(uri, fingerprint_, str(occurrence))[:20]}"


def _digest(*parts: str) -> str:
    joined = "\x00".join(parts).encode("utf-8", "surrogatepass")
    return hashlib.sha256(joined).hexdigest()[:32]
