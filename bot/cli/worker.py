"""`tlscheck worker`: a probe that runs checks for others from where it stands."""

import asyncio
import re
import signal
from contextlib import suppress
from typing import Annotated

import typer

from bot.cli.options import read_settings
from bot.cli.status import WrongUsageError
from bot.settings import DEFAULT_VANTAGE, Settings, SettingsError, secrets_of
from bot.texts.catalogue import Catalogue

_NAME = re.compile(r"[A-Za-z0-9._-]{1,64}", re.ASCII)
_LABEL = re.compile(r"([\w.-]{1,64})=([^\x00-\x1f\x7f]{1,64})")
_MOST_LABELS = 16


def worker(
    *,
    vantage: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="How people call this place, such as prod-tokyo."),
    ] = None,
    label: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=VALUE", help="What to know of this place (repeatable)."),
    ] = None,
    at_once: Annotated[
        int, typer.Option(metavar="NUMBER", min=1, max=1000, help="Checks at a time.")
    ] = 100,
) -> int:
    """Run checks for the bot and for sweeps from this machine.

    Needs REDIS_URL and nothing else; where it may connect is decided by its own settings.
    """
    settings, _, texts = read_settings(None)
    name = vantage or settings.tlscheck_vantage
    if not _NAME.fullmatch(name):
        raise WrongUsageError(texts.text("worker.usage.name", name=name[:80]))
    if name == "any":
        raise WrongUsageError(texts.text("worker.usage.any"))
    if name == DEFAULT_VANTAGE:
        raise WrongUsageError(texts.text("worker.usage.here"))
    if settings.redis_url is None:
        raise WrongUsageError(texts.text("worker.usage.redis"))
    url = settings.redis_url.get_secret_value()
    settings = settings.model_copy(update={"tlscheck_vantage": name})
    labels = _labels(label or [], texts)
    from bot.store import StoreAddressError

    try:
        asyncio.run(_run(settings, url, labels, at_once))
    except SettingsError as error:
        raise WrongUsageError(str(error)) from error
    except StoreAddressError as error:
        raise WrongUsageError(f"REDIS_URL: {error}") from error
    return 0


def _labels(typed: list[str], texts: Catalogue) -> dict[str, str]:
    found = [(text, _LABEL.fullmatch(text)) for text in typed]
    for text, match in found:
        if match is None:
            raise WrongUsageError(texts.text("worker.usage.label", label=text[:80]))
    if len(found) > _MOST_LABELS:
        raise WrongUsageError(texts.text("worker.usage.labels", limit=_MOST_LABELS))
    return {match[1]: match[2] for _, match in found if match}


async def _run(settings: Settings, url: str, labels: dict[str, str], at_once: int) -> None:
    import logging

    import structlog

    from bot.log import configure_logging
    from bot.metrics import Metrics
    from bot.worker.door import open_door
    from bot.worker.worker import open_worker

    configure_logging(settings.tlscheck_log, secrets=secrets_of(settings))
    # It writes a line for each order, and shows what came over the wire.
    logging.getLogger("taskiq").setLevel(logging.ERROR)
    log = structlog.get_logger("tlscheck")
    metrics = Metrics()
    async with (
        open_worker(settings, url, labels=labels, at_once=at_once, metrics=metrics) as running,
        open_door(settings.tlscheck_metrics_port, running, metrics) as port,
    ):
        if port is not None:
            log.info("metrics can be read", port=port)
        stop, at_once_now = asyncio.Event(), asyncio.Event()

        def asked_to_end() -> None:
            if stop.is_set():
                at_once_now.set()
                return
            stop.set()
            log.info("ending: finishing what was begun", checks=running.under_way)

        loop = asyncio.get_running_loop()
        for one in (signal.SIGTERM, signal.SIGINT):
            with suppress(NotImplementedError):  # Windows has no such thing
                loop.add_signal_handler(one, asked_to_end)
        work = asyncio.create_task(running.run(stop))
        hurry = asyncio.create_task(at_once_now.wait())
        await asyncio.wait({work, hurry}, return_when=asyncio.FIRST_COMPLETED)
        hurry.cancel()
        if not work.done():
            log.info("ending at once: other workers take over", checks=running.under_way)
            work.cancel()
        with suppress(asyncio.CancelledError):
            await work
    log.info("worker ended", vantage=settings.tlscheck_vantage)
