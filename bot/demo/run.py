"""The whole thing on one machine: the lab, an embedded Redis-compatible server, the stand-in for
Slack with its page, and the real bot between them, over HTTP and Socket Mode at once.

The tests drive the same `open_demo`. Everything ends with the block.
"""

import asyncio
import logging
import secrets
import signal
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime

from bot.demo.alerts import post_alerts
from bot.demo.lab import SCENARIOS, Lab, open_lab
from bot.demo.lab.authority import DOMAIN
from bot.demo.lab.scenarios.elsewhere import ELSEWHERE
from bot.demo.slack import Lever, StandIn, Try, declared, open_slack
from bot.demo.slack.manifest import MANIFEST
from bot.demo.vantages import ODD, lab_vantage, open_vantages
from bot.log import configure_logging
from bot.settings import SettingsError, load_settings
from bot.store import open_embedded_server
from bot.texts import Lang, catalogue, phrase_report
from handlers.serve import Serving, serve

# Pasted errors; then what people type that is no host, or one that must not be checked.
_SLIPS = (
    (
        (
            "/tlscheck explain $ curl https://missing-intermediate.lab.test/ curl: (60) SSL certificate "
            "problem: unable to get local issuer certificate"
        ),
        "explain",
    ),
    ("/tlscheck explain", "explain_window"),
    ("/tlscheck help", "help"),
    ("/tlscheck", "nothing"),
    ("/tlscheck ｈｅａｌｔｈｙ．ｌａｂ．ｔｅｓｔ", "full_width"),
    ("/tlscheck <https://healthy.lab.test/login|healthy.lab.test>", "slack_link"),
    ("/tlscheck missing-intermediate.lab.test --lang ja", "japanese"),
    ("/tlscheck 169.254.169.254", "metadata"),
    ("/tlscheck localhost", "localhost"),
    ("/tlscheck healthy.lab.test:99999", "port"),
    ("/tlscheck ;rm -rf /", "nonsense"),
)
# What the other places are good for.
_PLACES = (
    ("/tlscheck compare missing-intermediate.lab.test", "compare_same"),
    ("/tlscheck pay.lab.test --vantage prod-tokyo", "vantage"),
    ("/tlscheck vantages", "vantages"),
)
# The story of the project first; then the rest in the lab's own order.
_STORY = (
    "missing-intermediate",
    "incident",
    "expired",
    "expired-and-incomplete",
    "wrong-intermediate",
)


Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """The present moment."""
    return datetime.now(UTC)


LOCALES = ("en-US", "ja-JP")
ZONES = ("Asia/Tokyo", "Europe/Berlin", "America/New_York", "UTC")


@dataclass(frozen=True, slots=True)
class Demo:
    """The running demo: the page is at `slack.url`, the bot's own port is `bot_port`.

    `vantages` are the other places that can be asked.
    """

    slack: StandIn
    lab: Lab
    bot_port: int
    vantages: tuple[str, ...]


