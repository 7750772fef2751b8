"""`tlscheck demo`: the whole thing on one machine."""

from typing import Annotated, Literal

import typer

from bot.cli.status import WrongUsageError
from bot.settings import SettingsError


def demo(
    *,
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="The page's port; 0 takes a free one.")
    ] = 0,
    lang: Annotated[
        Literal["en", "ja"] | None,
        typer.Option(
            help="The language of all answers; else each person's own.", show_default=False
        ),
    ] = None,
    hosts: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="TARGET",
            help="Real hosts to name beside the page's own list.",
            show_default=False,
        ),
    ] = None,
) -> int:
    """Try everything on this machine.

    Broken servers, a stand-in for Slack with a page, and the real bot.
    """
    # Only this command loads the lab and the stand-in.
    from bot.demo.run import run

    try:
        return run(port=port, lang=lang, hosts=tuple(hosts or ()))
    except SettingsError as error:
        raise WrongUsageError(str(error)) from error
