"""What places saw, and the difference that a comparison names as the cause, as a table."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from bot.compare import DifferenceCode, Seen
from bot.diagnosis.causes import Cause, Verdict
from bot.diagnosis.report import ClientPrediction, Report
from bot.diagnosis.roots import newest
from tests.compare.samples import (
    INSIDE,
    LEAF,
    NOW,
    OUTSIDE,
    R11,
    bundle,
    certificate,
    presence,
    report,
    seen,
)

EXPIRED = certificate("old", days=-5)
OTHER = certificate("new", days=80)
NEWER = certificate("newer", days=85)
ZSCALER = certificate("z", "Zscaler Intermediate")
COMPANY = certificate("c", "Intranet CA 3")
ELSEWHERE = "198.51.100.4"
PRIVATE_ROOT = "ab" * 32
JAVA_OF_2019 = bundle(lacks="ISRG Root X1", year=2019).model_copy(update={"kind": "java"})


def office(*addresses: str, **said: Any) -> Report:
    """The asker's own place; healthy unless it is said otherwise."""
    return report("office", *addresses, **said)


def tokyo(*addresses: str, **said: Any) -> Report:
    """A place elsewhere."""
    return report("prod-tokyo", *addresses, **said)


def osaka(*addresses: str, **said: Any) -> Report:
    """Another place elsewhere."""
    return report("prod-osaka", *addresses, **said)


@dataclass(frozen=True)
class Case:
    """What places saw, and what the comparison makes of it."""

    name: str
    places: tuple[Report | Seen, ...]
    code: DifferenceCode
    odd: tuple[str, ...] = ("prod-tokyo",)
    certain: bool = True
    evidence: dict[str, Any] = field(default_factory=dict)
    notes: tuple[DifferenceCode, ...] = ()
    worst: Verdict = "broken"


def old_openssl(version: str) -> Seen:
    """A machine with that OpenSSL, and a server that one of its time cannot use."""
    client = ClientPrediction(
        client="openssl-1.0.2",
        label="OpenSSL 1.0.2",
        outcome="fails",
        error="sslv3 alert handshake failure",
        reason_code="protocol_version",
    )
    return seen(tokyo(clients=(client,)), of=presence("prod-tokyo", openssl=version))


