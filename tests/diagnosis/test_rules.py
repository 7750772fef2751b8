"""The rules over evidence: what each finds, and which of several findings is the cause."""

from dataclasses import replace
from datetime import timedelta
from ipaddress import ip_address

import pytest

from bot.demo.lab.pki import Issued, make_leaf, make_self_signed, name
from bot.diagnosis.causes import Cause
from bot.diagnosis.complete import Completion
from bot.diagnosis.fault import Fault
from bot.diagnosis.handshake import Handshake
from bot.diagnosis.hello import HelloAnswer
from bot.diagnosis.rules import ORDER, findings_of
from bot.diagnosis.rules.hostname import covers, matches
from bot.diagnosis.rules.plaintext import protocol_of
from bot.diagnosis.rules.validity import soon
from bot.diagnosis.view import View
from tests.diagnosis.chains import (
    CASES,
    DAY,
    HOST,
    ISSUING,
    LEAF,
    OTHER_ROOT,
    ROOT,
    UPPER,
    Case,
    read,
)
from tests.diagnosis.servers import NOW
from tests.diagnosis.views import DONE, fault_view, view_of

AIA = ["http://ca.test/issuing.cer"]


def leaf(**changes: object) -> Issued:
    """A leaf of the issuing CA, changed."""
    return make_leaf(ISSUING, HOST, now=NOW, **{"ca_issuers": AIA, **changes})  # type: ignore[arg-type] # the builder's own fields


def causes(view: View) -> list[str]:
    """The codes of what breaks, the cause first."""
    return [one.code.value for one in findings_of(view) if one.severity == "critical"]


EXPIRED = {"not_after": NOW - DAY}
OTHER_NAME = {"names": ["other.test"]}
# What is sent, under which name it is asked for, and what has to be found, the cause first.
CHAINS: dict[str, tuple[Case, list[str]]] = {
    "complete": (CASES["complete"], []),
    "with the root": (CASES["with the root"], []),
    "upside down": (CASES["upside down"], []),
    "with a stranger": (CASES["with a stranger"], []),
    "cross-signed": (CASES["cross-signed"], []),
    "expired cross-sign, good root": (CASES["expired cross-sign, good root"], []),
    "expired intermediate and a valid one": (CASES["expired intermediate and a valid one"], []),
    "unknown extension": (CASES["unknown extension"], []),
    "self-signed": (CASES["self-signed"], ["self_signed"]),
    "self-signed and trusted": (CASES["self-signed and trusted"], []),
    "expired": (CASES["expired"], ["expired"]),
    "not yet valid": (CASES["not yet valid"], ["not_yet_valid"]),
    "leaf alone": (CASES["leaf alone"], ["missing_intermediate"]),
    "expired and alone": (CASES["expired and alone"], ["expired", "missing_intermediate"]),
    "namesake": (CASES["namesake"], ["wrong_intermediate"]),
    "unknown root, sent": (CASES["unknown root, sent"], ["untrusted_root"]),
    "expired intermediate": (CASES["expired intermediate"], ["expired_intermediate"]),
    "cross-signed by an expired root": (
        CASES["cross-signed by an expired root"],
        ["expired_root_or_cross_sign"],
    ),
    "expired root, and a way around it": (
        CASES["expired root, and a way around it"],
        ["expired_root_or_cross_sign"],
    ),
    "intermediate of tomorrow": (CASES["intermediate of tomorrow"], ["invalid_chain"]),
    "not a CA": (CASES["not a CA"], ["invalid_chain"]),
    "path too long": (CASES["path too long"], ["invalid_chain"]),
    "names not allowed": (CASES["names not allowed"], ["invalid_chain"]),
    "unknown critical extension": (CASES["unknown critical extension"], ["invalid_chain"]),
    "for clients": (CASES["for clients"], ["certificate_not_tls"]),
    "RSA 1024": (CASES["RSA 1024"], ["weak_signature_or_key"]),
    "another name": (
        Case((leaf(**OTHER_NAME), ISSUING, UPPER), (ROOT,)),
        ["hostname_mismatch"],
    ),
    "another name and expired": (
        Case((leaf(**OTHER_NAME, **EXPIRED), ISSUING, UPPER), (ROOT,)),
        ["hostname_mismatch", "expired"],
    ),
    "another name, expired and alone": (
        Case((leaf(**OTHER_NAME, **EXPIRED),), (ROOT,)),
        ["hostname_mismatch", "expired", "missing_intermediate"],
    ),
    "self-signed with another name": (
        Case((make_self_signed("localhost", now=NOW),), (ROOT,)),
        ["self_signed", "hostname_mismatch"],
    ),
    "self-signed, another name, expired": (
        Case((make_self_signed("localhost", now=NOW, not_after=NOW - DAY),), (ROOT,)),
        ["self_signed", "hostname_mismatch", "expired"],
    ),
    "expired under an unknown root": (
        Case((leaf(**EXPIRED), ISSUING, UPPER, ROOT), (OTHER_ROOT,)),
        ["expired", "untrusted_root"],
    ),
}


