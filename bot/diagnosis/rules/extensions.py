"""Extensions of a certificate, read one at a time for rules that explain a refusal.

A certificate with one extension that cannot be read has no extensions here, as for `Certificate`.
"""

from functools import lru_cache
from typing import TypeVar

from cryptography import x509

from bot.diagnosis.certificate import Certificate

_E = TypeVar("_E", bound=x509.ExtensionType)


@lru_cache(maxsize=512)
def extensions_of(certificate: Certificate) -> tuple[x509.Extension[x509.ExtensionType], ...]:
    """All extensions in their order."""
    try:
        return tuple(certificate.parsed.extensions)
    except (ValueError, TypeError, x509.DuplicateExtension):
        return ()


def extension(certificate: Certificate, kind: type[_E]) -> _E | None:
    """The extension of this kind."""
    for one in extensions_of(certificate):
        if isinstance(one.value, kind):
            return one.value
    return None


def is_critical(certificate: Certificate, kind: type[x509.ExtensionType]) -> bool:
    """Whether it has an extension of this kind and marks it critical."""
    return any(one.critical for one in extensions_of(certificate) if isinstance(one.value, kind))
