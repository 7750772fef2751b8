"""The same server from all places at once, and the difference as the cause.

`gather` asks (the only I/O here), `judge` compares what came back. What two Reports of one server
differ in, as far as that is about TLS, is `bot.diagnosis`'s to say.
"""

from bot.compare.comparison import Comparison, Difference, FailureCode, Group, Seen
from bot.compare.gather import gather
from bot.compare.judge import judge
from bot.diagnosis.differ import DifferenceCode

__all__ = [
    "Comparison",
    "Difference",
    "DifferenceCode",
    "FailureCode",
    "Group",
    "Seen",
    "gather",
    "judge",
]
