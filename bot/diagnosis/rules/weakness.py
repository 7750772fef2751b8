"""Keys and signatures that clients refuse (Baseline Requirements 6.1.5 and 7.1.3)."""

from collections.abc import Iterator

from pydantic import JsonValue

from bot.diagnosis.causes import Cause
from bot.diagnosis.certificate import Certificate
from bot.diagnosis.report import Finding
from bot.diagnosis.strength import weakness_of
from bot.diagnosis.view import View

# Sound keys for which single clients have no signature algorithm (BoringSSL's
# kVerifySignatureAlgorithms, NSS's ssl3_signatureSchemes, crypto/x509 of Go).
_BROWSERS = ("chrome", "firefox", "safari", "windows", "android")
_UNUSUAL: dict[str, tuple[str, ...]] = {
    "EC secp521r1": ("chrome",),
    "EC secp224r1": _BROWSERS,
    "EC secp256k1": (*_BROWSERS, "go", "rustls"),
    "Ed25519": _BROWSERS,
    "Ed448": (*_BROWSERS, "go", "rustls"),
}


def find(view: View) -> Iterator[Finding]:
    """Find a weak key or signature among the certificates that clients verify."""
    path = view.path
    chain = path.certificates[:-1] if path and len(path.certificates) > 1 else view.sent[:1]
    for one in chain:
        weak = weakness_of(one)
        if weak is not None:
            yield _finding(one, weak, "critical")
            return
    if chain:
        breaks = _unusual(chain[0].key)
        if breaks:
            yield _finding(chain[0], "curve", "warning", breaks)


def _unusual(key: str) -> tuple[str, ...]:
    if key.startswith("EC brainpool"):
        return (*_BROWSERS, "go", "rustls")
    return _UNUSUAL.get(key, ())


def _finding(one: Certificate, weak: str, severity: str, breaks: tuple[str, ...] = ()) -> Finding:
    evidence: dict[str, JsonValue] = {
        "name": one.subject_name,
        "key": one.key,
        "signature": one.signature,
        "weak": weak,
        "sha256": one.sha256,
    }
    if breaks:
        evidence["breaks"] = list(breaks)
    return Finding.model_validate(
        {"code": Cause.WEAK_SIGNATURE_OR_KEY, "severity": severity, "evidence": evidence}
    )
