"""Drawing the certificate chain in fixed-width lines: what was sent, what was not, what is trusted.

The meaning stands in words; the signs only help the eye.
"""

import re
import unicodedata
from collections.abc import Mapping
from datetime import datetime

from bot.diagnosis.report import ChainCertificate, Endpoint, Report
from bot.render.drawing import revoked_ones, wrong_ones
from bot.texts.catalogue import Catalogue
from handlers.slack.escape import shorten, visible

_NAME_WIDTH = 46
_MOST_LINES = 12
# A common name in RFC 4514's string form; a comma inside of it is written `\,`.
_COMMON_NAME = re.compile(r"(?:^|[,+])\s*CN=((?:\\.|[^,+\\])*)", re.IGNORECASE)
_ESCAPED = re.compile(r"\\([0-9A-Fa-f]{2}|.)")


def short_name(subject: str) -> str:
    """What people call a certificate: its common name, else the whole subject."""
    found = _COMMON_NAME.search(subject)
    name = found[1].strip() if found else ""
    if not name:
        return visible(subject)
    return visible(_ESCAPED.sub(lambda m: m[1] if len(m[1]) == 1 else m[0], name))


def width(text: str) -> int:
    """How many columns a fixed-width font takes: East Asian wide characters take two."""
    return sum(2 if unicodedata.east_asian_width(one) in "WF" else 1 for one in text)


def representative(report: Report) -> Endpoint | None:
    """The endpoint whose chain is shown: one that the cause names, else the first that has one."""
    named = report.findings[0].addresses if report.findings else ()
    with_chain = [endpoint for endpoint in report.endpoints if endpoint.chain]
    for endpoint in with_chain:
        if endpoint.address in named or f"{endpoint.address}:{endpoint.port}" in named:
            return endpoint
    return with_chain[0] if with_chain else None


def validity(one: ChainCertificate, now: datetime, texts: Catalogue) -> str:
    """How the certificate stands in time, as words."""
    if now < one.not_before:
        return texts.text("slack.chain.not_yet", n=(one.not_before - now).days + 1)
    if now > one.not_after:
        gone = (now - one.not_after).days
        if not gone:
            return texts.text("slack.chain.expired_today")
        return texts.text("slack.chain.expired", n=gone)
    left = (one.not_after - now).days
    return (
        texts.text("slack.chain.days_left", n=left) if left else texts.text("slack.chain.last_day")
    )


def draw_chain(report: Report, now: datetime, texts: Catalogue) -> str | None:
    """The chain as lines, the server's own certificate first; None when there is none to draw.

    Args:
        report: Its `path` says what completes the chain; without one the chain is drawn as sent.
        now: The moment it is judged at.
        texts: The reader's language.
    """
    endpoint = representative(report)
    sent = {one.sha256: one for one in endpoint.chain} if endpoint else {}
    if report.path:
        rows = _path_rows(report, sent, now, texts)
    else:
        rows = _sent_rows(sent, wrong_ones(report), now, texts)
    if not rows:
        return None
    left_out = len(rows) - _MOST_LINES
    rows = rows[:_MOST_LINES]
    drawn = [
        (("  " * max(depth - 1, 0) + ("└ " if depth else "")) + name, state)
        for depth, name, state in rows
    ]
    column = min(max(width(name) for name, _ in drawn), _NAME_WIDTH + 8)
    lines = [name + " " * max(column - width(name), 0) + "  " + state for name, state in drawn]
    if left_out > 0:
        lines.append(texts.text("slack.chain.more", n=left_out))
    return "\n".join(line.rstrip() for line in lines)


def _path_rows(
    report: Report, sent: Mapping[str, ChainCertificate], now: datetime, texts: Catalogue
) -> list[tuple[int, str, str]]:
    rows = []
    revoked = revoked_ones(report)
    for depth, step in enumerate(report.path or ()):
        held = sent.get(step.sha256)
        if step.source == "roots":
            state = texts.text("slack.chain.trusted")
        elif step.sha256 in revoked:
            state = texts.text("slack.chain.revoked")
        elif step.source == "server":
            state = texts.text("slack.chain.sent")
            if held is not None and not held.not_before <= now <= held.not_after:
                state = texts.text("slack.chain.sent_invalid")
        else:
            state = texts.text(f"slack.chain.missing_{step.source}")
        if held is not None and step.source == "server" and step.sha256 not in revoked:
            state = texts.text(
                "slack.chain.with_validity", state=state, validity=validity(held, now, texts)
            )
        rows.append((depth, shorten(short_name(step.subject), _NAME_WIDTH), state))
    used = {step.sha256 for step in report.path or ()}
    for sha256, one in sent.items():
        if sha256 not in used:
            key = "wrong_key" if sha256 in wrong_ones(report) else "unused"
            state = texts.text(f"slack.chain.{key}")
            rows.append((0, shorten(short_name(one.subject), _NAME_WIDTH), state))
    return rows


def _sent_rows(
    sent: Mapping[str, ChainCertificate],
    wrong: frozenset[str],
    now: datetime,
    texts: Catalogue,
) -> list[tuple[int, str, str]]:
    rows = []
    depth = 0
    last: ChainCertificate | None = None
    for one in sent.values():
        linked = last is not None and last.issuer == one.subject
        depth = depth + 1 if linked else 0
        if one.sha256 in wrong:
            state = texts.text("slack.chain.wrong_key")
            rows.append((depth, shorten(short_name(one.subject), _NAME_WIDTH), state))
            continue
        good = one.not_before <= now <= one.not_after
        state = texts.text(
            "slack.chain.with_validity",
            state=texts.text("slack.chain.sent" if good else "slack.chain.sent_invalid"),
            validity=validity(one, now, texts),
        )
        rows.append((depth, shorten(short_name(one.subject), _NAME_WIDTH), state))
        last = one
    if last is not None:
        if any(one.subject == last.issuer and one.sha256 in wrong for one in sent.values()):
            pass  # its namesake, drawn above, says it
        elif last.issuer == last.subject:
            rows.append((depth + 1, texts.text("slack.chain.itself"), ""))
        else:
            issuer = shorten(short_name(last.issuer), _NAME_WIDTH)
            rows.append((depth + 1, issuer, texts.text("slack.chain.untrusted")))
    return rows
