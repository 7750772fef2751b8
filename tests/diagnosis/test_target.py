"""Targets as people paste them."""

import ipaddress
import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.diagnosis.causes import STARTTLS_PROTOCOLS
from bot.diagnosis.report import Target
from bot.diagnosis.target import TargetError, parse_target
from bot.texts.catalogue import LANGS, catalogue

PASTED = [
    ("shop.example.jp", "shop.example.jp", 443, None),
    ("  shop.example.jp\n", "shop.example.jp", 443, None),
    ("SHOP.Example.JP", "shop.example.jp", 443, None),
    ("shop.example.jp.", "shop.example.jp", 443, None),
    ("shop.example.jp.:8443", "shop.example.jp", 8443, None),
    ("shop.example.jp:8443", "shop.example.jp", 8443, None),
    ("shop.example.jp: 8443", "shop.example.jp", 8443, None),
    ("shop.example.jp :8443", "shop.example.jp", 8443, None),
    ("shop.example.jp 8443", "shop.example.jp", 8443, None),
    ("shop.example.jp\t8443", "shop.example.jp", 8443, None),
    ("localhost", "localhost", 443, None),
    ("my_host.example.jp", "my_host.example.jp", 443, None),
    ("r3---sn-abc.example.com", "r3---sn-abc.example.com", 443, None),
    ("https://shop.example.jp", "shop.example.jp", 443, None),
    ("HTTPS://shop.example.jp:8443/cart?a=b:c@d#e", "shop.example.jp", 8443, None),
    ("https://user:secret@shop.example.jp/", "shop.example.jp", 443, None),
    ("https://shop.example.jp:/", "shop.example.jp", 443, None),
    ("https:/shop.example.jp", "shop.example.jp", 443, None),
    ("http://shop.example.jp", "shop.example.jp", 443, None),
    ("http://shop.example.jp:8080/x", "shop.example.jp", 8080, None),
    ("//cdn.example.jp/x.js", "cdn.example.jp", 443, None),
    ("shop.example.jp/cart", "shop.example.jp", 443, None),
    ("shop.example.jp:8443/cart", "shop.example.jp", 8443, None),
    ("smtp://mail.example.jp", "mail.example.jp", 25, "smtp"),
    ("smtp://mail.example.jp:587", "mail.example.jp", 587, "smtp"),
    ("smtp://mail.example.jp:465", "mail.example.jp", 465, None),
    ("smtps://mail.example.jp", "mail.example.jp", 465, None),
    ("imaps://mail.example.jp", "mail.example.jp", 993, None),
    ("ldap://dc1.example.jp/dc=example", "dc1.example.jp", 389, "ldap"),
    ("ldaps://dc1.example.jp", "dc1.example.jp", 636, None),
    (
        "postgres://app:p%40ss@db.example.jp/shop?sslmode=verify-full",
        "db.example.jp",
        5432,
        "postgres",
    ),
    ("jdbc:postgresql://db.example.jp:6432/shop", "db.example.jp", 6432, "postgres"),
    ("redis://cache.example.jp", "cache.example.jp", 6379, None),
    ("rediss://:pw@cache.example.jp:6380/0", "cache.example.jp", 6380, None),
    ("unknown://shop.example.jp", "shop.example.jp", 443, None),
    ("<https://shop.example.jp|shop.example.jp>", "shop.example.jp", 443, None),
    ("<http://shop.example.jp|shop.example.jp>", "shop.example.jp", 443, None),
    ("<http://shop.example.jp|shop.example.jp>:8443", "shop.example.jp", 8443, None),
    ("<http://shop.example.jp|shop.example.jp> 8443", "shop.example.jp", 8443, None),
    ("<https://shop.example.jp:8443/a|our shop>", "shop.example.jp", 8443, None),
    ("<https://shop.example.jp/>.", "shop.example.jp", 443, None),
    ("<mailto:ops@shop.example.jp|ops@shop.example.jp>", "shop.example.jp", 443, None),
    ("ops@shop.example.jp", "shop.example.jp", 443, None),
    ("[shop](https://shop.example.jp/a)", "shop.example.jp", 443, None),
    ("127.0.0.1", "127.0.0.1", 443, None),
    ("192.0.2.1:8443", "192.0.2.1", 8443, None),
    ("[::1]:443", "::1", 443, None),
    ("[2001:DB8::1]:8443", "2001:db8::1", 8443, None),
    ("[2001:db8::1]", "2001:db8::1", 443, None),
    ("2001:db8::1", "2001:db8::1", 443, None),
    ("2001:db8::1 8443", "2001:db8::1", 8443, None),
    ("2001:db8::", "2001:db8::", 443, None),
    ("::1", "::1", 443, None),
    ("https://[2001:db8::1]:8443/", "2001:db8::1", 8443, None),
    ("[::ffff:127.0.0.1]", "127.0.0.1", 443, None),
    ("::ffff:7f00:1", "127.0.0.1", 443, None),
    ("日本語.jp", "xn--wgv71a119e.jp", 443, None),
    ("https://日本語.jp:8443/道", "xn--wgv71a119e.jp", 8443, None),
    ("_api.日本語.jp", "_api.xn--wgv71a119e.jp", 443, None),
    ("xn--wgv71a119e.jp", "xn--wgv71a119e.jp", 443, None),
    ("faß.de", "xn--fa-hia.de", 443, None),
    ("BÜCHER.example", "xn--bcher-kva.example", 443, None),
    ("ｓｈｏｐ．ｅｘａｍｐｌｅ．ｊｐ：８４４３", "shop.example.jp", 8443, None),
    ("ｓｈｏｐ。ｅｘａｍｐｌｅ。ｊｐ　８４４３", "shop.example.jp", 8443, None),
    ("shop.example.jp。", "shop.example.jp", 443, None),
    ("「shop.example.jp」", "shop.example.jp", 443, None),
    ("ｈｔｔｐｓ：／／ｓｈｏｐ．ｅｘａｍｐｌｅ．ｊｐ／", "shop.example.jp", 443, None),
    ("ｍｙ－shop.example.jp", "my-shop.example.jp", 443, None),
    ("shop.example.jp,", "shop.example.jp", 443, None),
    ("(shop.example.jp)", "shop.example.jp", 443, None),
    ("shop.example.jp:8443).", "shop.example.jp", 8443, None),
    ("shop.example.jp:", "shop.example.jp", 443, None),
    ('"shop.example.jp"', "shop.example.jp", 443, None),
    ("“shop.example.jp”", "shop.example.jp", 443, None),
    ("`shop.example.jp`", "shop.example.jp", 443, None),
    ("*shop.example.jp*", "shop.example.jp", 443, None),
    ("\u00a0shop.example.jp\u00a0", "shop.example.jp", 443, None),
    ("shop.\u200bexample.jp\ufeff", "shop.example.jp", 443, None),
    ("\u2068shop.example.jp\u2069", "shop.example.jp", 443, None),
    ("curl -v https://shop.example.jp/health", "shop.example.jp", 443, None),
]


