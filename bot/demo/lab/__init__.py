"""The lab of broken servers: one host for each way in which TLS fails, all on loopback.

The demo, the tests and the benchmarks use the same lab. Here belong servers and certificates that
are wrong on purpose; nothing in it knows how a diagnosis is made.
"""

from bot.demo.lab.lab import Lab, open_lab
from bot.demo.lab.scenario import Scenario
from bot.demo.lab.scenarios import SCENARIOS

__all__ = ["SCENARIOS", "Lab", "Scenario", "open_lab"]
