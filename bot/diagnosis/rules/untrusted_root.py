"""The chain leads to a root that is not in the trust store."""

from collections.abc import Iterator

from pydantic import JsonValue

from bot.diagnosis.causes import Cause
from bot.diagnosis.certificate import is_self_signed
from bot.diagnosis.path import climb
from bot.diagnosis.report import Finding
from bot.diagnosis.roots import removed_root
from bot.diagnosis.rules.chain_gap import looks_public, unfinished
from bot.diagnosis.rules.interception import product_of
from bot.diagnosis.view import View


def find(view: View) -> Iterator[Finding]:
    """Find a chain that ends in an unknown root, or in an issuer nobody can name."""
    leaf = view.leaf
    if leaf is None or view.path is not None or is_self_signed(leaf) or product_of(view):
        return
    fetched = view.completion.fetched if view.completion else ()
    chain = climb(leaf, (*view.sent[1:], *fetched))
    top = chain[-1]
    open_end = unfinished(view)
    if open_end is not None and looks_public(view, open_end):
        return
    certain = is_self_signed(top)
    name = top.subject_name if certain else top.issuer_name
    removed = removed_root(top.sha256 if certain else None, name)
    dates: dict[str, JsonValue] = {}
    if removed is not None and removed.left is not None:
        dates = {"last_release": removed.last.isoformat(), "left": removed.left.isoformat()}
        dates["year"] = str(removed.left.year)
    yield Finding(
        code=Cause.UNTRUSTED_ROOT,
        severity="critical",
        evidence={
            "root": name,
            "subject": top.subject if certain else top.issuer,
            "sha256": top.sha256 if certain else None,
            "root_sent": certain and top in view.sent,
            "certain": certain,
            "intermediates_sent": sum(
                one in view.sent for one in chain[1:] if one != top or not certain
            ),
            "sent": len(view.sent),
            **dates,
        },
    )
