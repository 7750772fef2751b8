"""`tlscheck serve`: the Slack bot."""

import asyncio
from functools import partial

from bot.cli.options import read_settings
from bot.cli.status import WrongUsageError
from bot.settings import SettingsError, secrets_of


def serve() -> int:
    """Run the Slack bot.

    Socket Mode when SLACK_APP_TOKEN is set, else HTTP on PORT.
    """
    settings, _, texts = read_settings(None)
    # Only this command loads Slack's SDK.
    from bot.log import configure_logging
    from bot.texts import phrase_report
    from bot.vantage import CHANNEL_PATIENCE, open_local_vantage
    from handlers import serve as door

    configure_logging(settings.tlscheck_log, secrets=secrets_of(settings))
    try:
        asyncio.run(
            door.serve(
                settings,
                open_vantage=partial(open_local_vantage, patience=CHANNEL_PATIENCE),
                phrase=phrase_report,
            )
        )
    except SettingsError as error:
        raise WrongUsageError(texts.text("doctor.hint", problem=error)) from error
    return 0
