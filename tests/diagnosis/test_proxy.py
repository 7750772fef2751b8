"""Which connections go through a proxy: reading the settings, and the rule."""

from ipaddress import ip_address

import pytest

from bot.diagnosis.proxy import (
    NO_PROXIES,
    Bypass,
    Proxies,
    ProxyAddressError,
    parse_bypass,
    parse_proxy,
)

PROXY = parse_proxy("http://proxy.example:3128")


@pytest.mark.parametrize(
    ("text", "name", "authorization"),
    [
        ("http://proxy.example:3128", "proxy.example:3128", None),
        ("proxy.example:8080", "proxy.example:8080", None),
        ("HTTP://Proxy.Example/", "proxy.example:80", None),
        ("http://[2001:db8::1]:3128", "[2001:db8::1]:3128", None),
        ("https://proxy.example", "https://proxy.example:443", None),
        ("http://u:p@proxy.example:1", "proxy.example:1", "Basic dTpw"),
        ("http://u%40x:p%3A@proxy.example:1", "proxy.example:1", "Basic dUB4OnA6"),
    ],
)
def test_addresses_of_proxies_are_read(text: str, name: str, authorization: str | None) -> None:
    """What curl takes is taken here, credentials with escapes included."""
    proxy = parse_proxy(text)
    assert (proxy.name, proxy.authorization) == (name, authorization)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "http://",
        "http://:3128",
        "http://u:secret@",
        "http://u:secret@h:99999",
        "http://u:secret@a b:1",
    ],
)
def test_what_is_no_address_is_refused_without_its_password(text: str) -> None:
    """The sentence says what is wanted and shows nothing of what was given."""
    with pytest.raises(ProxyAddressError, match="must be the address of a proxy") as raised:
        parse_proxy(text)
    assert "secret" not in str(raised.value)


def test_other_kinds_of_proxies_are_refused() -> None:
    """SOCKS is not spoken here, and that is said."""
    with pytest.raises(ProxyAddressError, match="this one begins with socks5://"):
        parse_proxy("socks5://u:secret@proxy.example:1080")


def test_credentials_do_not_show() -> None:
    """Neither repr nor name nor url hold them."""
    proxy = parse_proxy("http://user:secret@proxy.example:3128")
    shown = f"{proxy!r} {proxy.name} {proxy.url}"
    assert "secret" not in shown
    assert "dXNlcjpzZWNyZXQ" not in shown


@pytest.mark.parametrize(
    ("no_proxy", "host", "covered"),
    [
        ("", "shop.example", False),
        ("*", "shop.example", True),
        ("shop.example", "shop.example", True),
        ("shop.example", "www.shop.example", True),
        ("shop.example", "webshop.example", False),
        (".shop.example", "www.shop.example", True),
        ("*.shop.example", "www.shop.example", True),
        ("SHOP.example.", "shop.EXAMPLE.", True),
        ("other.example, shop.example", "shop.example", True),
        ("other.example shop.example", "shop.example", True),
        ("shop.example:443", "shop.example", True),
        ("shop.example:8443", "shop.example", False),
        ("192.0.2.7", "192.0.2.7", True),
        ("192.0.2.0/24", "192.0.2.7", True),
        ("192.0.2.0/24", "198.51.100.7", False),
        ("2001:db8::/32", "2001:db8::7", True),
        ("[2001:db8::7]", "2001:db8::7", True),
        ("192.0.2.7:443", "192.0.2.7", True),
        ("", "localhost", True),
        ("", "db.localhost", True),
        ("", "127.0.0.1", True),
        ("", "::1", True),
    ],
)
def test_no_proxy_has_its_usual_forms(no_proxy: str, host: str, covered: bool) -> None:
    """Hosts, suffixes, ports, addresses, networks and the star; this machine always."""
    assert parse_bypass(no_proxy).covers(host, 443) is covered


def test_networks_are_compared_with_the_resolved_address() -> None:
    """A name that leads into a network of NO_PROXY is reached without the proxy."""
    bypass = parse_bypass("10.0.0.0/8")
    assert bypass.covers("intra.example", 443, ip_address("10.1.2.3"))
    assert not bypass.covers("intra.example", 443, ip_address("203.0.113.9"))


def test_each_kind_of_connection_has_its_proxy() -> None:
    """TLS goes by HTTPS_PROXY, plain downloads by HTTP_PROXY; without a setting straight."""
    plain = parse_proxy("http://plain.example:3128")
    proxies = Proxies(PROXY, plain, Bypass(names=(("inside.example", None),)))
    assert proxies.for_tls("shop.example", 443) is PROXY
    assert proxies.for_tls("inside.example", 443) is None
    assert proxies.for_url("http", "ca.example", 80) is plain
    assert proxies.for_url("https", "ca.example", 443) is PROXY
    assert NO_PROXIES.for_tls("shop.example", 443) is None
    assert NO_PROXIES.for_url("http", "ca.example", 80) is None


@pytest.mark.parametrize(
    ("host", "may"),
    [
        ("shop.example", True),
        ("localhost", False),
        ("metadata.google.internal", False),
        ("printer.local", False),
        ("router.lan", False),
        ("nas.home.arpa", False),
        ("intranet", False),
        ("127.0.0.1", False),
        ("0x7f.1", False),
    ],
)
def test_only_public_names_may_be_left_to_the_proxy(host: str, may: bool) -> None:
    """What names the inside of a network never goes to a proxy unseen."""
    assert Proxies(PROXY, resolves=True).may_resolve(host) is may
    assert not Proxies(PROXY).may_resolve(host)
