"""Report → terminal: one full answer, or one aligned line of a list.

Everything is built as lines of `rich.text.Text` that already fit, so that nothing is wrapped a
second time and commands stay in one piece. The meaning is in marks and words; colour only helps.
Every foreign string passes through `visible` here. Nothing here does I/O.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, tzinfo

from rich.cells import cell_len
from rich.text import Text

from bot.diagnosis.causes import Cause, Severity, Verdict
from bot.diagnosis.remedies import softwares_for
from bot.diagnosis.report import (
    ClientPrediction,
    Endpoint,
    Finding,
    Outcome,
    Report,
    Target,
)
from bot.render import drawing
from bot.render.evidence import alias_line, seen_at
from bot.render.lines import pad, shorten
from bot.render.page import LABELS, NARROWEST, Page, open_page
from bot.render.sanitise import visible
from bot.texts.catalogue import Catalogue, Lang, catalogue
from bot.texts.machine import machine_sentences
from bot.texts.moment import moment_text
from bot.texts.names import short_name
from bot.texts.phrase import phrase_guess

MARKS: dict[Verdict, str] = {"ok": "✓", "warning": "!", "broken": "✗", "unreachable": "?"}
STYLES: dict[Verdict, str] = {
    "ok": "bold green",
    "warning": "bold yellow",
    "broken": "bold red",
    "unreachable": "bold magenta",
}
_SEVERITIES: dict[Severity, tuple[str, str]] = {
    "critical": ("✗", "red"),
    "warning": ("!", "yellow"),
    "info": ("·", "dim"),
}
_OUTCOMES: dict[Outcome, tuple[str, str]] = {
    "fails": ("✗", "red"),
    "works": ("✓", "green"),
    "depends": ("?", "yellow"),
}
# The steps whose command differs from surface to surface.
SAVES_FULLCHAIN = ("save_fullchain", "lend_file")
_HERE = "here"  # the default of TLSCHECK_VANTAGE
_LINES = 6  # of what failing clients print; all of them with --verbose


def render_report(
    report: Report,
    lang: Lang,
    *,
    width: int = 80,
    as_of: datetime | None = None,
    save_command: str | None = None,
    allow_command: str | None = None,
    verbose: bool = False,
    zone: tzinfo = UTC,
) -> list[Text]:
    """The full answer.

    Args:
        report: A Report whose texts are in `lang` (`phrase_report`).
        lang: The language of the words around them.
        width: Cells of the terminal; only commands may be longer.
        as_of: The moment of `--at`; days are counted from it in place of the check's own time.
        save_command: Shown beside a full chain: what writes it into a file.
        allow_command: Shown where the egress policy forbids the address: what allows it.
        verbose: Also show the evidence of each finding.
        zone: The reader's time zone; moments have UTC beside them.

    Returns:
        Lines without their line feeds.
    """
    page = open_page(width, lang)
    _headline(page, report)
    cause = report.findings[0] if report.cause and report.findings else None
    if report.summary:
        page.paragraph(visible(report.summary))
    # Before what is known of servers and programs in general: it is what happens there.
    for sentence in machine_sentences(report, lang):
        page.blank()
        page.paragraph(visible(sentence))
    if cause and cause.detail and cause.detail != report.summary:
        page.blank()
        page.paragraph(visible(cause.detail))
    if cause and verbose:
        _evidence(page, cause)
    _chain(page, report, as_of or report.checked_at)
    _clients(page, report, verbose=verbose)
    if report.verify:
        page.blank()
        # In one piece, so that it can be searched for.
        said = f"openssl verify: {report.verify.code} ({visible(report.verify.message)})"
        page.lines.append(Text(said))
    _fix(page, report, save_command)
    at_proxy = cause is not None and cause.at_proxy
    if allow_command and report.cause == Cause.EGRESS_DENIED and not at_proxy:
        page.paragraph(page.texts.text("terminal.fix.allow"), first="  ")
        page.command(allow_command)
    _findings(page, report.findings[1:] if cause else report.findings, verbose=verbose)
    _addresses(page, report, verbose=verbose)
    if report.pending and verbose:
        page.blank()
        page.paragraph(page.texts.text("revocation.pending"))
    page.blank()
    footer = page.texts.text(
        "terminal.checked_here" if report.vantage == _HERE else "terminal.checked",
        date=moment_text(report.checked_at, zone),
        vantage=visible(report.vantage),
        duration=report.duration_ms,
    )
    page.paragraph(footer, style="dim")
    via = dict.fromkeys(one.via for one in report.endpoints if one.via)
    if via:
        page.paragraph(page.texts.text("terminal.via", via=visible(", ".join(via))), style="dim")
    if as_of:
        page.paragraph(
            page.texts.text("terminal.judged", date=moment_text(as_of, zone)), style="dim"
        )
    return page.lines


def render_row(report: Report, lang: Lang, *, host_width: int, width: int | None = None) -> Text:
    """One line of a list: verdict, host, days left, what is wrong.

    Args:
        report: A Report whose texts are in `lang`.
        lang: The language of the words around them.
        host_width: Cells of the widest host in the list.
        width: Cells of the terminal; None cuts nothing (for files and pipes).
    """
    texts = catalogue(lang)
    word = texts.text(f"terminal.verdict.{report.verdict}")
    room = max(cell_len(texts.text(f"terminal.verdict.{verdict}")) for verdict in MARKS)
    days_room = cell_len(texts.text("terminal.row.days", n=9999))
    line = Text().append(f"{MARKS[report.verdict]} {pad(word, room)}", STYLES[report.verdict])
    host = place(report.target)
    if width is not None:
        host_width = min(host_width, max(width - room - days_room - 30, 10))
        host = shorten(host, host_width)
    ends = [endpoint.chain[0].not_after for endpoint in report.endpoints if endpoint.chain]
    days = "-"
    if ends:  # the address that ends first is the one that pages somebody
        left = drawing.days(report.checked_at, min(ends))
        days = texts.text("terminal.row.days", n=left)
    line.append(f"  {pad(host, host_width)}  {' ' * (days_room - cell_len(days))}{days}  ")
    title = _title(texts, report)
    line.append(title)
    if width is not None:
        line.truncate(max(width, NARROWEST), overflow="ellipsis")
    return line


def render_tally(reports: Sequence[Report], lang: Lang) -> str:
    """How many of a list had which verdict, as one sentence."""
    counts = {verdict: sum(r.verdict == verdict for r in reports) for verdict in MARKS}
    return catalogue(lang).text("terminal.tally", n=len(reports), **counts)


def place(target: Target) -> str:
    """`host`, `host:port` where the port is not 443, IPv6 in brackets, as it can be typed again."""
    host = f"[{target.host}]" if ":" in target.host else target.host
    shown = host if target.port == 443 else f"{host}:{target.port}"
    return visible(shown)


def _title(texts: Catalogue, report: Report) -> str:
    if report.cause is None or not report.findings:
        return texts.text("terminal.nothing_wrong") if report.cause is None else str(report.cause)
    return visible(report.findings[0].title or str(report.findings[0].code))


def _headline(page: Page, report: Report) -> None:
    word = page.texts.text(f"terminal.verdict.{report.verdict}")
    host = place(report.target)
    unicode_name = drawing.unicode_name(report.target.host)
    if unicode_name:
        host += f" ({visible(unicode_name)})"
    if report.target.starttls:
        host += f" (STARTTLS {visible(report.target.starttls)})"
    page.paragraph(
        f"{host} — {_title(page.texts, report)}",
        first=f"{MARKS[report.verdict]} {word}  ",
        style="bold",
        first_style=STYLES[report.verdict],
    )


def _chain(page: Page, report: Report, moment: datetime) -> None:
    drawn = drawing.chain(report, moment, page.texts)
    if not drawn:
        return
    page.blank()
    longest = max(2 * entry.depth + cell_len(entry.name) for entry in drawn if not entry.heading)
    column = min(longest, int(page.width * 0.55)) + 2
    for entry in drawn:
        if entry.heading:
            page.paragraph(entry.name, first="  ")
            continue
        stem = "  " * max(entry.depth - 1, 0) + ("└ " if entry.depth else "")
        name = shorten(stem + entry.name, column)
        page.paragraph(
            f"{entry.mark} {entry.status}".strip(),
            first=f"  {pad(name, column)}  ",
            style=entry.style,
            first_style="none",
        )


def _clients(page: Page, report: Report, *, verbose: bool) -> None:
    clients = report.clients
    if not clients:
        return
    if all(client.outcome == "works" for client in clients):
        page.blank()
        labels = _labels(clients, page.texts)
        page.paragraph(page.texts.text("terminal.clients.all_work", clients=labels))
        return
    page.heading(page.texts.text("terminal.clients.title"))
    words = {outcome: page.texts.text(f"terminal.clients.{outcome}") for outcome in _OUTCOMES}
    room = max(map(cell_len, words.values()))
    for outcome, (mark, style) in _OUTCOMES.items():
        those = [client for client in clients if client.outcome == outcome]
        if not those:
            continue
        first = f"  {mark} {pad(words[outcome], room)}  "
        page.paragraph(_labels(those, page.texts), first=first, first_style=style)
        indent = " " * cell_len(first)
        reasons = _grouped(those, [client.reason for client in those])
        for reason, group in reasons:
            text = reason if len(reasons) == 1 else f"{_labels(group, page.texts)}: {reason}"
            page.paragraph(text, first=indent, style="dim")
        errors = [
            (_printers(group), error)
            for error, group in _grouped(those, [client.error or "" for client in those])
        ]
        shown = errors if verbose or len(errors) <= _LINES + 1 else errors[:_LINES]
        column = min(max((cell_len(names) for names, _ in shown), default=0), LABELS)
        for names, error in shown:
            label = pad(shorten(names, column), column)
            page.paragraph(error, first=f"{indent}{label}  ", style=style, first_style="none")
        if len(shown) < len(errors):
            more = page.texts.text("terminal.clients.more_lines", n=len(errors) - len(shown))
            page.paragraph(more, first=indent, style="dim")


def _printers(clients: Sequence[ClientPrediction]) -> str:
    """Who prints a line: the first of them, and how many others."""
    first = visible(clients[0].client)
    return first if len(clients) == 1 else f"{first} +{len(clients) - 1}"


def _labels(clients: Iterable[ClientPrediction], texts: Catalogue) -> str:
    return ", ".join(visible(short_name(client, texts)) for client in clients)


def _grouped(
    clients: Sequence[ClientPrediction], keys: Sequence[str]
) -> list[tuple[str, list[ClientPrediction]]]:
    """Clients with the same text together, in the order of their first; empty texts left out."""
    groups: dict[str, list[ClientPrediction]] = {}
    for client, key in zip(clients, keys, strict=True):
        if key:
            groups.setdefault(visible(key), []).append(client)
    return list(groups.items())


def _fix(page: Page, report: Report, save_command: str | None) -> None:
    fix = report.fix
    if fix is None or not (fix.steps or fix.fullchain_pem):
        return
    page.heading(page.texts.text(f"terminal.fix.{fix.owner}"))
    save = save_command if fix.fullchain_pem else None
    told = any(step.code in SAVES_FULLCHAIN for step in fix.steps)
    guessed = phrase_guess(report, page.texts.lang)
    if guessed:
        page.paragraph(visible(guessed), first="  ", style="dim")
    if save and not told:
        key = "fullchain_proven" if fix.proven else "fullchain_unproven"
        page.paragraph(page.texts.text(f"terminal.fix.{key}"), first="  ")
        page.command(save)
    for number, step in enumerate(fix.steps, start=1):
        page.paragraph(visible(step.title or step.code), first=f"  {number}. ")
        if step.text:
            page.paragraph(visible(step.text), first="     ", style="dim")
        if step.command:
            page.command(step.command)
        elif save and step.code in SAVES_FULLCHAIN:
            page.command(save)
    shown = {step.software for step in fix.steps}
    others = [one for one in softwares_for(report) if one not in shown]
    if others:
        page.blank()
        codes = ", ".join(others)
        page.paragraph(page.texts.text("terminal.fix.others", codes=codes), first="  ", style="dim")


def _findings(page: Page, findings: Sequence[Finding], *, verbose: bool) -> None:
    if not findings:
        return
    page.heading(page.texts.text("terminal.findings.title"))
    for finding in findings:
        mark, style = _SEVERITIES[finding.severity]
        title = visible(finding.title or str(finding.code))
        page.paragraph(title, first=f"  {mark} ", first_style=style)
        if finding.detail:
            page.paragraph(visible(finding.detail), first="    ", style="dim")
        if verbose:
            _evidence(page, finding)


def _evidence(page: Page, finding: Finding) -> None:
    for name, value in finding.evidence.items():
        shown = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
        page.paragraph(visible(shown), first=f"    {shorten(visible(name), 24)}: ", style="dim")


def _addresses(page: Page, report: Report, *, verbose: bool) -> None:
    if not any(endpoint.address for endpoint in report.endpoints):
        return  # a chain from a file
    page.blank()
    seen = {_observed(endpoint) for endpoint in report.endpoints}
    count = len(report.endpoints)
    key = "terminal.addresses.same" if len(seen) == 1 else "terminal.addresses.differ"
    counted = (
        page.texts.text(key, n=count) if count > 1 else page.texts.text("terminal.addresses.one")
    )
    page.paragraph(counted, style="bold")
    alias = alias_line(report) if verbose else None
    if alias:
        page.paragraph(page.texts.text("evidence.alias", names=alias), first="  ")
    names = [_address(endpoint) for endpoint in report.endpoints]
    room = max(map(cell_len, names))
    for endpoint, name in zip(report.endpoints, names, strict=True):
        facts = [endpoint.tls_version, endpoint.cipher, endpoint.alpn, endpoint.error]
        said = [visible(fact) for fact in facts if fact]
        if endpoint.verify:
            said.append(f"verify {endpoint.verify.code}")
        good = endpoint.reachable and not endpoint.error
        good = good and (endpoint.verify is None or endpoint.verify.code == 0)
        mark, style = ("✓", "green") if good else ("✗", "red")
        page.paragraph(", ".join(said), first=f"  {mark} {pad(name, room)}  ", first_style=style)
        for one in seen_at(report, endpoint, page.texts) if verbose else ():
            page.paragraph(one.text, first="    ", style="dim")
            if one.command:
                page.command(one.command)


def _observed(endpoint: Endpoint) -> tuple[object, ...]:
    chain = tuple(certificate.sha256 for certificate in endpoint.chain)
    code = endpoint.verify.code if endpoint.verify else None
    return endpoint.reachable, bool(endpoint.error), code, chain


def _address(endpoint: Endpoint) -> str:
    address = f"[{endpoint.address}]" if ":" in endpoint.address else endpoint.address
    return shorten(visible(f"{address}:{endpoint.port}"), 47)
