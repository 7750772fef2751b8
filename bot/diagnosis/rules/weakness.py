"""Keys and signatures that clients refuse (Baseline Requirements 6.1.5 and 7.1.3)."""

from collections.abc import Iterator

from bot.diagnosis.causes import Cause
from bot.diagnosis.report import Finding
from bot.diagnosis.view import View

_DIGESTS = ("md5", "sha1")
_LEAST_RSA = 2048


def find(view: View) -> Iterator[Finding]:
    """Find a weak key or signature among the certificates that clients verify."""
    path = view.path
    chain = path.certificates[:-1] if path and len(path.certificates) > 1 else view.sent[:1]
    for one in chain:
        small = one.key.startswith("RSA ") and int(one.key.removeprefix("RSA ")) < _LEAST_RSA
        if small or one.signature in _DIGESTS:
            yield Finding(
                code=Cause.WEAK_SIGNATURE_OR_KEY,
                severity="critical",
                evidence={
                    "name": one.subject_name,
                    "key": one.key,
                    "signature": one.signature,
                    "weak": "key" if small else "signature",
                },
            )
            return