@pytest.mark.parametrize(("case", "expected"), CHAINS.values(), ids=CHAINS.keys())
def test_what_is_found_in_a_chain(case: Case, expected: list[str]) -> None:
    """Each chain's faults are found, none is made up, and the cause comes first."""
    assert causes(view_of(case)) == expected


@pytest.mark.parametrize("which", CASES)
def test_what_openssl_refuses_is_never_called_good(which: str) -> None:
    """Without a finding OpenSSL has nothing against the chain."""
    case = CASES[which]
    view = view_of(case)
    path = view.path
    refused = path is None or not path.verdict.ok
    assert bool(causes(view)) >= refused


def test_a_gap_is_proven_by_what_was_fetched() -> None:
    """The finding names all that was missing, in order, and says that it is proven."""
    finding = findings_of(view_of(CASES["leaf alone"], ISSUING, UPPER))[0]
    assert finding.code is Cause.MISSING_INTERMEDIATE
    assert finding.evidence["proven"] is True
    assert finding.evidence["count"] == 2
    assert finding.evidence["issuer"] == "Chains Issuing"
    assert finding.evidence["below_is_leaf"] is True
    missing = finding.evidence["missing"]
    assert isinstance(missing, list)
    assert [one["name"] for one in missing if isinstance(one, dict)] == [
        "Chains Issuing",
        "Chains Upper",
    ]


def test_a_gap_further_up_says_where() -> None:
    """An upper intermediate that is missing is told apart from the leaf's own issuer."""
    finding = findings_of(view_of(CASES["upper one missing"], UPPER))[0]
    assert finding.code is Cause.MISSING_INTERMEDIATE
    assert finding.evidence["below_is_leaf"] is False
    assert finding.evidence["below"] == "Chains Issuing"


def test_a_wrong_intermediate_shows_both_keys() -> None:
    """The key that is wanted and the one that came can be compared by hand."""
    finding = findings_of(view_of(CASES["namesake"], ISSUING))[0]
    assert finding.code is Cause.WRONG_INTERMEDIATE
    assert finding.evidence["proven"] is True
    assert finding.evidence["wanted_key_id"] == ISSUING.key_id.hex(":")
    wrong = finding.evidence["wrong"]
    assert isinstance(wrong, list)
    assert isinstance(wrong[0], dict)
    assert wrong[0]["key_id"] != finding.evidence["wanted_key_id"]


def test_a_fetched_root_makes_an_untrusted_root_certain() -> None:
    """A chain that could be climbed to an unknown root misses nothing: the root is the matter."""
    case = Case((leaf(),), (OTHER_ROOT,))
    view = view_of(case)
    view = replace(view, completion=Completion(None, (), read(ISSUING, UPPER, ROOT)))
    (finding,) = (one for one in findings_of(view) if one.severity == "critical")
    assert finding.code is Cause.UNTRUSTED_ROOT
    assert finding.evidence["certain"] is True
    assert finding.evidence["root"] == "Chains Root"


def test_a_private_ca_without_addresses_is_an_untrusted_root() -> None:
    """Neither AIA nor public policies: more likely a private root than a missing intermediate."""
    private = make_leaf(OTHER_ROOT, HOST, now=NOW, policies=[])
    (finding,) = findings_of(view_of(Case((private,), (ROOT,))))
    assert finding.code is Cause.UNTRUSTED_ROOT
    assert finding.evidence["certain"] is False


