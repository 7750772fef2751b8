"""Which clients exist, in the order in which they are listed: the most met first."""

from bot.diagnosis.clients import browsers, libraries, openssl
from bot.diagnosis.clients.client import Area, Client, Symptom

__all__ = ["CLIENTS", "Area", "Client", "Symptom"]

_ORDER = (
    "curl",
    "openssl",
    "gnutls",
    "python",
    "python-strict",
    "node",
    "java",
    "java-aia",
    "go",
    "ruby",
    "php",
    "dotnet",
    "rustls",
    "chrome",
    "firefox",
    "safari",
    "windows",
    "android",
    "android-7",
    "openssl-1.0.2",
)
_ENTRIES = {**openssl.ENTRIES, **libraries.ENTRIES, **browsers.ENTRIES}

CLIENTS: tuple[Client, ...] = tuple(_ENTRIES[code] for code in _ORDER)
"""The contract's list ("Clients predicted")."""
