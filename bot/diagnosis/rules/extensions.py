"""Extensions of a certificate, read one at a time for rules that explain a refusal.

A certificate with one extension that cannot be read has no extensions here, as for `Certificate`.
"""

from collections.abc import Mapping
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


@lru_cache(maxsize=512)
def _by_kind(certificate: Certificate) -> Mapping[type, x509.Extension[x509.ExtensionType]]:
    return {type(one.value): one for one in reversed(extensions_of(certificate))}


def extension(certificate: Certificate, kind: type[_E]) -> _E | None:
    """The extension of this kind."""
    one = _by_kind(certificate).get(kind)
    return one.value if one is not None and isinstance(one.value, kind) else None


def is_critical(certificate: Certificate, kind: type[x509.ExtensionType]) -> bool:
    """Whether it has an extension of this kind and marks it critical."""
    one = _by_kind(certificate).get(kind)
    return one is not None and one.critical
