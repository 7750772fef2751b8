"""The server does not serve the name that it is asked for (RFC 6066, 3)."""

from collections.abc import Iterator

from pydantic import JsonValue

from bot.diagnosis.causes import Cause
from bot.diagnosis.certificate import MalformedCertificateError, read_certificate
from bot.diagnosis.handshake import Handshake
from bot.diagnosis.report import Finding
from bot.diagnosis.view import View

_UNRECOGNIZED_NAME = 112
_SHOWN = 5


def find(view: View) -> Iterator[Finding]:
    """Find a server that ends the handshake because of the name."""
    seen = view.handshake
    if seen is None or seen.fault is None or not refuses_name(view):
        return
    yield Finding(
        code=Cause.SNI_UNRECOGNIZED,
        severity="critical",
        evidence={
            "error": seen.fault.reason,
            "alert": seen.fault.alert,
            "host": view.target.host,
            "default_names": _names(view.unnamed),
            **without_the_name(view),
        },
    )


def refuses_name(view: View) -> bool:
    """Whether the name is what the server refuses.

    It says so by alert 112, or by any alert (IIS and older load balancers send 80 or 40) that does
    not come when no name is sent.
    """
    seen = view.handshake
    if seen is None or seen.chain or seen.fault is None or seen.fault.kind != "alert":
        return False
    return seen.fault.alert == _UNRECOGNIZED_NAME or bool(view.unnamed and view.unnamed.chain)


def cut_for_name(view: View) -> bool:
    """Whether the connection is cut when this name is sent, and only then."""
    seen = view.handshake
    return (
        seen is not None
        and seen.fault is not None
        and seen.fault.kind in ("reset", "closed")
        and not seen.chain
        and bool(view.unnamed and view.unnamed.chain)
    )


def without_the_name(view: View) -> dict[str, JsonValue]:
    """What the same address serves without a name, and under one that nobody has."""
    return {
        "without_name": _shown(view.unnamed),
        "other_name": _shown(view.misnamed),
    }


def is_default(view: View) -> bool | None:
    """Whether the certificate is what any other name gets, too; None when that was not asked."""
    others = [one for one in (view.unnamed, view.misnamed) if one is not None and one.chain]
    if view.handshake is None or not view.handshake.chain or not others:
        return None
    return any(one.chain[0] == view.handshake.chain[0] for one in others)


def _names(seen: Handshake | None) -> JsonValue:
    shown = _shown(seen)
    return shown.get("names") if isinstance(shown, dict) else None


def _shown(seen: Handshake | None) -> JsonValue:
    if seen is None:
        return None
    if not seen.chain:
        return {"error": seen.fault.reason if seen.fault else None}
    try:
        leaf = read_certificate(seen.chain[0])
    except MalformedCertificateError as error:
        return {"error": error.reason}
    return {
        "subject": leaf.subject_name,
        "names": list(leaf.dns_names[:_SHOWN]),
        "sha256": leaf.sha256,
    }
