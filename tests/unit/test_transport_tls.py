"""TLS with a company's own certificate authority, and without its blessing."""

import asyncio
import datetime
import hashlib
import ipaddress
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest

from maestro.failures import UpstreamError
from maestro.transport import HttpRequest, Transport, client
from maestro_protocol.settings import TransportSettings
from tests.unit.loopback import Peer, loopback

x509 = pytest.importorskip("cryptography.x509")
pytestmark = pytest.mark.asyncio


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for 127.0.0.1 that vouches for itself, with its key, as one PEM file."""
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "loopback")])
    now = datetime.datetime.now(datetime.UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "loopback.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(private + signed.public_bytes(serialization.Encoding.PEM))
    return path


def _name_hash(certificate: Path) -> str:
    """OpenSSL's file name for a certificate: the SHA-1 of its canonical subject, here one lower-case word."""
    word = b"loopback"
    name = b"\x0c" + bytes([len(word)]) + word
    attribute = b"\x06\x03\x55\x04\x03" + name
    sequence = b"\x30" + bytes([len(attribute)]) + attribute
    canonical = b"\x31" + bytes([len(sequence)]) + sequence
    return f"{int.from_bytes(hashlib.sha1(canonical).digest()[:4], 'little'):08x}"


@pytest.fixture
def tls(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


@pytest.fixture(params=["file", "directory"])
def trusted(
    certificate: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> Iterator[None]:
    """The system trusts the certificate: in its bundle, or in its folder of single ones, looked up by name."""
    if request.param == "file":
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    else:
        (tmp_path / f"{_name_hash(certificate)}.0").write_bytes(certificate.read_bytes())
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "missing.pem"))
        monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path))
    client.tls.cache_clear()
    yield
    client.tls.cache_clear()


async def answers(peer: Peer) -> None:
    while True:
        await peer.receive()
        await peer.stream(b"data: 1\n\n")


async def test_an_unknown_authority_is_not_trusted(tls: ssl.SSLContext) -> None:
    http = Transport(TransportSettings())
    async with loopback(answers, tls=tls) as server:
        with pytest.raises(UpstreamError, match="does not trust its TLS certificate") as caught:
            await http.open(HttpRequest("GET", server.url, {}), "chat")
    assert caught.value.failure.kind == "network"
    await http.aclose()


@pytest.mark.usefixtures("trusted")
async def test_the_systems_trust_is_used_and_the_connection_kept(tls: ssl.SSLContext) -> None:
    http = Transport(TransportSettings())
    async with loopback(answers, tls=tls) as server:
        for _ in range(2):
            stream = await http.open(HttpRequest("GET", server.url, {}), "chat")
            assert [chunk async for chunk in stream] == [b"data: 1\n\n"]
        assert server.connections == 1
        await http.aclose()


@pytest.mark.usefixtures("trusted")
async def test_cancelling_closes_the_socket_without_a_farewell(tls: ssl.SSLContext) -> None:
    closed = asyncio.Event()

    async def script(peer: Peer) -> None:
        await peer.receive()
        await peer.start()
        await peer.gone()
        closed.set()

    http = Transport(TransportSettings())
    async with loopback(script, tls=tls) as server:
        stream = await http.open(HttpRequest("GET", server.url, {}), "chat")
        reader = asyncio.ensure_future(anext(stream))
        await asyncio.sleep(0)
        reader.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reader
        await closed.wait()
        await http.aclose()


async def test_cancelling_the_handshake_closes_the_socket() -> None:
    greeted, closed = asyncio.Event(), asyncio.Event()

    async def script(peer: Peer) -> None:
        await peer.reader.read(1)
        greeted.set()
        await peer.gone()
        closed.set()

    http = Transport(TransportSettings())
    async with loopback(script) as server:
        url = server.url.replace("http:", "https:")
        opening = asyncio.create_task(http.open(HttpRequest("GET", url, {}), "chat"))
        await greeted.wait()
        opening.cancel()
        with pytest.raises(asyncio.CancelledError):
            await opening
        await closed.wait()
        await http.aclose()
