"""`tlscheck letter`: the message to whoever runs a site, ready to be sent."""

import asyncio
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from bot.cli import options
from bot.cli.output import open_out, quiet_pipe, write_fullchain
from bot.cli.status import WrongUsageError, status_of
from bot.diagnosis.question import Question
from bot.diagnosis.report import Report
from bot.letter import Letter, softwares_of, write_letter
from bot.settings import Settings, SettingsError
from bot.texts.catalogue import Catalogue
from bot.texts.moment import local_zone
from bot.texts.phrase import software_name
from bot.vantage import open_local_vantage

_LETTER_FILE = "letter.txt"


def letter(
    target: Annotated[str, typer.Argument(metavar="TARGET", help="Host, host:port, URL, …")],
    *,
    software: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="What the server runs, such as nginx or apache."),
    ] = None,
    name: Annotated[
        str | None, typer.Option(metavar="NAME", help="Your name, to stand under the letter.")
    ] = None,
    address: options.AddressOption = None,
    roots: options.RootsOption = None,
    starttls: options.StarttlsOption = None,
    no_fetch: options.NoFetchOption = False,
    timeout: Annotated[
        float, typer.Option(metavar="SECONDS", min=0.1, max=60, help="Bound of the whole check.")
    ] = 10.0,
    lang: options.LangChoice = None,
    allow_network: options.AllowNetworkOption = None,
    fullchain: options.FullchainOption = None,
    out: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Write letter.txt and the chain file into it."),
    ] = None,
) -> int:
    """Write the message to the site's owner: what is wrong, the proof, the steps, the chain.

    The letter is on standard output and everything else on standard error. Where the cause is not
    the owner's, one sentence says so in place of a letter.

    Exit status, as of check: 0 nothing broken, 1 broken, 2 wrong usage, 3 could not be checked.
    """
    settings, chosen, texts = options.read_settings(lang)
    connect = options.read_addresses(address or [], texts)
    question = Question(
        target=options.read_target(target, texts, starttls=starttls.value if starttls else None),
        addresses=connect,
        roots_pem=options.read_roots(roots, texts),
        fetch=not no_fetch,
        timeout=timeout,
        allow_networks=options.read_networks(allow_network or [], texts),
    )
    chosen_software = options.read_software(software, texts, servers_only=True)
    if out is not None:
        _check_folder(out, texts)
    try:
        report = asyncio.run(_check(settings, question))
    except SettingsError as error:
        raise WrongUsageError(str(error)) from error
    written = write_letter(
        report,
        chosen,
        software=chosen_software,
        zone=local_zone(),
        name=name,
        address=connect[0].address if connect else None,
    )
    with quiet_pipe():
        open_out(chosen).plain(_on_paper(written, texts))
    choices = softwares_of(report)
    if chosen_software and choices and chosen_software not in choices:
        named = software_name(chosen_software, texts)
        print(texts.text("error.letter.not_served", software=named), file=sys.stderr)
    if out is not None:
        _write_folder(out, written, texts)
    if fullchain is not None:
        write_fullchain(fullchain, report, texts)
    elif out is None and written.attachments:
        file = written.attachments[0].name
        print(texts.text("error.letter.attach", file=file), file=sys.stderr)
    return status_of([report.verdict])


async def _check(settings: Settings, question: Question) -> Report:
    async with open_local_vantage(settings) as vantage:
        return await vantage.check(question)


def _on_paper(written: Letter, texts: Catalogue) -> str:
    if written.audience == "nobody":
        return written.body
    return texts.text("letter.paper", subject=written.subject, body=written.body)


@dataclass(frozen=True)
class _File:
    path: Path
    content: str


def _check_folder(folder: Path, texts: Catalogue) -> None:
    """Better said before the check than after it."""
    if folder.exists() and not folder.is_dir():
        raise WrongUsageError(texts.text("error.letter.no_folder", folder=folder))
    if (folder / _LETTER_FILE).exists():
        raise WrongUsageError(texts.text("error.letter.exists", file=folder / _LETTER_FILE))


def _write_folder(folder: Path, written: Letter, texts: Catalogue) -> None:
    files = [_File(folder / one.name, one.content) for one in written.attachments]
    if written.audience != "nobody":
        files.append(_File(folder / _LETTER_FILE, _on_paper(written, texts) + "\n"))
    for file in files:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with file.path.open("x", encoding="utf-8") as target:
                target.write(file.content)
        except FileExistsError:
            raise WrongUsageError(texts.text("error.letter.exists", file=file.path)) from None
        except OSError as error:
            reason = error.strerror or str(error)
            text = texts.text("error.letter.unwritable", file=file.path, reason=reason)
            raise WrongUsageError(text) from error
        print(texts.text("error.letter.written", file=file.path), file=sys.stderr)
