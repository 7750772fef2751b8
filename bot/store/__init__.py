"""The store: everything that goes to Redis, and nothing that knows Slack or TLS."""

from bot.store.connection import StoreAddressError, StoreAwayError, StoreRefusedError
from bot.store.embedded import EmbeddedServerError, open_embedded_server
from bot.store.results import Record
from bot.store.store import Store, open_store

__all__ = [
    "EmbeddedServerError",
    "Record",
    "Store",
    "StoreAddressError",
    "StoreAwayError",
    "StoreRefusedError",
    "open_embedded_server",
    "open_store",
]
