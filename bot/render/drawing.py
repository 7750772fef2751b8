"""The chain as a drawing: which certificate was sent, which is missing, which is trusted.

Works on the Report alone, so that every surface with text draws the same chain. Foreign names
leave here visible (`sanitise`).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import idna
from pydantic import JsonValue

from bot.diagnosis.causes import Cause
from bot.diagnosis.report import ChainCertificate, Endpoint, Report
from bot.render.sanitise import visible
from bot.texts.catalogue import Catalogue

_COMMON_NAME = re.compile(r"(?:^|[,+/])\s*CN\s*=\s*((?:\\.|[^,+\\])+)")
_MOST_OTHERS = 5


@dataclass(frozen=True)
class Entry:
    """One line: a certificate at its depth in the chain, or a heading above some.

    `missing`: the server did not send it, and should have.
    """

    name: str
    depth: int = 0
    mark: str = ""
    status: str = ""
    style: str = ""
    heading: bool = False
    missing: bool = False


def chain(report: Report, moment: datetime, texts: Catalogue) -> list[Entry]:
    """The lines of the drawing; none when no certificate was seen.

    Args:
        report: Any Report.
        moment: Days left are counted from here.
        texts: The words for each certificate's state.
    """
    endpoint = shown_endpoint(report)
    sent = endpoint.chain if endpoint else ()
    wrong, revoked = wrong_ones(report), revoked_ones(report)
    if not report.path:
        return _without_path(sent, wrong, moment, texts) if sent else []
    by_digest = {certificate.sha256: certificate for certificate in sent}
    entries = []
    for depth, step in enumerate(report.path):
        certificate = by_digest.pop(step.sha256, None)
        name = common_name(step.subject)
        if step.source == "roots":
            entries.append(Entry(name, depth, "✓", texts.text("terminal.chain.trusted"), "green"))
        elif step.sha256 in revoked:
            entries.append(Entry(name, depth, "✗", texts.text("terminal.chain.revoked"), "red"))
        elif certificate is not None:
            entries.append(_sent(certificate, depth, moment, texts))
        elif step.source == "server":
            # The path belongs to another address than the one that is drawn.
            entries.append(Entry(name, depth, "·"))
        else:
            status = texts.text(f"terminal.chain.{step.source}")
            entries.append(Entry(name, depth, "✗", status, "red", missing=True))
    return entries + _also_sent(list(by_digest.values()), wrong, moment, texts)


def days(moment: datetime, end: datetime) -> int:
    """Whole days from `moment` to `end`, rounded towards zero; negative after `end`."""
    seconds = (end - moment).total_seconds()
    return int(seconds / 86_400)


def common_name(subject: str) -> str:
    """The name that people use for a certificate: its CN, else the whole subject; visible."""
    found = _COMMON_NAME.search(subject)
    if not found:
        return visible(subject) or "-"
    return visible(re.sub(r"\\(.)", r"\1", found[1]).strip()) or visible(subject)


def unicode_name(host: str) -> str | None:
    """The name as its owner writes it, when that differs from `host`; only for display."""
    if "xn--" not in host:
        return None
    try:
        decoded = idna.decode(host)
    except (idna.IDNAError, UnicodeError):
        return None
    return decoded if decoded != host else None


def wrong_ones(report: Report) -> frozenset[str]:
    """Fingerprints of the certificates that have the issuer's name and another key."""
    found = (one for finding in report.findings for one in _list(finding.evidence.get("wrong")))
    return frozenset(str(one.get("sha256")) for one in found if isinstance(one, dict))


def revoked_ones(report: Report) -> frozenset[str]:
    """Fingerprints of the certificates that were revoked."""
    found = (one for one in report.findings if one.code is Cause.REVOKED)
    return frozenset(str(one.evidence.get("sha256")) for one in found)


def _list(value: JsonValue) -> list[JsonValue]:
    return value if isinstance(value, list) else []


def _without_path(
    sent: Sequence[ChainCertificate],
    wrong: frozenset[str],
    moment: datetime,
    texts: Catalogue,
) -> list[Entry]:
    """The server's own certificate, what it sent above that, and who is missing."""
    rest = list(sent[1:])
    entries = [Entry(texts.text("terminal.chain.no_path"), heading=True)]
    entries.append(_sent(sent[0], 0, moment, texts))
    top = sent[0]
    while top.issuer != top.subject:
        above = next((one for one in rest if one.subject == top.issuer), None)
        if above is None:
            status = texts.text("terminal.chain.missing")
            name = common_name(top.issuer)
            entries.append(Entry(name, len(entries) - 1, "✗", status, "red", missing=True))
            break
        rest.remove(above)
        if above.sha256 in wrong:
            # What stands above it has nothing to do with the server's own certificate.
            entries.append(_wrong(above, len(entries) - 1, texts))
            break
        entries.append(_sent(above, len(entries) - 1, moment, texts))
        top = above
    else:
        if entries[-1].mark == "✓":
            status = texts.text("terminal.chain.untrusted")
            entries[-1] = replace(entries[-1], mark="✗", status=status, style="red")
    return entries + _also_sent(rest, wrong, moment, texts)


def _also_sent(
    others: Sequence[ChainCertificate],
    wrong: frozenset[str],
    moment: datetime,
    texts: Catalogue,
) -> list[Entry]:
    if not others:
        return []
    entries = [Entry(texts.text("terminal.chain.also_sent"), heading=True)]
    entries += [
        _wrong(one, 0, texts) if one.sha256 in wrong else _sent(one, 0, moment, texts)
        for one in others[:_MOST_OTHERS]
    ]
    if len(others) > _MOST_OTHERS:
        more = texts.text("terminal.chain.more", n=len(others) - _MOST_OTHERS)
        entries.append(Entry(more, heading=True))
    return entries


def shown_endpoint(report: Report) -> Endpoint | None:
    """The address whose chain is drawn: the one that the verdict is about, as far as is known."""
    with_chain = [endpoint for endpoint in report.endpoints if endpoint.chain]
    for endpoint in with_chain:
        if report.verify and endpoint.verify and endpoint.verify.code == report.verify.code:
            return endpoint
    return with_chain[0] if with_chain else None


def _wrong(certificate: ChainCertificate, depth: int, texts: Catalogue) -> Entry:
    status = texts.text("terminal.chain.wrong_key")
    return Entry(common_name(certificate.subject), depth, "✗", status, "red")


def _sent(certificate: ChainCertificate, depth: int, moment: datetime, texts: Catalogue) -> Entry:
    name = common_name(certificate.subject)
    left = days(moment, certificate.not_after)
    if certificate.not_after < moment:
        key = "terminal.chain.sent_expired"
        status = (
            texts.text(key, n=-left) if left else texts.text("terminal.chain.sent_expired_today")
        )
        return Entry(name, depth, "✗", status, "red")
    if certificate.not_before > moment:
        date = certificate.not_before.strftime("%Y-%m-%d %H:%M UTC")
        status = texts.text("terminal.chain.sent_not_yet", date=date)
        return Entry(name, depth, "✗", status, "red")
    if not left:
        return Entry(name, depth, "!", texts.text("terminal.chain.sent_last_day"), "yellow")
    return Entry(name, depth, "✓", texts.text("terminal.chain.sent", n=left), "green")
