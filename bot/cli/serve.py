"""`tlscheck serve` and `tlscheck demo`: the bot, and the bot with a world to play in."""

import asyncio

from bot.cli.options import read_settings


def serve() -> int:
    """Run the Slack bot: Socket Mode when SLACK_APP_TOKEN is set, else HTTP."""
    settings, _, _ = read_settings(None)
    from handlers import serve as door  # noqa: PLC0415 - only this command loads Slack's SDK

    asyncio.run(door.serve(settings))
    return 0
