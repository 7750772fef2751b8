"""How much signature work one check may cause. Certificates are chosen by whoever is checked.

A hostile server can send (and have fetched) many certificates of one name, each of which could
have issued each other: thousands of signatures to try, on the loop that answers everybody. Within
`bounded_effort()` all of them together have one budget; when it is spent, no further signature is
taken for good, which only ever takes paths away. Honest chains need a few dozen.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

BUDGET = 500

# About tenths of a millisecond, as measured with the slowest of each kind.
_LIGHT, _MIDDLE, _SLOW, _HEAVY = 1, 4, 10, 40


class EffortSpentError(Exception):
    """The check has tried as many signatures as it may."""


class _Effort:
    def __init__(self, left: int) -> None:
        self.left = left


_CURRENT: ContextVar[_Effort | None] = ContextVar("effort", default=None)


@contextmanager
def bounded_effort(budget: int = BUDGET) -> Iterator[None]:
    """Everything in this block, its tasks included, shares one budget."""
    token = _CURRENT.set(_Effort(budget))
    try:
        yield
    finally:
        _CURRENT.reset(token)


def spend(key: object) -> None:
    """Take one verification with this public key out of the budget.

    Raises:
        EffortSpentError: The budget does not cover it.
    """
    current = _CURRENT.get()
    if current is None:
        return
    weight = weight_of(key)
    if current.left < weight:
        raise EffortSpentError
    current.left -= weight


def weight_of(key: object) -> int:
    """What one verification costs, in units of the budget.

    RSA costs by its exponent, too: one as long as the modulus is as slow as signing, and OpenSSL
    refuses it for moduli of more than 3072 bits only (OPENSSL_RSA_SMALL_MODULUS_BITS).
    """
    if isinstance(key, rsa.RSAPublicKey):
        # Browsers take exponents of up to 33 bits (BoringSSL, rsa_check_public_key).
        usual = key.key_size <= 4096 and key.public_numbers().e.bit_length() <= 33
        return _LIGHT if usual else _HEAVY
    if isinstance(key, ed25519.Ed25519PublicKey):
        return _LIGHT
    if isinstance(key, ec.EllipticCurvePublicKey):
        if isinstance(key.curve, ec.SECP256R1):
            return _LIGHT
        return _MIDDLE if isinstance(key.curve, ec.SECP384R1 | ec.SECP521R1) else _SLOW
    return _HEAVY
