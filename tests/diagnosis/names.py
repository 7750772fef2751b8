"""Names that tests know by heart: host to places, and which of them were asked for."""

from collections.abc import Mapping, Sequence
from ipaddress import ip_address

from bot.diagnosis.resolve import NameNotResolvedError, Place


class Names:
    """A resolver with a table: `{"host": ["127.0.0.1:8080"]}`; the port may be left out."""

    def __init__(self, table: Mapping[str, Sequence[str]]) -> None:
        self.asked: list[str] = []
        self._table = {host: tuple(_place(one) for one in all_) for host, all_ in table.items()}

    async def resolve(self, host: str, within: float) -> tuple[Place, ...]:
        """See `bot.diagnosis.resolve.Resolver`."""
        self.asked.append(host)
        found = self._table.get(host)
        if not found:
            raise NameNotResolvedError(host, "nxdomain", "Domain name not found")
        return found


def _place(text: str) -> Place:
    address, _, port = text.partition(":")
    return Place(ip_address(address), int(port) if port else None)
