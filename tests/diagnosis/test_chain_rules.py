"""Order, spare and expired certificates, broken rules, lifetimes, distrust, interception."""

import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from bot.demo.lab.pki import (
    Fields,
    Issued,
    chain_pem,
    make_intermediate,
    make_leaf,
    make_root,
    name,
)
from bot.diagnosis import examine_chain
from bot.diagnosis.causes import Cause
from bot.diagnosis.report import Finding, Report
from bot.diagnosis.rules import distrust, findings_of, lifetime
from bot.diagnosis.rules.interception import PRODUCTS
from bot.diagnosis.trust import trust_store
from bot.texts import phrase_report
from bot.texts.catalogue import LANGS
from tests.diagnosis.chains import CASES, DAY, HOST, ISSUING, LEAF, ROOT, UPPER, Case
from tests.diagnosis.servers import NOW
from tests.diagnosis.test_trust import openssl_version
from tests.diagnosis.views import view_of

needs_openssl = pytest.mark.skipif(openssl_version() is None, reason="needs the openssl command")


def report_of(case: Case, host: str = HOST) -> Report:
    """The Report of a chain file."""
    return examine_chain(chain_pem(*case.sent), host, roots=chain_pem(*case.roots), at=case.at)


def found(case: Case, code: Cause) -> Finding | None:
    """The finding of this code."""
    return next((one for one in findings_of(view_of(case)) if one.code is code), None)


def test_disorder_behind_the_leaf_is_a_warning() -> None:
    """Current clients sort the rest, so a wrong order there breaks nobody of today."""
    report = report_of(CASES["upside down"])
    assert (report.verdict, report.cause) == ("warning", Cause.WRONG_CHAIN_ORDER)
    assert report.findings[0].evidence["position"] == 3
    assert report.fix is not None
    assert report.fix.fullchain_pem == chain_pem(LEAF, ISSUING, UPPER).decode()


@pytest.mark.parametrize(
    ("sent", "position"),
    [((ISSUING, LEAF, UPPER), 2), ((UPPER, ISSUING, LEAF), 3), ((ROOT, UPPER, ISSUING, LEAF), 4)],
    ids=["second", "last", "root first"],
)
def test_a_leaf_that_is_not_first_is_the_cause(sent: tuple[Issued, ...], position: int) -> None:
    """RFC 8446, 4.4.2: the place of the leaf is named, and the file in order is proven."""
    report = report_of(Case(sent, (ROOT,)))
    assert (report.verdict, report.cause) == ("broken", Cause.WRONG_CHAIN_ORDER)
    assert report.findings[0].evidence["position"] == position
    assert [one.code for one in report.findings if one.severity == "critical"] == [report.cause]
    assert report.fix is not None
    assert report.fix.proven
    assert report.fix.fullchain_pem == chain_pem(LEAF, ISSUING, UPPER).decode()


def test_another_sites_certificate_in_front() -> None:
    """The certificate that covers the name stands behind another server's."""
    other = make_leaf(ISSUING, "other.test", now=NOW)
    report = report_of(Case((other, LEAF, ISSUING, UPPER), (ROOT,)))
    assert report.cause is Cause.WRONG_CHAIN_ORDER
    assert report.findings[0].evidence["name"] == HOST


@pytest.mark.parametrize(
    ("which", "kind", "severity", "names"),
    [
        ("doubled", "duplicate", "warning", [HOST, "Chains Issuing"]),
        ("with a stranger", "unrelated", "warning", ["Chains Stranger"]),
        ("with the root", "root", "info", ["Chains Root"]),
        ("cross-signed, both roots", "unneeded", "info", ["Chains Root"]),
    ],
)
def test_spare_certificates_are_named(
    which: str, kind: str, severity: str, names: list[str]
) -> None:
    """What need not be sent is named by its kind; the root and a good cross-sign do no harm."""
    finding = found(CASES[which], Cause.EXTRA_CERTIFICATES)
    assert finding is not None
    assert finding.severity == severity
    assert (finding.evidence["rule"], finding.evidence["names"]) == (kind, names)
    assert report_of(CASES[which]).verdict == ("ok" if severity == "info" else "warning")


def _crossed(by: Issued, one: Issued, dates: Fields) -> Issued:
    """The name and key of `one`, certified by another root."""
    fields: Fields = {**dates, "subject": one.subject, "key": one.key}
    return make_intermediate(by, "replaced", now=NOW, path_length=None, **fields)


def _years(first: int, last: int) -> Fields:
    return {
        "not_before": datetime(first, 1, 1, tzinfo=UTC),
        "not_after": datetime(last, 9, 30, 14, 1, 15, tzinfo=UTC),
    }


