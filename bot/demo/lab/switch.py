"""A server that somebody can mend, renew or break while the lab runs."""

import asyncio
from collections.abc import Callable, Mapping

from bot.demo.lab.loopback import House
from bot.demo.lab.tls import TlsServer, TlsVisit


class Switch:
    """One address with several servers behind it, of which one answers: `now`.

    Who is connected already goes on with what it was greeted by.
    """

    def __init__(self, states: Mapping[str, TlsServer]) -> None:
        self.states = tuple(states)
        self.now = self.states[0]
        self._servers = dict(states)

    def turn(self, to: str) -> None:
        """Let another server answer from now on.

        Raises:
            LookupError: There is no such state.
        """
        if to not in self._servers:
            msg = f"no such state: {to}"
            raise LookupError(msg)
        self.now = to

    def visits(self, house: House) -> Callable[[], asyncio.Protocol]:
        """What makes a protocol for each accepted connection."""
        contexts = {name: server.context() for name, server in self._servers.items()}
        return lambda: TlsVisit(house, contexts[self.now], self._servers[self.now])
