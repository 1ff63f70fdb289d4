"""What times depend on besides the methods: processors, threads, and who else is at work."""

from __future__ import annotations

import os
import platform
import resource
import time
from pathlib import Path
from typing import Any

__all__ = ["Bystanders", "describe", "pin"]

_STAT = Path("/proc/stat")


def pin(threads: int) -> None:
    """Give this process and its children as many processors and threads as said, and no more.

    XLA has no option for it, and goes by the processors that it may use.
    """
    for variable in ("OMP", "OPENBLAS", "MKL", "VECLIB_MAXIMUM", "NUMEXPR"):
        os.environ[f"{variable}_NUM_THREADS"] = str(threads)
    os.environ["NPROC"] = os.environ["PJRT_NPROC"] = str(threads)
    os.environ["JAX_PLATFORMS"] = "cpu"
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:threads])


def describe(threads: int) -> dict[str, Any]:
    """Return what has to be equal for times to compare."""
    return {
        "processor": _processor(),
        "threads": threads,
        "system": platform.system(),
        "python": platform.python_version(),
    }


class Bystanders:
    """Measures how many of our processors were busy with other people's work (Linux only).

    It matters more than it seems: threads that wait for each other at every small product are
    held up by whoever takes away one of their processors, a hundredfold at times.
    """

    def __init__(self) -> None:
        self._start = time.perf_counter()
        self._busy, self._own = _busy_seconds(), _own_seconds()

    def processors(self) -> float | None:
        """Return the mean number since this object was made, or None where nobody can tell."""
        busy = _busy_seconds()
        if busy is None or self._busy is None:
            return None
        others = (busy - self._busy) - (_own_seconds() - self._own)
        return round(max(others, 0.0) / (time.perf_counter() - self._start), 2)


def _busy_seconds() -> float | None:
    """Time that the processors we may use have worked, for whomever."""
    if not _STAT.exists():
        return None
    ours = {f"cpu{i}" for i in os.sched_getaffinity(0)}
    ticks = 0
    for line in _STAT.read_text().splitlines():
        name, *counts = line.split()
        if name in ours:
            user, nice, system, _idle, _iowait, irq, softirq, steal = map(int, counts[:8])
            ticks += user + nice + system + irq + softirq + steal
    return ticks / os.sysconf("SC_CLK_TCK")


def _own_seconds() -> float:
    """Time that this process and its finished children have worked."""
    usages = map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
