"""`tlscheck check` behind a proxy, as a person runs it."""

import json
from collections.abc import Callable

from tests.cli.conftest import Run
from tests.proxies import proxy


async def test_the_command_line_goes_through_the_proxy(
    tlscheck: Run, where: Callable[[str], list[str]]
) -> None:
    """The environment's proxy leads there, and the last line says so."""
    async with proxy() as led:
        ended = await tlscheck(
            "check", "healthy.lab.test", *where("healthy"), HTTPS_PROXY=f"http://{led.name}"
        )
        straight = await tlscheck(
            *("check", "healthy.lab.test", *where("healthy"), "--json"),
            HTTPS_PROXY=f"http://{led.name}",
            NO_PROXY=".lab.test",
        )
    assert ended.status == 0, ended.err
    assert f"through the proxy {led.name}" in ended.out
    assert led.asked
    assert json.loads(straight.out)["endpoints"][0]["via"] is None


async def test_a_refusal_of_the_proxy_is_told_as_such(
    tlscheck: Run, where: Callable[[str], list[str]]
) -> None:
    """Status 3, the proxy's name, what it said, and no advice to allow networks; no password."""
    async with proxy("denies") as led:
        ended = await tlscheck(
            "check",
            "healthy.lab.test",
            *where("healthy"),
            HTTPS_PROXY=f"http://user:secret@{led.name}",
        )
    assert ended.status == 3
    assert "The proxy does not permit this host" in ended.out
    assert "403 Forbidden" in ended.out
    assert "--allow-network" not in ended.out
    assert "secret" not in ended.out + ended.err


async def test_a_wrong_proxy_is_a_wrong_setting(tlscheck: Run) -> None:
    """One line that names the setting, and status 2."""
    ended = await tlscheck("check", "shop.example", HTTPS_PROXY="socks5://user:secret@proxy:1")
    assert (ended.status, ended.out) == (2, "")
    assert "HTTPS_PROXY: only proxies over http://" in ended.err
    assert "secret" not in ended.err
