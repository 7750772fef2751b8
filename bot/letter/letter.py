"""Putting a letter together: greeting, facts, proof, steps and a polite end, as plain text.

Each paragraph is one text of letter.po with its values; which ones there are is decided here, by
the cause's evidence. A value that came from outside is made visible before it goes in: nobody's
certificate writes a line of the letter.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, tzinfo
from functools import partial

from babel.lists import format_list

from bot.diagnosis.causes import Cause
from bot.diagnosis.remedies import fix_with, softwares_for
from bot.diagnosis.remedies.software.table import BY_CODE
from bot.diagnosis.report import ChainCertificate, ClientPrediction, Finding, Report, Step, Target
from bot.letter.audience import Audience, audience_of
from bot.letter.proof import leaf_of, proof_of
from bot.render.sanitise import visible, visible_lines
from bot.texts.catalogue import Catalogue, Lang, catalogue
from bot.texts.moment import moment_text
from bot.texts.names import short_list
from bot.texts.phrase import TOOLS, phrase_fix, phrase_report, values_of, variants_of

_NAMED = 5
_LONGEST_NAME = 80
_BROWSERS = frozenset({"chrome", "firefox", "safari", "windows"})
_OLD = frozenset({"android-7", "openssl-1.0.2"})
# The fix of these is on the side of whoever connects, unless the owner prefers to take it over.
_FOR_OWNERS_ANYWAY = frozenset({"get_public_certificate"})
# What may be as old as the certificate's installation.
_OF_THE_FILE = frozenset(
    {
        Cause.MISSING_INTERMEDIATE,
        Cause.WRONG_INTERMEDIATE,
        Cause.WRONG_CHAIN_ORDER,
        Cause.EXTRA_CERTIFICATES,
        Cause.SELF_SIGNED,
        Cause.UNTRUSTED_ROOT,
        Cause.INVALID_CHAIN,
        Cause.HOSTNAME_MISMATCH,
        Cause.CERTIFICATE_NOT_TLS,
        Cause.WEAK_SIGNATURE_OR_KEY,
        Cause.VALIDITY_TOO_LONG,
    }
)
_NOT_IN_FILE_NAMES = re.compile(r"[^A-Za-z0-9.-]+")


@dataclass(frozen=True)
class Attachment:
    """A file that goes with the letter. It never holds a private key: none is ever asked for."""

    name: str
    content: str


@dataclass(frozen=True)
class Letter:
    """A message, ready to be sent.

    When `audience` is "nobody" there is nothing to send: `subject` is empty, and `body` is the
    sentence that says why.
    """

    audience: Audience
    subject: str
    body: str
    attachments: tuple[Attachment, ...] = ()


def file_name(target: Target) -> str:
    """A name for the chain file: the host's, with nothing that a file system would trip over."""
    host = _NOT_IN_FILE_NAMES.sub("-", target.host).strip("-.") or "server"
    port = "" if target.port == 443 else f"-{target.port}"
    return f"{host[:180]}{port}.fullchain.pem"


def softwares_of(report: Report) -> tuple[str, ...]:
    """The server software that a letter about this Report can be written for, the guess first."""
    codes = softwares_for(report) if audience_of(report) == "owner" else ()
    return tuple(one for one in codes if BY_CODE[one].side == "server")


