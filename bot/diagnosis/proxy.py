"""Which connections go through an HTTP proxy: the settings' values, and the rule. Pure.

The names are those of curl and most programs (`HTTPS_PROXY`, `HTTP_PROXY`, `NO_PROXY`). Who sets
them decides about the proxy itself, so its own address is no matter of the egress policy; where it
is asked to connect to is.
"""

import re
import ssl
from base64 import b64encode
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network
from typing import Literal
from urllib.parse import unquote, urlsplit

import certifi

from bot.diagnosis.egress import Address, Network

# The ports that curl and others take when a proxy's address names none are 1080 and 80; Squid's
# 3128 is guessed by nobody. Here it is the scheme's.
_PORTS = {"http": 80, "https": 443}

# Names that no public server has: this machine's own, and what networks call their inside
# (RFC 6761, RFC 6762, RFC 8375, ICANN's reservation of .internal, RFC 6762 appendix G).
_INSIDE = (
    "localhost",
    "local",
    "internal",
    "intranet",
    "private",
    "corp",
    "home",
    "lan",
    "home.arpa",
    "localdomain",
)


_HOST = re.compile(r"[A-Za-z0-9._:-]{1,255}")


class ProxyAddressError(ValueError):
    """A proxy's address cannot be used; the text says why and shows no password."""


@dataclass(frozen=True, slots=True)
class Proxy:
    """An HTTP proxy. `authorization` is secret: it is sent to the proxy and shown nowhere."""

    scheme: Literal["http", "https"]
    host: str
    port: int
    authorization: str | None = field(default=None, repr=False)
    tls: ssl.SSLContext | None = field(default=None, repr=False, compare=False)

    @property
    def name(self) -> str:
        """`host:port`, as evidence and commands show it; with https:// for one reached over TLS."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'https://' if self.scheme == 'https' else ''}{host}:{self.port}"

    @property
    def url(self) -> str:
        """Its address without credentials."""
        return self.name if "://" in self.name else f"http://{self.name}"


@dataclass(frozen=True, slots=True)
class Route:
    """How a connection gets to its address: straight, or through a proxy.

    `name` goes to the proxy in place of the address, where only the proxy can resolve it.
    """

    proxy: Proxy | None = None
    name: str | None = None


DIRECT = Route()


@dataclass(frozen=True, slots=True)
class Bypass:
    """`NO_PROXY`: the places that are reached without the proxy.

    `names` are lower-case host names (with a port or without) that also stand for all names below
    them.
    """

    everything: bool = False
    names: tuple[tuple[str, int | None], ...] = ()
    networks: tuple[Network, ...] = ()

    def covers(self, host: str, port: int, address: Address | None = None) -> bool:
        """Whether this place is reached without the proxy.

        Args:
            host: The name or the literal address that was asked for.
            port: Its port.
            address: What the name resolved to. Programs that leave resolving to the proxy cannot
                look at it; here the proxy is given an address, so networks are compared with it.
        """
        if self.everything:
            return True
        literal = _literal(host)
        host = host.lower().rstrip(".")
        if literal is None and (host == "localhost" or host.endswith(".localhost")):
            return True
        if literal is not None and literal.is_loopback:
            return True
        for one in (literal, address):
            if one is not None and any(
                one.version == net.version and one in net for net in self.networks
            ):
                return True
        return any(
            (wanted is None or wanted == port) and (host == name or host.endswith(f".{name}"))
            for name, wanted in self.names
        )


@dataclass(frozen=True, slots=True)
class Proxies:
    """The proxies of this machine.

    `https` is for TLS connections of every kind, `http` for plain downloads. `resolves`: names
    that this machine cannot resolve are given to the proxy.
    """

    https: Proxy | None = None
    http: Proxy | None = None
    bypass: Bypass = Bypass()
    resolves: bool = False

    def for_tls(self, host: str, port: int, address: Address | None = None) -> Proxy | None:
        """The proxy that leads to this place; None where the way is straight."""
        if self.https is None or self.bypass.covers(host, port, address):
            return None
        return self.https

    def for_url(self, scheme: str, host: str, port: int) -> Proxy | None:
        """The proxy through which this is downloaded."""
        proxy = self.https if scheme == "https" else self.http
        return None if proxy is None or self.bypass.covers(host, port) else proxy

    def may_resolve(self, host: str) -> bool:
        """Whether this name may be given to the proxy as it is, its address unseen.

        Only names of the public kind: what the proxy's own network calls its inside would lead
        there, and the egress policy could not say no.
        """
        if not self.resolves or _literal(host) is not None:
            return False
        host = host.lower().rstrip(".")
        last = host.rpartition(".")[2]
        return (
            "." in host
            and not last[:1].isdigit()
            and not any(host == one or host.endswith(f".{one}") for one in _INSIDE)
        )


NO_PROXIES = Proxies()


def parse_proxy(text: str, *, more_roots_pem: str | None = None) -> Proxy:
    """Read a proxy's address, such as `http://user:password@proxy.example:3128`.

    Args:
        text: The setting; without a scheme it is plain HTTP, as for curl.
        more_roots_pem: Trusted beside certifi's for a proxy that is itself reached over TLS.

    Raises:
        ProxyAddressError: It is none that can be used.
    """
    text = text.strip()
    if "://" not in text:
        text = f"http://{text}"
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port, parts = None, None, urlsplit("")
    scheme = parts.scheme.lower()
    if scheme and scheme not in _PORTS:
        msg = f"only proxies over http:// and https:// can be used, this one begins with {scheme[:20]}://"
        raise ProxyAddressError(msg)
    if not host or not _HOST.fullmatch(host) or port == 0:
        msg = "must be the address of a proxy, such as http://proxy.example:3128"
        raise ProxyAddressError(msg)
    authorization = None
    if parts.username is not None:
        pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        authorization = "Basic " + b64encode(pair.encode()).decode("ascii")
    if scheme == "https":
        return Proxy("https", host, port or 443, authorization, _tls(more_roots_pem))
    return Proxy("http", host, port or 80, authorization)


def parse_bypass(text: str) -> Bypass:
    """Read `NO_PROXY`: hosts, `.suffixes`, addresses, CIDRs and `*`, split by commas or spaces."""
    names: list[tuple[str, int | None]] = []
    networks: list[Network] = []
    everything = False
    for entry in text.replace(",", " ").split():
        if entry == "*":
            everything = True
            continue
        try:
            networks.append(ip_network(entry.strip("[]"), strict=False))
            continue
        except ValueError:
            pass
        name, colon, port = entry.rpartition(":")
        named = (name, int(port)) if colon and port.isdecimal() else (entry, None)
        bare = named[0].lower().removeprefix("*").strip(".")
        literal = _literal(bare.strip("[]"))
        if literal is not None:
            names.append((bare.strip("[]"), named[1]))
        elif bare:
            names.append((bare, named[1]))
    return Bypass(everything, tuple(names), tuple(networks))


def _literal(host: str) -> Address | None:
    try:
        return ip_address(host)
    except ValueError:
        return None


def _tls(more_roots_pem: str | None) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=certifi.where())
    if more_roots_pem:
        context.load_verify_locations(cadata=more_roots_pem)
    return context