@pytest.mark.parametrize(("text", "host", "port", "starttls"), PASTED, ids=[p[0] for p in PASTED])
def test_pasted(text: str, host: str, port: int, starttls: str | None) -> None:
    """What people paste names the server that they mean."""
    target = parse_target(text)
    assert (target.host, target.port, target.starttls) == (host, port, starttls)
    assert target.input == text.strip()


REFUSED = [
    ("", "empty"),
    (" \u3000\u200b\n", "empty"),
    ("a" * 10_000, "too_long"),
    ("<" * 10_000, "too_long"),
    ("http://", "no_host"),
    ("https:///path", "no_host"),
    (":443", "no_host"),
    ("...", "no_host"),
    ("<@U024BE7LH|nao>", "no_host"),
    ("<#C024BE7LR|ops>", "no_host"),
    ("<!channel>", "no_host"),
    ("-h", "option"),
    ("--json", "option"),
    ("—json", "option"),
    ("shop.example.jp --json", "option"),
    (";rm", "bad_host"),
    ("shop.example.jp;rm", "bad_host"),
    ("$(id).example.jp", "bad_host"),
    ("shop..example.jp", "bad_host"),
    ("-a.example.jp/-h", "option"),
    ("a.-b.example.jp", "bad_host"),
    ("*.example.jp", "bad_host"),
    ("🔥", "bad_host"),
    ("🔥.example.jp", "bad_host"),
    ("a" * 64 + ".example.jp", "bad_host"),
    (".".join(["a" * 60] * 5), "bad_host"),
    ("あ" * 300, "bad_host"),
    ("ex℀mple.jp", "bad_host"),
    ("256.1.1.1", "bad_host"),
    ("127.1", "bad_host"),
    ("0x7f.1", "bad_host"),
    ("0x7f000001", "bad_host"),
    ("2130706433", "bad_host"),
    ("0177.0.0.1", "bad_host"),
    ("127.0.0.1.5", "bad_host"),
    ("①②⑦.0.0.1.", "127.0.0.1"),
    ("１２７．１", "bad_host"),
    ("fe80::1%eth0", "bad_host"),
    ("[::1", "bad_host"),
    ("[::1]x", "bad_host"),
    ("[shop.example.jp]:443", "bad_host"),
    ("1:2:3", "bad_host"),
    ("shop.example.jp:0", "bad_port"),
    ("shop.example.jp:99999", "bad_port"),
    ("shop.example.jp 99999", "bad_port"),
    ("shop.example.jp:abc", "bad_port"),
    ("shop.example.jp:-1", "bad_port"),
    ("shop.example.jp:443:443", "bad_port"),
    ("shop.example.jp:" + "9" * 1_000, "bad_port"),
    ("a.example b.example", "several"),
    ("a.example,b.example", "several"),
    ("a.example、b.example", "several"),
    ("https://a.example https://b.example", "several"),
    ("a.example:443 8443", "several"),
    ("a.example\nb.example", "control"),
    ("a.exam\x00ple", "control"),
    ("a.exam\x1b[31mple", "control"),
    ("a.exam\u202eple", "control"),
    ("a.exam\ud800ple", "control"),
]


