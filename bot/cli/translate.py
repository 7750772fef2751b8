"""`--help` in the reader's language: the texts of the command line, put in the place of English.

The English stands beside each option in the code, as Typer wants it, and once more in help.po,
where its translation hangs on it; `tests/cli/test_help.py` says when the two differ.
"""

import os
from collections.abc import Iterator, Sequence

from typer.core import TyperCommand, TyperGroup

from bot.texts.catalogue import LANGS, Catalogue, Lang

PROGRAM = "tlscheck"


def help_lang(arguments: Sequence[str]) -> Lang:
    """The language of `--lang` or TLSCHECK_LANG, before anything else is known of the arguments."""
    after = dict(zip(arguments, [*arguments[1:], ""], strict=False)).get("--lang", "")
    given = next((one[7:] for one in arguments if one.startswith("--lang=")), after)
    wanted = given or os.environ.get("TLSCHECK_LANG", "")
    return next((one for one in LANGS if one == wanted), "en")


def help_keys(name: str, command: TyperCommand | TyperGroup) -> Iterator[tuple[object, list[str]]]:
    """What has a help text in one command, each with the keys that may translate it."""
    yield command, [f"help.{name}.about"]
    for one in command.params:
        yield one, [f"help.{name}.{one.name}", f"help.any.{one.name}"]


def translate(program: TyperGroup, texts: Catalogue) -> None:
    """Put the texts of a language into a program and all its commands."""
    commands = {PROGRAM: program, **program.commands}
    for name, command in commands.items():
        for holder, keys in help_keys(name, command):  # type: ignore[arg-type]  # Typer makes its own commands only
            key = next((one for one in keys if texts.has(one)), None)
            if key is not None:
                holder.help = texts.text(key)  # type: ignore[attr-defined]  # commands, options and arguments all have it
