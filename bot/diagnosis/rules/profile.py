"""The finer points of RFC 5280 and of the Baseline Requirements that verifiers pass over.

Neither OpenSSL nor the Web-PKI verifier looks at these; single clients do (Apple's wants an
extended key usage, for one). Public anchors are not held against them: their place in Mozilla's
list was decided by others.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from bot.diagnosis.certificate import Certificate, is_self_signed
from bot.diagnosis.rules.extensions import extension, is_critical
from bot.diagnosis.trust import is_public_root

_LONGEST_SERIAL = 20  # octets: RFC 5280, 4.1.2.2

# ML-DSA-44, -65 and -87: keys that sign and do nothing else (RFC 9881, 5).
_SIGN_ONLY = frozenset(f"2.16.840.1.101.3.4.3.{last}" for last in (17, 18, 19))

# Purposes that a server's certificate must not have (Baseline Requirements 7.1.2.7.10).
_NOT_FOR_SERVERS = frozenset(
    {
        ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE,
        ExtendedKeyUsageOID.CODE_SIGNING,
        ExtendedKeyUsageOID.EMAIL_PROTECTION,
        ExtendedKeyUsageOID.TIME_STAMPING,
        ExtendedKeyUsageOID.OCSP_SIGNING,
        x509.ObjectIdentifier("1.3.6.1.4.1.11129.2.4.4"),  # signing of precertificates
    }
)


@dataclass(frozen=True, slots=True)
class Point:
    """One rule that a certificate does not keep; `rule` names where it is written."""

    rule: str
    certificate: Certificate


def points(path: tuple[Certificate, ...]) -> Iterator[Point]:
    """What the certificates of a path (anchor last) do not keep to."""
    leaf = path[0]
    for rule in _leaf_rules(leaf):
        yield Point(rule, leaf)
    public = is_public_root(path[-1])
    for index, one in enumerate(path):
        if index == len(path) - 1 and public:
            continue
        for rule in _rules_for_all(one):
            yield Point(rule, one)
        if index:
            for rule in _ca_rules(one):
                yield Point(rule, one)
            # The Baseline Requirements (7.1.2.5.2) let public CAs off.
            named = not public and extension(one, x509.NameConstraints)
            if named and not is_critical(one, x509.NameConstraints):
                yield Point("RFC 5280 4.2.1.10 (name constraints that are not critical)", one)


def _rules_for_all(one: Certificate) -> Iterator[str]:
    serial = int(one.serial, 16)
    if serial <= 0 or (serial.bit_length() + 8) // 8 > _LONGEST_SERIAL:
        yield "RFC 5280 4.1.2.2 (serial number)"
    if one.authority_key_id is None and not is_self_signed(one):
        yield "RFC 5280 4.2.1.1 (authority key identifier)"
    constraints = extension(one, x509.PolicyConstraints)
    if constraints is not None and not is_critical(one, x509.PolicyConstraints):
        yield "RFC 5280 4.2.1.11 (policy constraints)"


def _ca_rules(one: Certificate) -> Iterator[str]:
    if one.key_id is None:
        yield "RFC 5280 4.2.1.2 (subject key identifier)"
    if not list(one.parsed.subject):
        yield "RFC 5280 4.1.2.6 (empty subject of a CA)"
    if is_self_signed(one):
        if extension(one, x509.ExtendedKeyUsage) is not None:
            yield "BR 7.1.2.1.2 (extended key usage in a root)"
        if one.authority_key_id is not None and one.authority_key_id != one.key_id:
            yield "BR 7.1.2.1.3 (key identifiers of a root)"
    named = extension(one, x509.NameConstraints)
    if named is not None and not named.permitted_subtrees and not named.excluded_subtrees:
        yield "RFC 5280 4.2.1.10 (empty name constraints)"


def _leaf_rules(leaf: Certificate) -> Iterator[str]:
    purposes = extension(leaf, x509.ExtendedKeyUsage)
    if purposes is None:
        yield "BR 7.1.2.7.6 (extended key usage)"
    elif is_critical(leaf, x509.ExtendedKeyUsage):
        yield "BR 7.1.2.7.6 (critical extended key usage)"
    if purposes is not None and any(one in _NOT_FOR_SERVERS for one in purposes):
        yield "BR 7.1.2.7.10 (purposes beside serverAuth)"
    usage = extension(leaf, x509.KeyUsage)
    if usage is not None and not _may_anything(usage):
        yield "BR 7.1.2.7.11 (empty key usage)"
    if usage is not None and _signs_only(leaf) and _more_than_signing(usage):
        yield "RFC 9881 5 (key usage of an ML-DSA key)"
    if leaf.has_san and not _names_agree(leaf):
        yield "BR 7.1.4.3 (common name)"
    empty = not list(leaf.parsed.subject)
    if leaf.has_san and empty and not is_critical(leaf, x509.SubjectAlternativeName):
        yield "RFC 5280 4.2.1.6 (subject alternative name)"


def _signs_only(leaf: Certificate) -> bool:
    return leaf.parsed.public_key_algorithm_oid.dotted_string in _SIGN_ONLY


def _more_than_signing(usage: x509.KeyUsage) -> bool:
    return usage.key_encipherment or usage.data_encipherment or usage.key_agreement


def _may_anything(usage: x509.KeyUsage) -> bool:
    return any(
        (
            usage.digital_signature,
            usage.content_commitment,
            usage.key_encipherment,
            usage.data_encipherment,
            usage.key_agreement,
            usage.key_cert_sign,
            usage.crl_sign,
        )
    )


def _names_agree(leaf: Certificate) -> bool:
    """The common name, if there is one, repeats a name of the certificate to the letter."""
    names = {*leaf.dns_names, *(str(one) for one in leaf.ip_addresses)}
    return all(one in names for one in leaf.common_names if _looks_like_a_name(one))


def _looks_like_a_name(text: str) -> bool:
    # Company CAs put a title there ("Printer 3rd floor"); no client takes that for a host.
    return bool(text) and " " not in text