@pytest.mark.parametrize(("text", "code"), REFUSED, ids=[ascii(r[0])[:40] for r in REFUSED])
def test_refused(text: str, code: str) -> None:
    """What names no single server is refused for one clear reason, with a sentence for it."""
    if code == "127.0.0.1":
        assert parse_target(text).host == code
        return
    with pytest.raises(TargetError, match=f"^{code}$") as caught:
        parse_target(text)
    for lang in LANGS:
        assert catalogue(lang).text(f"error.target.{code}", **caught.value.values)


@pytest.mark.parametrize("protocol", STARTTLS_PROTOCOLS)
def test_starttls_gives_the_port(protocol: str) -> None:
    """A protocol that was asked for says the port, unless one was named."""
    assert parse_target("mail.example.jp", starttls=protocol).port not in {443, None}
    named = parse_target("mail.example.jp:2525", starttls=protocol)
    assert (named.port, named.starttls) == (2525, protocol)


def test_unknown_starttls() -> None:
    """A protocol that nobody knows is the asker's mistake, too."""
    with pytest.raises(TargetError, match=r"^bad_starttls$"):
        parse_target("mail.example.jp", starttls="gopher")


LABELS = st.from_regex(r"[a-z_]([a-z0-9_-]{0,20}[a-z0-9_])?", fullmatch=True)
NAMES = st.lists(LABELS, min_size=1, max_size=4).map(".".join)
ADDRESSES = st.ip_addresses().map(str)


@given(st.one_of(NAMES, st.ip_addresses(v=4).map(str)), st.integers(1, 65_535))
def test_round_trip(host: str, port: int) -> None:
    """A canonical host and port come back as they are."""
    target = parse_target(f"{host}:{port}")
    assert (target.host, target.port) == (host, port)
    assert parse_target(f"{target.host}:{target.port}", starttls=None).host == target.host


@given(st.ip_addresses(v=6), st.integers(1, 65_535))
def test_round_trip_ipv6(address: ipaddress.IPv6Address, port: int) -> None:
    """An IPv6 address comes back in its usual spelling."""
    target = parse_target(f"[{address.exploded.upper()}]:{port}")
    assert ipaddress.ip_address(target.host) == (address.ipv4_mapped or address)
    assert target.port == port


PIECES = st.one_of(
    st.sampled_from('\u200d\u202e\u200b\u00a0\u3000 <>|[]:.。@-_/?,%①ｅß🔥"'),
    st.sampled_from(["https://", "mailto:", "::", "443", "0x7f", "127.1", "xn--", "a.b", "日本"]),
)


@given(st.one_of(st.text(), st.lists(PIECES).map("".join)))
def test_target_or_refusal(text: str) -> None:
    """Whatever is typed gives a Target with a canonical host, or a refusal that has a sentence."""
    try:
        target = parse_target(text)
    except TargetError as error:
        for lang in LANGS:
            catalogue(lang).text(f"error.target.{error.code}", **error.values)
        return
    assert isinstance(target, Target)
    assert target.host.isascii()
    assert target.host == target.host.lower()
    assert len(target.host) <= 253
    last = target.host.rpartition(".")[2]
    if ":" in target.host or re.fullmatch("[0-9]+|0x[0-9a-f]*", last):
        assert str(ipaddress.ip_address(target.host)) == target.host
    again = (
        f"[{target.host}]:{target.port}" if ":" in target.host else f"{target.host}:{target.port}"
    )
    assert parse_target(again).host == target.host
    target.model_dump_json()


def test_linear_time() -> None:
    """The longest text that is read is read at once, however it is built."""
    before = time.perf_counter()
    for piece in ("<", "<a", "a|", "<|", "a.", "://", "[", "a://", "。", " ", "@", "xn--", "ﷺ"):
        for text in (piece * (2_000 // len(piece)), "https://" + piece * (1_900 // len(piece))):
            try:
                parse_target(text)
            except TargetError:
                continue
    assert time.perf_counter() - before < 2
