"""From a phrased Report to the message that answers: verdict, cause, who notices, chain, fix.

A pure function of what is shown. The order on the page is the reader's; the ranks say what goes
first when it does not fit (`fit`): evidence and footnotes before the chain, the chain before the
fix, never the cause. Foreign strings stand in plain or rich text only.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from itertools import groupby

import idna

from bot.diagnosis.remedies import softwares_for
from bot.diagnosis.report import ClientPrediction, Fix, Outcome, Report
from bot.diagnosis.standing import standing
from bot.history import Change
from bot.letter import audience_of
from bot.texts.catalogue import Catalogue, Lang, catalogue
from bot.texts.machine import machine_sentences
from bot.texts.moment import moment_text
from bot.texts.names import short_list
from bot.texts.phrase import phrase_guess
from handlers.answers.chain import draw_chain, representative
from handlers.answers.news import news_block
from handlers.asking.press import (
    COMPARE,
    DETAILS,
    FIX,
    FULL_CHAIN,
    LETTER,
    RECHECK,
    RESULT_ID,
    SHARE,
    WATCH,
    WATCH_EXPIRY,
    Press,
    Shared,
)
from handlers.slack import blocks, limits
from handlers.slack.blocks import Block, Element, Message
from handlers.slack.escape import mrkdwn, shorten, visible
from handlers.slack.fit import Part, fit, part

_OUTCOMES: tuple[Outcome, ...] = ("fails", "depends", "works")
_MOST_GROUPS = 4
# All of them stand in the details.
_MOST_NAMES = 8
_MOST_STEPS = 12
_MOST_STORES = 4
# Far above what a question from Slack takes; without a bound, values could crowd out the answer.
_BUTTON_CHARACTERS = 5000
# What the vantage is called where there is only one.
_HERE = "here"
_ERROR = 600
_SHORT = 400


@dataclass(frozen=True)
class Shown:
    """What an answer shows: a Report phrased in `lang`, and what the asker should know of it.

    `judged_at` is the moment that the chain was judged at; `addresses` are those of `--address`. `age` is in seconds; `joined`: the
    asker was given the result of a check that another asker had begun; `stored` False: Redis was
    away. `command` asks the same again. `shared` is set on a message that everybody sees.
    `checking_again`: this is the earlier answer, shown while a new check runs. `updates`: the reader
    has the first answer and is told, in short, what the later one says. `changes`: how the host
    differs from what was known of it. `thread`: the message that the answer is about. `elsewhere`:
    there are other places to ask.
    """

    report: Report
    lang: Lang
    command: str
    judged_at: datetime
    age: float = 0.0
    cached: bool = False
    joined: bool = False
    stored: bool = True
    shared: Shared | None = None
    checking_again: bool = False
    updates: bool = False
    addresses: tuple[str, ...] = ()
    changes: tuple[Change, ...] = ()
    zone: tzinfo = UTC
    thread: str | None = None
    elsewhere: bool = False


@dataclass(frozen=True)
class Body:
    """The part of an answer that does not change while it ages; kept and used again."""

    headline: str
    text: str
    parts: tuple[Part, ...]


def build_body(report: Report, judged_at: datetime, lang: Lang) -> Body:
    """Everything between the headline and the small print.

    Args:
        report: Phrased in `lang`.
        judged_at: The moment that the chain was judged at.
        lang: The reader's language.
    """
    texts = catalogue(lang)
    headline = _headline(report, texts)
    parts = [
        part(0, blocks.header(headline)),
        _summary(report, texts),
        _machine(report, texts),
        _who(report, texts),
        _drawing(report, judged_at, texts),
        _printed(report, texts),
        _fix(report, texts),
        _evidence(report, texts),
        _others(report, texts),
    ]
    text = headline
    if report.summary.strip():
        text = texts.text("slack.answer.text", headline=headline, summary=report.summary)
    return Body(
        headline,
        shorten(mrkdwn(text), limits.MESSAGE_TEXT),
        tuple(one for one in parts if one is not None),
    )


def render(shown: Shown, body: Body | None = None) -> Message:
    """The message for one reader or for all.

    Args:
        shown: What to show.
        body: The unchanging part, when the caller has kept it.

    Returns:
        Blocks and text within Slack's limits and the budget of characters, for any Report.
    """
    texts = catalogue(shown.lang)
    body = body or build_body(shown.report, shown.judged_at, shown.lang)
    above = [blocks.context(blocks.marked(_shared_line(shown, texts)))] if shown.shared else []
    if shown.checking_again:
        above.append(blocks.context(texts.text("slack.recheck.running")))
    if shown.updates:
        above.append(blocks.context(texts.text("slack.update.arrived")))
    # Whoever reads a shared answer did not see what was typed: it is no alarm about today.
    supposed = _supposed(shown, texts)
    if supposed:
        above.append(blocks.context(supposed))
    said = texts.text("slack.update.text", answer=body.text) if shown.updates else body.text
    text = shorten(f"{mrkdwn(supposed)} {said}".strip(), limits.MESSAGE_TEXT)
    # Cause and summary: the rest is a press away, in the details.
    parts = [one for one in body.parts if one.rank == 0] if shown.updates else body.parts
    below = [blocks.context(blocks.marked(_small_print(shown, texts)))]
    changed = news_block(shown.changes, shown.lang)
    if changed is not None:
        below.insert(0, changed)
    buttons = [] if shown.checking_again else _buttons(shown, texts)
    if buttons and blocks.weigh([row := blocks.actions(*buttons)]) <= _BUTTON_CHARACTERS:
        below.append(row)
    # Room for the line that names what was left out, in the longest case.
    longest = _left_out([one.name for one in parts if one.name], texts)
    reserved = blocks.weigh([*above, *below, longest]) + len(text)
    fitted = fit(
        parts,
        characters=limits.MESSAGE_CHARACTERS - reserved,
        blocks=limits.MESSAGE_BLOCKS - len(above) - len(below) - 1,
    )
    note = [_left_out(fitted.missing, texts)] if fitted.missing else []
    return Message(text, (*above, *fitted.blocks, *note, *below))


def _supposed(shown: Shown, texts: Catalogue) -> str:
    """What the asker asked to be supposed, as sentences; empty for a usual check."""
    said = []
    if shown.judged_at != shown.report.checked_at:
        when = moment_text(shown.judged_at, shown.zone)
        said.append(texts.text("slack.answer.as_of", when=when))
    if shown.addresses:
        addresses = texts.text("slack.answer.and").join(shown.addresses)
        said.append(texts.text("slack.answer.at_address", addresses=visible(addresses)))
    return " ".join(said)


def _left_out(names: Sequence[str], texts: Catalogue) -> Block:
    return blocks.context(
        texts.text("slack.answer.left_out", parts=texts.text("slack.answer.and").join(names))
    )


def host_name(report: Report) -> str:
    """The host as people write it: with the port where it is not 443, with the protocol if any."""
    target = report.target
    host = f"[{target.host}]" if ":" in target.host else target.host
    unicode_name = _unicode_name(target.host)
    if unicode_name is not None:
        host = f"{unicode_name} ({host})"
    name = host if target.port == 443 else f"{host}:{target.port}"
    return f"{name} ({target.starttls})" if target.starttls else name


def _unicode_name(host: str) -> str | None:
    """What an internationalised name looks like; shown beside the name itself, never alone."""
    if "xn--" not in host or len(host) > 80:
        return None
    try:
        return idna.decode(host)
    except (idna.IDNAError, UnicodeError):
        return None


def _headline(report: Report, texts: Catalogue) -> str:
    host = shorten(visible(host_name(report)), 90)
    fares = standing(report)
    if fares.because == "roots" and fares.store is not None:
        # The server is one thing, what the programs on that machine make of it another.
        values = {"host": host, "place": visible(report.vantage)}
        if fares.verdict == "ok":
            return texts.text("vantage.headline.knows", values)
        root = shorten(visible(fares.store.lacks or "—"), 60)
        return texts.text("vantage.headline.lacks", values, root=root)
    title = visible(report.findings[0].title) if report.findings else ""
    if report.verdict == "ok" or not title.strip():
        return texts.text(f"slack.headline.{report.verdict}.bare", host=host)
    return texts.text(f"slack.headline.{report.verdict}.titled", host=host, title=title)


def _summary(report: Report, texts: Catalogue) -> Part | None:
    if not report.summary.strip():
        return None
    full = blocks.rich(blocks.paragraph(blocks.word(shorten(report.summary, 1500))))
    short = blocks.rich(blocks.paragraph(blocks.word(shorten(report.summary, _SHORT))))
    return Part(0, ((full,), (short,)), texts.text("slack.part.summary"))


def _machine(report: Report, texts: Catalogue) -> Part | None:
    """What the trust stores of the machine that checked say otherwise."""
    said = machine_sentences(report, texts.lang)
    if not said:
        return None
    lines = [blocks.paragraph(blocks.word(shorten(one, 600))) for one in said[:_MOST_STORES]]
    full = blocks.rich(*lines)
    return Part(0, ((full,), (blocks.rich(lines[0]),)), texts.text("vantage.part.machine"))


def _who(report: Report, texts: Catalogue) -> Part | None:
    if not report.clients:
        return None
    fares = standing(report)
    # Not those on that machine: its programs were just said to refuse the server.
    elsewhere = fares.because == "roots" and fares.verdict == "broken"
    full = client_lines(report.clients, texts, with_reasons=True, elsewhere=elsewhere)
    short = client_lines(report.clients, texts, with_reasons=False, elsewhere=elsewhere)
    return Part(
        10,
        ((blocks.rich(blocks.bullets(full)),), (blocks.rich(blocks.bullets(short)),)),
        texts.text("slack.part.clients"),
    )


def client_lines(
    clients: Sequence[ClientPrediction],
    texts: Catalogue,
    *,
    with_reasons: bool,
    elsewhere: bool = False,
) -> list[Element]:
    """Who fails and who does not, grouped by the reason; a long list is cut.

    With `elsewhere`, those that work do so where the root is trusted, and not where it was checked.
    """
    lines = []
    for outcome in _OUTCOMES:
        key = f"slack.who.{outcome}"
        if elsewhere and outcome == "works":
            key = "vantage.who.works"
        those = [one for one in clients if one.outcome == outcome]
        by_reason: dict[str, list[ClientPrediction]] = {}
        for one in those:
            by_reason.setdefault(one.reason if with_reasons else "", []).append(one)
        groups = list(by_reason.items())
        for reason, group in groups[:_MOST_GROUPS]:
            names, more = short_list(group, texts, _MOST_NAMES)
            if more:
                names.append(texts.text("client.others", n=more))
            labels = texts.text("slack.who.comma").join(shorten(visible(one), 60) for one in names)
            pieces = [
                blocks.word(texts.text(key), bold=True),
                blocks.word(" " + labels),
            ]
            if reason.strip():
                pieces.append(
                    blocks.word(texts.text("slack.who.because", reason=shorten(reason, 300)))
                )
            lines.append(blocks.paragraph(*pieces))
        rest = sum(len(group) for _, group in groups[_MOST_GROUPS:])
        if rest:
            lines.append(
                blocks.paragraph(
                    blocks.word(texts.text(key), bold=True),
                    blocks.word(" " + texts.text("slack.who.more", n=rest)),
                )
            )
    return lines


def _drawing(report: Report, judged_at: datetime, texts: Catalogue) -> Part | None:
    drawn = draw_chain(report, judged_at, texts)
    if drawn is None:
        return None
    elements = [blocks.preformatted(drawn, 2500)]
    endpoint = representative(report)
    if endpoint is not None and not _alike(report):
        line = texts.text("slack.chain.of", address=visible(endpoint.address))
        elements.insert(0, blocks.paragraph(blocks.word(line)))
    return part(30, blocks.rich(*elements), name=texts.text("slack.part.chain"))


def _printed(report: Report, texts: Catalogue) -> Part | None:
    """The line that curl prints; of another client where curl is content."""
    failing = [one for one in report.clients if one.outcome == "fails" and one.error]
    failing.sort(key=lambda one: one.client != "curl")
    if not failing:
        return None
    first = failing[0]
    label = texts.text("slack.who.prints", client=shorten(visible(first.label), 60))
    return part(
        40,
        blocks.rich(
            blocks.paragraph(blocks.word(label)),
            blocks.preformatted(shorten(first.error or "", _ERROR)),
        ),
        name=texts.text("slack.part.error"),
    )


def fix_elements(fix: Fix, *, texts_too: bool, commands: bool) -> list[Element]:
    """The steps of a fix as rich text, each command on its own to be copied."""
    elements: list[Element] = []
    # No numbers: some steps are alternatives, one for each server software.
    for step in fix.steps[:_MOST_STEPS]:
        pieces = [blocks.word(shorten(step.title, 300), bold=True)]
        if texts_too and step.text.strip():
            pieces.append(blocks.word("\n" + shorten(step.text, 800)))
        elements.append(blocks.paragraph(*pieces))
        if commands and step.command and step.command.strip():
            elements.append(blocks.preformatted(shorten(step.command, 1500)))
    return elements


def _fix(report: Report, texts: Catalogue) -> Part | None:
    fix = report.fix
    if fix is None or (not fix.steps and not fix.fullchain_pem):
        return None
    heading = blocks.paragraph(blocks.word(texts.text(f"slack.fix.{fix.owner}"), bold=True))
    file = []
    if fix.fullchain_pem:
        key = "slack.fix.proven" if fix.proven else "slack.fix.unproven"
        file.append(blocks.paragraph(blocks.word(texts.text(key))))
    guessed = phrase_guess(report, texts.lang)
    if guessed:
        file.append(blocks.paragraph(blocks.word(guessed)))
    forms = tuple(
        (blocks.rich(heading, *file, *fix_elements(fix, texts_too=a, commands=b)),)
        for a, b in ((True, True), (False, True), (False, False))
    )
    return Part(20, forms, texts.text("slack.part.fix"))


def _evidence(report: Report, texts: Catalogue) -> Part | None:
    lines = []
    if report.findings and report.findings[0].detail.strip():
        lines.append(shorten(report.findings[0].detail, 900))
    if report.verify is not None:
        lines.append(
            texts.text(
                "slack.evidence.verify",
                code=report.verify.code,
                message=shorten(visible(report.verify.message), 200),
            )
        )
    if not lines:
        return None
    full = tuple(blocks.context(line) for line in lines)
    return Part(50, (full, full[-1:]), texts.text("slack.part.evidence"))


def _others(report: Report, texts: Catalogue) -> Part | None:
    others = [one for one in report.findings[1:] if one.title.strip()]
    if not others:
        return None
    lines = [
        blocks.paragraph(
            blocks.word(texts.text(f"slack.severity.{one.severity}"), bold=True),
            blocks.word(" " + shorten(one.title, 200)),
        )
        for one in others[:5]
    ]
    if len(others) > 5:
        more = texts.text("slack.answer.more_findings", n=len(others) - 5)
        lines.append(blocks.paragraph(blocks.word(more)))
    heading = blocks.paragraph(blocks.word(texts.text("slack.answer.also"), bold=True))
    return part(
        60, blocks.rich(heading, blocks.bullets(lines)), name=texts.text("slack.part.others")
    )


def date(moment: float, fallback: str, form: str = "{date_num} {time_secs}") -> str:
    """A moment in the reader's own time zone (Slack: "Formatting message text", dates)."""
    return f"<!date^{int(moment)}^{form}|{mrkdwn(fallback)}>"


