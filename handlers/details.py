"""The Details view: everything that was found, for the reader who wants to check it by hand.

Pure. A modal has its own limits (`limits.VIEW_*`); what does not fit is named at the end.
"""

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, tzinfo
from typing import Any

from pydantic import JsonValue

from bot.diagnosis.report import ChainCertificate, Endpoint, Finding, Report
from bot.render.evidence import alias_line, seen_at
from bot.texts.catalogue import Catalogue, Lang, catalogue
from bot.texts.moment import moment_text
from handlers import blocks, limits
from handlers.answer import fix_elements, host_name
from handlers.blocks import Block, Element
from handlers.escape import shorten, visible
from handlers.fit import Part, fit, part

CALLBACK_ID = "tlscheck_details_view"

View = dict[str, Any]


def _view(lang: Lang, body: Sequence[Block]) -> View:
    texts = catalogue(lang)
    return {
        "type": "modal",
        "callback_id": CALLBACK_ID,
        "title": blocks.plain(texts.text("slack.details.title"), limits.VIEW_TITLE),
        "close": blocks.plain(texts.text("slack.details.close"), limits.VIEW_CLOSE),
        "blocks": list(body),
    }


def skeleton_view(lang: Lang) -> View:
    """What opens at once, while the result is fetched: a trigger lives for three seconds only."""
    sentence = catalogue(lang).text("slack.details.loading")
    return _view(lang, [{"type": "section", "text": blocks.plain(sentence)}])


def sentence_view(lang: Lang, sentence: str) -> View:
    """One sentence, where the details cannot be shown."""
    return _view(lang, [{"type": "section", "text": blocks.plain(sentence)}])


def details_view(report: Report, lang: Lang, zone: tzinfo = UTC) -> View:
    """All findings, endpoints, certificates, clients and steps of a phrased Report."""
    texts = catalogue(lang)
    parts: list[Part] = [part(0, blocks.header(host_name(report)))]
    if report.summary.strip():
        summary = shorten(report.summary, 2500)
        parts.append(part(0, blocks.rich(blocks.paragraph(blocks.word(summary)))))
    parts += _section(texts, "findings", 1, (_finding(one, texts) for one in report.findings))
    if report.fix is not None:
        steps = fix_elements(report.fix, texts_too=True, commands=True)
        heading = texts.text(f"slack.fix.{report.fix.owner}")
        if steps:
            body = (blocks.rich(*steps[at : at + 8]) for at in range(0, len(steps), 8))
            parts += _section(texts, "fix", 2, body, heading=heading)
    parts += _section(texts, "endpoints", 3, _endpoints(report, texts))
    parts += _section(texts, "chain", 4, _chains(report, texts, zone))
    parts += _section(texts, "clients", 5, _clients(report, texts))
    if report.pending:
        parts.append(part(1, blocks.context(texts.text("revocation.pending"))))
    note = [one.name for one in parts if one.name]
    reserved = blocks.weigh([_left_out(texts, note)])
    fitted = fit(parts, characters=limits.VIEW_CHARACTERS - reserved, blocks=limits.VIEW_BLOCKS - 1)
    left = [_left_out(texts, fitted.missing)] if fitted.missing else []
    return _view(lang, [*fitted.blocks, *left])


def _left_out(texts: Catalogue, names: Sequence[str]) -> Block:
    listed = texts.text("slack.answer.and").join(dict.fromkeys(names))
    return blocks.context(texts.text("slack.details.left_out", parts=listed))


def _section(
    texts: Catalogue, name: str, rank: int, body: Iterator[Block], *, heading: str | None = None
) -> list[Part]:
    shown = texts.text(f"slack.details.{name}")
    parts = [part(rank, block, name=shown) for block in body]
    if not parts:
        return []
    title = blocks.paragraph(blocks.word(heading or shown, bold=True))
    return [part(rank, blocks.divider(), blocks.rich(title)), *parts]


def _finding(finding: Finding, texts: Catalogue) -> Block:
    pieces = [
        blocks.word(texts.text(f"slack.severity.{finding.severity}"), bold=True),
        blocks.word(f" {shorten(finding.title, 300)} ({finding.code.value})"),
    ]
    if finding.detail.strip():
        pieces.append(blocks.word("\n" + shorten(finding.detail, 1500)))
    elements: list[Element] = [blocks.paragraph(*pieces)]
    lines = [line for name, value in finding.evidence.items() for line in _lines(name, value)][:60]
    if finding.addresses:
        lines.insert(0, ", ".join(visible(one) for one in finding.addresses[:30]))
    if lines:
        elements.append(blocks.preformatted("\n".join(lines), 2000))
    return blocks.rich(*elements)


