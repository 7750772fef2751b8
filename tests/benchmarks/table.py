"""What a benchmark prints: facts of the machine, and each goal beside what was measured.

A ratio says how the measured value stands to the goal: at or below 1.00 the goal is kept, whether
less or more of the thing is wanted.
"""

import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import cryptography
from OpenSSL import SSL


@dataclass(frozen=True, slots=True)
class Row:
    """One measured value; `goal` None is a value to compare with, and has no ratio."""

    what: str
    measured: float
    unit: str
    goal: float | None = None
    more_is_better: bool = False

    @property
    def ratio(self) -> float | None:
        """At most 1 when the goal is kept."""
        if self.goal is None:
            return None
        if self.more_is_better:
            return self.goal / self.measured if self.measured else float("inf")
        return self.measured / self.goal


def show(title: str, rows: Iterable[Row]) -> None:
    """Print a table of goals, measured values and ratios."""
    lines = [("", "goal", "measured", "ratio")]
    for row in rows:
        sign = ">=" if row.more_is_better else "<="
        goal = "" if row.goal is None else f"{sign} {_number(row.goal)} {row.unit}"
        ratio = "" if row.ratio is None else f"{row.ratio:.2f}"
        lines.append((row.what, goal, f"{_number(row.measured)} {row.unit}", ratio))
    widths = [max(len(line[column]) for line in lines) for column in range(4)]
    print(f"\n{title}")
    for line in lines:
        first = line[0].ljust(widths[0])
        rest = (text.rjust(width) for text, width in zip(line[1:], widths[1:], strict=True))
        print("  " + "  ".join((first, *rest)).rstrip())
    sys.stdout.flush()


def show_machine(cores: Sequence[int] = ()) -> None:
    """Print what the numbers depend on."""
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
    print(f"machine: {os.cpu_count()} cores ({_processor()}), load {load:.1f} before the start")
    print(
        f"python {platform.python_version()}, cryptography {cryptography.__version__} with "
        f"{SSL.OpenSSL_version(SSL.OPENSSL_VERSION).decode()}"
    )
    print(f"openssl command: {openssl_version() or 'missing'}")
    if cores:
        print(f"pinned: this process to core {cores[0]}, the servers to core {cores[-1]}")
    sys.stdout.flush()


def openssl_version() -> str | None:
    """The version line of the openssl command, None when there is none."""
    if shutil.which("openssl") is None:
        return None
    line = subprocess.run(["openssl", "version"], capture_output=True, text=True, check=True)
    return " ".join(line.stdout.split()[:2])


def pin() -> tuple[int, ...]:
    """Put this process on a core of its own; the second one given back is for the servers.

    Returns:
        Nothing where there is but one core, or where the system cannot pin (macOS).
    """
    if not hasattr(os, "sched_setaffinity"):
        return ()
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < 2:
        return ()
    os.sched_setaffinity(0, {cores[0]})
    return cores[0], cores[-1]


def peak_megabytes() -> float:
    """The most memory that this process ever had resident."""
    # getrusage would count what the parent had before exec (Linux keeps that mark).
    status = Path("/proc/self/status")
    if status.exists():
        for line in status.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1024 * 1024 if sys.platform == "darwin" else 1024)


def _processor() -> str:
    described = Path("/proc/cpuinfo")
    if described.exists():
        for line in described.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _number(value: float) -> str:
    return (
        f"{value:.0f}"
        if abs(value) >= 100
        else f"{value:.1f}"
        if abs(value) >= 10
        else f"{value:.2f}"
    )