def _shared_line(shown: Shown, texts: Catalogue) -> str:
    shared = shown.shared
    if shared is None:
        return ""
    when = datetime.fromtimestamp(shared.at, tz=shown.judged_at.tzinfo)
    return texts.text(
        "slack.answer.shared",
        user=f"<@{shared.user}>",
        when=date(shared.at, f"{when:%Y-%m-%d %H:%M:%S} UTC"),
    )


def _small_print(shown: Shown, texts: Catalogue) -> str:
    report = shown.report
    moment = report.checked_at
    when = date(moment.timestamp(), f"{moment:%Y-%m-%d %H:%M:%S}")
    when = f"{when} ({moment.astimezone(UTC):%H:%M} UTC)"
    vantage = mrkdwn(shorten(report.vantage, 64))
    key = "slack.small.checked_here" if vantage == _HERE else "slack.small.checked"
    pieces = [texts.text(key, when=when, vantage=vantage)]
    via = dict.fromkeys(one.via for one in report.endpoints if one.via)
    if via:
        shown_via = mrkdwn(shorten(", ".join(via), 64))
        pieces.append(texts.text("slack.small.via", via=shown_via))
    # Everybody reads a shared answer later than it was shared: there the moment says it all.
    if shown.cached and shown.shared is None:
        pieces.append(_age(shown.age, texts))
    if shown.joined and shown.shared is None:
        pieces.append(texts.text("slack.small.joined"))
    if report.endpoints:
        key = "slack.small.alike" if _alike(report) else "slack.small.differ"
        count = len(report.endpoints)
        pieces.append(texts.text(key if count > 1 else "slack.small.one", n=count))
    if not shown.stored:
        pieces.append(texts.text("slack.small.not_stored"))
    return " · ".join(pieces)


