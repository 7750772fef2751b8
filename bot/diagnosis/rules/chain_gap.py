"""A certificate between the server's own and a trust anchor was not sent, or a wrong one was.

Proven by fetching what is missing and finding a path with it. What could not be fetched is said to
be unproven; whether it is then rather an untrusted root is decided in `unfinished`.
"""

from collections.abc import Iterator

from pydantic import JsonValue

from bot.diagnosis.causes import Cause
from bot.diagnosis.certificate import Certificate, is_self_signed
from bot.diagnosis.path import climb
from bot.diagnosis.report import Finding
from bot.diagnosis.rules.interception import product_of
from bot.diagnosis.view import View


def find(view: View) -> Iterator[Finding]:
    """Find the gap, if what was sent reaches no anchor and fetching explains why."""
    leaf = view.leaf
    if leaf is None or view.as_sent is not None or is_self_signed(leaf):
        return
    sent = view.sent[1:]
    path = view.path
    if path is not None:
        missing = path.fetched
        below = path.certificates[path.certificates.index(missing[0]) - 1]
        wrong = [one for one in sent if any(_namesake(one, real) for real in missing)]
        yield _finding(view, below, missing, wrong, proven=True)
        return
    open_end = unfinished(view)
    if open_end is None or not looks_public(view, open_end) or product_of(view):
        return
    wrong = [one for one in sent if one.subject_der == open_end.issuer_der and one != open_end]
    yield _finding(view, open_end, (), wrong, proven=False)


def unfinished(view: View) -> Certificate | None:
    """The certificate whose issuer is nowhere to be found; None when the chain ends in a root."""
    leaf = view.leaf
    if leaf is None or view.path is not None:
        return None
    fetched = view.completion.fetched if view.completion else ()
    top = climb(leaf, (*view.sent[1:], *fetched))[-1]
    return None if is_self_signed(top) else top


def looks_public(view: View, below: Certificate) -> bool:
    """Whether an issuer that is nowhere to be found is more likely unsent than untrusted.

    A public CA names its issuer's address (Baseline Requirements 7.1.2.7.7) and its policies; a
    private CA whose root is simply not in the trust store usually does neither.
    """
    if below.issuer_urls:
        return True
    return below == view.leaf and below.publicly_issued


def _namesake(one: Certificate, real: Certificate) -> bool:
    return one.subject_der == real.subject_der and one != real


def _finding(
    view: View,
    below: Certificate,
    missing: tuple[Certificate, ...],
    wrong: list[Certificate],
    *,
    proven: bool,
) -> Finding:
    fetches = view.completion.fetches if view.completion else ()
    places: list[JsonValue] = [
        {"url": one.url, "error": one.fault, "found": len(one.certificates)} for one in fetches
    ]
    evidence: dict[str, JsonValue] = {
        "missing": [
            {"name": one.subject_name, "subject": one.subject, "sha256": one.sha256}
            for one in missing
        ],
        "issuer": missing[0].subject_name if missing else below.issuer_name,
        "below": below.subject_name,
        "below_is_leaf": below == view.leaf,
        "count": max(1, len(missing)),
        "sent": len(view.sent),
        "fetches": places,
        "fetching": _fetching(view, below),
        "proven": proven,
    }
    if wrong:
        evidence["wrong"] = [
            {"name": one.subject_name, "sha256": one.sha256, "key_id": _hex(one.key_id)}
            for one in wrong
        ]
        evidence["wanted_key_id"] = _hex(below.authority_key_id)
    return Finding(
        code=Cause.WRONG_INTERMEDIATE if wrong else Cause.MISSING_INTERMEDIATE,
        severity="critical",
        evidence=evidence,
    )


def _fetching(view: View, below: Certificate) -> str:
    if view.path is not None:
        return "found"
    if not below.issuer_urls:
        return "no_address"
    if view.completion is None or not view.completion.fetches:
        return "not_tried"
    return "failed"


def _hex(key_id: bytes | None) -> str | None:
    return key_id.hex(":") if key_id else None
