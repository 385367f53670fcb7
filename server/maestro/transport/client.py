"""How httpx is set up: timeouts, proxies, certificates."""

import logging
import ssl
import sys
from functools import cache
from http.cookiejar import CookieJar, DefaultCookiePolicy
from importlib.util import find_spec
from types import ModuleType
from typing import TypeVar, cast

import httpx
import truststore

from maestro import __version__
from maestro_protocol.settings import TransportSettings

# Both log every URL at INFO, and httpcore every header at DEBUG.
for _name in ("httpx", "httpcore"):
    logging.getLogger(_name).setLevel(logging.WARNING)

# httpcore tries this import several times per request; where it fails, each searches the whole path (0.1 ms in all).
if find_spec("sniffio") is None:
    sys.modules["sniffio"] = cast("ModuleType", None)


class ProxyMisfit(Exception):
    """The environment's proxy settings cannot be used."""


Client = TypeVar("Client", httpx.AsyncClient, httpx.Client)


def new_client(settings: TransportSettings) -> httpx.AsyncClient:
    """Raises ProxyMisfit."""
    return _made(httpx.AsyncClient, settings)


def new_blocking_client(settings: TransportSettings) -> httpx.Client:
    """Raises ProxyMisfit."""
    return _made(httpx.Client, settings)


def _made(kind: type[Client], settings: TransportSettings) -> Client:
    try:
        return kind(
            verify=tls(),
            timeout=httpx.Timeout(
                connect=settings.connect_timeout_ms / 1000, read=settings.read_timeout_ms / 1000, write=30, pool=10
            ),
            # Turns are limited above; an idle connection outlives the time a reader needs for an answer.
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=32, keepalive_expiry=90),
            # What runs on this machine is never behind a proxy.
            mounts={"all://localhost": None, "all://127.0.0.1": None, "all://[::1]": None},
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
            headers={"user-agent": f"maestro/{__version__}"},
            follow_redirects=False,
        )
    except (ImportError, ValueError, httpx.InvalidURL):
        text = "The proxy settings of the environment (HTTPS_PROXY, ALL_PROXY, NO_PROXY) cannot be used."
        raise ProxyMisfit(text) from None


@cache
def tls() -> ssl.SSLContext:
    """The operating system's trust, so that a company's own certificates work; made once.

    Where that is OpenSSL's bundle, it is read here: truststore would read it again for every connection (16 ms).
    """
    if sys.platform not in ("win32", "darwin"):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.set_default_verify_paths()
        if context.get_ca_certs():
            return context
    return truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
