"""All that was seen at one address, put together for the rules. Values only, no I/O."""

from dataclasses import dataclass
from datetime import datetime

from bot.diagnosis.beside import Beside
from bot.diagnosis.certificate import Certificate
from bot.diagnosis.clock import Skew
from bot.diagnosis.complete import Completion
from bot.diagnosis.handshake import Handshake
from bot.diagnosis.hello import HelloAnswer
from bot.diagnosis.path import Path
from bot.diagnosis.report import Target
from bot.diagnosis.status import Revocation
from bot.diagnosis.trust import OpenSSLVerdict, TrustStore


@dataclass(frozen=True, slots=True)
class View:
    """The evidence of one address.

    `handshake` is None for a chain that was read from a file; `sent` has the leaf first, as far as
    the certificates could be read; `as_sent` is the best path from these alone, `completion` what
    fetching added; `hello`, `modern` and `asked` are further connections that were made because
    the first one left a question open: with the suites of browsers, over HTTP/1.1,
    without a server name and with one that nobody has, without ALPN. `unanswered` is the widest
    handshake when only a small one was answered (`only_size`: see `contact.Contact`). `beside` are
    the answers to the connections beside the first one; `other` is the evidence of the second
    certificate, an RSA one, where the server has two, and `by_client_order` whether clients that
    name RSA first are given it (None: not asked). `head` is the connection that asked a web server
    with a fault for the head of its page, which says what software it is. `aliases`: see
    `resolve.Place`.
    """

    target: Target
    at: datetime
    trust: TrustStore
    handshake: Handshake | None = None
    hello: HelloAnswer | None = None
    modern: Handshake | None = None
    asked: Handshake | None = None
    unnamed: Handshake | None = None
    misnamed: Handshake | None = None
    dh_bits: int | None = None
    without_alpn: Handshake | None = None
    head: Handshake | None = None
    unanswered: Handshake | None = None
    only_size: bool | None = None
    sent: tuple[Certificate, ...] = ()
    unreadable: tuple[str, ...] = ()
    verdict: OpenSSLVerdict | None = None
    as_sent: Path | None = None
    completion: Completion | None = None
    revocation: Revocation | None = None
    skew: Skew | None = None
    skew_matters: bool = False
    beside: Beside | None = None
    other: "View | None" = None
    by_client_order: bool | None = None
    aliases: tuple[str, ...] = ()

    @property
    def leaf(self) -> Certificate | None:
        """The server's own certificate."""
        return self.sent[0] if self.sent else None

    @property
    def via(self) -> str | None:
        """The proxy that led to the server, `host:port`."""
        proxy = self.handshake.route.proxy if self.handshake is not None else None
        return proxy.name if proxy is not None else None

    @property
    def path(self) -> Path | None:
        """The best path known, fetched certificates included."""
        if self.completion is not None and self.completion.path is not None:
            return self.completion.path
        return self.as_sent
