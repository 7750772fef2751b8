"""What an entry of the table of software is made of. Values only.

An entry says for each kind of change that the software can make how it is made there. Which cause
asks for which change is the plans' matter, so that software and causes do not multiply.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal


class Change(StrEnum):
    """What is to be changed, in any software. The values are part of a step's code."""

    INSTALL = "install"
    RENEW = "renew"
    CHOOSE = "choose"
    PROTOCOLS = "protocols"
    CIPHERS = "ciphers"
    STAPLING = "stapling"
    TLS_ON = "tls_on"
    STARTTLS = "starttls"
    LOG = "log"
    START = "start"

    TRUST = "trust"
    LEND = "lend"
    ROOTS = "roots"
    CLOCK = "clock"
    PRESENT = "present"


Side = Literal["server", "client"]
Service = Literal["web", "smtp", "imap", "postgres", "mysql", "other"]
# Where it is seen; a sign further to the front is surer. Headers that only whoever ends TLS adds
# come before `Server`, which is handed through from behind; an application's own come last.
Sign = Literal[
    "header", "alias", "address", "issuer", "banner", "server", "application", "protocol"
]


@dataclass(frozen=True, slots=True)
class Recipe:
    """How one change is made: what is pasted where, and what makes it take effect.

    Attributes:
        change: The kind of change.
        lines: Commands, or lines of a configuration file. `{names}` are filled in by `case`.
        then: Shell commands that come after lines of configuration.
        comment: How the language of `lines` writes a comment; None when they are shell commands.
        expect: The line to look for, when this recipe's own output proves something.
    """

    change: Change
    lines: str
    then: str | None = None
    comment: str | None = None
    expect: str | None = None

    def command(self, words: Mapping[str, str]) -> str:
        """The text to copy, with the names of this case."""
        lines = self.lines.format_map(words)
        if self.then is None:
            return lines
        then = self.then.format_map(words)
        if self.comment is None:
            return f"{lines}\n{then}"
        return f"{lines}\n{self.comment.format('then: ' + then)}"


HASH = "# {}"


@dataclass(frozen=True, slots=True)
class Telling:
    """A sign that gives the software away: where it is seen, and how it reads."""

    sign: Sign
    pattern: re.Pattern[str]


@dataclass(frozen=True, slots=True)
class Software:
    """One server software or client platform.

    Attributes:
        code: Part of the contract (`--software`); its name is `software.CODE.name`.
        side: Whether it serves or connects.
        services: What it serves; a client platform connects to all of them.
        recipes: One for each kind of change that can be made here.
        signs: What gives it away.
        networks: The published addresses that are its alone (CIDR).
        prove: On a client platform: what shows there that the connection works.
        expect: The line to look for in the output of `prove`.
    """

    code: str
    side: Side
    services: frozenset[Service]
    recipes: tuple[Recipe, ...]
    signs: tuple[Telling, ...] = ()
    networks: tuple[str, ...] = ()
    prove: str | None = None
    expect: str | None = None

    def recipe(self, change: Change) -> Recipe | None:
        """How this change is made here; None when it cannot be."""
        return next((one for one in self.recipes if one.change is change), None)


def telling(sign: Sign, pattern: str) -> Telling:
    """A sign whose pattern is searched for without regard to case."""
    return Telling(sign, re.compile(pattern, re.IGNORECASE))


WEB: frozenset[Service] = frozenset({"web", "other"})
ANY: frozenset[Service] = frozenset({"web", "smtp", "imap", "postgres", "mysql", "other"})
