"""The methods of Slack's Web API that the stand-in has, by name."""

from bot.demo.slack.methods import (
    chat,
    conversations,
    files,
    functions,
    groups,
    oauth,
    views,
    workspace,
)
from bot.demo.slack.methods.call import ApiError, Call, Desk, Method

METHODS: dict[str, Method] = {
    method.name: method
    for module in (
        chat,
        conversations,
        files,
        functions,
        groups,
        oauth,
        views,
        workspace,
    )
    for method in module.METHODS
}

__all__ = ["METHODS", "ApiError", "Call", "Desk", "Method"]