@asynccontextmanager
async def open_demo(
    *, port: int = 0, lang: Lang | None = None, clock: Clock = utc_now
) -> AsyncIterator[Demo]:
    """Start everything; the bot takes work when the block begins.

    Args:
        port: The page's port; 0 takes a free one.
        lang: The language of all answers; None: each person's own, as set in the stand-in.
        clock: The time of the bot and of the stand-in.

    Raises:
        SettingsError: The bot could not be started; the text says why.
        OSError: The port cannot be used.
    """
    signing_secret, key, bot_token, app_token = (
        secrets.token_hex(16),
        secrets.token_hex(16),
        f"xoxb-{secrets.token_hex(12)}",
        f"xapp-{secrets.token_hex(12)}",
    )
    async with (
        open_lab(scenarios=(*SCENARIOS, *ELSEWHERE)) as lab,
        open_embedded_server() as redis_url,
        open_slack(
            signing_secret=signing_secret,
            bot_token=bot_token,
            app_token=app_token,
            tries=tries(lang or "en"),
            app=declared() if MANIFEST.exists() else None,
            levers=[
                Lever(host, one.states, lambda one=one: one.now, one.turn)  # type: ignore[misc]  # mypy cannot infer a lambda with a default
                for host, one in lab.switches.items()
            ],
            # With one language for everybody there is nothing to choose.
            locales=LOCALES if lang is None else (),
            zones=ZONES,
            lang=lang,
            strict=False,
            clock=clock,
            port=port,
        ) as slack,
        # Before the bot: it looks at its start who is there, and then every two seconds.
        open_vantages(lab, redis_url, key, clock=clock) as vantages,
    ):
        settings = load_settings(
            _env_file=None,
            slack_bot_token=bot_token,
            slack_signing_secret=signing_secret,
            slack_app_token=app_token,
            slack_api_url=slack.api_url,
            port=0,
            redis_url=redis_url,
            tlscheck_worker_key=key,
            tlscheck_allow_networks=" ".join(lab.networks),
            tlscheck_lang=lang,
            # Whoever tries everything at once is not told to wait.
            tlscheck_rate_person=0,
            tlscheck_rate_channel=0,
            # Real hosts go through the machine's proxy, the lab's do not.
            no_proxy=f"{load_settings(_env_file=None).no_proxy},{DOMAIN}",
        )
        stop = asyncio.Event()
        started: asyncio.Future[Serving] = asyncio.get_running_loop().create_future()
        bot = asyncio.ensure_future(
            serve(
                settings,
                open_vantage=lab_vantage(lab),
                phrase=phrase_report,
                stop=stop,
                started=started.set_result,
                host="127.0.0.1",
                clock=clock,
            )
        )
        try:
            await asyncio.wait((bot, started), return_when=asyncio.FIRST_COMPLETED)
            if bot.done():
                bot.result()
                msg = "the bot ended before it had started"
                raise SettingsError(msg)
            serving = started.result()
            post_alerts(slack)
            slack.events_url = f"http://127.0.0.1:{serving.port}/slack/events"
            yield Demo(slack, lab, serving.port, vantages)
        finally:
            stop.set()
            await bot


def run(*, port: int = 0, lang: Lang | None = None, hosts: Sequence[str] = ()) -> int:
    """Run the demo until Ctrl-C or SIGTERM; returns the exit status.

    Args:
        port: The page's port; 0 takes a free one.
        lang: The language of all answers; None: each person's own.
        hosts: Real hosts that the list of things to try begins with.

    Raises:
        SettingsError: The bot could not be started; the text says why.
    """
    configure_logging("console", level=logging.ERROR)
    asyncio.run(_run(port, lang, hosts))
    return 0


async def _run(port: int, lang: Lang | None, hosts: Sequence[str]) -> None:
    texts = catalogue(lang or "en")
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    try:
        async with open_demo(port=port, lang=lang) as demo:
            for one in (signal.SIGINT, signal.SIGTERM):
                with suppress(NotImplementedError):
                    loop.add_signal_handler(one, stop.set)
            print(texts.text("demo.ready", n=len(SCENARIOS), url=demo.slack.url), flush=True)
            for host in hosts:
                print(f"  /tlscheck {host}", flush=True)
            await stop.wait()
            print(texts.text("demo.ending"), flush=True)
    except OSError as error:
        msg = f"PORT: cannot listen on {port}: {error.strerror or error}"
        raise SettingsError(msg) from error


def tries(lang: Lang) -> tuple[Try, ...]:
    """What the page offers to try.

    The story; what is seen only from elsewhere, and a list; the lab's other servers; slips of the
    keyboard.
    """
    texts = catalogue(lang)
    by_name = {one.name: one for one in SCENARIOS}
    ordered = [by_name[name] for name in _STORY]
    ordered += [one for one in SCENARIOS if one.name not in _STORY]
    servers = [
        Try(
            f"/tlscheck {one.host}",
            one.title_ja if lang == "ja" else one.title,
            texts.text(f"cause.{one.cause.value if one.cause else 'ok'}.title"),
        )
        for one in ordered
    ]
    slips = [
        Try(command, texts.text(f"demo.try.{key}.title"), texts.text(f"demo.try.{key}.expected"))
        for command, key in _SLIPS
    ]
    elsewhere = [
        Try(
            f"/tlscheck compare {one.host}",
            one.title_ja if lang == "ja" else one.title,
            texts.text("demo.try.compare.expected", place=place),
        )
        for one, place in ODD.items()
    ]
    beside = [
        Try(command, texts.text(f"demo.try.{key}.title"), texts.text(f"demo.try.{key}.expected"))
        for command, key in (*_PLACES, ("/tlscheck sweep", "sweep"))
    ]
    story, rest = servers[: len(_STORY)], servers[len(_STORY) :]
    return (*story, *elsewhere, *beside, *rest, *slips)
