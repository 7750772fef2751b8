"""Each fault really is what it says, in the eyes of two clients that know nothing of the lab."""

import re

import pytest

from bot.demo.lab import SCENARIOS, Scenario, open_lab
from tests.demo.lab.clients import needs_openssl, openssl_sees, python_sees, return_code

OK = "HTTP/1.1 200 OK"
REFUSED_VERSION = r"TLSV1_ALERT_PROTOCOL_VERSION"
FAILURE = r"(SSLV3|TLS)_ALERT_HANDSHAKE_FAILURE"
PLAINTEXT = r"WRONG_VERSION_NUMBER"

# Per scenario and address: the code or the words of openssl s_client, then what Python sees.
# s_client names the last error that it met, Python the first.
SEEN: dict[str, list[tuple[int | str, str]]] = {
    # Both of these clients name ECDSA first.
    "two-certificates": [(0, OK)],
    "rsa-certificate-expired": [(0, OK)],
    "rsa-certificate-expired-unseen": [(0, OK)],
    "rsa-certificate-incomplete": [(0, OK)],
    "ecdsa-certificate-expired": [(10, "verify 10")],
    # openssl offers no ALPN, Python does here; its releases know the alert by name or not.
    "name-with-dot": [(62, "verify 62")],
    "alpn-refused": [(0, "(?i).*no.application.protocol.*")],
    "alpn-reset": [(0, "ConnectionResetError")],
    "alpn-unoffered": [(0, "BAD_EXTENSION")],
    "missing-intermediate": [(21, "verify 20")],
    "incident": [(21, "verify 20")],
    "missing-two-intermediates": [(21, "verify 20")],
    "missing-intermediate-no-aia": [(21, "verify 20")],
    "missing-intermediate-dead-aia": [(21, "verify 20")],
    "missing-intermediate-slow-aia": [(21, "verify 20")],
    "aia-redirect-to-metadata": [(21, "verify 20")],
    "wrong-intermediate": [(21, "verify 20")],
    "wrong-intermediate-unrelated": [(21, "verify 20")],
    "expired-intermediate": [(10, "verify 10")],
    "untrusted-root": [(19, "verify 19")],
    "untrusted-root-not-sent": [(20, "verify 20")],
    "cn-injection": [(21, "verify 20")],
    "many-certificates": [(0, OK)],
    "huge-chain": [("excessive message size", "EXCESSIVE_MESSAGE_SIZE")],
    "expired": [(10, "verify 10")],
    "expired-and-incomplete": [(10, "verify (10|20)")],
    "not-yet-valid": [(9, "verify 9")],
    "expiring-soon": [(0, OK)],
    "self-signed": [(18, "verify 18")],
    "hostname-mismatch": [(62, "verify 62")],
    "wildcard-depth": [(62, "verify 62")],
    "malformed-certificate": [("asn1 encoding routines", ".*(ASN1|asn1).*")],
    "backends-differ": [(0, OK), (0, OK), (10, "verify 10")],
    "one-backend-down": [(0, OK), (0, OK), ("Connection refused", "ConnectionRefusedError")],
    "tls10-only": [("legacy sigalg|alert number 70", REFUSED_VERSION)],
    "tls11-only": [("legacy sigalg|alert number 70", REFUSED_VERSION)],
    "sslv3-only": [("alert number 70", REFUSED_VERSION)],
    "no-shared-cipher": [("alert number 40", FAILURE)],
    "rc4-only": [("alert number 40", FAILURE)],
    "client-certificate-required-tls13": [
        ("alert number 116", "TLSV13_ALERT_CERTIFICATE_REQUIRED")
    ],
    "client-certificate-required-tls12": [("alert number 40", FAILURE)],
    "client-certificate-nginx-style": [
        ("No required SSL certificate was sent", "HTTP/1.1 400 Bad Request")
    ],
    "client-certificate-optional": [("Acceptable client certificate CA names", OK)],
    "sni-unrecognized": [("alert number 112", "TLSV1_UNRECOGNIZED_NAME")],
    "sni-internal-error": [("alert number 80", "TLSV1_ALERT_INTERNAL_ERROR")],
    "reset-by-name": [(r"errno=\d+", "ConnectionResetError")],
    # What OpenSSL before 3.5 says: its hello is small. Later ones are cut off, or hear nothing.
    "large-hello-reset": [(r"errno=\d+|HTTP/1.1 200 OK", f"{OK}|ConnectionResetError")],
    "large-hello-silent": [],
    "dh-1024": [("dh key too small", "DH_KEY_TOO_SMALL")],
    # Neither looks revocation up by itself.
    "revoked-ocsp": [(0, OK)],
    "revoked-crl": [(0, OK)],
    "revoked-intermediate": [(0, OK)],
    "revoked-stapled": [(0, OK)],
    "must-staple-missing": [(0, OK)],
    "must-staple": [(0, OK)],
    "staple-out-of-date": [(0, OK)],
    "ocsp-forged": [(0, OK)],
    "ocsp-delegated": [(0, OK)],
    "ocsp-slow": [(0, OK)],
    "revoked-late": [(0, OK)],
    "crl-only": [(0, OK)],
    "legacy-renegotiation": [
        ("unsafe legacy renegotiation", "UNSAFE_LEGACY_RENEGOTIATION_DISABLED")
    ],
    "dns-failure": [],
    "resolves-to-private": [],
    "connection-refused": [("Connection refused", "ConnectionRefusedError")],
    "connection-reset": [(r"errno=\d+", "ConnectionResetError")],
    "closes-after-hello": [("unexpected eof", "UNEXPECTED_EOF_WHILE_READING")],
    "timeout-silent": [],
    "one-byte-a-second": [],
    "plaintext-http": [("wrong version number", PLAINTEXT)],
    "plaintext-smtp": [("wrong version number", PLAINTEXT)],
    "plaintext-ssh": [("wrong version number", PLAINTEXT)],
    "not-a-ca": [(26, "verify 79")],
    "path-length": [(25, "verify 25")],
    "name-not-permitted": [(47, "verify 47")],
    "name-excluded": [(48, "verify 48")],
    "unknown-critical-extension": [(34, "verify 34")],
    # Python since 3.13 says 92: it verifies strictly.
    "strict-clients": [(0, f"{OK}|verify 92")],
    "addtrust-2020": [(0, OK)],
    "dst-root-2021": [(0, OK)],
    "expired-beside-valid": [(0, OK)],
    "certificate-for-clients": [(26, "verify 26")],
    "ca-as-leaf": [(0, OK)],
    "intercepted": [(20, "verify 20")],
    "healthy": [(0, OK)],
    "tls13-only": [("TLSv1.3, Cipher is", OK)],
    "idn": [(0, OK)],
    "wrong-order": [(0, OK)],
    "extra-certificates": [(0, OK)],
}
MEETABLE = [one for one in SCENARIOS if SEEN.get(one.name)]


