"""What a scenario is: a name, what is wrong there, and what builds its servers."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from bot.demo.lab.authority import DOMAIN, Authority
from bot.demo.lab.loopback import House
from bot.diagnosis.causes import Cause, Verdict


class Server(Protocol):
    """Something that listens."""

    def visits(self, house: House) -> Callable[[], asyncio.Protocol]:
        """What makes a protocol for each accepted connection."""


@dataclass(frozen=True, slots=True)
class Refused:
    """An address whose port is closed."""


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """An address that is not the lab's: the name resolves there, nothing runs."""

    address: str
    port: int = 443


Build = Callable[[Authority, str], "tuple[Server | Refused | Elsewhere, ...]"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One kind of server.

    Attributes:
        name: What it is called; `<name>.lab.test` leads to it.
        cause: The code that a diagnosis must name; None when nothing is wrong.
        verdict: The verdict that a diagnosis must give.
        title: A short English line for the list of things to try.
        title_ja: The same in Japanese.
        story: Why such servers exist in real life.
        build: Gives one server for each address of the name, in order.
        label: Takes the place of `name` in `host`, where the host's form is the point.
        judged: Whether `cause` and `verdict` are binding; if not, a check only has to end clearly.
        proven: Whether a complete chain can be put together and verified (fix.proven); None where
            no other chain is needed.
    """

    name: str
    cause: Cause | None
    verdict: Verdict
    title: str
    title_ja: str
    story: str
    build: Build
    label: str = ""
    judged: bool = True
    proven: bool | None = None

    @property
    def host(self) -> str:
        """The name to check (ASCII)."""
        return f"{self.label or self.name}.{DOMAIN}"

    @property
    def hosts(self) -> tuple[str, ...]:
        """Every name that leads to its servers, `host` first."""
        return tuple(dict.fromkeys((self.host, f"{self.name}.{DOMAIN}")))
