"""How much memory there is, and how much of it samples may take."""

from __future__ import annotations

import os
import re
from pathlib import Path

__all__ = ["free_memory", "memory_limit"]

_SHARE = 0.5  # of what is free, unless told otherwise
_UNITS = {"": 1, "b": 1} | {
    f"{letter}{kind}b": factor**power
    for power, letter in enumerate("kmgt", start=1)
    for kind, factor in (("", 1000), ("i", 1024))
}
_SIZE = re.compile(r"\s*([\d.]+(?:e\d+)?)\s*([a-z]*)\s*", re.IGNORECASE)


def memory_limit(limit: str | float | None) -> int:
    """Return a limit in bytes.

    Parameters
    ----------
    limit : str or float, optional
        A size such as ``"1GiB"`` or ``"500MB"``, a number of bytes, or a share of what is free
        (``0.5``: anything up to 1 without a unit). Half of what is free if left out.

    Raises
    ------
    ValueError
        If it is none of these, or not positive.
    """
    if limit is None:
        return int(_SHARE * free_memory())
    found = _SIZE.fullmatch(str(limit))
    try:
        value = float(found[1]) if found else 0.0
    except ValueError:
        value = 0.0
    unit = found[2].lower() if found else ""
    if value <= 0.0 or unit not in _UNITS:
        raise ValueError(
            f"memory_limit={limit!r}: a size such as '1GiB', or a share of what is free such as "
            "0.5, is expected"
        )
    return int(value * (free_memory() if not unit and value <= 1.0 else _UNITS[unit]))


def free_memory() -> int:
    """Return how many bytes this process may still take, by the system and by its container."""
    system = _system_memory()
    limit, used = (_number(f"/sys/fs/cgroup/memory.{name}") for name in ("max", "current"))
    if limit is None or used is None:
        return system
    # What the page cache holds of files is given back when asked for.
    cached = _field("/sys/fs/cgroup/memory.stat", "inactive_file") or 0
    return min(system, max(limit - used + cached, 0))


def _system_memory() -> int:
    available = _field("/proc/meminfo", "MemAvailable:")
    if available is not None:
        return 1024 * available
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2
    except (AttributeError, OSError, ValueError):  # A system that does not say.
        return 4 << 30


def _number(path: str) -> int | None:
    try:
        return int(Path(path).read_text())
    except (OSError, ValueError):  # No such file; or "max", no limit.
        return None


def _field(path: str, name: str) -> int | None:
    try:
        lines = Path(path).read_text().splitlines()
    except OSError:
        return None
    values = (line.split() for line in lines if line.startswith(name))
    return next((int(parts[1]) for parts in values if parts[0] == name), None)
