"""The same evidence under the trust stores of the machine that the check ran on. Pure.

What OpenSSL, Java or Python there would say depends on the bundles that were installed there, which
may be years old. The chain is judged complete (with what was fetched), so that a missing
intermediate, which is said elsewhere, does not hide an old bundle.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from bot.diagnosis.certificate import Certificate
from bot.diagnosis.report import MachineTrust, Verification
from bot.diagnosis.roots import Age
from bot.diagnosis.trust import OpenSSLVerdict, TrustStore
from bot.diagnosis.view import View

# X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT, …_ISSUER_CERT_LOCALLY, …_VERIFY_LEAF_SIGNATURE,
# DEPTH_ZERO_SELF_SIGNED_CERT, SELF_SIGNED_CERT_IN_CHAIN (OpenSSL, x509_vfy.h).
_NO_ANCHOR = frozenset({2, 18, 19, 20, 21})


@dataclass(frozen=True, slots=True)
class MachineStore:
    """One bundle of roots that programs on a machine use."""

    path: str
    kind: Literal["system", "java", "python", "setting"]
    trust: TrustStore
    age: Age | None


def judged_there(view: View, stores: Sequence[MachineStore]) -> tuple[MachineTrust, ...]:
    """What each store of the machine says of a server's chain."""
    chain, anchor = _chain(view)
    if not chain:
        return ()
    # What OpenSSL says depends on the few roots it can come upon: those are mostly the same in all
    # of a machine's stores, and in ours.
    verdicts: dict[tuple[Certificate, ...], OpenSSLVerdict] = {}
    path, partial = view.path, view.trust.has_partial_anchors
    if path is not None and not partial and path.certificates[:-1] == chain:
        verdicts[view.trust.concerned(chain)] = path.verdict
    told = []
    for one in stores:
        roots = one.trust.concerned(chain)
        if roots not in verdicts:
            verdicts[roots] = one.trust.verify(chain, view.at)
        told.append(_told(verdicts[roots], anchor, one))
    return tuple(told)


def _chain(view: View) -> tuple[tuple[Certificate, ...], Certificate | None]:
    if view.path is None:
        return view.sent, None
    certificates = view.path.certificates
    # Alternatives that the server sent (a cross-sign for old stores) count there, too.
    rest = tuple(one for one in view.sent if one not in certificates)
    return (*certificates[:-1], *rest), certificates[-1]


def _told(verdict: OpenSSLVerdict, anchor: Certificate | None, store: MachineStore) -> MachineTrust:
    missing = anchor is not None and verdict.code in _NO_ANCHOR and anchor not in store.trust
    lacks = anchor if missing else None
    return MachineTrust(
        store=store.path,
        kind=store.kind,
        roots=len(store.trust.anchors),
        since=store.age.since if store.age else None,
        until=store.age.until if store.age else None,
        verify=Verification(code=verdict.code, message=verdict.message),
        lacks=lacks.subject_name if lacks else None,
        lacks_sha256=lacks.sha256 if lacks else None,
    )