@pytest.mark.parametrize(
    ("lifetime", "left", "warned"),
    [
        (6, 1.3, False),
        (6, 1.1, True),
        (47, 9.5, False),
        (47, 9.3, True),
        (90, 14.1, False),
        (90, 13.9, True),
        (398, 14.1, False),
        (398, 13.9, True),
        (398, 0.01, True),
    ],
)
def test_when_a_certificate_expires_soon(lifetime: int, left: float, warned: bool) -> None:
    """A fifth of the lifetime, two weeks at most: a 6-day certificate is not always about to end."""
    end = NOW + timedelta(days=left)
    one = leaf(not_before=end - timedelta(days=lifetime), not_after=end)
    found = findings_of(view_of(Case((one, ISSUING, UPPER), (ROOT,))))
    assert [item.code.value for item in found] == (["expiring_soon"] if warned else [])
    assert all(item.severity == "warning" for item in found)


def test_soon_is_a_share_or_two_weeks() -> None:
    """The threshold in numbers."""
    days = {n: soon(NOW, NOW + timedelta(days=n)).total_seconds() / 86400 for n in (6, 47, 90, 398)}
    assert days == pytest.approx({6: 1.2, 47: 9.4, 90: 14, 398: 14})


@pytest.mark.parametrize(
    ("moment", "found"),
    [(timedelta(seconds=-1), "not_yet_valid"), (timedelta(0), None), (timedelta(seconds=1), None)],
)
def test_the_first_second_is_valid(moment: timedelta, found: str | None) -> None:
    """The moment of notBefore is part of the time (RFC 5280, 4.1.2.5)."""
    one = read(LEAF)[0]
    case = Case((LEAF, ISSUING, UPPER), (ROOT,), one.not_before + moment)
    assert causes(view_of(case)) == ([found] if found else [])


@pytest.mark.parametrize(
    ("moment", "found"), [(timedelta(0), None), (timedelta(seconds=1), "expired")]
)
def test_the_last_second_is_valid(moment: timedelta, found: str | None) -> None:
    """The moment of notAfter is part of the time, and OpenSSL agrees."""
    one = read(LEAF)[0]
    case = Case((LEAF, ISSUING, UPPER), (ROOT,), one.not_after + moment)
    view = view_of(case)
    assert causes(view) == ([found] if found else [])
    assert view.verdict is not None
    assert view.verdict.ok is (found is None)


@pytest.mark.parametrize(
    ("pattern", "host", "expected"),
    [
        ("www.example.com", "www.example.com", True),
        ("WWW.Example.COM", "www.example.com", True),
        ("www.example.com", "www.example.com.", True),
        ("www.example.com.", "www.example.com", False),
        ("www.example.com.", "www.example.com.", False),
        ("*.example.com.", "www.example.com", False),
        ("example.com", "www.example.com", False),
        ("www.example.com", "example.com", False),
        ("*.example.com", "www.example.com", True),
        ("*.example.com", "WWW.EXAMPLE.com", True),
        ("*.example.com", "example.com", False),
        ("*.example.com", "a.b.example.com", False),
        ("*.example.com", ".example.com", False),
        ("*.*.example.com", "a.b.example.com", False),
        ("www.*.com", "www.example.com", False),
        ("w*.example.com", "www.example.com", False),
        ("*w.example.com", "www.example.com", False),
        ("w*w.example.com", "www.example.com", False),
        ("*.com", "example.com", False),
        ("*", "example", False),
        ("*", "example.com", False),
        ("*.", "example.", False),
        ("", "", False),
        ("", "example.com", False),
        ("*.xn--wgv71a119e.jp", "www.xn--wgv71a119e.jp", True),
        ("xn--wgv71a119e.jp", "xn--wgv71a119e.jp", True),
        ("*.example.jp", "xn--wgv71a119e.example.jp", True),
        ("xn--*.example.jp", "xn--wgv71a119e.example.jp", False),
        ("*.0.2.1", "192.0.2.1", True),  # what an address is never asked: see `covers`
    ],
)
def test_names_match_as_rfc_9525_says(pattern: str, host: str, expected: bool) -> None:
    """A wildcard is the whole leftmost label, and stands for exactly one."""
    assert matches(pattern, host) is expected


