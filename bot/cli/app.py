"""The list of commands."""

import sys
from typing import Annotated

import typer
from typer.core import TyperGroup
from typer.main import get_command

from bot import __version__
from bot.cli.chain import chain
from bot.cli.check import check
from bot.cli.compare import compare
from bot.cli.demo import demo
from bot.cli.doctor import doctor
from bot.cli.explain import explain
from bot.cli.letter import letter
from bot.cli.schema import schema
from bot.cli.serve import serve
from bot.cli.status import USAGE, WrongUsageError
from bot.cli.sweep import sweep
from bot.cli.translate import PROGRAM, help_lang, translate
from bot.cli.worker import worker
from bot.texts.catalogue import catalogue

app = typer.Typer(
    name="tlscheck",
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for _command in (check, compare, chain, letter, sweep, schema, serve, worker, doctor, demo):
    app.command()(_command)
# What is pasted may begin with a dash, or hold words that look like options.
app.command(context_settings={"ignore_unknown_options": True})(explain)


@app.callback(invoke_without_command=True)
def _tlscheck(
    context: typer.Context,
    *,
    version: Annotated[bool, typer.Option("--version", help="Say the version and end.")] = False,
) -> None:
    """Why TLS fails at a host, whom it hurts, and the proven fix."""
    if version:
        print(f"tlscheck {__version__}")
        raise typer.Exit
    if context.invoked_subcommand is None:
        texts = catalogue(help_lang(sys.argv[1:]))
        commands = ", ".join(
            one.callback.__name__ for one in app.registered_commands if one.callback
        )
        raise WrongUsageError(texts.text("error.command.none", commands=commands))


def run(arguments: list[str]) -> int:
    """Run one command and return its exit status.

    Raises:
        WrongUsageError: The arguments make no sense.
    """
    try:
        program = get_command(app)
        if (lang := help_lang(arguments)) != "en" and isinstance(program, TyperGroup):
            translate(program, catalogue(lang))
        return int(program(arguments, prog_name=PROGRAM, standalone_mode=False) or 0)
    except typer.TyperException as error:
        text = error.format_message().replace("Value error, ", "")
        raise WrongUsageError(text) if error.exit_code == USAGE else error from error
