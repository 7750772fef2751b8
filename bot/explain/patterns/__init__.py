"""Every statement and sign that is known, grouped by who prints it.

To add one: an entry in the module of its client or library, and its line in the tests.
"""

from types import ModuleType
from typing import Final

from bot.explain.pattern import Sign, Statement
from bot.explain.patterns import (
    acme,
    alerts,
    apple,
    browsers,
    curl,
    embedded,
    general,
    gnutls,
    golang,
    java,
    network,
    node,
    openssl,
    rust,
    scripting,
    servers,
    services,
    verify,
    windows,
    winerror,
)

_MODULES: Final[tuple[ModuleType, ...]] = (
    verify,
    openssl,
    alerts,
    curl,
    gnutls,
    winerror,
    windows,
    apple,
    browsers,
    java,
    golang,
    node,
    scripting,
    rust,
    servers,
    services,
    embedded,
    network,
    acme,
    general,
)

STATEMENTS: Final[tuple[Statement, ...]] = tuple(
    one for module in _MODULES for one in module.PATTERNS
)
SIGNS: Final[tuple[Sign, ...]] = tuple(
    one for module in _MODULES for one in getattr(module, "SIGNS", ())
)
