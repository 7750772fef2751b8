"""Chains of every kind, each with the roots to judge it by, for tests that need many."""

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID

from bot.demo.lab.pki import (
    Issued,
    make_intermediate,
    make_leaf,
    make_root,
    make_self_signed,
)
from bot.diagnosis.certificate import Certificate, read_certificate
from bot.diagnosis.trust import TrustStore
from tests.diagnosis.servers import NOW

HOST = "chain.lab.test"
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Case:
    """What is sent (the server's own first), under which roots, and as of when."""

    sent: tuple[Issued, ...]
    roots: tuple[Issued, ...]
    at: datetime = NOW

    @property
    def certificates(self) -> tuple[Certificate, ...]:
        """What is sent, read."""
        return tuple(read_certificate(one.der) for one in self.sent)

    @property
    def trust(self) -> TrustStore:
        """The roots, as a trust store."""
        return TrustStore(tuple(read_certificate(one.der) for one in self.roots))


def read(*issued: Issued) -> tuple[Certificate, ...]:
    """The certificates, read."""
    return tuple(read_certificate(one.der) for one in issued)


ROOT = make_root("Chains Root", now=NOW)
OTHER_ROOT = make_root("Chains Other Root", now=NOW)
EXPIRED_ROOT = make_root("Chains Expired Root", now=NOW, not_after=NOW - DAY)
UPPER = make_intermediate(ROOT, "Chains Upper", now=NOW, path_length=2)
ISSUING = make_intermediate(UPPER, "Chains Issuing", now=NOW)
LEAF = make_leaf(ISSUING, HOST, now=NOW)
STRANGER = make_intermediate(OTHER_ROOT, "Chains Stranger", now=NOW)


def again(issuer: Issued, one: Issued, **changes: object) -> Issued:
    """The same name and key, certified once more."""
    return make_intermediate(
        issuer,
        "replaced",
        now=NOW,
        subject=one.subject,
        key=one.key,
        path_length=3,
        **changes,  # type: ignore[arg-type] # the builder's own fields
    )


CROSS = again(OTHER_ROOT, ROOT)  # the root's key, vouched for by another root
EXPIRED_ISSUING = again(UPPER, ISSUING, not_after=NOW - DAY)
FUTURE_ISSUING = again(UPPER, ISSUING, not_before=NOW + DAY)
EXPIRED_CROSS = again(EXPIRED_ROOT, ROOT)
# Two CAs that vouch for each other, and nobody for them.
LOOP_A = make_intermediate(OTHER_ROOT, "Chains Loop A", now=NOW)
LOOP_B = make_intermediate(LOOP_A, "Chains Loop B", now=NOW)
LOOP_A_BY_B = again(LOOP_B, LOOP_A)
LOOP_LEAF = make_leaf(LOOP_A, HOST, now=NOW)


@functools.cache
def ladder(length: int) -> tuple[Issued, ...]:
    """A leaf under so many intermediates, top last."""
    rungs: list[Issued] = []
    above = ROOT
    for number in range(length):
        above = make_intermediate(above, f"Rung {number}", now=NOW, path_length=None)
        rungs.insert(0, above)
    return (make_leaf(above, HOST, now=NOW), *rungs)


def _leaf(issuer: Issued = ISSUING, **changes: object) -> Issued:
    return make_leaf(issuer, HOST, now=NOW, **changes)  # type: ignore[arg-type] # as above


def _under(**changes: object) -> tuple[Issued, Issued, Issued]:
    """A leaf under an intermediate with these changes, and the upper one."""
    issuing = make_intermediate(UPPER, "Chains Changed", now=NOW, **changes)  # type: ignore[arg-type] # as above
    return (make_leaf(issuing, HOST, now=NOW), issuing, UPPER)


_OTHERS_ONLY = x509.NameConstraints([x509.DNSName("other.test")], None)
_UNKNOWN = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.4.1.55555.9"), b"\x05\x00")
_NOT_A_CA = x509.BasicConstraints(ca=False, path_length=None)
_SELF = make_self_signed(HOST, now=NOW)
_WEAK = rsa.generate_private_key(public_exponent=65537, key_size=1024)
_P384 = ec.generate_private_key(ec.SECP384R1())
_PATH_ZERO = make_intermediate(ROOT, "Chains Zero", now=NOW, path_length=0)
_BELOW_ZERO = make_intermediate(_PATH_ZERO, "Chains Below Zero", now=NOW)
_NAMESAKE = make_intermediate(UPPER, "Chains Issuing", now=NOW)

# A root that has expired in the trust stores, and its key under another root.
TWICE = make_root("Chains Twice", now=NOW, not_after=NOW - DAY)
TWICE_CROSSED = again(OTHER_ROOT, TWICE)
TWICE_LEAF = make_leaf(TWICE, HOST, now=NOW)

