"""The Details window: everything that was found, for the reader who wants to check it by hand.

Pure. It has sections, as tabs, and each as many pages as it takes; a window's own limits are
`limits.VIEW_*`.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, tzinfo
from typing import Annotated, Any, Final, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError

from bot.diagnosis.report import ChainCertificate, Endpoint, Finding, Report
from bot.render.evidence import alias_line, seen_at
from bot.texts.catalogue import Catalogue, Lang, catalogue
from bot.texts.moment import moment_text
from handlers.answers.answer import fix_elements, host_name
from handlers.answers.chain import draw_chain
from handlers.asking.press import Press
from handlers.slack import blocks, limits
from handlers.slack.blocks import Block, Element
from handlers.slack.escape import shorten, visible

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


Section = Literal["summary", "chain", "clients", "addresses", "evidence", "history"]
SECTIONS: Final[tuple[Section, ...]] = get_args(Section)

TAB: Final = "tlscheck_details_tab"
"""The beginning of the tabs' action ids; the section follows."""
EARLIER: Final = "tlscheck_details_earlier"
FURTHER: Final = "tlscheck_details_further"
PICTURES: Final = "tlscheck_pictures"

# What a person reads before turning the page, far below what a view may hold.
_PAGE_CHARACTERS: Final = 9_000
_PAGE_BLOCKS: Final = 30
_TIMESTAMP: Final = r"^\d{1,20}\.\d{1,10}$"


class Opened(BaseModel):
    """What the window carries: whose details these are, which page of them, and where it was opened.

    `channel` and `thread_ts` name the shared message; None where only the asker sees the answer.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    press: Press
    section: Section = "summary"
    page: Annotated[int, Field(ge=0, le=1000)] = 0
    channel: Annotated[str, Field(pattern=r"^[A-Z0-9]{2,32}$")] | None = None
    thread_ts: Annotated[str, Field(pattern=_TIMESTAMP)] | None = None


def read_opened(view: Any) -> Opened | None:
    """What a window carries, or None when it is none of ours."""
    metadata = view.get("private_metadata") if isinstance(view, Mapping) else None
    if not isinstance(metadata, str) or len(metadata) > limits.VIEW_PRIVATE_METADATA:
        return None
    try:
        return Opened.model_validate_json(metadata)
    except ValidationError:
        return None


def details_view(
    report: Report,
    opened: Opened,
    zone: tzinfo = UTC,
    *,
    moment: datetime | None = None,
    history: Sequence[Block] = (),
    note: str = "",
) -> View:
    """One page of one section.

    Args:
        report: Phrased in the language of `opened`.
        opened: Which section and page; a page that does not exist is the last one.
        zone: The reader's.
        moment: The moment that the chain was judged at; None: when it was checked.
        history: The blocks of the history section.
        note: A sentence above everything.
    """
    lang = opened.press.lang
    texts = catalogue(lang)
    if opened.section == "history":
        body = list(history)
    elif opened.section == "chain":
        body = _chain(report, moment or report.checked_at, texts, zone)
    else:
        body = _section_blocks(report, opened.section, texts)
    pages = _pages(body or [blocks.context(texts.text(f"details.none.{opened.section}"))])
    page = min(opened.page, len(pages) - 1)
    shown = [blocks.header(host_name(report)), blocks.actions(*_tabs(opened.section, texts))]
    if note:
        shown.append({"type": "section", "text": blocks.plain(note)})
    shown += pages[page]
    below = _pager(page, len(pages), texts)
    if any(one.chain for one in report.endpoints):
        below.append(blocks.button(PICTURES, texts.text("picture.button"), "draw"))
    if below:
        shown += [blocks.divider(), blocks.actions(*below)]
    if len(pages) > 1:
        shown.append(blocks.context(texts.text("details.page", page=page + 1, pages=len(pages))))
    view = _view(lang, shown)
    metadata = opened.model_copy(update={"page": page}).model_dump_json(exclude_none=True)
    # Without it the window is still true; it cannot be turned.
    if len(metadata) <= limits.VIEW_PRIVATE_METADATA:
        view["private_metadata"] = metadata
    return view


def _tabs(current: Section, texts: Catalogue) -> list[Element]:
    return [
        blocks.button(
            f"{TAB}_{one}",
            texts.text(f"details.tab.{one}"),
            one,
            style="primary" if one == current else None,
        )
        for one in SECTIONS
    ]


def _pager(page: int, pages: int, texts: Catalogue) -> list[Element]:
    made = []
    if page > 0:
        made.append(blocks.button(EARLIER, texts.text("details.earlier"), str(page - 1)))
    if page < pages - 1:
        made.append(blocks.button(FURTHER, texts.text("details.further"), str(page + 1)))
    return made


def _pages(body: Sequence[Block]) -> list[list[Block]]:
    """The blocks on pages that a person reads and Slack takes; no block is cut."""
    pages: list[list[Block]] = [[]]
    room = _PAGE_CHARACTERS
    for one in body:
        size = blocks.weigh([one])
        if pages[-1] and (size > room or len(pages[-1]) >= _PAGE_BLOCKS):
            pages.append([])
            room = _PAGE_CHARACTERS
        pages[-1].append(one)
        room -= size
    return pages


def _section_blocks(report: Report, section: Section, texts: Catalogue) -> list[Block]:
    match section:
        case "clients":
            return list(_clients(report, texts))
        case "addresses":
            return list(_endpoints(report, texts))
        case "evidence":
            return [_finding(one, texts) for one in report.findings]
        case _:
            return _summary(report, texts)


def _chain(report: Report, moment: datetime, texts: Catalogue, zone: tzinfo) -> list[Block]:
    """The drawing in words, and below it each certificate."""
    drawn = draw_chain(report, moment, texts)
    made = [blocks.rich(blocks.preformatted(drawn, 2500))] if drawn is not None else []
    return [*made, *_chains(report, texts, zone)]


def _summary(report: Report, texts: Catalogue) -> list[Block]:
    made = []
    if report.summary.strip():
        summary = shorten(report.summary, 2500)
        made.append(blocks.rich(blocks.paragraph(blocks.word(summary))))
    if report.pending:
        made.append(blocks.context(texts.text("revocation.pending")))
    titles = [
        blocks.paragraph(
            blocks.word(texts.text(f"slack.severity.{one.severity}"), bold=True),
            blocks.word(" " + shorten(one.title, 200)),
        )
        for one in report.findings[:20]
        if one.title.strip()
    ]
    if titles:
        made.append(blocks.rich(blocks.bullets(titles)))
    steps = fix_elements(report.fix, texts_too=True, commands=True) if report.fix else []
    if report.fix is not None and steps:
        heading = blocks.word(texts.text(f"slack.fix.{report.fix.owner}"), bold=True)
        made += [blocks.divider(), blocks.rich(blocks.paragraph(heading))]
        # A page may end between two steps.
        made += [blocks.rich(one) for one in steps]
    return made


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
