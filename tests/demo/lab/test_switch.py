"""A server that is mended while the lab runs."""

import pytest

from bot.demo.lab import open_lab
from bot.demo.lab.scenarios.incident import SCENARIOS
from bot.demo.vantages import lab_vantage
from bot.diagnosis.question import Question
from bot.diagnosis.report import Report
from bot.diagnosis.target import parse_target
from bot.settings import load_settings


async def test_a_server_is_mended_renewed_and_broken_again() -> None:
    """Each turn shows at the next connection: chain, certificate, verdict."""
    async with open_lab(scenarios=SCENARIOS) as lab:
        (host,) = lab.switches
        switch = lab.switches[host]
        settings = load_settings(_env_file=None, tlscheck_allow_networks=lab.networks)
        async with lab_vantage(lab)(settings) as vantage:

            async def check() -> Report:
                return await vantage.check(Question(target=parse_target(host)))

            reports = []
            for state in ("broken", "mended", "renewed", "broken"):
                switch.turn(state)
                assert switch.now == state
                reports.append(await check())
        with pytest.raises(LookupError, match="no such state"):
            switch.turn("perfect")
    assert [one.verdict for one in reports] == ["broken", "ok", "ok", "broken"]
    leaves = [one.endpoints[0].chain[0].sha256 for one in reports]
    assert leaves[0] == leaves[1] == leaves[3]
    assert leaves[2] != leaves[0]
