"""What OpenSSL says of a chain, held against the openssl command, which nobody here wrote."""

import re
import shutil
import subprocess
from datetime import timedelta
from functools import cache
from pathlib import Path

import certifi
import pytest

from bot.demo.lab.pki import chain_pem, make_intermediate, make_leaf, make_root, name
from bot.diagnosis.certificate import MalformedCertificateError, read_certificate
from bot.diagnosis.trust import TrustStore, trust_store
from tests.diagnosis.chains import CASES, HOST, ISSUING, LEAF, ROOT, UPPER, Case, read
from tests.diagnosis.servers import NOW

# What OpenSSL 4 says in other words than OpenSSL 3, which is what most machines have: our verdict
# comes from the OpenSSL inside of the cryptography wheel, the oracle is the machine's own.
SAME = {
    # 4.0 adds a hint at the clock to code 9.
    "certificate is not yet valid or the system clock is incorrect": "certificate is not yet valid",
    # 1.1 had no hyphen in codes 18 and 19.
    "self signed certificate": "self-signed certificate",
    "self signed certificate in certificate chain": "self-signed certificate in certificate chain",
}


@cache
def openssl_version() -> str | None:
    """The version of the openssl command, or None when there is none."""
    found = shutil.which("openssl")
    if found is None:
        return None
    said = subprocess.run([found, "version"], capture_output=True, text=True, check=True).stdout
    return said.split()[1] if said.startswith("OpenSSL ") else None


def plain(message: str) -> str:
    """The message in the words of OpenSSL 3."""
    return SAME.get(message, message)


def openssl_verify(case: Case, folder: Path) -> tuple[int, str]:
    """Code and message of the first error of `openssl verify`; (0, "ok") when there is none."""
    for file, certificates in (
        ("leaf", case.sent[:1]),
        ("rest", case.sent[1:]),
        ("roots", case.roots),
    ):
        (folder / f"{file}.pem").write_bytes(chain_pem(*certificates))
    rest = ["-untrusted", str(folder / "rest.pem")] if len(case.sent) > 1 else []
    ran = subprocess.run(
        [
            *("openssl", "verify", "-no-CApath", "-no-CAstore", "-attime"),
            *(str(int(case.at.timestamp())), "-CAfile", str(folder / "roots.pem"), *rest),
            str(folder / "leaf.pem"),
        ],
        capture_output=True,
        text=True,
        check=False,
        timeout=20,
        # A distribution's own configuration may raise the security level.
        env={"PATH": "/usr/local/bin:/usr/bin:/bin", "OPENSSL_CONF": "/dev/null"},
    )
    found = re.search(r"^error (\d+) at \d+ depth lookup: (.+)$", ran.stdout + ran.stderr, re.M)
    if found is None:
        assert ran.stdout.strip().endswith("OK"), ran
        return 0, "ok"
    return int(found[1]), found[2]


@pytest.mark.skipif(openssl_version() is None, reason="the openssl command is not installed")
@pytest.mark.parametrize("which", CASES)
def test_openssl_verify_says_the_same(which: str, tmp_path: Path) -> None:
    """Code and message are those of `openssl verify` with the same roots at the same moment."""
    case = CASES[which]
    ours = case.trust.verify(case.certificates, case.at)
    code, message = openssl_verify(case, tmp_path)
    assert (ours.code, plain(ours.message)) == (code, plain(message))
    assert ours.ok == (code == 0)


def test_there_are_enough_chains() -> None:
    """The comparison above says little over a handful of chains."""
    assert len(CASES) >= 20
    assert len({CASES[name].trust.verify(CASES[name].certificates, NOW).code for name in CASES}) > 8


def test_the_moment_counts_for_each_verification_alone() -> None:
    """One store judges as of many moments, in any order."""
    trust = TrustStore(read(ROOT))
    chain = read(LEAF, ISSUING, UPPER)
    moments = [NOW, NOW + timedelta(days=400), NOW, NOW - timedelta(days=30), NOW]
    assert [trust.verify(chain, at).code for at in moments] == [0, 10, 0, 9, 0]


def test_depth_says_which_certificate() -> None:
    """0 is the server's own, 1 its issuer."""
    verdicts = {
        name: CASES[name].trust.verify(CASES[name].certificates, CASES[name].at)
        for name in ("expired", "expired intermediate", "complete")
    }
    assert {name: one.depth for name, one in verdicts.items()} == {
        "expired": 0,
        "expired intermediate": 1,
        "complete": 0,
    }


def test_the_bundled_roots() -> None:
    """Without a choice the roots are certifi's, built once."""
    trust = trust_store()
    assert trust is trust_store()
    assert len(trust.anchors) > 100
    assert Path(certifi.where()).read_bytes().count(b"BEGIN CERT") == len(trust.anchors)
    assert not trust.verify(read(LEAF, ISSUING, UPPER), NOW).ok


def test_roots_of_ones_own() -> None:
    """Given roots take the place of certifi's; the company's come beside them."""
    given = trust_store(ROOT.pem.decode())
    beside = trust_store(None, ROOT.pem.decode())
    assert given.anchors == read(ROOT)
    assert len(beside.anchors) == len(trust_store().anchors) + 1
    assert read_certificate(ROOT.der) in beside
    assert len({given.digest, beside.digest, trust_store().digest}) == 3
    assert given.digest == TrustStore(read(ROOT, ROOT)).digest


@pytest.mark.parametrize("text", ["", "no certificate", LEAF.key_pem.decode(), "\udcff", "é"])
def test_roots_without_a_certificate_are_refused(text: str) -> None:
    """A wrong file is said to be wrong, in place of trusting nobody."""
    with pytest.raises(MalformedCertificateError, match=r"."):
        trust_store(text)


def test_issuers_are_found_by_name_and_key() -> None:
    """A root of the same name with another key is none."""
    trust = TrustStore(read(ROOT))
    assert trust.issuers_of(read(UPPER)[0]) == read(ROOT)
    assert trust.issuers_of(read(ISSUING)[0]) == ()


def test_the_anchors_that_openssl_comes_upon_are_all_there() -> None:
    """Names are compared as OpenSSL does: a root whose name is written otherwise still counts."""
    written = make_root("Odd Case Root", now=NOW)
    lower = make_root("x", now=NOW, key=written.key, subject=name("odd  CASE root"))
    issuing = make_intermediate(lower, "Under Odd Case", now=NOW, issuer_name=lower.subject)
    leaf = make_leaf(issuing, HOST, now=NOW)
    renamed = make_root(
        "x", now=NOW, key=written.key, subject=name("ODD case Root"), issuer_name=lower.subject
    )
    assert TrustStore(read(renamed)).verify(read(leaf, issuing), NOW).code == 0


def test_an_anchor_below_another_reaches_it() -> None:
    """An intermediate among the roots is no end by itself; with its root there the path ends."""
    chain = read(LEAF)
    assert TrustStore(read(ISSUING)).verify(chain, NOW).code == 2
    assert TrustStore(read(ISSUING, UPPER, ROOT)).verify(chain, NOW).code == 0
