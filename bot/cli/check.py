"""`tlscheck check`: live servers, one or many, side by side."""

import asyncio
import re
import sys
from collections import deque
from collections.abc import AsyncGenerator, Iterable, Sequence
from contextlib import aclosing
from typing import Annotated

import typer
from rich.cells import cell_len

from bot.cli import options
from bot.cli.output import (
    Out,
    again_with,
    for_software,
    open_out,
    progress,
    quiet_pipe,
    waiting,
    write_fullchain,
)
from bot.cli.place import UnansweredError, open_place
from bot.cli.status import FINE, UNCHECKED, WrongUsageError, status_of
from bot.diagnosis.later import matters
from bot.diagnosis.question import Question
from bot.diagnosis.report import Report, Target
from bot.diagnosis.surroundings import PATIENCE
from bot.diagnosis.target import TargetError
from bot.listing import LONGEST_LIST, each_line
from bot.render.terminal import place
from bot.settings import Settings, SettingsError
from bot.texts.catalogue import Catalogue
from bot.vantage import Vantage

# Side by side: each check has a handful of sockets, and 1 024 open files are a usual limit.
_AT_ONCE = 50
# Answers that wait for a slower one before them.
_AHEAD = 500


def check(
    targets: Annotated[
        list[str],
        typer.Argument(metavar="TARGET", help="Host, host:port, URL, …; - reads a list."),
    ],
    *,
    as_json: options.JsonOption = False,
    address: options.AddressOption = None,
    roots: options.RootsOption = None,
    at: options.AtOption = None,
    starttls: options.StarttlsOption = None,
    no_fetch: options.NoFetchOption = False,
    timeout: Annotated[
        float, typer.Option(metavar="SECONDS", min=0.1, max=60, help="Bound of each whole check.")
    ] = 10.0,
    lang: options.LangChoice = None,
    allow_network: options.AllowNetworkOption = None,
    verbose: options.VerboseOption = False,
    fullchain: options.FullchainOption = None,
    software: options.SoftwareOption = None,
    vantage: Annotated[
        str | None, typer.Option(metavar="NAME", help="Check from there, by a worker of that name.")
    ] = None,
) -> int:
    """Say why TLS fails at a host, whom it hurts, and how to mend it.

    Exit status: 0 nothing broken, 1 broken, 2 wrong usage, 3 could not be reached or checked.
    """
    settings, chosen, texts = options.read_settings(lang)
    moment = options.read_moment(at, texts)
    chosen_software = options.read_software(software, texts)
    parsed = _targets(targets, texts, starttls.value if starttls else None)
    if fullchain is not None and len(parsed) != 1:
        raise WrongUsageError(texts.text("error.fullchain.several"))
    common = Question(
        target=parsed[0],
        addresses=options.read_addresses(address or [], texts),
        roots_pem=options.read_roots(roots, texts),
        at=moment,
        fetch=not no_fetch,
        timeout=timeout,
        allow_networks=options.read_networks(allow_network or [], texts),
    )
    if vantage is not None and common.allow_networks:
        raise WrongUsageError(texts.text("worker.error.networks", vantage=vantage))
    questions = [common.model_copy(update={"target": target}) for target in parsed]
    out = open_out(chosen, as_json=as_json, verbose=verbose, as_of=moment)
    with quiet_pipe():
        save_command = None if fullchain else again_with("--fullchain", "fullchain.pem")
        try:
            reports, unanswered = asyncio.run(
                _answer(
                    settings,
                    questions,
                    out,
                    save_command,
                    software=chosen_software,
                    vantage=vantage,
                )
            )
        except SettingsError as error:
            raise WrongUsageError(str(error)) from error
        except UnansweredError as error:
            print(error, file=sys.stderr)
            return UNCHECKED
        if not reports:
            return UNCHECKED
        if len(reports) > 1:
            out.tally(reports)
    if fullchain is not None:
        write_fullchain(fullchain, reports[0], texts)
    status = status_of(report.verdict for report in reports)
    return UNCHECKED if status == FINE and unanswered else status


def _targets(typed: Sequence[str], texts: Catalogue, starttls: str | None) -> list[Target]:
    targets: list[Target] = []
    for text in _joined(typed):
        if text == "-":
            targets += read_list(sys.stdin, texts, starttls)
        else:
            targets.append(options.read_target(text, texts, starttls=starttls))
    if not targets:
        raise WrongUsageError(texts.text("error.list.empty"))
    return targets


