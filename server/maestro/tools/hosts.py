"""Where `fetch_url` may go: URLs of the public Web, and of a name only if each of its addresses is public."""

import asyncio
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from typing import TypeAlias
from urllib.parse import urlsplit

from maestro.errors import MaestroError

Address: TypeAlias = IPv4Address | IPv6Address
Allowed: TypeAlias = Callable[[Address], bool]

_GLOBAL_UNICAST = IPv6Network("2000::/3")
_SPECIAL = tuple(
    map(
        ip_network,
        # Addresses `ipaddress` calls global, in one version of Python or another, although they are not, and those that
        # hold an IPv4 address or lead through a relay: NAT64, Teredo and its neighbours, 6to4.
        ("192.0.0.0/24", "192.88.99.0/24", "64:ff9b::/96", "64:ff9b:1::/48", "2001::/23", "2002::/16", "3fff::/20"),
    )
)


@dataclass(frozen=True, slots=True)
class Target:
    """A URL that may be asked for, as far as it tells by itself. Its query may hold a secret."""

    url: str = field(repr=False)
    scheme: str
    host: str
    port: int

    @property
    def origin(self) -> tuple[str, str, int]:
        return self.scheme, self.host, self.port


def is_public(address: Address) -> bool:
    """Whether the address belongs to the public internet: no machine, network or relay of the user's own."""
    if isinstance(address, IPv6Address) and (address not in _GLOBAL_UNICAST or address.scope_id):
        return False
    if not address.is_global or address.is_multicast or address.is_reserved or address.is_unspecified:
        return False
    return not any(address in network for network in _SPECIAL if network.version == address.version)


def target(url: str) -> Target:
    """The URL, taken apart.

    Raises:
        MaestroError: -32602 for what is no address of the Web.
    """
    try:
        parts = urlsplit(url.strip())
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port, parts = None, None, urlsplit("")
    if parts.scheme not in ("http", "https") or not host or port == 0:
        raise _misfit("must be an address that begins with `https://` or `http://`")
    if "@" in parts.netloc:
        raise _misfit("must not hold a user name or a password")
    port = port or (443 if parts.scheme == "https" else 80)
    return Target(parts._replace(fragment="").geturl(), parts.scheme, host, port)


def check_literal(wanted: Target, allowed: Allowed) -> None:
    """What can be refused without asking anybody: an address written out, however, and this machine's own name.

    Raises:
        MaestroError: -32803 if it is not allowed.
    """
    name = wanted.host.rstrip(".").lower()
    if name == "localhost" or name.endswith(".localhost"):
        texts = ["127.0.0.1"]
    else:
        try:
            found = socket.getaddrinfo(name, wanted.port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
        except (OSError, UnicodeError):
            return
        texts = [str(entry[4][0]) for entry in found]
    if not all(_is_allowed(text, allowed) for text in texts):
        raise _private()


async def addresses(wanted: Target, allowed: Allowed) -> Sequence[str]:
    """The addresses of the host, each of which was checked.

    Raises:
        MaestroError: -32803 if there are none, or one of them is not allowed.
    """
    check_literal(wanted, allowed)
    try:
        found = await asyncio.get_running_loop().getaddrinfo(wanted.host, wanted.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise MaestroError("requestFailed", "The host of the URL is not known here; check its name.") from None
    texts = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    if not texts or not all(_is_allowed(text, allowed) for text in texts):
        raise _private()
    return texts


def _is_allowed(text: str, allowed: Allowed) -> bool:
    try:
        return allowed(ip_address(text))
    except ValueError:
        return False


def _private() -> MaestroError:
    message = "The URL leads to this machine or a private network, which is never read; ask the user for the text."
    return MaestroError("requestFailed", message)


def _misfit(what: str) -> MaestroError:
    return MaestroError("invalidParams", f"The input of `fetch_url` does not fit: `url` {what}.")
