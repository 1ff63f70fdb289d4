"""Numbers with their Monte-Carlo standard errors, as words and as lines of a table."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import numpy as np
from scipy.stats import beta

from .records import Record

__all__ = ["Share", "failures", "head", "mean_and_error", "row", "share"]


class Share:
    """How often something happens, with its Monte-Carlo standard error and a 95 % interval."""

    def __init__(self, hits: int, of: int) -> None:
        self.hits, self.of = hits, of

    @property
    def value(self) -> float:
        """The share; not a number where nothing has been measured."""
        return self.hits / self.of if self.of else math.nan

    @property
    def error(self) -> float:
        """Its standard error, 0 where all or none are hits."""
        return math.sqrt(self.value * (1.0 - self.value) / self.of) if self.of else math.nan

    @property
    def interval(self) -> tuple[float, float]:
        """Clopper–Pearson."""
        low = beta.ppf(0.025, self.hits, self.of - self.hits + 1) if self.hits else 0.0
        missed = self.of - self.hits
        high = beta.ppf(0.975, self.hits + 1, missed) if missed else 1.0
        return float(low), float(high)

    def __str__(self) -> str:
        if not self.of:
            return "not measured"
        if self.hits in (0, self.of):
            low, high = self.interval
            bound = f"≤ {100 * high:.2g}" if self.hits == 0 else f"≥ {100 * low:.3g}"
            return f"{100 * self.value:g} % (95 %: {bound})"
        return f"{100 * self.value:.1f} ± {100 * self.error:.1f} %"


def share(hits: Iterable[bool]) -> Share:
    """Count hits."""
    found = list(hits)
    return Share(sum(found), len(found))


def row(*entries: object) -> str:
    """Return a line of a table."""
    return "| " + " | ".join(map(str, entries)) + " |"


def head(*names: str) -> list[str]:
    """Return the two lines that begin a table."""
    return [row(*names), "|" + "---|" * len(names)]


def failures(errors: Sequence[Record]) -> list[str]:
    """List fits that ended in an error, the first of each kind, with how many there are."""
    kinds: dict[str, list[Record]] = {}
    for each in errors:
        kinds.setdefault(str(each["error"]).split(":")[0], []).append(each)
    return [
        f"- {len(some)} × {some[0]['error']} (first: {some[0]['cell']}, seed {some[0]['seed']})"
        for some in kinds.values()
    ]


def mean_and_error(values: Sequence[float]) -> tuple[float, float]:
    """Return the mean and its Monte-Carlo standard error."""
    if not values:
        return math.nan, math.nan
    spread = float(np.std(values, ddof=1)) if len(values) > 1 else math.nan
    return float(np.mean(values)), spread / math.sqrt(len(values))