def test_the_dst_root_case_of_2021() -> None:
    """The cross-sign outlived DST Root CA X3: today's clients pass, OpenSSL 1.0.2 fails."""
    at = datetime(2021, 10, 1, tzinfo=UTC)
    dst = make_root("DST Root CA X3", now=NOW, **_years(2000, 2021))
    x1 = make_root("ISRG Root X1", now=NOW, **_years(2015, 2035))
    cross = _crossed(dst, x1, _years(2021, 2024))
    r3 = make_intermediate(x1, "R3", now=NOW, **_years(2020, 2025))
    leaf = make_leaf(r3, HOST, now=at)
    for roots in ((x1,), (x1, dst)):
        report = report_of(Case((leaf, r3, cross), roots, at))
        assert (report.verdict, report.cause) == ("warning", Cause.EXPIRED_ROOT_OR_CROSS_SIGN)
        evidence = report.findings[0].evidence
        assert evidence["rule"] == "under_expired"
        assert evidence["not_after"] == "2021-09-30T14:01:15+00:00"
        assert evidence["breaks"] == ["openssl-1.0.2"]
        assert report.fix is not None
        assert report.fix.fullchain_pem == chain_pem(leaf, r3).decode()
    # A store without ISRG Root X1, such as an old one, has no other way.
    old = report_of(Case((leaf, r3, cross), (dst,), at))
    assert (old.verdict, old.cause) == ("broken", Cause.EXPIRED_ROOT_OR_CROSS_SIGN)
    # Before that day nothing was wrong.
    before = report_of(Case((leaf, r3, cross), (x1,), at - 2 * DAY))
    assert Cause.EXPIRED_ROOT_OR_CROSS_SIGN not in {one.code for one in before.findings}


def test_the_addtrust_case_of_2020() -> None:
    """The cross-sign itself ended with AddTrust's root on 2020-05-30."""
    at = datetime(2020, 6, 1, tzinfo=UTC)
    dates: Fields = {
        "not_before": datetime(2000, 5, 30, tzinfo=UTC),
        "not_after": datetime(2020, 5, 30, 10, 48, 38, tzinfo=UTC),
    }
    add = make_root("AddTrust External CA Root", now=NOW, **dates)
    user = make_root("USERTrust RSA Certification Authority", now=NOW, **_years(2010, 2038))
    cross = _crossed(add, user, dates)
    sectigo = make_intermediate(user, "Sectigo RSA Server CA", now=NOW, **_years(2018, 2030))
    leaf = make_leaf(sectigo, HOST, now=at)
    report = report_of(Case((leaf, sectigo, cross, add), (user,), at))
    assert (report.verdict, report.cause) == ("warning", Cause.EXPIRED_ROOT_OR_CROSS_SIGN)
    assert report.findings[0].evidence["rule"] == "beside"
    told = phrase_report(report, "en")
    for words in ("USERTrust", "2020-05-30", "OpenSSL 1.0.2"):
        assert words in told.summary
    # A summary is short; who else fails stands in the detail.
    for words in ("GnuTLS before 3.6.14", "LibreSSL"):
        assert words in told.findings[0].detail


def _changed(**changes: object) -> Case:
    issuing = make_intermediate(UPPER, "Chains Changed", now=NOW, **changes)  # type: ignore[arg-type] # the builder's own fields
    return Case((make_leaf(issuing, HOST, now=NOW), issuing, UPPER), (ROOT,))


def _tree(*, excluded: bool) -> x509.NameConstraints:
    trees: list[x509.GeneralName] = [x509.DNSName("lab.test" if excluded else "other.test")]
    return x509.NameConstraints(None if excluded else trees, trees if excluded else None)


_SIGNS_NOT = x509.KeyUsage(
    digital_signature=True,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    key_cert_sign=False,
    crl_sign=True,
    encipher_only=False,
    decipher_only=False,
)
BROKEN_RULES = {
    "not_a_ca": (CASES["not a CA"], "Chains Changed"),
    "path_length": (CASES["path too long"], "Chains Zero"),
    "permitted": (CASES["names not allowed"], "Chains Changed"),
    "excluded": (_changed(extensions=[(_tree(excluded=True), True)]), "Chains Changed"),
    "critical_extension": (CASES["unknown critical extension"], "Chains Changed"),
    "no_cert_sign": (_changed(key_usage=_SIGNS_NOT), "Chains Changed"),
}


