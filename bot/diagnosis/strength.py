"""Keys and signatures that every current client refuses. Pure: one certificate in, a word out."""

from typing import Literal

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec

from bot.diagnosis.certificate import Certificate

_DIGESTS = ("md2", "md4", "md5", "sha1")
_LEAST_RSA = 2048  # Baseline Requirements 6.1.5
_LEAST_CURVE = 224  # OpenSSL's security level 2 wants 112 bits, half of the curve's size


def weakness_of(one: Certificate) -> Literal["key", "signature"] | None:
    """What is weak about a certificate: its key, its signature, or nothing."""
    kind, _, size = one.key.partition(" ")
    if kind == "DSA" or (kind == "RSA" and size.isdigit() and int(size) < _LEAST_RSA):
        return "key"
    if kind == "EC" and _curve_size(one) < _LEAST_CURVE:
        return "key"
    return "signature" if one.signature in _DIGESTS else None


def _curve_size(one: Certificate) -> int:
    try:
        key = one.parsed.public_key()
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return _LEAST_CURVE
    return key.curve.key_size if isinstance(key, ec.EllipticCurvePublicKey) else _LEAST_CURVE
