"""The clients of the table, where no program here can show what they do."""

from datetime import UTC, datetime

import pytest
from pydantic import JsonValue

from bot.diagnosis.causes import Cause, Severity
from bot.diagnosis.clients import CLIENTS, predict
from bot.diagnosis.report import ClientPrediction, Finding, Target

NOW = datetime(2026, 11, 1, tzinfo=UTC)
TARGET = Target(input="h.example", host="h.example")
# CONTRACT: "Clients predicted".
CONTRACT = [
    "curl",
    "openssl",
    "gnutls",
    "python",
    "python-strict",
    "node",
    "java",
    "java-aia",
    "go",
    "ruby",
    "php",
    "dotnet",
    "rustls",
    "chrome",
    "firefox",
    "safari",
    "windows",
    "android",
    "android-7",
    "openssl-1.0.2",
]
FETCHING = {"java-aia", "dotnet", "chrome", "safari", "windows"}


def said(
    cause: Cause, severity: Severity = "critical", **evidence: JsonValue
) -> dict[str, ClientPrediction]:
    """What is said of each client for a server with this finding."""
    finding = Finding(code=cause, severity=severity, evidence=evidence)
    return {one.client: one for one in predict((finding,), TARGET, NOW)}


def working(found: dict[str, ClientPrediction]) -> set[str]:
    """Those that work."""
    return {name for name, one in found.items() if one.outcome == "works"}


def test_all_clients_of_the_contract_are_there() -> None:
    """The contract's list, in its order, each once."""
    assert [one.code for one in CLIENTS] == CONTRACT


def test_those_that_fetch_find_a_missing_intermediate() -> None:
    """Firefox may have it beforehand, the others take what is sent."""
    found = said(Cause.MISSING_INTERMEDIATE, proven=True, below_is_leaf=True)
    assert working(found) == FETCHING
    assert [name for name, one in found.items() if one.outcome == "depends"] == ["firefox"]


def test_java_does_not_replace_what_was_sent() -> None:
    """With AIA it fetches what is missing, and stays with a wrong or an expired one that is sent."""
    for cause in (Cause.WRONG_INTERMEDIATE, Cause.EXPIRED_INTERMEDIATE):
        found = said(cause, proven=True, replacement=True, below_is_leaf=True)
        assert working(found) == FETCHING - {"java-aia"}


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        pytest.param("TLSv1", {"gnutls", "android-7", "openssl-1.0.2"}, id="1.0"),
        pytest.param("TLSv1.1", {"gnutls", "android-7", "openssl-1.0.2"}, id="1.1"),
        pytest.param("SSLv3", set(), id="ssl-3"),
    ],
)
def test_old_versions_work_in_old_clients(version: str, expected: set[str]) -> None:
    """Who still offers TLS 1.0 gets through; SSL 3 is offered by nobody."""
    assert working(said(Cause.PROTOCOL_VERSION, version=version)) == expected


def test_short_keys_work_where_nobody_measures() -> None:
    """RSA of 1024 bits fails in OpenSSL as it is built today and works in Go, Java, Node, GnuTLS."""
    found = said(Cause.WEAK_SIGNATURE_OR_KEY, weak="key", key="RSA 1024")
    assert {"go", "java", "node", "gnutls"} <= working(found)
    assert not {"curl", "python", "chrome", "safari"} & working(found)


def test_wget_and_git_ask_for_no_purpose() -> None:
    """A certificate for clients works only there."""
    assert working(said(Cause.CERTIFICATE_NOT_TLS)) == {"gnutls"}


def test_too_many_certificates_end_it_in_java_and_gnutls() -> None:
    """Java reads ten of a chain and GnuTLS sixteen; what is sent for nothing counts."""
    few = said(Cause.EXTRA_CERTIFICATES, "warning", sent=8)
    some = said(Cause.EXTRA_CERTIFICATES, "warning", sent=12)
    many = said(Cause.EXTRA_CERTIFICATES, "warning", sent=40)
    everybody = set(CONTRACT)
    assert working(few) == everybody
    assert everybody - working(some) == {"java", "java-aia"}
    assert everybody - working(many) == {"java", "java-aia", "gnutls"}


def test_who_alone_is_broken_has_a_line_too() -> None:
    """What breaks single clients only is said in their words."""
    owned = said(Cause.CERTIFICATE_NOT_TLS, "warning", rule="ca", breaks=["firefox", "rustls"])
    assert owned["firefox"].error == "MOZILLA_PKIX_ERROR_CA_CERT_USED_AS_END_ENTITY"
    assert owned["rustls"].error is not None
    assert "CaUsedAsEndEntity" in owned["rustls"].error
    strict = said(
        Cause.INVALID_CHAIN,
        "warning",
        rule="strict",
        strict="Missing Authority Key Identifier",
        breaks=["python-strict"],
    )
    assert strict["python-strict"].error == (
        "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: Missing Authority Key Identifier"
    )
    assert strict["curl"].error is None
    large = said(Cause.EXTRA_CERTIFICATES, "warning", sent=40, bytes=50_000)["java"]
    many = said(Cause.EXTRA_CERTIFICATES, "warning", sent=40, bytes=30_000)["java"]
    assert large.error is not None
    assert "The size of the handshake message" in large.error
    assert many.error is not None
    assert "The certificate chain length (40)" in many.error


def test_other_programs_of_a_library_have_their_own_lines() -> None:
    """For GnuTLS the line is wget's; git's and gnutls-cli's stand beside it."""
    one = said(Cause.EXPIRED, not_after="2026-10-01T00:00:00+00:00")["gnutls"]
    assert one.error == "ERROR: The certificate of ‘h.example’ has expired."
    assert one.values["lines"] == {
        "git": "server certificate verification failed. CAfile:",
        "gnutls-cli": "The certificate chain uses expired certificate.",
    }
