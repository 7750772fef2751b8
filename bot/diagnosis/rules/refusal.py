"""The server ended the handshake with an alert, or with bytes that make no sense."""

from collections.abc import Iterator

from bot.diagnosis.causes import Cause
from bot.diagnosis.report import Finding
from bot.diagnosis.rules import (
    alpn,
    cipher,
    client_certificate,
    dh,
    protocol,
    server_name,
    unreadable,
)
from bot.diagnosis.view import View


def find(view: View) -> Iterator[Finding]:
    """Say what is left: a refusal that no other rule explains."""
    seen = view.handshake
    if seen is None or seen.fault is None or seen.fault.kind not in ("alert", "openssl"):
        return
    others = (
        protocol.find,
        cipher.find,
        dh.find,
        client_certificate.find,
        server_name.find,
        unreadable.find,
        alpn.find,
    )
    if any(True for rule in others for _ in rule(view)):
        return
    yield Finding(
        code=Cause.HANDSHAKE_FAILURE,
        severity="critical",
        evidence={"error": seen.fault.reason, "alert": seen.fault.alert, "host": view.target.host},
    )
