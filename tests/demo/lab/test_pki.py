"""The PKI builder makes certificates that strict verifiers accept, and wrong ones on demand."""

from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.verification import PolicyBuilder, Store
from OpenSSL import crypto

from bot.demo.lab.authority import Authority
from bot.demo.lab.pki import (
    Fields,
    Issued,
    chain_pem,
    make_intermediate,
    make_leaf,
    make_root,
    make_self_signed,
)

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
HOST = "shop.example"


def _strictly(leaf: Issued, intermediates: list[Issued], root: Issued) -> int:
    """What OpenSSL says under X509_V_FLAG_X509_STRICT: its error number, 0 when it passes."""
    store = crypto.X509Store()
    store.add_cert(crypto.X509.from_cryptography(root.certificate))
    store.set_flags(crypto.X509StoreFlags.X509_STRICT)
    store.set_time(NOW)
    untrusted = [crypto.X509.from_cryptography(one.certificate) for one in intermediates]
    subject = crypto.X509.from_cryptography(leaf.certificate)
    try:
        crypto.X509StoreContext(store, subject, untrusted).verify_certificate()
    except crypto.X509StoreContextError as error:
        return int(error.errors[0])
    return 0


def test_the_labs_chains_pass_openssl_strictly() -> None:
    """Both hierarchies satisfy X509_V_FLAG_X509_STRICT, the default of Python 3.13."""
    ca = Authority(NOW)
    assert _strictly(ca.leaf(HOST), [ca.issuing], ca.root) == 0
    assert (
        _strictly(ca.leaf_from(ca.issuing_deep, HOST), [ca.issuing_deep, ca.policy], ca.root) == 0
    )
    own = make_self_signed(HOST, now=NOW)
    assert _strictly(own, [], own) == 0


def test_the_labs_chain_passes_the_web_pki_verifier() -> None:
    """A second opinion: cryptography's verifier of the CA/B profile accepts it."""
    ca = Authority(NOW)
    store = Store([ca.root.certificate])
    verifier = PolicyBuilder().store(store).time(NOW).build_server_verifier(x509.DNSName(HOST))
    path = verifier.verify(ca.leaf(HOST).certificate, [ca.issuing.certificate])
    assert path[1:] == [ca.issuing.certificate, ca.root.certificate]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"not_after": NOW - timedelta(days=1)}, 10),
        ({"not_before": NOW + timedelta(days=1)}, 9),
        ({"authority_key_id": None}, 85),
        ({"authority_key_id": b"\1" * 20}, 20),
        ({"signing_key": rsa.generate_private_key(public_exponent=65537, key_size=2048)}, 20),
    ],
    ids=["expired", "not yet valid", "no AKI", "another AKI", "another signature"],
)
def test_each_field_can_be_made_wrong(changes: Fields, code: int) -> None:
    """OpenSSL names the field that was changed."""
    root = make_root("Root", now=NOW)
    issuing = make_intermediate(root, "Issuing", now=NOW)
    leaf = make_leaf(issuing, HOST, now=NOW, **changes)
    assert _strictly(leaf, [issuing], root) == code


def test_a_leaf_looks_like_a_public_one() -> None:
    """90 days, renewed three days ago, a random serial, domain validated, with AIA."""
    leaf = Authority(NOW).leaf(HOST).certificate
    assert leaf.not_valid_before_utc == NOW - timedelta(days=3)
    assert leaf.not_valid_after_utc - leaf.not_valid_before_utc == timedelta(days=90, seconds=-1)
    assert leaf.serial_number.bit_length() > 64
    policies = leaf.extensions.get_extension_for_class(x509.CertificatePolicies).value
    assert policies[0].policy_identifier.dotted_string == "2.23.140.1.2.1"
    aia = leaf.extensions.get_extension_for_class(x509.AuthorityInformationAccess).value
    assert aia[0].access_location.value == "http://aia.lab.test/lab-issuing-ca-g2.cer"


def test_names_may_be_addresses() -> None:
    """An IP address in `names` becomes an IP alternative name."""
    root = make_root("Root", now=NOW)
    leaf = make_leaf(root, "192.0.2.1", now=NOW, names=["192.0.2.1", HOST]).certificate
    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == [HOST]
    assert [str(one) for one in names.get_values_for_type(x509.IPAddress)] == ["192.0.2.1"]


def test_chain_pem_keeps_the_order() -> None:
    """The file holds the certificates as given."""
    ca = Authority(NOW)
    leaf = ca.leaf(HOST)
    found = x509.load_pem_x509_certificates(chain_pem(leaf, ca.issuing))
    assert found == [leaf.certificate, ca.issuing.certificate]