@pytest.mark.parametrize(
    ("names", "host", "expected"),
    [
        (["a.test", "b.test"], "b.test", True),
        (["192.0.2.1"], "192.0.2.1", True),
        (["192.0.2.1"], "192.0.2.2", False),
        (["2001:db8::1"], "2001:db8::1", True),
        (["2001:db8::1"], "2001:db8:0::0:1", True),
        (["*.0.2.1"], "192.0.2.1", False),
        (["a.test"], "192.0.2.1", False),
        (["192.0.2.1"], "a.test", False),
    ],
)
def test_addresses_match_only_addresses(names: list[str], host: str, expected: bool) -> None:
    """An address is looked for among the addresses, in any spelling, and never as a name."""
    assert covers(read(make_leaf(ISSUING, "x", now=NOW, names=names))[0], host) is expected


@pytest.mark.parametrize(
    ("host", "subject", "old_name"),
    [
        (HOST, HOST, True),
        ("www." + HOST, "*." + HOST, True),
        (HOST, "other.test", False),
        ("192.0.2.1", "192.0.2.1", False),
    ],
)
def test_a_common_name_is_told_apart(host: str, subject: str, old_name: bool) -> None:
    """A certificate that names the host only in its subject works for some: that is evidence."""
    one = make_leaf(ISSUING, HOST, now=NOW, names=[], subject=name(subject))
    (finding,) = findings_of(view_of(Case((one, ISSUING, UPPER), (ROOT,)), host=host))
    assert finding.code is Cause.HOSTNAME_MISMATCH
    assert finding.evidence["common_name_matches"] is old_name


def test_a_common_name_beside_alternative_names_counts_nowhere() -> None:
    """With alternative names present the subject is not looked at (RFC 9525, 2)."""
    one = make_leaf(ISSUING, HOST, now=NOW, names=["other.test"], subject=name(HOST))
    (finding,) = findings_of(view_of(Case((one, ISSUING, UPPER), (ROOT,))))
    assert finding.evidence["common_name_matches"] is False


FAULTS: dict[str, tuple[View, str]] = {
    "denied": (fault_view("denied"), "egress_denied"),
    "refused": (fault_view("refused"), "connection_refused"),
    "no route": (fault_view("no_route"), "timeout"),
    "no answer": (fault_view("connect_timeout"), "timeout"),
    "silent": (fault_view("silent"), "timeout"),
    "reset": (fault_view("reset"), "connection_reset"),
    "closed": (fault_view("closed"), "connection_reset"),
    "plaintext": (fault_view("plaintext"), "plaintext_on_tls_port"),
    "starttls": (fault_view("starttls", "not offered"), "starttls_refused"),
    "alert 40": (
        fault_view("alert", "ssl/tls alert handshake failure", alert=40),
        "handshake_failure",
    ),
    "alert 70": (fault_view("alert", "tlsv1 alert protocol version", alert=70), "protocol_version"),
    "alert 80": (fault_view("alert", "tlsv1 alert internal error", alert=80), "handshake_failure"),
    "alert 112": (fault_view("alert", "tlsv1 unrecognized name", alert=112), "sni_unrecognized"),
    "too much": (fault_view("openssl", "excessive message size"), "extra_certificates"),
    "bad DER": (fault_view("openssl", "nested asn1 error"), "malformed_certificate"),
    "nonsense": (fault_view("openssl", "bad length"), "handshake_failure"),
    "RC4 alone": (
        replace(
            fault_view("alert", "ssl/tls alert handshake failure", alert=40),
            hello=HelloAnswer("TLSv1.2", "RC4-SHA"),
        ),
        "no_shared_cipher",
    ),
    "RC4 alone, hangs up": (
        replace(fault_view("reset"), hello=HelloAnswer("TLSv1.2", "RC4-SHA")),
        "no_shared_cipher",
    ),
    "SSL 3 alone": (
        replace(
            fault_view("alert", "x alert handshake failure", alert=40),
            hello=HelloAnswer("SSLv3", "RC4-MD5"),
        ),
        "protocol_version",
    ),
    "SSL 3 alone, hangs up": (
        replace(fault_view("closed"), hello=HelloAnswer("SSLv3", "DES-CBC3-SHA")),
        "protocol_version",
    ),
    "unreadable": (
        replace(fault_view("silent"), handshake=DONE, unreadable=("invalid length",)),
        "malformed_certificate",
    ),
}


@pytest.mark.parametrize(("view", "expected"), FAULTS.values(), ids=FAULTS.keys())
def test_what_is_found_where_no_chain_came(view: View, expected: str) -> None:
    """Each way in which a connection ends has one cause."""
    assert causes(view) == [expected]


