"""The server's own certificate is signed with its own key, and nobody trusts it."""

from collections.abc import Iterator

from bot.diagnosis.causes import Cause
from bot.diagnosis.certificate import is_self_signed
from bot.diagnosis.report import Finding
from bot.diagnosis.view import View


def find(view: View) -> Iterator[Finding]:
    """Find a self-signed leaf that is no trust anchor itself."""
    leaf = view.leaf
    if leaf is None or leaf in view.trust or not is_self_signed(leaf):
        return
    yield Finding(
        code=Cause.SELF_SIGNED,
        severity="critical",
        evidence={"name": leaf.subject_name, "subject": leaf.subject, "sha256": leaf.sha256},
    )
