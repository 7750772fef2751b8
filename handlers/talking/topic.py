"""What is said about one question on a result: each topic a message, from the stored Report alone.

Pure. The words are in `talk.po`; what needs Redis, Slack or a new check is `handlers.talking.errand`'s.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from types import MappingProxyType

from bot.diagnosis.causes import Cause
from bot.diagnosis.report import ClientPrediction, Endpoint, Report, Target
from bot.letter.proof import proof_of, short_proof
from bot.render.evidence import alias_line
from bot.service import Answer
from bot.texts.catalogue import Catalogue, Lang, catalogue
from bot.texts.moment import moment_text
from bot.texts.phrase import period
from handlers.answers.answer import client_lines, host_name
from handlers.answers.chain import draw_chain, representative, short_name, validity
from handlers.answers.news import moment, news_block
from handlers.answers.present import judged_at
from handlers.slack import blocks, limits
from handlers.slack.blocks import Block, Element, Message
from handlers.slack.escape import mrkdwn, shorten, visible
from handlers.slack.fit import Part, fit, part
from handlers.talking.followup import FollowUp, Intent
from handlers.watches.teller import watched_name

_MOST_LISTED = 20
_AT_ONCE = timedelta(seconds=10)
_FIRST_LOOK = timedelta(minutes=1)
_ROLES_OF_EXPIRY = MappingProxyType(
    {
        Cause.EXPIRED: frozenset({"leaf"}),
        Cause.EXPIRED_INTERMEDIATE: frozenset({"intermediate"}),
        Cause.EXPIRED_ROOT_OR_CROSS_SIGN: frozenset({"intermediate", "root"}),
    }
)
EXAMPLES = (
    "why",
    "client",
    "clients",
    "chain",
    "fix",
    "letter",
    "openssl",
    "recheck",
    "compare",
    "watch",
    "since",
    "expiry",
    "neighbours",
    "addresses",
    "history",
)
"""What can be asked, in the order of the list."""


@dataclass(frozen=True)
class Told:
    """What a question is answered from.

    `report` is the answer's, phrased in `lang`. `anew`: the result that was meant is gone, and this
    one was just made in its place.
    """

    answer: Answer
    report: Report
    lang: Lang
    zone: tzinfo = UTC
    anew: bool = False

    @property
    def host(self) -> str:
        """What people call what was checked."""
        return shorten(visible(host_name(self.report)), 90)


def told_about(told: Told, follow: FollowUp) -> Message | None:
    """The answer to a question that the Report alone decides; None for the others.

    Args:
        told: What is known.
        follow: What is asked.
    """
    make = _TOPICS.get(follow.intent)
    return make(told, follow) if make is not None else None


def fitted(told: Told, parts: Sequence[Part], text: str, *below: Block) -> Message:
    """A message of these parts with its small print, within Slack's limits."""
    foot = [*below, blocks.context(blocks.marked(about(told)))]
    said = shorten(mrkdwn(text), limits.MESSAGE_TEXT)
    found = fit(
        parts,
        characters=limits.MESSAGE_CHARACTERS - blocks.weigh(foot) - len(said),
        blocks=limits.MESSAGE_BLOCKS - len(foot),
    )
    return Message(said, (*found.blocks, *foot))


def about(told: Told) -> str:
    """Which result this was, and how old it is, as mrkdwn."""
    texts = catalogue(told.lang)
    values = {"host": mrkdwn(told.host), "when": moment(told.report.checked_at)}
    if told.anew:
        return texts.text("talk.about.anew", values)
    if told.answer.age < _AT_ONCE:
        return texts.text("talk.about.now", values)
    return texts.text("talk.about.age", values, age=_age(told.answer.age, told.lang))


def what_to_ask(lang: Lang, *, known: bool) -> Message:
    """The list of what can be asked.

    Args:
        lang: The reader's language.
        known: There is a result to ask about; else it is said how to come by one.
    """
    texts = catalogue(lang)
    lines = [
        blocks.paragraph(
            blocks.word(texts.text(f"talk.help.{name}.ask"), code=True),
            blocks.word("  " + texts.text(f"talk.help.{name}.gives")),
        )
        for name in EXAMPLES
    ]
    title = texts.text("talk.help.title" if known else "talk.help.unknown")
    made: list[Block] = [blocks.rich(blocks.paragraph(blocks.word(title)), blocks.bullets(lines))]
    if known:
        made.append(blocks.context(texts.text("talk.help.host")))
    return Message(title, tuple(made))


