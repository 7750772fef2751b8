"""Sweeps: many hosts, politely, each with exactly one result; may be stopped and continued.

`pace` says who is next, `run` asks and tries again, `results` are the files, `tally` the summary.
No sockets and no terminal here.
"""

from bot.sweep.pace import Pace, Politeness
from bot.sweep.results import Results, ResultsError, Row
from bot.sweep.run import Unanswered, sweep
from bot.sweep.tally import Tally

__all__ = [
    "Pace",
    "Politeness",
    "Results",
    "ResultsError",
    "Row",
    "Tally",
    "Unanswered",
    "sweep",
]