def test_every_scenario_has_an_expectation() -> None:
    """A scenario that no client has met does not get into the lab."""
    assert set(SEEN) == {one.name for one in SCENARIOS}


@needs_openssl
@pytest.mark.parametrize("scenario", MEETABLE, ids=lambda one: one.name)
async def test_openssl_sees_the_fault(scenario: Scenario) -> None:
    """`openssl s_client` ends with the code, or says the words, that the fault is known by."""
    async with open_lab(scenarios=[scenario]) as lab:
        addresses = lab.hosts[scenario.host]
        for address, (expected, _) in zip(addresses, SEEN[scenario.name], strict=True):
            output = await openssl_sees(address, scenario.host, lab.roots_pem)
            if isinstance(expected, int):
                assert return_code(output) == expected, output
                assert OK in output
            else:
                assert re.search(expected, output), output


@pytest.mark.parametrize("scenario", MEETABLE, ids=lambda one: one.name)
async def test_python_sees_the_fault(scenario: Scenario) -> None:
    """Python's ssl module fails, or not, in the way in which the fault is known."""
    async with open_lab(scenarios=[scenario]) as lab:
        addresses = lab.hosts[scenario.host]
        for address, (_, expected) in zip(addresses, SEEN[scenario.name], strict=True):
            seen = await python_sees(address, scenario.host, lab.roots_pem)
            assert re.fullmatch(expected, seen), seen


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda one: one.name)
def test_a_scenario_is_described(scenario: Scenario) -> None:
    """Every entry can be listed in both languages, and its verdict and cause go together."""
    assert re.fullmatch(r"[a-z0-9-]+", scenario.name)
    assert scenario.title
    assert scenario.title.isascii()
    assert not scenario.title_ja.isascii()
    assert scenario.story.endswith(".")
    assert (scenario.cause is None) == (scenario.verdict == "ok") or not scenario.judged
    assert len([one for one in SCENARIOS if one.name == scenario.name]) == 1