def neighbours_message(told: Told, found: Sequence[tuple[Target, datetime]], name: str) -> Message:
    """Who else uses the intermediate `name`."""
    texts = catalogue(told.lang)
    own = told.report.target
    others = [
        (target, at) for target, at in found if (target.host, target.port) != (own.host, own.port)
    ]
    issuer = shorten(visible(name), 100)
    if not others:
        return _sentences(told, texts.text("talk.neighbours.none", issuer=issuer))
    title = texts.text("talk.neighbours.title", n=len(others), issuer=issuer)
    lines = [
        (
            shorten(visible(watched_name(target)), 120),
            texts.text("talk.neighbours.seen", when=moment_text(at, told.zone)),
        )
        for target, at in others[:_MOST_LISTED]
    ]
    return _listed(told, title, lines)


def sentence_about(told: Told, key: str, **values: str) -> Message:
    """One sentence of the catalogues with the small print."""
    return _sentences(told, catalogue(told.lang).text(key, {"host": told.host, **values}))


def _why(told: Told, _follow: FollowUp) -> Message:
    texts = catalogue(told.lang)
    report = told.report
    said: list[Element] = []
    first = report.findings[0] if report.findings and report.verdict != "ok" else None
    if first is not None:
        said.append(blocks.paragraph(blocks.word(shorten(first.title, 300), bold=True)))
    if report.summary.strip():
        said.append(blocks.paragraph(blocks.word(shorten(report.summary, 1500))))
    if first is not None and first.detail.strip():
        said.append(blocks.paragraph(blocks.word(shorten(first.detail, 1500))))
    parts = [part(0, blocks.rich(*said))] if said else []
    if report.clients:
        heading = blocks.paragraph(blocks.word(texts.text("talk.why.clients"), bold=True))
        lines = client_lines(report.clients, texts, with_reasons=True)
        parts.append(part(1, blocks.rich(heading, blocks.bullets(lines))))
    return fitted(told, parts, report.summary.strip() or told.host)


def _client(told: Told, follow: FollowUp) -> Message:
    texts = catalogue(told.lang)
    name = _client_name(follow.client or "", texts)
    found = next((one for one in told.report.clients if one.client == follow.client), None)
    if found is None:
        return _sentences(
            told,
            texts.text("talk.client.unknown", client=name, host=told.host),
            told.report.summary,
        )
    key = f"talk.client.{found.outcome}"
    said = texts.text(key, client=shorten(visible(found.label), 80), host=told.host)
    elements: list[Element] = [blocks.paragraph(blocks.word(said, bold=True))]
    if found.reason.strip():
        elements.append(blocks.paragraph(blocks.word(shorten(found.reason, 800))))
    if found.error:
        key = "talk.client.prints" if found.outcome == "fails" else "talk.client.prints_then"
        elements.append(blocks.paragraph(blocks.word(texts.text(key))))
        elements.append(blocks.preformatted(found.error, 800))
    # Why one works is understood beside what is wrong.
    if told.report.verdict != "ok" and told.report.summary.strip():
        elements.append(blocks.paragraph(blocks.word(shorten(told.report.summary, 800))))
    return fitted(told, [part(0, blocks.rich(*elements))], said)


def _clients(told: Told, _follow: FollowUp) -> Message:
    texts = catalogue(told.lang)
    if not told.report.clients:
        return _sentences(
            told, texts.text("talk.clients.none", host=told.host), told.report.summary
        )
    title = texts.text("talk.clients.title", host=told.host)
    parts = [part(0, blocks.rich(blocks.paragraph(blocks.word(title, bold=True))))]
    groups: dict[tuple[str, str], list[ClientPrediction]] = {}
    for outcome in ("fails", "depends", "works"):
        for one in told.report.clients:
            if one.outcome == outcome:
                groups.setdefault((outcome, one.reason), []).append(one)
    for (outcome, reason), those in groups.items():
        said = texts.text(f"slack.who.{outcome}")
        pieces = [blocks.word(said, bold=True)]
        if reason.strip():
            pieces.append(blocks.word(" " + shorten(reason, 300)))
        heading = blocks.paragraph(*pieces)
        forms = tuple(
            (blocks.rich(heading, blocks.bullets([_row(one, with_error) for one in those])),)
            for with_error in (True, False)
        )
        parts.append(Part(1, forms, texts.text("slack.part.clients")))
    return fitted(told, parts, title)