def _age(age: float, texts: Catalogue) -> str:
    if age < 120:
        return texts.text("slack.small.seconds", n=max(round(age), 0))
    return texts.text("slack.small.minutes", n=min(round(age / 60), 99_999))


def _alike(report: Report) -> bool:
    seen = (
        (one.reachable, one.error, one.verify, tuple(held.sha256 for held in one.chain))
        for one in report.endpoints
    )
    return len([key for key, _ in groupby(seen)]) == 1


def _buttons(shown: Shown, texts: Catalogue) -> list[Element]:
    # A stored result of another version may have an id of another form: ask again in that case.
    result = shown.report.id if re.fullmatch(RESULT_ID, shown.report.id) else None
    try:
        press = Press(
            result=result,
            command=shown.command,
            lang=shown.lang,
            shared=shown.shared,
            thread=shown.thread,
        )
    except ValueError:
        return []
    value = press.encode()
    if value is None:
        return []
    report = shown.report
    # What is about another moment, or one address alone, is neither watched nor written about.
    today = shown.judged_at == report.checked_at
    # What broke is watched until it is mended, what works until its certificate ends.
    fallen = report.verdict in ("broken", "unreachable")
    wanted = (
        (SHARE, "slack.button.share", shown.shared is None),
        (FULL_CHAIN, "slack.button.fullchain", bool(report.fix and report.fix.fullchain_pem)),
        (FIX, "slack.button.fix", bool(softwares_for(report))),
        (LETTER, "slack.button.letter", today and audience_of(report) != "nobody"),
        (WATCH, "watch.button.watch", fallen and today and not shown.addresses),
        (WATCH_EXPIRY, "watch.button.expiry", not fallen and today and not shown.addresses),
        (COMPARE, "vantage.button.compare", shown.elsewhere),
        (DETAILS, "slack.button.details", True),
        (RECHECK, "slack.button.recheck", True),
    )
    return [blocks.button(id_, texts.text(key), value) for id_, key, there in wanted if there]
