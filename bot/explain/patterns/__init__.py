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
    windows,
)

_MODULES: Final[tuple[ModuleType, ...]] = (
    openssl,
    alerts,
    curl,
    gnutls,
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
