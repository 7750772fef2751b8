"""`tlscheck explain`: what a pasted error text means. Nothing is connected to."""

import sys
from typing import Annotated

import typer

from bot.cli import options
from bot.cli.output import open_out, quiet_pipe
from bot.cli.status import FINE, UNCHECKED, WrongUsageError
from bot.diagnosis.causes import Cause
from bot.explain import explain as explain_text
from bot.render.explanation import render_explanation
from bot.texts.catalogue import Catalogue
from bot.texts.explanation import phrase_explanation

# A log of that size is read whole; `explain` itself looks at its beginning and its end.
_LARGEST_TEXT = 1_000_000


def explain(
    text: Annotated[
        list[str] | None,
        typer.Argument(metavar="[TEXT]", help="The error; standard input when it is missing."),
    ] = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    lang: options.LangChoice = None,
) -> int:
    """Say what an error text means: who printed it, what it can be, what to do next.

    Exit status: 0 explained, 2 wrong usage, 3 the text states no error of TLS.
    """
    _settings, chosen, texts = options.read_settings(lang)
    pasted = " ".join(text) if text and text != ["-"] else _standard_input(texts)
    if not pasted.strip():
        raise WrongUsageError(texts.text("error.explain.empty"))
    explanation = phrase_explanation(explain_text(pasted), chosen)
    out = open_out(chosen, as_json=as_json)
    with quiet_pipe():
        if as_json:
            out.line(explanation.to_json())
        else:
            out.page(render_explanation(explanation, chosen, width=out.width))
    return UNCHECKED if explanation.cause is Cause.NOT_A_TLS_ERROR else FINE


def _standard_input(texts: Catalogue) -> str:
    if sys.stdin.isatty():
        print(texts.text("error.explain.paste"), file=sys.stderr)
    return decoded(sys.stdin.buffer.read(_LARGEST_TEXT))


def decoded(data: bytes) -> str:
    """PowerShell writes UTF-16 into files, and Japanese Windows Shift_JIS."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", "replace")
    for encoding in ("utf-8-sig", "cp932"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    return data.decode("utf-8", "replace")
