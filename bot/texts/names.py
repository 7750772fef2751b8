"""What clients are called in a list, and whom a short list names."""

from collections.abc import Sequence

from bot.diagnosis.report import ClientPrediction
from bot.texts.catalogue import Catalogue

_BEST_KNOWN = (
    "curl",
    "chrome",
    "python",
    "safari",
    "node",
    "windows",
    "java",
    "firefox",
    "go",
    "android",
    "gnutls",
    "dotnet",
    "php",
    "ruby",
)


def short_name(client: ClientPrediction, texts: Catalogue) -> str:
    """What people call it; a client that this version does not know has its own label."""
    key = f"client.short.{client.client}"
    return texts.text(key) if texts.has(key) else client.label


def short_list(
    clients: Sequence[ClientPrediction], texts: Catalogue, most: int
) -> tuple[list[str], int]:
    """The names of the best known first, and how many more there are."""
    places = {code: place for place, code in enumerate(_BEST_KNOWN)}
    told = sorted(clients, key=lambda one: places.get(one.client, len(places)))
    # One more name is no longer than saying that there is one more.
    shown = told if len(told) <= most + 1 else told[:most]
    return [short_name(one, texts) for one in shown], len(told) - len(shown)
