"""What the environment says: proxies, certificates, and keys that are or are not used."""

import os
import ssl
import sys
from collections.abc import Iterator, Mapping
from urllib.parse import SplitResult, urlsplit

from maestro.connections import find_providers
from maestro.errors import MaestroError
from maestro.providers.base import ProviderInfo
from maestro.runtime import Runtime
from maestro.services.checks.outcome import bad, good
from maestro.store.snapshot import Snapshot, StoredSession
from maestro_protocol.doctor import Check

_SCHEMES = ("http", "https", "socks5", "socks5h")


def proxies(environment: Mapping[str, str]) -> Iterator[Check]:
    """The proxy of each scheme, without user and password; a lower-case variable wins."""
    shown, misfits = [], []
    for name in ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "NO_PROXY"):
        variable = next((one for one in (name.lower(), name) if environment.get(one)), None)
        if variable is None:
            continue
        told = _exceptions(environment[variable]) if name == "NO_PROXY" else _proxy(environment[variable])
        if told is None:
            misfits.append(variable)
        else:
            shown.append(f"{variable} {told}")
    if misfits:
        yield bad(
            "proxies",
            "error",
            f"The proxy settings cannot be used: {', '.join(misfits)}",
            "A proxy is http://, https://, socks5:// or socks5h:// with a host and a port up to 65535; NO_PROXY is a "
            "list of host names or addresses",
            f"correct or `unset {' '.join(misfits)}`",
        )
    else:
        yield good("proxies", f"Proxies: {'; '.join(shown)}" if shown else "No proxy is set")


def certificates(environment: Mapping[str, str]) -> Iterator[Check]:
    """The variables that replace the system's certificates: whether they lead to any."""
    if sys.platform in ("win32", "darwin"):
        yield good("tls.certificates", "The system's own certificates are used")
        return
    file, folder = environment.get("SSL_CERT_FILE"), environment.get("SSL_CERT_DIR")
    if file and (problem := _bundle_problem(file)):
        cause = f"SSL_CERT_FILE is {file}, which {problem}; the system's certificates are used instead, if any"
        yield _misleading("SSL_CERT_FILE", cause)
    elif folder and not any(map(os.path.isdir, folder.split(os.pathsep))):
        cause = f"SSL_CERT_DIR is {folder}, which is no directory; the system's certificates are used instead, if any"
        yield _misleading("SSL_CERT_DIR", cause)
    else:
        chosen = [f"{name} {value}" for name, value in (("SSL_CERT_FILE", file), ("SSL_CERT_DIR", folder)) if value]
        shown = ", ".join(chosen) or "the system's own"
        yield good("tls.certificates", f"Certificates: {shown}")


def keys(runtime: Runtime, snapshot: Snapshot) -> Iterator[Check]:
    """Keys in variables and settings: which are used, and which another one hides."""
    for info in find_providers(runtime):
        yield from _keys(runtime, snapshot, info)


def _keys(runtime: Runtime, snapshot: Snapshot, info: ProviderInfo) -> Iterator[Check]:
    found = {name: runtime.environment.get(name, "").strip() for name in info.key_variables}
    if in_settings := runtime.settings.provider(info.id).api_key:
        found[f"providers.{info.id}.apiKey"] = in_settings.get_secret_value()
    present = [name for name, value in found.items() if value]
    for name in present[:1]:
        yield good(f"environment.{name}", f"{name} is set: {_use(snapshot, info)}")
    for name in present[1:]:
        if found[name] == found[present[0]]:
            yield good(f"environment.{name}", f"{name} is set to the same key as {present[0]}")
        else:
            cause = f"{present[0]} comes first and holds another key"
            fix = f"remove {name}" if "." in name else f"`unset {name}`"
            yield bad(f"environment.{name}", "info", f"{name} is not used", cause, f"{fix}, or the other one")


def _use(snapshot: Snapshot, info: ProviderInfo) -> str:
    chosen = _chosen(snapshot, info.id)
    if chosen is None:
        return f"terminal commands use it for {info.label}; an editor asks before"
    if chosen.session.source == "env":
        return f"it is the default session of {info.label}"
    return f"not used, because session '{chosen.session.name}' of {info.label} comes first"


def _chosen(snapshot: Snapshot, provider: str) -> StoredSession | None:
    try:
        return snapshot.default(provider)
    except MaestroError:  # a default that is gone has its own check
        return None


def _proxy(value: str) -> str | None:
    """The proxy without user, password, path and query; None if it is none."""
    address = _split(value if "://" in value else f"http://{value}")
    if address is None or address.scheme not in _SCHEMES or not address.hostname:
        return None
    host = f"[{address.hostname}]" if ":" in address.hostname else address.hostname
    return f"{address.scheme}://{host}" + (f":{address.port}" if address.port else "")


def _exceptions(value: str) -> str | None:
    entries = [entry.strip() for entry in value.split(",") if entry.strip()]
    split = [_split(entry if "://" in entry else f"all://{entry}") for entry in entries]
    hosts = [address.netloc.rpartition("@")[2] for address in split if address is not None]
    return ", ".join(hosts) if len(hosts) == len(entries) else None


def _split(url: str) -> SplitResult | None:
    try:
        address = urlsplit(url)
        _ = address.port
    except ValueError:
        return None
    return address if address.netloc.isprintable() and " " not in address.netloc else None


def _bundle_problem(file: str) -> str | None:
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cafile=file)
    except FileNotFoundError:
        return "is not there"
    except PermissionError:
        return "you may not read"
    except (ssl.SSLError, OSError):
        return "holds no certificates"
    return None


def _misleading(variable: str, cause: str) -> Check:
    label = f"{variable} does not lead to certificates"
    fix = f"set it to a PEM file or directory with certificates, or `unset {variable}`"
    return bad("tls.certificates", "warning", label, cause, fix)