def write_letter(
    report: Report,
    lang: Lang,
    *,
    software: str | None = None,
    zone: tzinfo = UTC,
    name: str | None = None,
    address: str | None = None,
) -> Letter:
    """The letter about a Report's cause.

    Args:
        report: What was found; its texts need not be filled in.
        lang: The reader's language.
        software: What the server runs, one of `softwares_of(report)`; the steps are those for it
            alone. Without it, those of the guess or of the usual ones.
        zone: The time zone that moments are written in, with UTC beside them.
        name: The sender's; without it a blank stands there to be filled in.
        address: The commands connect there in place of the name's own addresses.
    """
    texts = catalogue(lang)
    audience = audience_of(report)
    if audience == "nobody":
        return Letter(audience, "", _nothing_to_send(report, texts))
    finding = report.findings[0]
    values = {
        key: visible(str(value))
        for key, value in {
            **values_of(report, finding, texts, zone),
            "host": report.target.host,
            "summary": phrase_report(report, lang, zone).summary,
        }.items()
    }
    writer = _Writer(report, finding, texts, zone, values, audience)
    sections = [
        writer.section("what", writer.what()),
        writer.section("facts", writer.facts()),
        writer.section("affected", writer.affected()),
        writer.section("proof", writer.proof(address)),
        writer.section("steps", writer.steps(software)),
        writer.section("attached", writer.attached()),
    ]
    numbered = [
        texts.text("letter.section", number=number, title=title, text=text)
        for number, (title, text) in enumerate((one for one in sections if one), start=1)
    ]
    sender = visible(name)[:_LONGEST_NAME] if name and name.strip() else None
    body = texts.text(
        f"letter.body.{audience}",
        host=values["host"],
        sections="\n\n".join(numbered),
        sender=sender or texts.text("letter.blank.name"),
    )
    pem = report.fix.fullchain_pem if report.fix and report.fix.proven else None
    attachments = (Attachment(file_name(report.target), pem),) if pem else ()
    return Letter(audience, writer.subject(), body, attachments)


def _nothing_to_send(report: Report, texts: Catalogue) -> str:
    code = report.cause.value if report.cause else "ok"
    keys = (f"letter.nobody.{code}", "letter.nobody.other")
    key = next(one for one in keys if texts.has(one))
    return texts.text(key, host=visible(report.target.host))


_Section = tuple[str, str] | None


