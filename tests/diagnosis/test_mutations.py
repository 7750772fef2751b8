"""Broken chains end in a Report or in one clear error, soon and in little memory.

TLSCHECK_MUTANTS says how many are tried; a few hundred when it is unset.
"""

import os
import resource
import time
from collections import Counter

from tests.diagnosis.mutants import outcome

MUTANTS = int(os.environ.get("TLSCHECK_MUTANTS", "400"))
LONGEST = 2.0
MOST_MEMORY_KB = 200_000


def test_every_mutant_ends_clearly() -> None:
    """No traceback, none takes two seconds, and all of them add less than 200 MB."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    counted: Counter[str] = Counter()
    slowest = (0.0, -1)
    for number in range(MUTANTS):
        started = time.perf_counter()
        counted[outcome(number)] += 1
        slowest = max(slowest, (time.perf_counter() - started, number))
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    print(f"\n{MUTANTS} mutants: {dict(counted)}, slowest {slowest}, {used} KB more")
    assert sum(counted.values()) == MUTANTS
    assert slowest[0] < LONGEST
    assert used < MOST_MEMORY_KB
