"""A page over TLS: the certificate is checked against the name in the URL, not against the address connected to."""

import datetime
import ssl
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from maestro.failures import UpstreamError
from maestro.transport import client, fetch_page
from tests.unit.loopback import Peer, loopback

x509 = pytest.importorskip("cryptography.x509")


@pytest.fixture
def tls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ssl.SSLContext]:
    """A server for `pinned.example`, whose certificate the system trusts."""
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "pinned.example")])
    now, day = datetime.datetime.now(datetime.UTC), datetime.timedelta(days=1)
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1, now - day, now + day)
    builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName("pinned.example")]), False)
    signed = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), True).sign(key, hashes.SHA256())
    pem, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    path = tmp_path / "pinned.pem"
    path.write_bytes(key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain) + signed.public_bytes(pem))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    monkeypatch.setenv("SSL_CERT_FILE", str(path))
    client.tls.cache_clear()
    yield context
    client.tls.cache_clear()


async def answers(peer: Peer) -> None:
    await peer.receive()
    await peer.reply(200, b"pinned")


@pytest.mark.asyncio
async def test_the_name_in_the_url_is_what_the_certificate_must_be_for(tls: ssl.SSLContext) -> None:
    async with loopback(answers, tls=tls) as served:
        port = urlsplit(served.url).port
        page = await fetch_page(f"https://pinned.example:{port}/", "127.0.0.1", 100, 5)
        assert page.body == b"pinned"
        assert served.requests[0].headers["host"] == f"pinned.example:{port}"
        for other in ("other.example", "127.0.0.1"):
            with pytest.raises(UpstreamError, match="does not trust its TLS certificate"):
                await fetch_page(f"https://{other}:{port}/", "127.0.0.1", 100, 5)