@dataclass(frozen=True)
class _Writer:
    report: Report
    finding: Finding
    texts: Catalogue
    zone: tzinfo
    values: dict[str, str]
    audience: Audience

    def text(self, key: str, **more: object) -> str:
        return self.texts.text(key, _Blank({**self.values, **more}))

    def subject(self) -> str:
        leaf = leaf_of(self.report)
        day = f"{leaf.not_after.astimezone(self.zone):%Y-%m-%d}" if leaf else "—"
        return self.text(self._special("letter.subject", self.finding.code.value), day=day)

    def section(self, name: str, text: str) -> _Section:
        if not text:
            return None
        special = f"letter.heading.{name}_{self.audience}"
        key = special if self.texts.has(special) else f"letter.heading.{name}"
        return self.text(key), text

    def what(self) -> str:
        return self.text(self._special("letter.what", self.finding.code.value))

    def _special(self, prefix: str, code: str) -> str:
        """The key for this cause's most special case; a cause without words has its summary."""
        if self.finding.at_proxy:
            return f"{prefix}.proxy"
        special = [*variants_of(self.finding), self.finding.severity]
        keys = [*(f"{prefix}.{code}_{one}" for one in special), f"{prefix}.{code}"]
        return next((one for one in keys if self.texts.has(one)), f"{prefix}.other")

    def facts(self) -> str:
        lines = [self._server()]
        leaf = leaf_of(self.report)
        moment = partial(moment_text, zone=self.zone)
        if leaf is not None:
            lines.append(
                self.text(
                    "letter.facts.certificate",
                    name=_called(leaf),
                    serial=visible(leaf.serial),
                    not_before=moment(leaf.not_before),
                    not_after=moment(leaf.not_after),
                )
            )
        key = f"letter.since.{self.finding.code.value}"
        if self.texts.has(key):
            lines.append(self.text(key))
        elif leaf is not None and self.finding.code in _OF_THE_FILE:
            lines.append(self.text("letter.since.certificate", moment=moment(leaf.not_before)))
        lines.append(self.text("letter.facts.seen", moment=moment(self.report.checked_at)))
        return "\n".join(self.text("letter.fact", fact=one) for one in lines)

    def _server(self) -> str:
        target = self.report.target
        addresses = [one.address for one in self.report.endpoints if one.address][:4]
        kind = "starttls" if target.starttls else "plain" if addresses else "unknown"
        return self.text(
            f"letter.facts.server_{kind}",
            port=target.port,
            starttls=(target.starttls or "").upper(),
            addresses=visible(", ".join(addresses)) or "—",
        )

    def affected(self) -> str:
        told = [one for one in self.report.clients if one.client not in TOOLS]
        fails, works, depends = (
            [one for one in told if one.outcome == outcome]
            for outcome in ("fails", "works", "depends")
        )
        key = _whom(fails, works, depends)
        if key is None or self.audience == "network":
            return ""
        special = f"letter.affected.{self.finding.code.value}"
        return self.text(
            special if self.texts.has(special) else f"letter.affected.{key}",
            fails=self._names(fails),
            works=self._names(works),
            maybe=self._names([*works, *depends]),
        )

    def _names(self, clients: list[ClientPrediction]) -> str:
        names, more = short_list(clients, self.texts, _NAMED)
        if more:
            names.append(self.texts.text("client.others", n=more))
        return visible(format_list(names, locale=self.texts.lang)) if names else "—"

    def proof(self, address: str | None) -> str:
        proof = proof_of(self.report, address)
        if proof is None:
            return ""
        parts = [self.text("letter.proof.run"), _indented(proof.command)]
        if proof.before is not None:
            parts += [self.text("letter.proof.before"), _indented(proof.before)]
        if proof.code != "line":
            parts.append(self.text(f"letter.proof.{proof.code}"))
        if proof.after is not None:
            parts += [self.text("letter.proof.after"), _indented(proof.after)]
        return "\n\n".join(parts)

    def steps(self, software: str | None) -> str:
        fix = self.report.fix
        if software in softwares_of(self.report):
            fix = fix_with(self.report, software or "")
        if fix is None:
            return ""
        wanted = {"owner": ("server", "network"), "network": ("network", "nobody")}
        own = phrase_fix(fix, self.report, self.texts.lang, self.zone).steps
        if fix.owner not in wanted.get(self.audience, ()):
            own = tuple(one for one in own if one.code in _FOR_OWNERS_ANYWAY)
        # The proof has a section of its own; a stop-gap is for whoever connects.
        return "\n\n".join(self._numbered([one for one in own if one.kind == "do"]))

    def _numbered(self, steps: list[Step]) -> Iterator[str]:
        file = file_name(self.report.target)
        for number, step in enumerate(steps, start=1):
            key = f"letter.step.{step.code}"
            text = self.text(key, file=file) if self.texts.has(key) else visible(step.text)
            said = self.text(
                "letter.step", number=number, title=visible(step.title or step.code), text=text
            )
            yield f"{said}\n\n{_indented(step.command)}" if step.command else said

    def attached(self) -> str:
        fix = self.report.fix
        if fix is None or not fix.fullchain_pem or not fix.proven:
            return ""
        return self.text("letter.attached", file=file_name(self.report.target))


def _called(leaf: ChainCertificate) -> str:
    names = (leaf.name, leaf.subject, *leaf.dns_names, leaf.sha256)
    return visible(next(filter(None, names), ""))[:120]


class _Blank(dict[str, object]):
    def __missing__(self, key: str) -> str:
        return "—"


def _indented(lines: str) -> str:
    return "\n".join(f"    {one}" for one in visible_lines(lines))


def _whom(
    fails: list[ClientPrediction], works: list[ClientPrediction], depends: list[ClientPrediction]
) -> str | None:
    """Which sentence says who notices; None when nothing is known of any client."""
    codes = {one.client for one in fails}
    if fails and not works and not depends:
        return "everybody"
    if fails and codes <= _OLD:
        return "old"
    if len(_BROWSERS & {one.client for one in works}) > 1 and len(fails) > len(codes & _BROWSERS):
        return "browsers_work"
    if fails:
        return "some"
    if depends:
        return "depends"
    return "none" if works else None