def _row(one: ClientPrediction, with_error: bool) -> Element:
    pieces = [blocks.word(shorten(visible(one.label), 80))]
    if with_error and one.error:
        pieces += [blocks.word("  "), blocks.word(shorten(one.error, 200), code=True)]
    return blocks.paragraph(*pieces)


def _chain(told: Told, _follow: FollowUp) -> Message:
    texts = catalogue(told.lang)
    drawn = draw_chain(told.report, judged_at(told.answer), texts)
    if drawn is None:
        return _sentences(told, texts.text("talk.chain.none", host=told.host), told.report.summary)
    title = texts.text("talk.chain.title", host=told.host)
    elements = [blocks.paragraph(blocks.word(title, bold=True))]
    endpoint = representative(told.report)
    if endpoint is not None and len(_chains(told.report)) > 1:
        line = texts.text("slack.chain.of", address=visible(endpoint.address))
        elements.append(blocks.paragraph(blocks.word(line)))
    elements.append(blocks.preformatted(drawn, 2900))
    return fitted(told, [part(0, blocks.rich(*elements))], title)


def _chains(report: Report) -> set[tuple[str, ...]]:
    return {tuple(held.sha256 for held in one.chain) for one in report.endpoints if one.chain}


def _openssl(told: Told, _follow: FollowUp) -> Message:
    texts = catalogue(told.lang)
    addresses = told.answer.record.question.addresses
    address = addresses[0].address if addresses else None
    proof = proof_of(told.report, address) or short_proof(told.report, address)
    title = texts.text("talk.openssl.run")
    elements = [
        blocks.paragraph(blocks.word(title, bold=True)),
        blocks.preformatted(proof.command),
    ]
    if proof.before is not None:
        elements.append(blocks.paragraph(blocks.word(texts.text("letter.proof.before"))))
        elements.append(blocks.preformatted(proof.before, 800))
    if proof.code != "line":
        line = texts.text(f"letter.proof.{proof.code}")
        elements.append(blocks.paragraph(blocks.word(line)))
    if proof.after is not None:
        elements.append(blocks.paragraph(blocks.word(texts.text("letter.proof.after"))))
        elements.append(blocks.preformatted(proof.after, 800))
    return fitted(told, [part(0, blocks.rich(*elements))], title)


def _since(told: Told, _follow: FollowUp) -> Message:
    texts = catalogue(told.lang)
    record = told.answer.record
    host = told.host
    when = moment_text(record.known_since, told.zone) if record.known_since else "—"
    if record.known_since is None:
        said = texts.text("talk.since.unknown", host=host)
    elif told.report.checked_at - record.known_since < _FIRST_LOOK:
        said = texts.text("talk.since.first", host=host, when=when)
    else:
        lasted = period(told.report.checked_at - record.known_since, told.lang)
        said = texts.text("talk.since.known", host=host, when=when, period=lasted)
    parts = [part(0, blocks.rich(blocks.paragraph(blocks.word(said))))]
    ended = _ended(told)
    if ended is not None:
        # The certificate itself says since when; when it was looked at matters less.
        parts.insert(0, part(0, blocks.rich(blocks.paragraph(blocks.word(ended, bold=True)))))
        said = f"{ended} {said}"
    changed = news_block(record.changes, told.lang)
    if changed is not None:
        parts.append(part(1, changed))
    endpoint = representative(told.report)
    if endpoint is not None and ended is None:
        start = moment_text(endpoint.chain[0].not_before, told.zone)
        parts.append(part(2, blocks.context(texts.text("talk.since.certificate", when=start))))
    return fitted(told, parts, said)


