"""The certificate is not meant for TLS servers (RFC 5280, 4.2.1.12)."""

from collections.abc import Iterator

from bot.diagnosis.causes import Cause
from bot.diagnosis.report import Finding
from bot.diagnosis.view import View


def find(view: View) -> Iterator[Finding]:
    """Find a leaf whose extended key usage leaves serverAuth out."""
    leaf = view.leaf
    if leaf is not None and not leaf.server_purpose:
        yield Finding(
            code=Cause.CERTIFICATE_NOT_TLS,
            severity="critical",
            evidence={"name": leaf.subject_name},
        )