CODE = DifferenceCode
CASES = (
    Case(
        "inner and public address, one of them broken",
        (
            office(),
            tokyo(INSIDE, cause=Cause.EXPIRED, chain=(EXPIRED, R11)),
            osaka(INSIDE, cause=Cause.EXPIRED, chain=(EXPIRED, R11)),
        ),
        CODE.SPLIT_DNS,
        odd=("prod-osaka", "prod-tokyo"),
        evidence={"odd_addresses": [INSIDE], "usual_addresses": [OUTSIDE], "odd_inside": True},
    ),
    Case(
        "inner and public address, both healthy",
        (office(), tokyo(INSIDE, chain=(OTHER, R11))),
        CODE.SPLIT_DNS,
        worst="ok",
    ),
    Case(
        "inner and public address of one certificate",
        (office(), tokyo(INSIDE)),
        CODE.SPLIT_DNS,
        evidence={"same_certificates": True},
        worst="ok",
    ),
    Case(
        "inner address that the worker may not connect to",
        (office(), tokyo(INSIDE, cause=Cause.EGRESS_DENIED)),
        CODE.SPLIT_DNS,
        notes=(CODE.EGRESS,),
        worst="unreachable",
    ),
    Case(
        "another public address with a broken server",
        (office(), tokyo(ELSEWHERE, cause=Cause.MISSING_INTERMEDIATE, chain=(OTHER,))),
        CODE.OTHER_ADDRESSES,
        evidence={"odd_addresses": [ELSEWHERE]},
    ),
    Case(
        "another public address that does not answer",
        (office(), tokyo(ELSEWHERE, cause=Cause.TIMEOUT, evidence={"how": "connect_timeout"})),
        CODE.OTHER_ADDRESSES,
        certain=False,
        worst="unreachable",
    ),
    Case(
        "one address more, and that one is broken",
        (
            office(),
            tokyo(
                *(OUTSIDE, ELSEWHERE), accused=(ELSEWHERE,), cause=Cause.EXPIRED, chain=(EXPIRED,)
            ),
        ),
        CODE.OTHER_ADDRESSES,
    ),
    Case(
        "a name that only the inner name servers know",
        (office(INSIDE), tokyo(cause=Cause.DNS_FAILURE, evidence={"how": "nxdomain"})),
        CODE.UNKNOWN_NAME,
        evidence={"inside": True},
        worst="unreachable",
    ),
    Case(
        "an inspection by its product",
        (
            office(),
            tokyo(
                cause=Cause.INTERCEPTION_PROXY,
                chain=(ZSCALER,),
                root=None,
                evidence={"product": "Zscaler", "issuer": "Zscaler Intermediate"},
            ),
        ),
        CODE.INTERCEPTION,
        evidence={"how": "product", "product": "Zscaler"},
    ),
    Case(
        "an inspection that only the office trusts: the office is the odd one",
        (office(chain=(COMPANY,), root=PRIVATE_ROOT), tokyo()),
        CODE.INTERCEPTION,
        odd=("office",),
        evidence={"how": "own_ca"},
        worst="ok",
    ),
    Case(
        "an inspection that the machine there trusts by its own bundle",
        (
            office(),
            tokyo(
                cause=Cause.UNTRUSTED_ROOT,
                chain=(COMPANY,),
                root=None,
                evidence={"root": "Company Root"},
                machine=(bundle(),),
            ),
        ),
        CODE.INTERCEPTION,
        evidence={"how": "own_ca", "root": "Company Root"},
        worst="ok",
    ),
    Case(
        "an unknown CA at the same address: inspection or another server",
        (office(), tokyo(cause=Cause.UNTRUSTED_ROOT, chain=(COMPANY,), root=None)),
        CODE.INTERCEPTION,
        certain=False,
        evidence={"how": "unknown_ca"},
    ),
    Case(
        "the same through a proxy",
        (
            office(),
            tokyo(cause=Cause.UNTRUSTED_ROOT, chain=(COMPANY,), root=None, via="proxy.corp:3128"),
        ),
        CODE.INTERCEPTION,
        certain=False,
        evidence={"how": "proxy", "proxy": "proxy.corp:3128"},
    ),
    Case(
        "an expired certificate behind one load balancer",
        (office(), tokyo(cause=Cause.EXPIRED, chain=(EXPIRED, R11))),
        CODE.OTHER_CERTIFICATE,
        evidence={"address": OUTSIDE, "older": True},
    ),
    Case(
        "a renewed certificate on one of the servers, both valid",
        (office(), tokyo(chain=(OTHER, R11))),
        CODE.OTHER_CERTIFICATE,
        worst="ok",
    ),
    Case(
        "two certificates of one day, by two CAs",
        (office(), tokyo(chain=(certificate("twin", "R12"), R11))),
        CODE.OTHER_CERTIFICATE,
        evidence={"odd_issuer": "R12", "usual_issuer": "R11"},
        worst="ok",
    ),
    Case(
        "two certificates of one day, by one CA",
        (office(), tokyo(chain=(certificate("twin"), R11))),
        CODE.OTHER_CERTIFICATE,
        worst="ok",
    ),
    Case(
        "broken everywhere, and one place does not even get a certificate",
        (
            office(cause=Cause.PLAINTEXT_ON_TLS_PORT, chain=(), root=None),
            tokyo(cause=Cause.EXPIRED, chain=(EXPIRED, R11)),
        ),
        CODE.OTHER_HANDSHAKE,
        odd=("office",),
        certain=False,
    ),
    Case(
        "the intermediate is missing on one of the servers",
        (office(), tokyo(cause=Cause.MISSING_INTERMEDIATE, chain=(LEAF,))),
        CODE.OTHER_CHAIN,
        evidence={"missing": ["R11"], "extra": []},
    ),
    Case(
        "an old CA bundle",
        (
            office(),
            tokyo(machine=(bundle(lacks="ISRG Root X1", year=2019),)),
            osaka(machine=(bundle(year=2026),)),
        ),
        CODE.OLDER_ROOTS,
        evidence={"root": "ISRG Root X1", "year": "2019", "entered": "2016-09-26"},
    ),
    Case(
        "a CA bundle of its own choice",
        (office(), tokyo(machine=(bundle(lacks="ISRG Root X1"),))),
        CODE.OTHER_ROOTS,
        evidence={"how": "bundle"},
    ),
    Case(
        "an old trust store that only Java uses",
        (
            office(),
            tokyo(machine=(bundle(), JAVA_OF_2019)),
        ),
        CODE.OLDER_ROOTS,
        evidence={"kind": "java", "year": "2019"},
        worst="warning",
    ),
    Case(
        "a certifi of a program's own choice",
        (
            office(),
            tokyo(
                machine=(bundle(lacks="ISRG Root X1").model_copy(update={"kind": "python"}),),
            ),
        ),
        CODE.OTHER_ROOTS,
        evidence={"kind": "python"},
        worst="warning",
    ),
    Case(
        "two regions of a CDN, both healthy",
        (office(), tokyo(ELSEWHERE, chain=(OTHER, R11)), osaka("192.0.2.8", chain=(NEWER, R11))),
        CODE.OTHER_ADDRESSES,
        odd=("prod-osaka",),
        worst="ok",
    ),
    Case(
        "a company's root that a bundle of today does not have",
        (
            office(root=PRIVATE_ROOT),
            tokyo(
                root=PRIVATE_ROOT,
                machine=(
                    bundle(lacks="Example Corp Root").model_copy(
                        update={"until": newest(), "lacks_sha256": PRIVATE_ROOT}
                    ),
                ),
            ),
        ),
        CODE.OTHER_ROOTS,
        evidence={"how": "private", "root": "Example Corp Root"},
    ),
    Case(
        "a company's root that one machine has",
        (
            tokyo(
                cause=Cause.UNTRUSTED_ROOT,
                root=None,
                evidence={"root": "Example Corp Root"},
                machine=(bundle(code=19),),
            ),
            osaka(
                cause=Cause.UNTRUSTED_ROOT,
                root=None,
                evidence={"root": "Example Corp Root"},
                machine=(bundle(),),
            ),
        ),
        CODE.OTHER_ROOTS,
        evidence={"how": "known", "root": "Example Corp Root"},
    ),
    Case(
        "a root that one place trusts by a setting",
        (office(root=PRIVATE_ROOT), tokyo(cause=Cause.UNTRUSTED_ROOT, root=None)),
        CODE.OTHER_ROOTS,
        evidence={"how": "setting"},
    ),
    Case(
        "a public root that an older tlscheck does not know",
        (office(), tokyo(cause=Cause.UNTRUSTED_ROOT, root=None)),
        CODE.OTHER_ROOTS,
        evidence={"how": "program", "root": "ISRG Root X1"},
    ),
    Case(
        "a clock that is behind, by Redis' clock",
        (
            office(),
            osaka(),
            seen(
                tokyo(cause=Cause.NOT_YET_VALID),
                of=presence("prod-tokyo", 40 * 86400.0),
            ),
        ),
        CODE.CLOCK,
        evidence={"seconds": 40 * 86400, "behind": True},
    ),
    Case(
        "a clock that other servers contradict",
        (
            office(),
            tokyo(
                cause=Cause.CLOCK_SKEW,
                severity="warning",
                evidence={"seconds": 7200, "behind": False, "source": "ocsp.example.com"},
            ),
        ),
        CODE.CLOCK,
        evidence={"seconds": 7200, "behind": False, "source": "ocsp.example.com"},
    ),
    Case(
        "a wrong clock beside a fault that it does not explain",
        (
            office(),
            osaka(),
            seen(
                tokyo(cause=Cause.EXPIRED, chain=(EXPIRED, R11)),
                of=presence("prod-tokyo", -3600.0),
            ),
        ),
        CODE.OTHER_CERTIFICATE,
        notes=(CODE.CLOCK,),
    ),
    Case(
        "the worker's own policy",
        (office(), tokyo(cause=Cause.EGRESS_DENIED)),
        CODE.EGRESS,
        worst="unreachable",
    ),
    Case(
        "a proxy that does not let through",
        (
            office(),
            tokyo(cause=Cause.EGRESS_DENIED, evidence={"how": "proxy_denied"}, via="proxy:3128"),
        ),
        CODE.PROXY,
        evidence={"proxy": "proxy:3128"},
        worst="unreachable",
    ),
    Case(
        "a connection that is refused from one side",
        (office(), tokyo(cause=Cause.CONNECTION_REFUSED, evidence={"how": "refused"})),
        CODE.REFUSED,
        worst="unreachable",
    ),
    Case(
        "no way to the address",
        (office(), tokyo(cause=Cause.TIMEOUT, evidence={"how": "no_route"})),
        CODE.NO_ROUTE,
        worst="unreachable",
    ),
    Case(
        "packets that are dropped",
        (office(), tokyo(cause=Cause.TIMEOUT, evidence={"how": "connect_timeout"})),
        CODE.TIMED_OUT,
        evidence={"connected": False},
        worst="unreachable",
    ),
    Case(
        "a filter by name",
        (
            office(),
            tokyo(
                cause=Cause.CONNECTION_RESET,
                evidence={"how": "reset", "connected": True, "by_name": True},
            ),
        ),
        CODE.CUT,
        evidence={"by_name": True},
        worst="unreachable",
    ),
    Case(
        "a handshake that ends otherwise",
        (
            office(tls_version="TLSv1.3"),
            tokyo(cause=Cause.PROTOCOL_VERSION, chain=(), root=None, tls_version="TLSv1"),
        ),
        CODE.OTHER_HANDSHAKE,
        certain=False,
        evidence={"cause": "protocol_version", "usual_version": "TLSv1.3"},
    ),
    Case(
        "an OpenSSL of 2017",
        (office(), old_openssl("OpenSSL 1.0.2k-fips  26 Jan 2017")),
        CODE.OLD_OPENSSL,
        evidence={"openssl": "1.0.2k"},
    ),
    Case(
        "a revocation that only one place learned of",
        (office(), tokyo(cause=Cause.REVOKED)),
        CODE.REVOCATION,
        evidence={"how": "revoked"},
    ),
    Case(
        "two faults, neither explained by what was seen",
        (office(), tokyo(cause=Cause.WEAK_SIGNATURE_OR_KEY)),
        CODE.UNEXPLAINED,
        certain=False,
    ),
    Case(
        "an older program, and nothing else that explains it",
        (
            office(),
            seen(tokyo(cause=Cause.WEAK_SIGNATURE_OR_KEY), of=presence("prod-tokyo", program="0")),
        ),
        CODE.UNEXPLAINED,
        certain=False,
        notes=(CODE.PROGRAM,),
    ),
    Case(
        "answers of different moments",
        (
            office(),
            tokyo(cause=Cause.WEAK_SIGNATURE_OR_KEY, at=NOW - timedelta(minutes=5)),
        ),
        CODE.UNEXPLAINED,
        certain=False,
        notes=(CODE.MOMENT,),
    ),
)
