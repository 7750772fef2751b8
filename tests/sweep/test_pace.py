"""Who is asked next in a sweep."""

import pytest

from bot.diagnosis.report import Target
from bot.sweep import Pace, Politeness
from bot.sweep.pace import network_of


def target(host: str, port: int = 443) -> Target:
    """One of a list."""
    return Target(input=host, host=host, port=port)


@pytest.mark.parametrize(
    ("host", "network"),
    [
        ("www.shop.example.co.jp", "example.co.jp"),
        ("a.b.example.com", "example.com"),
        ("example.com", "example.com"),
        ("localhost", "localhost"),
        ("192.0.2.77", "192.0.2.0/24"),
        ("2001:db8:1:2::3", "2001:db8:1::/48"),
    ],
)
def test_what_is_spared_together(host: str, network: str) -> None:
    """Neighbours by address, or by the domain that they belong to."""
    assert network_of(host) == network


def test_a_slow_network_does_not_hold_up_the_rest() -> None:
    """Its checks never end; everything else is begun all the same."""
    slow = [target(f"h{i}.slow.example") for i in range(50)]
    rest = [target(f"www.site{i}.example") for i in range(50)]
    pace = Pace([*slow, *rest], Politeness(rate=1e6, network_rate=1e6, network_at_once=10))
    now, begun = 0.0, []
    while True:
        now += 1.0
        found, wait = pace.next(now)
        if found is None:
            assert wait == float("inf")
            break
        begun.append(found.host)
        if not found.host.endswith("slow.example"):
            pace.ended(found)
    assert sum(host.endswith("slow.example") for host in begun) == 10
    assert len(begun) == 60
    assert pace.left == 40


def test_a_host_has_one_check_at_a_time() -> None:
    """Its other port follows when the first is done."""
    pace = Pace([target("a.example"), target("a.example", 8443)], Politeness())
    first, _ = pace.next(0.0)
    assert first is not None
    assert pace.next(10.0) == (None, float("inf"))
    pace.ended(first)
    second, _ = pace.next(10.0)
    assert second is not None
    assert {first.port, second.port} == {443, 8443}


def test_rates_are_kept() -> None:
    """So many a second in one network, and so many in all."""
    one_network = Pace([target(f"h{i}.example.com") for i in range(100)], Politeness(1e6, 20.0, 99))
    many = Pace([target(f"www.s{i}.example") for i in range(900)], Politeness(100.0, 20.0, 99))
    for pace, expected in ((one_network, 20), (many, 100)):
        now, begun = 1000.0, 0
        while now < 1001.0:
            found, wait = pace.next(now)
            if found is None:
                now += min(wait, 0.01)
            else:
                begun += 1
                pace.ended(found)
        assert expected * 0.9 <= begun <= expected * 1.2


def test_every_target_comes_once() -> None:
    """In whatever order."""
    targets = [target(f"h{i}.d{i % 7}.example", port) for i in range(40) for port in (443, 465)]
    pace = Pace(targets, Politeness(1e9, 1e9, 3))
    now = 0.0
    running: list[Target] = []
    seen: list[tuple[str, int]] = []
    while pace.left or running:
        now += 1.0
        found, _ = pace.next(now)
        if found is None:
            pace.ended(running.pop(0))
        else:
            running.append(found)
            seen.append((found.host, found.port))
    assert sorted(seen) == sorted((one.host, one.port) for one in targets)
