"""OpenSSL refuses the chain for another reason: CA flag, path length, constraints, an extension.

Also the net below the other rules: what OpenSSL refuses is never called good.
"""

from collections.abc import Iterator

from bot.diagnosis.causes import Cause
from bot.diagnosis.report import Finding
from bot.diagnosis.trust import OpenSSLVerdict
from bot.diagnosis.view import View

# X509_V_ERR numbers of the issuer and of dates that other rules explain.
_NO_ISSUER = frozenset({2, 18, 19, 20, 21})
_NOT_YET_VALID, _EXPIRED = 9, 10


def find(view: View) -> Iterator[Finding]:
    """Find what OpenSSL refuses and no other rule explains."""
    path = view.path
    verdict = path.verdict if path is not None and not path.verdict.ok else view.verdict
    if verdict is None or verdict.ok or _is_explained(view, verdict):
        return
    yield Finding(
        code=Cause.INVALID_CHAIN,
        severity="critical",
        evidence={"code": verdict.code, "error": verdict.message, "depth": verdict.depth},
    )


def _is_explained(view: View, verdict: OpenSSLVerdict) -> bool:
    if verdict.code in _NO_ISSUER:
        return view.as_sent is None
    if verdict.code == _NOT_YET_VALID:
        return verdict.depth == 0
    if verdict.code == _EXPIRED:
        return verdict.depth == 0 or (view.as_sent is not None and not view.as_sent.verdict.ok)
    return False
