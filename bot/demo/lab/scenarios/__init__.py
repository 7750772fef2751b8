"""Every scenario, by the stage at which it breaks: one small entry each."""

from bot.demo.lab.scenario import Scenario
from bot.demo.lab.scenarios import chain, healthy

SCENARIOS: tuple[Scenario, ...] = (*healthy.SCENARIOS, *chain.SCENARIOS)