# What each is called says what is sent.
CASES: dict[str, Case] = {
    "complete": Case((LEAF, ISSUING, UPPER), (ROOT,)),
    "with the root": Case((LEAF, ISSUING, UPPER, ROOT), (ROOT,)),
    "upside down": Case((LEAF, UPPER, ISSUING), (ROOT,)),
    "doubled": Case((LEAF, LEAF, ISSUING, ISSUING, UPPER), (ROOT,)),
    "with a stranger": Case((LEAF, STRANGER, ISSUING, UPPER), (ROOT,)),
    "leaf alone": Case((LEAF,), (ROOT,)),
    "upper one missing": Case((LEAF, ISSUING), (ROOT,)),
    "lower one missing": Case((LEAF, UPPER), (ROOT,)),
    "wrong one": Case((LEAF, STRANGER), (ROOT,)),
    "namesake": Case((LEAF, _NAMESAKE, UPPER), (ROOT,)),
    "unknown root, not sent": Case((LEAF, ISSUING, UPPER), (OTHER_ROOT,)),
    "unknown root, sent": Case((LEAF, ISSUING, UPPER, ROOT), (OTHER_ROOT,)),
    "self-signed": Case((_SELF,), (ROOT,)),
    "self-signed with a stranger": Case((_SELF, STRANGER), (ROOT,)),
    "self-signed and trusted": Case((_SELF,), (_SELF,)),
    "expired": Case((_leaf(not_after=NOW - DAY), ISSUING, UPPER), (ROOT,)),
    "expired and alone": Case((_leaf(not_after=NOW - DAY),), (ROOT,)),
    "not yet valid": Case((_leaf(not_before=NOW + DAY), ISSUING, UPPER), (ROOT,)),
    "expired intermediate": Case((LEAF, EXPIRED_ISSUING, UPPER), (ROOT,)),
    "expired intermediate and a valid one": Case((LEAF, EXPIRED_ISSUING, ISSUING, UPPER), (ROOT,)),
    "intermediate of tomorrow": Case((LEAF, FUTURE_ISSUING, UPPER), (ROOT,)),
    "long after": Case((LEAF, ISSUING, UPPER), (ROOT,), NOW + 400 * DAY),
    "long before": Case((LEAF, ISSUING, UPPER), (ROOT,), NOW - 20 * DAY),
    "cross-signed": Case((LEAF, ISSUING, UPPER, CROSS), (OTHER_ROOT,)),
    "cross-signed, both roots": Case((LEAF, ISSUING, UPPER, CROSS), (OTHER_ROOT, ROOT)),
    "cross-signed by an expired root": Case((LEAF, ISSUING, UPPER, EXPIRED_CROSS), (EXPIRED_ROOT,)),
    "expired cross-sign, good root": Case(
        (LEAF, ISSUING, UPPER, EXPIRED_CROSS, EXPIRED_ROOT), (EXPIRED_ROOT, ROOT)
    ),
    "expired root, and a way around it": Case((TWICE_LEAF, TWICE_CROSSED), (TWICE, OTHER_ROOT)),
    "a loop": Case((LOOP_LEAF, LOOP_A_BY_B, LOOP_B), (ROOT,)),
    "a loop with a way out": Case((LOOP_LEAF, LOOP_A_BY_B, LOOP_B, LOOP_A), (OTHER_ROOT,)),
    "eight steps": Case(ladder(8), (ROOT,)),
    "not a CA": Case(_under(basic_constraints=_NOT_A_CA), (ROOT,)),
    "no word of being a CA": Case(_under(basic_constraints=None, key_usage=None), (ROOT,)),
    "path too long": Case(
        (make_leaf(_BELOW_ZERO, HOST, now=NOW), _BELOW_ZERO, _PATH_ZERO), (ROOT,)
    ),
    "names not allowed": Case(_under(extensions=[(_OTHERS_ONLY, True)]), (ROOT,)),
    "unknown critical extension": Case(_under(extensions=[(_UNKNOWN, True)]), (ROOT,)),
    "unknown extension": Case(_under(extensions=[(_UNKNOWN, False)]), (ROOT,)),
    "for clients": Case(
        (_leaf(extended_key_usage=[ExtendedKeyUsageOID.CLIENT_AUTH]), ISSUING, UPPER), (ROOT,)
    ),
    "RSA 1024": Case((_leaf(key=_WEAK), ISSUING, UPPER), (ROOT,)),
    "P-384": Case((_leaf(key=_P384), ISSUING, UPPER), (ROOT,)),
}


def paths_of(certificates: Sequence[Certificate]) -> list[str]:
    """The names of a path, for reading a failure."""
    return [one.subject_name for one in certificates]