def _ended(told: Told) -> str | None:
    """When what is expired expired, where that is the cause."""
    endpoint = representative(told.report)
    roles = _ROLES_OF_EXPIRY.get(told.report.cause) if told.report.cause else None
    if endpoint is None or roles is None:
        return None
    now = judged_at(told.answer)
    over = [one for one in endpoint.chain if one.role in roles and one.not_after < now]
    if not over:
        return None
    one = min(over, key=lambda each: each.not_after)
    values = {
        "name": visible(shorten(one.name or short_name(one.subject), 100)),
        "host": told.host,
        "when": moment_text(one.not_after, told.zone),
        "period": period(now - one.not_after, told.lang),
    }
    which = "leaf" if one.role == "leaf" else "authority"
    return catalogue(told.lang).text(f"talk.since.expired.{which}", values)


def _expiry(told: Told, _follow: FollowUp) -> Message:
    texts = catalogue(told.lang)
    endpoint = representative(told.report)
    if endpoint is None:
        return _sentences(told, texts.text("talk.chain.none", host=told.host), told.report.summary)
    now = judged_at(told.answer)
    title = texts.text("talk.expiry.title", host=told.host)
    lines = []
    for one in endpoint.chain[:_MOST_LISTED]:
        name = shorten(one.name or short_name(one.subject), 100)
        values = {
            "until": moment_text(one.not_after, told.zone),
            "state": validity(one, now, texts),
            "role": texts.text(f"slack.role.{one.role}"),
        }
        lines.append((visible(name), texts.text("talk.expiry.line", values)))
    return _listed(told, title, lines)


def _addresses(told: Told, _follow: FollowUp) -> Message:
    texts = catalogue(told.lang)
    endpoints = told.report.endpoints
    if not endpoints:
        return _sentences(
            told, texts.text("talk.addresses.none", host=told.host), told.report.summary
        )
    title = texts.text("talk.addresses.title", host=told.host, n=len(endpoints))
    lines = [_address(one, texts) for one in endpoints[:_MOST_LISTED]]
    alias = alias_line(told.report)
    more = []
    if alias:
        line = shorten(texts.text("evidence.alias", names=alias), 500)
        more.append(part(1, blocks.context(line)))
    return _listed(told, title, lines, more)


def _address(one: Endpoint, texts: Catalogue) -> tuple[str, str]:
    address = f"[{one.address}]" if ":" in one.address else one.address
    if not one.reachable:
        error = shorten(visible(one.error or "—"), 300)
        said = texts.text("talk.addresses.unreached", error=error)
    elif one.verify is None:
        error = shorten(visible(one.error or "—"), 300)
        said = texts.text("talk.addresses.unverified", error=error)
    else:
        said = texts.text(
            "talk.addresses.verified",
            {
                "tls": visible(one.tls_version or "TLS"),
                "code": one.verify.code,
                "message": shorten(visible(one.verify.message), 150),
            },
            n=len(one.chain),
        )
    return shorten(visible(f"{address}:{one.port}"), 100), said


def _sentences(told: Told, *said: str) -> Message:
    shown = [one for one in said if one.strip()]
    elements = [blocks.paragraph(blocks.word(shorten(one, 1500))) for one in shown]
    parts = [part(0, blocks.rich(one)) for one in elements]
    return fitted(told, parts, " ".join(shown))


def _listed(
    told: Told, title: str, lines: Sequence[tuple[str, str]], more: Sequence[Part] = ()
) -> Message:
    """A list of names with what is said of each; the text says it, too, for who hears it read."""
    items = [
        blocks.paragraph(blocks.word(name, bold=True), blocks.word(f"  {said}"))
        for name, said in lines
    ]
    heading = blocks.paragraph(blocks.word(title, bold=True))
    heard = "; ".join(f"{name} {said}" for name, said in lines)
    text = catalogue(told.lang).text("talk.listed", title=title, items=heard)
    return fitted(told, [part(0, blocks.rich(heading, blocks.bullets(items))), *more], text)


def _client_name(code: str, texts: Catalogue) -> str:
    key = f"client.short.{code}"
    return texts.text(key) if texts.has(key) else code


def _age(age: timedelta, lang: Lang) -> str:
    if age >= timedelta(minutes=1):
        return period(age, lang)
    return catalogue(lang).text("talk.seconds", n=round(age.total_seconds()))


_TOPICS: Mapping[Intent, Callable[[Told, FollowUp], Message]] = MappingProxyType(
    {
        "why": _why,
        "client": _client,
        "clients": _clients,
        "chain": _chain,
        "openssl": _openssl,
        "since": _since,
        "expiry": _expiry,
        "addresses": _addresses,
    }
)
