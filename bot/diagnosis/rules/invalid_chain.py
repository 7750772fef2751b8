"""OpenSSL refuses the chain for another reason: CA flag, path length, constraints, an extension.

Also the net below the other rules: what OpenSSL refuses is never called good. Where OpenSSL
stumbles over a chain that has a valid path all the same, or refuses an anchor that others take,
that is a warning which names the clients.

Why a warning, though curl and Python fail: RFC 5280 and the public suite of chains call such a chain
valid (mutual cross-signs, a constraint on a way that need not be taken), a release of OpenSSL may
find the way tomorrow, and what the server sends is right. "Broken" is kept for servers that have to
change; whoever runs such a client still reads here that it fails, and with which line.
"""

from collections.abc import Iterator

from pydantic import JsonValue

from bot.diagnosis.causes import Cause
from bot.diagnosis.path import Path
from bot.diagnosis.report import Finding
from bot.diagnosis.rules.constraints import explain
from bot.diagnosis.trust import OpenSSLVerdict
from bot.diagnosis.view import View

# X509_V_ERR numbers of the issuer and of dates that other rules explain.
_NO_ISSUER = frozenset({2, 18, 19, 20, 21})
_NOT_YET_VALID, _EXPIRED = 9, 10

# chain.pem holds what was sent: `verify` takes its first certificate and finds the others in it.
COMMAND = "openssl verify -show_chain -untrusted chain.pem chain.pem"

# Clients on OpenSSL, and of these the ones that want the chain to end in a self-signed root.
_OPENSSL_CLIENTS = ("curl", "openssl", "python", "python-strict", "node", "ruby", "php")
_ROOT_ONLY = ("openssl", "python", "node", "ruby", "php", "openssl-1.0.2")


def find(view: View) -> Iterator[Finding]:
    """Find what OpenSSL refuses and no other rule explains."""
    path = view.path
    if path is not None and path.verdict.ok:
        yield from _unfit_purpose(path)
        yield from _only_openssl(view)
        return
    verdict = path.verdict if path is not None else view.verdict
    if verdict is None or verdict.ok or _is_explained(view, verdict):
        return
    breach = explain(path.certificates, verdict) if path is not None else None
    evidence: dict[str, JsonValue] = {
        "code": verdict.code,
        "error": verdict.message,
        "depth": verdict.depth,
        "command": COMMAND,
    }
    if path is not None and breach is None and verdict.depth < len(path.certificates):
        at_fault = path.certificates[verdict.depth]
        evidence |= {"name": at_fault.subject_name, "sha256": at_fault.sha256}
    if breach is not None:
        evidence |= {
            "rule": breach.rule,
            "name": breach.certificate.subject_name,
            "subject": breach.certificate.subject,
            "sha256": breach.certificate.sha256,
            **breach.values,
        }
    yield Finding(code=Cause.INVALID_CHAIN, severity="critical", evidence=evidence)


def _unfit_purpose(path: Path) -> Iterator[Finding]:
    """A CA whose own purposes leave TLS servers out: each TLS client looks at that."""
    for one in path.certificates[1:]:
        if one.server_purpose:
            continue
        yield Finding(
            code=Cause.INVALID_CHAIN,
            severity="critical",
            evidence={
                "code": 26,  # X509_V_ERR_INVALID_PURPOSE
                "error": "unsuitable certificate purpose",
                "depth": path.certificates.index(one),
                "rule": "ca_purpose",
                "name": one.subject_name,
                "subject": one.subject,
                "sha256": one.sha256,
                "command": COMMAND.replace("verify", "verify -purpose sslserver", 1),
            },
        )
        return


def _only_openssl(view: View) -> Iterator[Finding]:
    """A path is valid, and the `openssl verify` of all that was sent fails nevertheless."""
    verdict, path = view.verdict, view.path
    if verdict is None or verdict.ok or path is None or view.as_sent is None:
        return
    if not view.as_sent.verdict.ok:
        return  # what was sent is at fault; a fetched certificate mended it
    anchor = path.certificates[-1]
    by_anchor = not anchor.self_issued
    evidence: dict[str, JsonValue] = {
        "code": verdict.code,
        "error": verdict.message,
        "depth": verdict.depth,
        "command": COMMAND,
        "rule": "partial_anchor" if by_anchor else "path_building",
        "name": anchor.subject_name,
        "breaks": list(_ROOT_ONLY if by_anchor else _OPENSSL_CLIENTS),
    }
    yield Finding(code=Cause.INVALID_CHAIN, severity="warning", evidence=evidence)


def _is_explained(view: View, verdict: OpenSSLVerdict) -> bool:
    if verdict.code in _NO_ISSUER:
        return view.as_sent is None
    if verdict.code == _NOT_YET_VALID:
        return verdict.depth == 0
    if verdict.code == _EXPIRED:
        return verdict.depth == 0 or (view.as_sent is not None and not view.as_sent.verdict.ok)
    return False
