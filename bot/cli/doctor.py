"""`tlscheck doctor`: whether this installation is set up right, and what is to be mended."""

import asyncio
import os
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from bot.cli import options
from bot.cli.output import open_out, quiet_pipe
from bot.cli.status import BROKEN, FINE, WrongUsageError
from bot.diagnosis.report import Target
from bot.doctor import Finding, Look, Sight, make_round
from bot.settings import Settings, secrets_of, survey_settings
from bot.texts.catalogue import Lang, catalogue

_HOST = "example.com"
"""IANA's own, there for everybody (www.iana.org/help/example-domains)."""
_CA_URL = "http://x1.i.lencr.org/"
"""Where Let's Encrypt's certificates say that their root is found."""


def doctor(
    *,
    host: Annotated[
        str, typer.Option(metavar="HOST", help="The public host that is checked as a trial.")
    ] = _HOST,
    ca_url: Annotated[
        str, typer.Option(metavar="URL", help="What is fetched as a trial, as from a CA.")
    ] = _CA_URL,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    lang: options.LangChoice = None,
) -> int:
    """Check this installation, and say what is to be mended.

    Settings, Slack's tokens and scopes, Redis, workers, outgoing access, clock, trust store.
    Exit status: 0 all is well, 1 something has to be mended, 2 wrong usage.
    """
    settings, slips = survey_settings()
    chosen: Lang = lang.value if lang is not None else settings.tlscheck_lang or "en"
    texts = catalogue(chosen)
    target = options.read_target(host, texts)
    if not ca_url.startswith(("http://", "https://")):
        raise WrongUsageError(texts.text("doctor.usage.url"))
    import logging

    from dotenv import dotenv_values

    from bot.doctor.settings import look_at_settings
    from bot.log import configure_logging, masker
    from bot.render.doctor import findings_json, is_well, render_findings

    secrets = secrets_of(settings)
    # What goes wrong is said below, in words for whoever mends it.
    configure_logging("console", secrets=secrets, level=logging.CRITICAL)
    try:
        dotenv = dotenv_values(".env")
    except (OSError, UnicodeDecodeError):
        dotenv = {}  # a slip, already
    findings = (
        *look_at_settings(slips, os.environ, dotenv, Path.cwd()),
        *asyncio.run(_round(settings, target, ca_url)),
    )
    mask = masker(secrets)
    out = open_out(chosen, as_json=as_json)
    with quiet_pipe():
        if as_json:
            out.line(findings_json(findings, texts, now=datetime.now(UTC), mask=mask))
        else:
            out.page(render_findings(findings, texts, width=out.width, mask=mask))
    return FINE if is_well(findings) else BROKEN


async def _round(settings: Settings, target: Target, ca_url: str) -> tuple[Finding, ...]:
    from bot.doctor.access import look_outside
    from bot.doctor.machine import look_at_machine
    from bot.doctor.redis import look_at_redis
    from bot.doctor.trust import look_at_trust
    from bot.doctor.workers import look_at_workers
    from handlers.install.doctor import look_at_slack

    now = datetime.now(UTC)
    trust = look_at_trust(settings.tlscheck_extra_roots, now)
    readable = settings
    if any(one.code in ("trust.unreadable", "trust.no_roots") for one in trust):
        readable = settings.model_copy(update={"tlscheck_extra_roots": None})

    async def known(findings: tuple[Finding, ...]) -> Sight:
        return Sight(findings)

    return await make_round(
        (
            Look("slack", partial(look_at_slack, settings)),
            Look("redis", partial(look_at_redis, settings)),
            Look("workers", partial(look_at_workers, settings, now.date())),
            Look("access", partial(look_outside, readable, target, ca_url)),
            Look("trust", partial(known, trust)),
            Look("machine", partial(known, look_at_machine())),
        )
    )
