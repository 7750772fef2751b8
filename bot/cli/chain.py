"""`tlscheck chain`: a PEM file, judged as if a server had sent exactly that."""

import asyncio
import sys
from pathlib import Path
from typing import Annotated

import typer

from bot.cli import options
from bot.cli.output import again_with, for_software, open_out, quiet_pipe, write_fullchain
from bot.cli.status import WrongUsageError, status_of
from bot.diagnosis.certificate import read_pem_certificates
from bot.diagnosis.question import Question
from bot.diagnosis.report import Report
from bot.settings import Settings, SettingsError
from bot.texts import phrase_report
from bot.vantage import open_local_vantage


def chain(
    file: Annotated[
        Path, typer.Argument(metavar="FILE.pem", help="The bundle; - reads standard input.")
    ],
    *,
    host: Annotated[str, typer.Option(metavar="NAME", help="The name that it is for.")],
    as_json: options.JsonOption = False,
    roots: options.RootsOption = None,
    at: options.AtOption = None,
    fetch: Annotated[
        bool, typer.Option(help="Fetch missing intermediates from the CA (AIA).")
    ] = False,
    lang: options.LangChoice = None,
    verbose: options.VerboseOption = False,
    fullchain: options.FullchainOption = None,
    software: options.SoftwareOption = None,
) -> int:
    """Say whether a PEM file is right before it is installed.

    It is judged as if a server had sent exactly that; nothing connects to the host.

    Exit status: 0 nothing broken, 1 broken, 2 wrong usage, 3 could not be checked.
    """
    settings, chosen, texts = options.read_settings(lang)
    moment = options.read_moment(at, texts)
    chosen_software = options.read_software(software, texts)
    target = options.read_target(host, texts)
    if str(file) == "-":
        pem = sys.stdin.buffer.read(options.LARGEST_FILE + 1)
        options.check_pem(pem, texts, what="FILE.pem", name="-")
    else:
        pem = options.read_certificates(file, texts, what="FILE.pem")
    roots_pem = options.read_certificates(roots, texts, what="--roots") if roots else None

    question = Question(
        target=target,
        roots_pem=roots_pem.decode() if roots_pem else None,
        at=moment,
        fetch=fetch,
    )
    try:
        answer = asyncio.run(_judge(settings, pem, question))
    except SettingsError as error:
        raise WrongUsageError(str(error)) from error
    out = open_out(chosen, as_json=as_json, verbose=verbose, as_of=moment)
    report = phrase_report(for_software(answer, chosen_software), chosen, out.zone)
    with quiet_pipe():
        out.answer(
            report, save_command=None if fullchain else again_with("--fullchain", "fullchain.pem")
        )
    if fullchain is not None:
        write_fullchain(fullchain, report, texts)
    return status_of([report.verdict])


async def _judge(settings: Settings, pem: bytes, question: Question) -> Report:
    certificates = [one.der for one in read_pem_certificates(pem)]
    async with open_local_vantage(settings) as vantage:
        return await vantage.check_file(certificates, question)
