"""The certificates are sent in another order than they certify one another.

RFC 8446, 4.4.2: the server's own certificate MUST come first; the others only SHOULD follow in
order, and current clients sort them. So another certificate in the first place breaks everybody,
any other disorder only old clients.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from pydantic import JsonValue

from bot.diagnosis.causes import Cause
from bot.diagnosis.certificate import Certificate
from bot.diagnosis.path import best_path
from bot.diagnosis.report import Finding
from bot.diagnosis.rules.hostname import covers
from bot.diagnosis.view import View

# GnuTLS before 3.1.2 took chains only in order (its NEWS); it is older than any client of the table.
_SHOWN = 8


def find(view: View) -> Iterator[Finding]:
    """Find intermediates that are sent in disorder, behind a leaf that is in its place."""
    path = view.as_sent
    if path is None:
        return
    places = [view.sent.index(one) for one in path.certificates[1:] if one in view.sent]
    if places == sorted(places):
        return
    yield Finding(
        code=Cause.WRONG_CHAIN_ORDER,
        severity="warning",
        evidence={
            "sent_order": [one.subject_name for one in view.sent[:_SHOWN]],
            "right_order": [
                one.subject_name for one in path.certificates[:_SHOWN] if one in view.sent
            ],
            "name": path.certificates[1].subject_name,
            "position": view.sent.index(path.certificates[1]) + 1,
        },
    )


def leaf_not_first(view: View) -> Finding | None:
    """The finding that the server's own certificate stands behind another one."""
    place = _place_of_leaf(view.sent, view.target.host)
    if place is None:
        return None
    leaf, first = view.sent[place], view.sent[0]
    evidence: dict[str, JsonValue] = {
        "position": place + 1,
        "name": leaf.subject_name,
        "sha256": leaf.sha256,
        "first": first.subject_name,
        "first_is_ca": first.is_ca,
        "leaf_first": False,
        "sent": len(view.sent),
    }
    return Finding(code=Cause.WRONG_CHAIN_ORDER, severity="critical", evidence=evidence)


def rearranged(view: View) -> View | None:
    """The same evidence with the server's own certificate first; None when it is first already."""
    place = _place_of_leaf(view.sent, view.target.host)
    if place is None:
        return None
    leaf = view.sent[place]
    sent = (leaf, *(one for index, one in enumerate(view.sent) if index != place))
    as_sent = best_path(leaf, sent[1:], (), view.trust, view.at)
    verdict = view.trust.verify(sent, view.at)
    return replace(view, sent=sent, as_sent=as_sent, verdict=verdict, completion=None)


def _place_of_leaf(sent: Sequence[Certificate], host: str) -> int | None:
    if len(sent) < 2 or covers(sent[0], host):
        return None
    others = [place for place, one in enumerate(sent) if place and not one.is_ca]
    covering = [place for place in others if covers(sent[place], host)]
    if covering:
        return covering[0]
    # A CA in front of one server's certificate: it belongs behind it, whatever its names are.
    return others[0] if sent[0].is_ca and len(others) == 1 else None
