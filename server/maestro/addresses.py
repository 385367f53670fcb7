"""Where an address leads, as far as it tells by itself."""

import ipaddress
from urllib.parse import SplitResult, urlsplit


def split(url: str) -> SplitResult:
    """The parts; empty ones for what cannot be split."""
    try:
        parts = urlsplit(url)
        _ = (parts.hostname, parts.port)  # raise for what is none
    except ValueError:
        return SplitResult("", "", "", "", "")
    return parts


def is_local(url: str) -> bool:
    """Whether what is sent there stays on this machine."""
    host = (split(url).hostname or "").lower()
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def is_open(url: str) -> bool:
    """Whether others on the way could read what is sent there: plain HTTP that leaves this machine."""
    return split(url).scheme == "http" and not is_local(url)


def is_https_or_local(url: str) -> bool:
    """Whether secrets may be sent there; never for what is no address."""
    parts = split(url)
    return bool(parts.hostname) and (parts.scheme == "https" or (parts.scheme == "http" and is_local(url)))
