"""The CA bundles of a machine: found, and read in all their forms."""

import shutil
import struct
import subprocess
from pathlib import Path

import certifi
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import NoEncryption, pkcs12

from bot.diagnosis.certificate import read_pem_certificates
from bot.worker.bundles import find_bundles, read_bundle

PEM = Path(certifi.where()).read_bytes()
SOME = read_pem_certificates(PEM)[:5]


def java_store(version: int = 2) -> bytes:
    """A Java key store with some certificates."""
    parts = [struct.pack(">III", 0xFEEDFEED, version, len(SOME))]
    for one in SOME:
        kind = struct.pack(">H", 5) + b"X.509" if version == 2 else b""
        parts.append(
            struct.pack(">IH", 2, 4) + b"root" + bytes(8) + kind + struct.pack(">I", len(one.der))
        )
        parts.append(one.der)
    return b"".join(parts) + bytes(20)


@pytest.mark.parametrize("version", [1, 2])
def test_a_java_key_store_needs_no_password(version: int) -> None:
    """Its certificates are not encrypted."""
    assert read_bundle(java_store(version)) == SOME
    for length in range(12, 400, 7):
        with pytest.raises((ValueError, struct.error)):
            read_bundle(java_store(version)[:length])


def test_a_pkcs12_store() -> None:
    """As of JDK 18."""
    inside = [
        pkcs12.PKCS12Certificate(x509.load_der_x509_certificate(one.der), None) for one in SOME
    ]
    data = pkcs12.serialize_java_truststore(inside, NoEncryption())
    assert set(read_bundle(data)) == set(SOME)


@pytest.mark.skipif(shutil.which("keytool") is None, reason="Java's keytool is not installed")
@pytest.mark.parametrize("kind", ["jks", "pkcs12"])
def test_what_keytool_makes(kind: str, tmp_path: Path) -> None:
    """A store with Java's default password, made by Java itself."""
    (tmp_path / "one.der").write_bytes(SOME[0].der)
    made = subprocess.run(
        [
            *("keytool", "-importcert", "-noprompt", "-alias", "one", "-storetype", kind),
            *("-file", str(tmp_path / "one.der"), "-keystore", str(tmp_path / "store")),
            *("-storepass", "changeit"),
        ],
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert made.returncode == 0, made.stderr
    assert read_bundle((tmp_path / "store").read_bytes()) == (SOME[0],)


def test_the_bundles_of_a_machine(tmp_path: Path) -> None:
    """Of the distribution, Java and the settings; each once, and damaged ones are passed over."""
    system = tmp_path / "etc/pki/tls/certs/ca-bundle.crt"
    system.parent.mkdir(parents=True)
    system.write_bytes(PEM)
    home = tmp_path / "java"
    (home / "lib/security").mkdir(parents=True)
    (home / "lib/security/cacerts").write_bytes(java_store())
    (tmp_path / "damaged.pem").write_bytes(b"-----BEGIN CERTIFICATE-----\nAAAA\n")
    environment = {
        "JAVA_HOME": str(home),
        "SSL_CERT_FILE": str(tmp_path / "damaged.pem"),
        "CURL_CA_BUNDLE": str(tmp_path / "missing.pem"),
    }
    found = {one.kind: one for one in find_bundles(environment, tmp_path)}
    assert set(found) == {"system", "java", "python"}
    assert found["system"].age is not None
    assert (len(found["java"].trust.anchors), found["java"].age) == (5, None)
