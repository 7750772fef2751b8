"""A plan and a software put together: the steps of this case. Pure.

A step is a code (its words are in the catalogue), the values they need, and a command that can be
copied as it is.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pydantic import JsonValue

from bot.diagnosis.causes import Cause
from bot.diagnosis.remedies.case import service_of, words_of
from bot.diagnosis.remedies.plans import PROVE_CHAIN, Plan, Say, plan_for
from bot.diagnosis.remedies.software.entry import Change, Recipe, Software
from bot.diagnosis.remedies.software.table import BY_CODE, CLIENTS, DEFAULTS, SOFTWARE
from bot.diagnosis.report import Finding, Fix, Report, Step, Target
from bot.diagnosis.rules.other_certificate import ASK_FOR_RSA


@dataclass(frozen=True, slots=True)
class _Case:
    """All that the steps of one cause are filled in with."""

    plan: Plan
    target: Target
    values: dict[str, JsonValue]
    words: dict[str, str]


def fix_for(
    cause: Cause | None,
    finding: Finding | None,
    target: Target,
    fullchain_pem: str | None,
    *,
    address: str | None = None,
    software: str | None = None,
) -> Fix | None:
    """The fix of a cause, with this case's names in it.

    Args:
        cause: What is wrong; None when nothing is.
        finding: The finding of that cause; its evidence fills the texts.
        target: The host that the commands name.
        fullchain_pem: The proven chain, when the server should send another one than it does.
        address: The commands connect there in place of the name's own addresses.
        software: The one that was guessed or chosen; its steps stand alone. One that does not
            serve this cause, or that nobody knows, counts as none.
    """
    if cause is None:
        return None
    case = _case(cause, finding, target, fullchain_pem, address)
    if case is None:
        return Fix(owner="nobody")
    proven = fullchain_pem is not None
    chosen = BY_CODE.get(software or "")
    if chosen is not None and chosen not in _serving(case):
        chosen = None
    if chosen is not None and chosen.recipe(Change.LEND) and case.plan.lend:
        steps = tuple(_lending(case, chosen))
        return Fix(owner="client", steps=steps, fullchain_pem=fullchain_pem, proven=proven)
    return Fix(
        owner=case.plan.owner,
        steps=tuple(_steps(case, [chosen] if chosen else _defaults(case))),
        fullchain_pem=fullchain_pem,
        proven=proven,
    )


def fix_with(report: Report, software: str) -> Fix:
    """The fix of a stored Report, with the steps of a chosen software.

    Args:
        report: As it was stored; its words play no part.
        software: One of `softwares_for(report)`.

    Returns:
        The same fix with other steps. A software that does not serve this cause gives the fix as
        it is without a guess.
    """
    fix = report.fix
    pem = fix.fullchain_pem if fix is not None else None
    finding = report.findings[0] if report.findings else None
    if report.cause is Cause.BACKENDS_DIFFER:
        own = _of_the_odd_ones(report)
        address = own.addresses[0] if own is not None and own.addresses else None
        return fix_of_differing(
            finding, own, report.target, pem, address=address, software=software
        )
    made = fix_for(report.cause, finding, report.target, pem, software=software)
    return made or Fix(owner="nobody")


def fix_of_differing(
    differ: Finding | None,
    own: Finding | None,
    target: Target,
    fullchain_pem: str | None,
    *,
    address: str | None,
    software: str | None = None,
) -> Fix:
    """What to do when addresses do not agree: bring them in line, and how on the odd ones.

    Args:
        differ: The finding that they do not agree.
        own: What is wrong at the odd ones, if anything.
        target: The host that the commands name.
        fullchain_pem: The proven chain for the odd ones.
        address: One of the odd ones; the commands connect there.
        software: See `fix_for`.
    """
    first = fix_for(Cause.BACKENDS_DIFFER, differ, target, fullchain_pem)
    steps = first.steps if first is not None else ()
    second = fix_for(
        own.code if own is not None else None,
        own,
        target,
        fullchain_pem,
        address=address,
        software=software,
    )
    return Fix(
        owner="server",
        steps=(*steps, *(second.steps if second is not None else ())),
        fullchain_pem=fullchain_pem,
        proven=fullchain_pem is not None,
    )


def softwares_for(report: Report) -> tuple[str, ...]:
    """Whose steps can be chosen for this Report: the guess first, then the usual ones, then others.

    Only those that serve this cause on this port; empty where no software makes a difference.
    """
    finding = report.findings[0] if report.findings else None
    cause = report.cause
    if cause is Cause.BACKENDS_DIFFER:
        finding = _of_the_odd_ones(report)
        cause = finding.code if finding is not None else None
    if cause is None:
        return ()
    pem = report.fix.fullchain_pem if report.fix is not None else None
    case = _case(cause, finding, report.target, pem, None)
    if case is None:
        return ()
    serving = [one.code for one in _serving(case)]
    guess = [report.software.code] if report.software is not None else []
    usual = [one.code for one in _defaults(case)]
    return tuple(dict.fromkeys(one for one in (*guess, *usual, *serving) if one in serving))


def _of_the_odd_ones(report: Report) -> Finding | None:
    odd = report.findings[0].evidence.get("odd_cause") if report.findings else None
    return next((one for one in report.findings[1:] if one.code.value == odd), None)


def _case(
    cause: Cause,
    finding: Finding | None,
    target: Target,
    fullchain_pem: str | None,
    address: str | None,
) -> _Case | None:
    evidence = finding.evidence if finding is not None else {}
    warned = finding is not None and finding.severity == "warning"
    plan = plan_for(cause, evidence, warned=warned, proven=fullchain_pem is not None)
    if plan is None:
        return None
    words = words_of(target, address, evidence.get("via"))
    values: dict[str, JsonValue] = {
        "file": words["file"],
        **{key: one for key, one in evidence.items() if isinstance(one, str | int)},
        "host": target.host,
        "port": target.port,
    }
    if cause is Cause.PLAINTEXT_ON_TLS_PORT and evidence.get("protocol") not in ("HTTP", None):
        # That line is of a web server's configuration.
        steps = tuple(one for one in plan.steps if one is not Change.TLS_ON)
        plan = Plan(plan.owner, steps)
    if evidence.get("certificate") == "RSA":
        # Of two certificates the one that has to be asked for, in a file of its own.
        words = {**words, "sni": f"{words['sni']} {ASK_FOR_RSA}", "file": f"{words['file']}.rsa"}
        values["file"] = words["file"]
    return _Case(plan, target, values, words)


def _serving(case: _Case) -> list[Software]:
    changes = {one for one in case.plan.steps if isinstance(one, Change)}
    if case.plan.lend:
        changes.add(Change.LEND)
    service = service_of(case.target)
    return [
        one
        for one in SOFTWARE
        if service in one.services and any(one.recipe(change) for change in changes)
    ]


def _defaults(case: _Case) -> list[Software]:
    """Whose steps are shown when nothing is known of the software: the usual ones at this port."""
    serving = _serving(case)
    server = any(one.side == "server" for one in serving)
    usual = DEFAULTS[service_of(case.target)] if server else CLIENTS
    return [one for one in serving if one.code in usual]


def _steps(case: _Case, softwares: Sequence[Software]) -> Iterable[Step]:
    for one in case.plan.steps:
        if isinstance(one, Say):
            instead = softwares[0] if len(softwares) == 1 and one is PROVE_CHAIN else None
            yield _proof_at(case, instead) if instead and instead.prove else _said(case, one)
            continue
        made = [(software, software.recipe(one)) for software in softwares]
        steps = [_made(case, software, recipe) for software, recipe in made if recipe]
        if not steps and one is Change.INSTALL:
            steps = [_said(case, Say("install_chain"))]
        yield from steps


def _lending(case: _Case, platform: Software) -> Iterable[Step]:
    """Only what helps this one client; the server stays the one to be mended."""
    recipe = platform.recipe(Change.LEND)
    yield _said(case, Say("lend_file", kind="stopgap"))
    if recipe is not None:
        yield _made(case, platform, recipe).model_copy(update={"kind": "stopgap"})
    yield _proof_at(case, platform)


def _said(case: _Case, one: Say) -> Step:
    return Step(
        code=one.code,
        values=case.values,
        command=None if one.command is None else one.command.format_map(case.words),
        kind=one.kind,
        expect=None if one.expect is None else one.expect.format_map(case.words),
    )


def _made(case: _Case, software: Software, recipe: Recipe) -> Step:
    return Step(
        code=f"{software.code}.{recipe.change.value}",
        values=case.values,
        command=recipe.command(case.words),
        expect=recipe.expect,
        software=software.code,
    )


def _proof_at(case: _Case, platform: Software) -> Step:
    """The proof as that client itself gives it; over HTTPS only, most have no word for STARTTLS."""
    if platform.prove is None or case.target.starttls is not None:
        return _said(case, PROVE_CHAIN)
    return Step(
        code=f"{platform.code}.prove",
        values=case.values,
        command=platform.prove.format_map(case.words),
        kind="prove",
        expect=platform.expect,
        software=platform.code,
    )
