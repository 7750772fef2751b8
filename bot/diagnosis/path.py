"""Paths from a server's certificate to a trust anchor. Pure: certificates in, paths out.

A path here is structural first: each certificate's name and key really issued the one below it.
Whether OpenSSL accepts it (dates, constraints) is asked of `TrustStore.verify` afterwards, so an
expired leaf with a complete chain is told apart from one whose chain has a gap.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from bot.diagnosis.certificate import Certificate, is_self_signed, issued_by
from bot.diagnosis.report import PathSource
from bot.diagnosis.strength import weakness_of
from bot.diagnosis.trust import OpenSSLVerdict, TrustStore

# Far beyond any honest chain; bounds the work that a hostile one can cause.
_MOST_DEPTH = 10
_MOST_PATHS = 32
_MOST_STEPS = 400
# Certificates of one name, each a signature to try: CAs that renewed and were cross-signed for
# decades have half a dozen.
_MOST_NAMESAKES = 12


@dataclass(frozen=True, slots=True)
class Path:
    """A path that ends in a trust anchor.

    `verdict` is OpenSSL's about exactly these certificates, where every anchor may end a chain:
    most clients let it; those that do not are named by a finding of their own.
    """

    certificates: tuple[Certificate, ...]
    sources: tuple[PathSource, ...]
    verdict: OpenSSLVerdict

    @property
    def intermediates(self) -> tuple[Certificate, ...]:
        """What a server has to send behind its own certificate."""
        return self.certificates[1:-1]

    @property
    def fetched(self) -> tuple[Certificate, ...]:
        """The intermediates that had to be fetched."""
        pairs = zip(self.certificates, self.sources, strict=True)
        return tuple(one for one, source in pairs if source == "aia")


def best_path(
    leaf: Certificate,
    sent: Sequence[Certificate],
    fetched: Sequence[Certificate],
    trust: TrustStore,
    at: datetime,
) -> Path | None:
    """The best path that these certificates allow, or None when none reaches an anchor.

    One that verifies comes before one that does not, and one without weak or unfit CAs before one
    with them; then fewer fetched certificates, then the shorter one.
    """
    best: tuple[tuple[bool, bool, int, int], Path] | None = None
    for certificates in _paths(leaf, sent, fetched, trust):
        unfit = any(_unfit(one) for one in certificates[1:-1])
        longer = best is not None and len(certificates) > len(best[1].certificates)
        if best is not None and longer and best[0][:2] <= (False, unfit):
            continue
        below = certificates[:-1] if len(certificates) > 1 else certificates
        verdict = trust.verify(below, at, partial=trust.has_partial_anchors)
        sources = tuple(_source(one, leaf, sent, trust) for one in certificates)
        path = Path(certificates, sources, verdict)
        key = (not verdict.ok, unfit, len(path.fetched), len(certificates))
        if best is None or key < best[0]:
            best = (key, path)
    return best[1] if best else None


def _unfit(ca: Certificate) -> bool:
    # `openssl verify` looks at neither without a purpose and a security level; TLS clients do.
    return not ca.server_purpose or weakness_of(ca) is not None


def climb(leaf: Certificate, known: Sequence[Certificate]) -> tuple[Certificate, ...]:
    """From the leaf upwards as far as the known certificates reach, whether trusted or not."""
    chain: tuple[Certificate, ...] = (leaf,)
    while len(chain) < _MOST_DEPTH and not is_self_signed(chain[-1]):
        above = _issuers(chain, known)
        if not above:
            break
        chain = (*chain, max(above, key=lambda one: one.not_after))
    return chain


def _paths(
    leaf: Certificate,
    sent: Sequence[Certificate],
    fetched: Sequence[Certificate],
    trust: TrustStore,
) -> Iterator[tuple[Certificate, ...]]:
    steps = 0
    found = 0
    stack: list[tuple[Certificate, ...]] = [(leaf,)]
    while stack and steps < _MOST_STEPS and found < _MOST_PATHS:
        steps += 1
        chain = stack.pop()
        top = chain[-1]
        if top in trust:
            found += 1
            yield chain
            continue
        if len(chain) >= _MOST_DEPTH:
            continue
        above = _issuers(chain, dict.fromkeys((*trust.issuers_of(top), *sent, *fetched)))
        stack.extend((*chain, one) for one in reversed(above))


def _issuers(chain: tuple[Certificate, ...], known: Iterable[Certificate]) -> list[Certificate]:
    """Those of the known certificates that issued the chain's top and are not in it."""
    top = chain[-1]
    namesakes = (one for one in known if one.subject_der == top.issuer_der and one not in chain)
    return [one for one in islice(namesakes, _MOST_NAMESAKES) if issued_by(top, one)]


def _source(
    one: Certificate, leaf: Certificate, sent: Sequence[Certificate], trust: TrustStore
) -> PathSource:
    if one == leaf:
        return "server"
    if one in trust:
        return "roots"
    return "server" if one in sent else "aia"
