"""The page's own addresses."""

from aiohttp import web

from bot.demo.slack.stand_in import StandIn


def page_routes(_stand_in: StandIn) -> list[web.RouteDef]:
    """Every address of the page."""
    return []
