"""The CA bundles of this machine: where they lie, and reading them. Nothing is judged here.

PEM files of the distributions, Java's `cacerts` (JKS, or PKCS #12 since JDK 18), certifi's, and what
the environment names. Each is bounded; what cannot be read is passed over.
"""

import os
import struct
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Literal

import certifi
import structlog
from cryptography.hazmat.primitives.serialization import Encoding, pkcs12

from bot.diagnosis.certificate import (
    Certificate,
    MalformedCertificateError,
    read_certificate,
    read_pem_certificates,
)
from bot.diagnosis.machine import MachineStore
from bot.diagnosis.roots import age_of
from bot.diagnosis.trust import TrustStore

log = structlog.get_logger(__name__)

LARGEST = 10_000_000
MOST_CERTIFICATES = 3000

Kind = Literal["system", "java", "python", "setting"]

# The first one of a distribution that is there counts: the others lead to the same.
_SYSTEM = (
    "etc/ssl/certs/ca-certificates.crt",  # Debian, Ubuntu, Alpine, Arch
    "etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",  # Fedora, RHEL, Amazon Linux
    "etc/pki/tls/certs/ca-bundle.crt",  # older RHEL, CentOS
    "etc/ssl/ca-bundle.pem",  # SUSE
    "etc/ssl/cert.pem",  # macOS, OpenBSD
)
_SETTINGS = ("SSL_CERT_FILE", "CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE")
_JAVA = ("lib/security/cacerts", "jre/lib/security/cacerts")
_JAVA_SYSTEM = ("etc/pki/java/cacerts", "etc/ssl/certs/java/cacerts")

# Public knowledge: Java's own default (JDK keytool documentation). It hides nothing.
_JAVA_PASSWORD = b"changeit"
_JKS, _JCEKS = 0xFEEDFEED, 0xCECECECE
_TRUSTED_CERTIFICATE = 2


def find_bundles(
    environment: Mapping[str, str] | None = None, root: Path = Path("/")
) -> tuple[MachineStore, ...]:
    """The bundles of this machine, each once.

    Args:
        environment: Where JAVA_HOME and the like are looked up.
        root: The file system's root.
    """
    found: dict[tuple[str, str], MachineStore] = {}
    for kind, file in _places(os.environ if environment is None else environment, root):
        certificates = _read(file)
        if certificates:
            trust = TrustStore(certificates)
            age = age_of(one.sha256 for one in trust.anchors)
            # A setting that leads to the system's own bundle says nothing new.
            users = "system" if kind == "setting" else kind
            found.setdefault((users, trust.digest), MachineStore(str(file), kind, trust, age))
    return tuple(found.values())


def _places(environment: Mapping[str, str], root: Path) -> Iterator[tuple[Kind, Path]]:
    system = next((root / one for one in _SYSTEM if (root / one).is_file()), None)
    if system is not None:
        yield "system", system
    for name in _SETTINGS:
        if value := environment.get(name):
            yield "setting", Path(value)
    if home := environment.get("JAVA_HOME"):
        for one in _JAVA:
            yield "java", Path(home) / one
    for one in _JAVA_SYSTEM:
        yield "java", root / one
    yield "python", Path(certifi.where())


def _read(file: Path) -> tuple[Certificate, ...]:
    try:
        if not file.is_file():
            return ()
        with file.open("rb") as source:
            data = source.read(LARGEST + 1)
        if len(data) > LARGEST:
            log.warning("a CA bundle is too large to be read", file=str(file))
            return ()
        return read_bundle(data)[:MOST_CERTIFICATES]
    except (OSError, ValueError, struct.error, MalformedCertificateError) as error:
        log.warning("a CA bundle cannot be read", file=str(file), error=type(error).__name__)
        return ()


def read_bundle(data: bytes) -> tuple[Certificate, ...]:
    """The certificates of a bundle in any of the forms.

    Raises:
        ValueError: It has none of them, or is damaged (also struct.error and
            MalformedCertificateError).
    """
    if len(data) > 4 and struct.unpack_from(">I", data)[0] in (_JKS, _JCEKS):
        return tuple(map(read_certificate, _of_java(data)))
    if b"-----BEGIN" in data:
        return read_pem_certificates(data)
    return tuple(map(read_certificate, _of_pkcs12(data)))


def _of_java(data: bytes) -> Iterator[bytes]:
    """The trusted certificates of a Java key store (sun.security.provider.JavaKeyStore).

    They are not encrypted; the password only guards the digest at the end.
    """
    _, version, count = struct.unpack_from(">III", data)
    at = 12

    def take(size: int) -> bytes:
        nonlocal at
        if size > len(data) - at:
            msg = "the key store ends too early"
            raise ValueError(msg)
        at += size
        return data[at - size : at]

    def number(size: int) -> int:
        return int.from_bytes(take(size), "big")

    for _ in range(min(count, MOST_CERTIFICATES)):
        if number(4) != _TRUSTED_CERTIFICATE:
            return  # a private key: what follows it is no trust store
        take(number(2))  # alias
        take(8)  # date
        if version == 2:
            take(number(2))  # the certificate's type
        yield take(number(4))


def _of_pkcs12(data: bytes) -> Iterator[bytes]:
    try:
        store = pkcs12.load_pkcs12(data, None)
    except ValueError:
        store = pkcs12.load_pkcs12(data, _JAVA_PASSWORD)
    for one in store.additional_certs:
        yield one.certificate.public_bytes(Encoding.DER)