@pytest.mark.parametrize("rule", BROKEN_RULES)
def test_the_broken_rule_and_its_certificate_are_named(rule: str) -> None:
    """Not only OpenSSL's number: which rule, in which certificate, and texts of its own."""
    case, at_fault = BROKEN_RULES[rule]
    report = report_of(case)
    assert (report.verdict, report.cause) == ("broken", Cause.INVALID_CHAIN)
    evidence = report.findings[0].evidence
    assert (evidence["rule"], evidence["name"]) == (rule, at_fault)
    for lang in LANGS:
        phrased = phrase_report(report, lang)
        assert at_fault in phrased.summary
        assert "—" not in phrased.summary + phrased.findings[0].detail
        assert str(evidence["command"]) in phrased.findings[0].detail


@needs_openssl
@pytest.mark.parametrize("rule", [one for one in BROKEN_RULES if one != "no_cert_sign"])
def test_the_command_shows_it(rule: str, tmp_path: Path) -> None:
    """The command of the evidence, run by hand, ends with the error of the evidence."""
    case, _ = BROKEN_RULES[rule]
    evidence = report_of(case).findings[0].evidence
    (tmp_path / "chain.pem").write_bytes(chain_pem(*case.sent))
    (tmp_path / "roots.pem").write_bytes(chain_pem(*case.roots))
    words = str(evidence["command"]).split()
    words[2:2] = ["-CAfile", "roots.pem", "-attime", str(int(case.at.timestamp()))]
    ran = subprocess.run(words, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert ran.returncode != 0
    assert f"error {evidence['code']} " in ran.stdout + ran.stderr


def test_an_intermediate_as_anchor_is_a_warning_for_openssl() -> None:
    """curl, Go and Python 3.13 end a chain there; `openssl verify` does not, and says so."""
    report = report_of(Case((LEAF,), (ISSUING,)))
    assert report.verdict == "warning"
    assert report.findings[0].evidence["rule"] == "partial_anchor"
    assert report.verify is not None
    assert report.verify.code in (2, 20)
    outcomes = {one.client: one.outcome for one in report.clients}
    assert (outcomes["curl"], outcomes["node"], outcomes["go"]) == ("works", "fails", "works")


def test_strict_python_is_named() -> None:
    """A leaf without its authority key identifier fails in Python 3.13, and works elsewhere."""
    leaf = make_leaf(ISSUING, HOST, now=NOW, authority_key_id=None)
    report = report_of(Case((leaf, ISSUING, UPPER), (ROOT,)))
    assert (report.verdict, report.cause) == ("warning", Cause.INVALID_CHAIN)
    assert report.findings[0].evidence["rule"] == "strict"
    assert "Missing Authority Key Identifier" in phrase_report(report, "en").summary


@pytest.mark.parametrize(
    ("issued", "days"),
    [
        ("2015-01-01", None),
        ("2018-03-01", 825),
        ("2020-08-31", 825),
        ("2020-09-01", 398),
        ("2026-03-14", 398),
        ("2026-03-15", 200),
        ("2027-03-15", 100),
        ("2029-03-15", 47),
    ],
)
def test_the_forums_schedule(issued: str, days: int | None) -> None:
    """The limit is the one of the day of issue."""
    found = lifetime.allowed_days(datetime.fromisoformat(issued).replace(tzinfo=UTC))
    assert (found[0] if found else None) == days


@pytest.mark.parametrize(("days", "too_long"), [(100, False), (101, True)])
def test_lifetimes_of_public_certificates(
    days: int, *, too_long: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A public certificate is held to the limit to the second, a private one to none."""
    start = datetime(2027, 4, 1, tzinfo=UTC)
    leaf = make_leaf(
        ISSUING,
        HOST,
        now=NOW,
        not_before=start,
        not_after=start + timedelta(days=days, seconds=-1),
    )
    case = Case((leaf, ISSUING, UPPER), (ROOT,), start + DAY)
    assert found(case, Cause.VALIDITY_TOO_LONG) is None
    monkeypatch.setattr(lifetime, "is_public_root", lambda _: True)
    finding = found(case, Cause.VALIDITY_TOO_LONG)
    assert (finding is not None) is too_long
    if finding is not None:
        assert (finding.evidence["days"], finding.evidence["allowed"]) == (101, 100)


@pytest.mark.parametrize(
    ("anchor", "issued", "who"),
    [
        ("Entrust Root Certification Authority - G2", "2024-11-12", "Chrome 131, Java"),
        ("Entrust Root Certification Authority - G2", "2024-11-11", None),
        ("AffirmTrust Commercial", "2025-01-01", "Chrome 131, Java"),
        ("HiPKI Root CA - G1", "2025-08-01", "Chrome 139"),
        ("HiPKI Root CA - G1", "2025-07-31", None),
        ("NetLock Arany (Class Gold) Főtanúsítvány", "2025-09-01", "Chrome 139"),
        ("Global Chambersign Root - 2008", "2025-04-16", "Java"),
        ("Chains Root", "2025-09-01", None),
    ],
)
def test_cas_distrusted_after_a_day(anchor: str, issued: str, who: str | None) -> None:
    """What such a CA issued later is a warning that names the clients."""
    start = datetime.fromisoformat(issued).replace(tzinfo=UTC)
    top = make_root(anchor, now=start)
    leaf = make_leaf(top, HOST, now=start, not_before=start, not_after=start + 90 * DAY)
    case = Case((leaf,), (top,), start + DAY)
    finding = next(iter(distrust.find(view_of(case))), None)
    assert (finding.evidence["who"] if finding else None) == who
    if finding is not None:
        assert report_of(case).verdict == "warning"


def _timestamps(*moments: datetime) -> tuple[x509.ExtensionType, bool]:
    """An SCT list (RFC 6962, 3.3) with these moments; nobody checks its signatures here."""
    entries = b""
    for moment in moments:
        milliseconds = int(moment.timestamp() * 1000)
        one = b"\0" + b"\x11" * 32 + milliseconds.to_bytes(8) + b"\0\0" + b"\4\3\0\2\x30\0"
        entries += len(one).to_bytes(2) + one
    listed = len(entries).to_bytes(2) + entries
    value = b"\x04" + (b"" if len(listed) < 128 else b"\x81") + len(listed).to_bytes(1) + listed
    oid = x509.ObjectIdentifier("1.3.6.1.4.1.11129.2.4.2")
    return x509.UnrecognizedExtension(oid, value), False


@pytest.mark.parametrize(
    ("stamps", "distrusted"),
    [
        pytest.param(["2024-11-11T23:59:58", "2024-11-20T00:00:00"], False, id="earliest before"),
        pytest.param(["2024-11-12T00:00:01", "2024-11-20T00:00:00"], True, id="all after"),
    ],
)
def test_distrust_goes_by_the_earliest_timestamp(stamps: list[str], distrusted: bool) -> None:
    """Logged in time, a certificate stays trusted whatever its own dates say."""
    start = (
        datetime(2024, 11, 21, tzinfo=UTC) if not distrusted else datetime(2024, 11, 1, tzinfo=UTC)
    )
    top = make_root("Entrust Root Certification Authority - G2", now=start)
    moments = [datetime.fromisoformat(one).replace(tzinfo=UTC) for one in stamps]
    leaf = make_leaf(
        *(top, HOST),
        now=start,
        not_before=start,
        not_after=start + 90 * DAY,
        extensions=[_timestamps(*moments)],
    )
    case = Case((leaf,), (top,), start + 30 * DAY)
    found = list(distrust.find(view_of(case)))
    assert bool(found) is distrusted
    if found:
        assert found[0].evidence["issued"] == "2024-11-12"


ISSUERS = {
    "Zscaler": ("Zscaler Inc.", "Zscaler Intermediate Root CA (zscaler.net)"),
    "Netskope": ("Example", "ca.example.goskope.com"),
    "Palo Alto Networks": ("Palo Alto Networks", "Decryption CA"),
    "Fortinet FortiGate": ("Fortinet", "FG100FTK20012345"),
    "Symantec Blue Coat": ("Blue Coat SG", "proxy"),
    "Cisco Umbrella": ("Cisco", "Cisco Umbrella Secondary SubCA nrt-SG"),
    "Sophos": ("Sophos", "Sophos SSL CA_C010012345"),
    "Kaspersky": ("AO Kaspersky Lab", "Kaspersky Anti-Virus Personal Root Certificate"),
    "ESET": ("ESET, spol. s r. o.", "ESET SSL Filter CA"),
    "Avast": ("Avast Web/Mail Shield", "Avast Web/Mail Shield Root"),
    "Bitdefender": ("Bitdefender", "Bitdefender Personal CA.Net-Defender"),
    "Squid": ("Squid", "squid.corp.example"),
    "mitmproxy": ("mitmproxy", "mitmproxy"),
    "Charles": ("XK72 Ltd", "Charles Proxy CA (1 Jan 2026, host)"),
    "Fiddler": ("DO_NOT_TRUST", "DO_NOT_TRUST_FiddlerRoot"),
    "Burp Suite": ("PortSwigger", "PortSwigger CA"),
}


@pytest.mark.parametrize("product", ISSUERS)
def test_inspection_products_are_known_by_their_issuers(product: str) -> None:
    """The product is named in place of an untrusted root, whether its root is sent or not."""
    organization, common_name = ISSUERS[product]
    top = make_root(common_name, now=NOW, organization=organization)
    leaf = make_leaf(top, HOST, now=NOW, policies=[])
    for sent in ((leaf,), (leaf, top)):
        report = report_of(Case(sent, (ROOT,)))
        assert (report.verdict, report.cause) == ("broken", Cause.INTERCEPTION_PROXY)
        assert report.findings[0].evidence["product"] == product
        for lang in LANGS:
            assert product in phrase_report(report, lang).summary
        assert report.fix is not None
        assert report.fix.owner == "network"


def test_public_and_private_cas_are_no_products() -> None:
    """None of Mozilla's roots is taken for a product, nor is an ordinary private CA."""
    for anchor in trust_store().anchors:
        assert not [one.name for one in PRODUCTS if one.pattern.search(anchor.subject)]
    assert report_of(CASES["unknown root, sent"]).cause is Cause.UNTRUSTED_ROOT


@pytest.mark.parametrize(
    ("key", "breaks"),
    [
        (ec.generate_private_key(ec.SECP521R1()), "chrome"),
        (ec.generate_private_key(ec.SECP256K1()), "go"),
        (ed25519.Ed25519PrivateKey.generate(), "firefox"),
    ],
    ids=["P-521", "secp256k1", "Ed25519"],
)
def test_sound_keys_that_some_clients_do_not_know(key: object, breaks: str) -> None:
    """A curve that browsers lack is a warning that names them."""
    leaf = make_leaf(ISSUING, HOST, now=NOW, key=key)  # type: ignore[arg-type] # beyond what the builder promises
    finding = found(Case((leaf, ISSUING, UPPER), (ROOT,)), Cause.WEAK_SIGNATURE_OR_KEY)
    assert finding is not None
    assert finding.severity == "warning"
    listed = finding.evidence["breaks"]
    assert isinstance(listed, list)
    assert breaks in listed


@pytest.mark.parametrize(
    ("names", "host", "verdict"),
    [
        (["*.shop.test"], "a.shop.test", "ok"),
        (["*.shop.test"], "a.b.shop.test", "broken"),
        (["*.shop.test"], "shop.test", "broken"),
        (["*.test"], "shop.test", "broken"),
        (["192.0.2.7"], "192.0.2.7", "ok"),
        (["xn--wgv71a119e.test"], "日本語.test", "ok"),
        (["shop.test"], "shop.test.", "ok"),
    ],
)
def test_names(names: list[str], host: str, verdict: str) -> None:
    """Wildcards reach one label and no public suffix; addresses, IDN and final dots are met."""
    leaf = make_leaf(ISSUING, names[0], now=NOW, names=names, subject=name(names[0]))
    assert report_of(Case((leaf, ISSUING, UPPER), (ROOT,)), host).verdict == verdict


def test_a_certificate_of_hours_is_not_called_expiring() -> None:
    """A six-hour certificate with three hours left is in order; with half an hour it is not."""
    start = NOW - timedelta(hours=3)
    leaf = make_leaf(ISSUING, HOST, now=NOW, not_before=start, not_after=start + timedelta(hours=6))
    case = Case((leaf, ISSUING, UPPER), (ROOT,))
    assert report_of(case).verdict == "ok"
    late = Case(case.sent, case.roots, NOW + timedelta(hours=2, minutes=30))
    report = report_of(late)
    assert report.cause is Cause.EXPIRING_SOON
    assert "30 minutes" in phrase_report(report, "en").summary


def test_long_chains_and_loops_end() -> None:
    """Eight intermediates work where OpenSSL judges alone; a loop leads nowhere."""
    assert report_of(CASES["eight steps"]).verdict in ("ok", "warning")
    assert report_of(CASES["a loop"]).cause is Cause.UNTRUSTED_ROOT
    assert report_of(CASES["a loop with a way out"]).verdict in ("ok", "warning")


def test_leaf_and_root_without_what_lies_between() -> None:
    """The root was sent and two intermediates were not."""
    aia = ["http://ca.test/issuing.cer"]
    leaf = make_leaf(ISSUING, HOST, now=NOW, ca_issuers=aia)
    report = report_of(Case((leaf, ROOT), (ROOT,)))
    assert (report.verdict, report.cause) == ("broken", Cause.MISSING_INTERMEDIATE)
    both = findings_of(view_of(Case((leaf, ROOT), (ROOT,)), ISSUING, UPPER))
    assert both[0].evidence["count"] == 2