def _joined(typed: Sequence[str]) -> list[str]:
    """Without quotes the shell makes two arguments of `host port`; a number alone is no host."""
    joined: list[str] = []
    for text in typed:
        if joined and joined[-1] != "-" and re.fullmatch(r":?[0-9]{1,5}", text):
            joined[-1] += f" {text}"
        else:
            joined.append(text)
    return joined


def read_list(lines: Iterable[str], texts: Catalogue, starttls: str | None) -> list[Target]:
    """The targets of a list, one a line; empty lines and `#` are passed over.

    Raises:
        WrongUsageError: A line names no single server, or there are too many.
    """
    targets: list[Target] = []
    for number, _, found in each_line(lines, starttls):
        if len(targets) == LONGEST_LIST:
            raise WrongUsageError(texts.text("error.list.too_long", limit=LONGEST_LIST))
        if isinstance(found, TargetError):
            problem = texts.text(f"error.target.{found.code}", **found.values)
            line_text = texts.text("error.list.line", number=number, problem=problem)
            raise WrongUsageError(line_text) from found
        targets.append(found)
    return targets


async def _answer(
    settings: Settings,
    questions: Sequence[Question],
    out: Out,
    save_command: str | None,
    *,
    software: str | None,
    vantage: str | None,
) -> tuple[list[Report], int]:
    """The Reports that came, and how many did not."""
    from bot.texts import phrase_report
    from bot.vantage import CHANNEL_PATIENCE

    reports: list[Report] = []
    unanswered = 0
    # One person at a terminal reads the first answer while the rest arrives; a line is final.
    read_on = len(questions) == 1 and not out.as_json
    patience = CHANNEL_PATIENCE if read_on else PATIENCE
    host_width = max(cell_len(place(question.target)) for question in questions)
    async with open_place(settings, vantage, patience=patience, lang=out.lang) as where:
        with progress(len(questions), out) as (shown, advance):
            async with aclosing(_in_order(where, questions)) as answers:
                async for answer in answers:
                    if isinstance(answer, UnansweredError):
                        unanswered += 1
                        print(answer, file=sys.stderr)
                        advance()
                        continue
                    report = phrase_report(for_software(answer, software), out.lang, out.zone)
                    if len(questions) == 1:
                        shown.answer(
                            report,
                            save_command=save_command,
                            # A worker's policy is its own: no option of ours widens it.
                            allow_command=None if vantage else again_with(*_allowing(report)),
                        )
                        if read_on and (later := await _later(where, answer, out)):
                            report = phrase_report(
                                for_software(later, software), out.lang, out.zone
                            )
                            if matters(answer, later):
                                shown.update(report, save_command=save_command)
                    else:
                        shown.row(report, host_width=host_width)
                    # A list of 100 000 keeps its verdicts, not its certificates.
                    reports.append(report if len(questions) == 1 else _verdict_only(report))
                    advance()
    return reports, unanswered


async def _later(vantage: Vantage, answer: Report, out: Out) -> Report | None:
    if not answer.pending:
        return None
    with waiting(out):
        return await vantage.later(answer)


def _allowing(report: Report) -> list[str]:
    """The options that let a check reach the addresses of this one."""
    addresses = dict.fromkeys(endpoint.address for endpoint in report.endpoints)
    return [word for address in addresses for word in ("--allow-network", address)]


def _verdict_only(report: Report) -> Report:
    empty = {"findings": (), "endpoints": (), "clients": (), "path": None, "fix": None}
    return report.model_copy(update=empty)


async def _in_order(
    vantage: Vantage, questions: Iterable[Question]
) -> AsyncGenerator[Report | UnansweredError, None]:
    """The answers in the order of the questions, each as soon as all before it are there."""
    places = asyncio.Semaphore(_AT_ONCE)

    async def ask(question: Question) -> Report | UnansweredError:
        async with places:
            try:
                return await vantage.check(question)
            except UnansweredError as error:
                return error

    waiting: deque[asyncio.Task[Report | UnansweredError]] = deque()
    try:
        for question in questions:
            waiting.append(asyncio.create_task(ask(question)))
            if len(waiting) >= _AHEAD or waiting[0].done():
                yield await waiting.popleft()
            else:
                await asyncio.sleep(0)
        while waiting:
            yield await waiting.popleft()
    finally:
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