def _lines(name: str, value: JsonValue, indent: str = "") -> Iterator[str]:
    """Evidence as lines: what is nested stands indented under its name."""
    shown = shorten(visible(name), 60)
    # Evidence nests two deep; whatever came back from Redis may nest deeper.
    if len(indent) < 6 and isinstance(value, dict) and value:
        yield f"{indent}{shown}:"
        for inner_name, inner in value.items():
            yield from _lines(inner_name, inner, indent + "  ")
    elif len(indent) < 6 and isinstance(value, list) and any(isinstance(v, dict) for v in value):
        for number, inner in enumerate(value, start=1):
            yield from _lines(f"{shown} {number}", inner, indent)
    elif isinstance(value, list) and all(isinstance(v, str) for v in value):
        yield f"{indent}{shown}: {shorten(visible(', '.join(map(str, value))), 400)}"
    else:
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        yield f"{indent}{shown}: {shorten(visible(text), 400)}"


def _endpoints(report: Report, texts: Catalogue) -> Iterator[Block]:
    alias = alias_line(report)
    if alias:
        yield blocks.context(shorten(texts.text("evidence.alias", names=alias), 500))
    for one in report.endpoints:
        yield _endpoint(one, report, texts)


def _endpoint(endpoint: Endpoint, report: Report, texts: Catalogue) -> Block:
    address = f"[{endpoint.address}]" if ":" in endpoint.address else endpoint.address
    where = f"{address}:{endpoint.port}"
    if not endpoint.reachable:
        said = shorten(visible(endpoint.error or ""), 500)
        line = texts.text("slack.details.unreachable", address=where, error=said)
        return blocks.rich(blocks.preformatted(line))
    pieces = [where]
    pieces += [value for value in (endpoint.tls_version, endpoint.cipher, endpoint.alpn) if value]
    pieces.append(texts.text("slack.details.sent", n=len(endpoint.chain)))
    lines = [", ".join(pieces)]
    if endpoint.verify is not None:
        lines.append(
            texts.text(
                "slack.evidence.verify",
                code=endpoint.verify.code,
                message=visible(endpoint.verify.message),
            )
        )
    if endpoint.error:
        lines.append(shorten(visible(endpoint.error), 500))
    for one in seen_at(report, endpoint, texts):
        lines.append(shorten(one.text, 400))
        lines += [f"  $ {one.command}"] if one.command else []
    return blocks.rich(blocks.preformatted("\n".join(lines)))


def _chains(report: Report, texts: Catalogue, zone: tzinfo) -> Iterator[Block]:
    """Every different chain once, under the addresses that sent it."""
    senders: dict[tuple[str, ...], list[str]] = {}
    chains: dict[tuple[str, ...], tuple[ChainCertificate, ...]] = {}
    for endpoint in report.endpoints:
        if endpoint.chain:
            key = tuple(one.sha256 for one in endpoint.chain)
            senders.setdefault(key, []).append(endpoint.address)
            chains[key] = endpoint.chain
    for key, chain in chains.items():
        if len(chains) > 1:
            yield blocks.context(", ".join(senders[key][:20]))
        for place, one in enumerate(chain):
            yield blocks.rich(blocks.preformatted(_certificate(place, one, texts, zone), 2500))


def _certificate(place: int, one: ChainCertificate, texts: Catalogue, zone: tzinfo) -> str:
    names = ", ".join(visible(name) for name in one.dns_names[:20])
    if len(one.dns_names) > 20:
        names += " " + texts.text("slack.who.more", n=len(one.dns_names) - 20)
    lines = [
        f"{place}  {texts.text(f'slack.role.{one.role}')}",
        f"   {texts.text('slack.field.subject')}  {visible(one.subject)}",
        f"   {texts.text('slack.field.issuer')}  {visible(one.issuer)}",
        f"   {texts.text('slack.field.valid')}  {moment_text(one.not_before, zone)} – {moment_text(one.not_after, zone)}",
    ]
    if names:
        lines.append(f"   {texts.text('slack.field.names')}  {names}")
    lines.append(f"   SHA-256  {visible(one.sha256)}")
    lines.append(f"   {texts.text('slack.field.serial')}  {visible(one.serial)}")
    return "\n".join(lines)


def _clients(report: Report, texts: Catalogue) -> Iterator[Block]:
    for one in report.clients:
        pieces = [
            blocks.word(shorten(one.label, 100), bold=True),
            blocks.word(" " + texts.text(f"slack.outcome.{one.outcome}")),
        ]
        if one.reason.strip():
            pieces.append(
                blocks.word(texts.text("slack.who.because", reason=shorten(one.reason, 600)))
            )
        elements: list[Element] = [blocks.paragraph(*pieces)]
        if one.error:
            elements.append(blocks.preformatted(one.error, 600))
        yield blocks.rich(*elements)
