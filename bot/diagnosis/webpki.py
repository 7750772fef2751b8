"""A second opinion on a chain: the Web-PKI verifier of `cryptography`, and OpenSSL when strict.

Both are stricter than what most clients do. What they refuse and OpenSSL's default accepts is
refused by some client: Python since 3.13 (OpenSSL's strict checks), browsers, Go or rustls (Web
PKI). Pure: certificates in, words out.
"""

from collections import OrderedDict
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache

from cryptography import x509
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError

from bot.diagnosis.certificate import Certificate
from bot.diagnosis.path import Path
from bot.diagnosis.target import literal
from bot.diagnosis.trust import TrustStore

# Beside the path that OpenSSL chose, as many of those sent are offered to the other verifier.
_MOST_OTHERS = 12

# CAs above a server's certificate that were found sound together, newest last: the next server of
# the same CA costs one signature in place of the whole path's.
_sound: OrderedDict[tuple[Certificate, ...], None] = OrderedDict()
_MOST_SOUND = 256


def web_pki_error(path: Sequence[Certificate], host: str, at: datetime) -> str | None:
    """Why the Web-PKI verifier refuses this path (anchor last); None when it accepts it."""
    above = tuple(path[1:])
    current = all(one.not_before <= at <= one.not_after for one in above)
    if current and above in _sound and _error((path[0], above[0]), host, at) is None:
        return None
    error = _error(path, host, at)
    # What a constraint far above says of a name has to be asked each time.
    if error is None and above and not any(_constrains(one) for one in above):
        _sound[above] = None
        if len(_sound) > _MOST_SOUND:
            _sound.popitem(last=False)
    return error


def web_pki_error_among(
    path: Path, sent: Sequence[Certificate], host: str, at: datetime
) -> str | None:
    """The same, where all that was sent may help: another path may be hidden in it."""
    error = web_pki_error(path.certificates, host, at)
    if error is None or not set(sent) - set(path.certificates):
        return error
    others = dict.fromkeys((path.certificates[0], *sent[1:_MOST_OTHERS]))
    return _error((*others, path.certificates[-1]), host, at)


def strict_error(path: Path, at: datetime, trust: TrustStore) -> str | None:
    """Why OpenSSL refuses this path when it is strict; None when it accepts it."""
    below = path.certificates[:-1] or path.certificates
    verdict = trust.verify(below, at, partial=True, strict=True)
    return None if verdict.ok else verdict.message


def _error(path: Sequence[Certificate], host: str, at: datetime) -> str | None:
    try:
        verifier = (
            PolicyBuilder()
            .store(Store([path[-1].parsed]))
            .time(at.astimezone(UTC))
            .build_server_verifier(_subject(host))
        )
        verifier.verify(path[0].parsed, [one.parsed for one in path[1:-1]])
    except (VerificationError, ValueError, TypeError) as error:
        return _reason(str(error))
    return None


@lru_cache(maxsize=512)
def _constrains(ca: Certificate) -> bool:
    try:
        return any(isinstance(one.value, x509.NameConstraints) for one in ca.parsed.extensions)
    except (ValueError, TypeError, x509.DuplicateExtension):
        return True


def _subject(host: str) -> x509.DNSName | x509.IPAddress:
    address = literal(host)
    return x509.DNSName(host) if address is None else x509.IPAddress(address)


def _reason(text: str) -> str:
    # "validation failed: candidates exhausted: … (encountered processing <Certificate(…)>)"
    inner = text.removeprefix("validation failed: ")
    return inner.split(" (encountered processing", 1)[0].strip()[:200]