def _asked(fault: Fault | None = None, reply: bytes = b"", version: str = "TLSv1.3") -> Handshake:
    return replace(
        DONE, client_certificate_asked=True, fault=fault, reply=reply, tls_version=version
    )


@pytest.mark.parametrize(
    ("seen", "how"),
    [
        (_asked(), None),
        (_asked(reply=b"HTTP/1.1 200 OK\r\n\r\nclient certificate"), None),
        (_asked(reply=b"HTTP/1.1 403 Forbidden\r\n\r\nno"), None),
        (
            _asked(reply=b"HTTP/1.1 400 Bad Request\r\n\r\nNo required SSL certificate was sent"),
            "page",
        ),
        (_asked(reply=b"HTTP/1.1 403 Forbidden\r\n\r\nA client certificate is needed"), "page"),
        (_asked(Fault("alert", "tlsv13 alert certificate required", 116)), "alert"),
        (_asked(Fault("alert", "x alert handshake failure", 40), version="TLSv1.2"), "alert"),
        (_asked(Fault("closed")), "closed"),
        (_asked(Fault("reset")), "closed"),
    ],
)
def test_who_insists_on_a_client_certificate(seen: Handshake, how: str | None) -> None:
    """Asking is not insisting: only a refusal is a finding, in whichever form it comes."""
    found = findings_of(view_of(CASES["complete"], seen=seen))
    assert [one.code.value for one in found] == (["client_certificate_required"] if how else [])
    assert [one.evidence["how"] for one in found] == ([how] if how else [])


@pytest.mark.parametrize("version", ["TLSv1", "TLSv1.1", "SSLv3"])
def test_an_old_version_comes_before_what_its_certificate_lacks(version: str) -> None:
    """No current client gets as far as the certificate."""
    seen = replace(DONE, tls_version=version)
    found = causes(view_of(CASES["expired and alone"], seen=seen))
    assert found == ["protocol_version", "expired", "missing_intermediate"]


def test_a_refused_client_certificate_does_not_hide_an_expired_one() -> None:
    """Whoever sends a client certificate still meets the expired server certificate."""
    seen = _asked(Fault("alert", "tlsv13 alert certificate required", 116))
    assert causes(view_of(CASES["expired"], seen=seen)) == [
        "expired",
        "client_certificate_required",
    ]


def test_suites_that_only_some_offer() -> None:
    """A server that refuses what browsers offer, and takes what our widest hello does."""
    refused = replace(DONE, completed=False, fault=Fault("alert", "x alert handshake failure", 40))
    seen = replace(DONE, tls_version="TLSv1.2", cipher="AES256-SHA256")
    (finding,) = findings_of(replace(view_of(CASES["complete"], seen=seen), modern=refused))
    assert finding.code is Cause.NO_SHARED_CIPHER
    assert finding.evidence["everyone"] is False


@pytest.mark.parametrize(
    ("start", "protocol"),
    [
        (b"HTTP/1.1 400 Bad Request", "HTTP"),
        (b"<html>", "HTTP"),
        (b"220 mail.example.com ESMTP Postfix", "SMTP"),
        (b"220 ProFTPD Server", "FTP"),
        (b"220-FileZilla Server\r\n220 Ftp ready", "FTP"),
        (b"SSH-2.0-OpenSSH_9.2p1", "SSH"),
        (b"* OK IMAP4rev1 ready", "IMAP"),
        (b"+OK POP3 ready", "POP3"),
        (b"-ERR unknown command", "Redis"),
        (b"J\x00\x00\x00\x0a8.0.36\x00", "MySQL"),
        (b"RFB 003.008\n", "VNC"),
        (b"\x00", None),
        (b"hello", None),
    ],
)
def test_protocols_are_known_by_their_greeting(start: bytes, protocol: str | None) -> None:
    """People are told what answers there, where it can be told."""
    assert protocol_of(start) == protocol


def test_a_file_has_no_connection_to_judge() -> None:
    """A chain from a file is judged by its certificates alone."""
    assert causes(view_of(CASES["leaf alone"], seen=None)) == ["missing_intermediate"]


def test_each_cause_has_one_place() -> None:
    """No cause stands twice in the order of priorities."""
    assert len(set(ORDER)) == len(ORDER)
    assert ip_address("192.0.2.1") == DONE.address
