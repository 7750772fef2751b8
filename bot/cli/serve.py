"""`tlscheck serve`: the Slack bot."""

import asyncio
from functools import partial

from bot.cli.options import read_settings
from bot.cli.status import WrongUsageError
from bot.settings import Settings, SettingsError


def serve() -> int:
    """Run the Slack bot.

    Socket Mode when SLACK_APP_TOKEN is set, else HTTP on PORT.
    """
    settings, _, _ = read_settings(None)
    # Only this command loads Slack's SDK.
    from bot.log import configure_logging
    from bot.texts import phrase_report
    from bot.vantage import CHANNEL_PATIENCE, open_local_vantage
    from handlers import serve as door

    configure_logging(settings.tlscheck_log, secrets=_secrets(settings))
    try:
        asyncio.run(
            door.serve(
                settings,
                open_vantage=partial(open_local_vantage, patience=CHANNEL_PATIENCE),
                phrase=phrase_report,
            )
        )
    except SettingsError as error:
        raise WrongUsageError(str(error)) from error
    return 0


def _secrets(settings: Settings) -> list[str]:
    """What no log line may show."""
    values = (
        settings.slack_bot_token,
        settings.slack_signing_secret,
        settings.slack_app_token,
        settings.slack_client_secret,
        settings.tlscheck_encryption_key,
        settings.redis_url,
    )
    return [value.get_secret_value() for value in values if value is not None]
