"""A stand-in for Slack on loopback: the Web API, signed requests, Socket Mode, response URLs.

The real SDK works against it through `SLACK_API_URL`; the demo and the tests use the same.
"""

from bot.demo.slack.manifest import App, declared
from bot.demo.slack.server import CLIENT_ID, CLIENT_SECRET, open_slack
from bot.demo.slack.stand_in import StandIn
from bot.demo.slack.values import (
    Channel,
    Delivery,
    Execution,
    File,
    Lever,
    Message,
    Refusal,
    Try,
    User,
    View,
    Warned,
)
from bot.demo.slack.workspace import AIKO, BEN, BOT, DEFAULT_CHANNELS, DEFAULT_USERS

__all__ = [
    "AIKO",
    "BEN",
    "BOT",
    "CLIENT_ID",
    "CLIENT_SECRET",
    "DEFAULT_CHANNELS",
    "DEFAULT_USERS",
    "App",
    "Channel",
    "Delivery",
    "Execution",
    "File",
    "Lever",
    "Message",
    "Refusal",
    "StandIn",
    "Try",
    "User",
    "View",
    "Warned",
    "declared",
    "open_slack",
]
