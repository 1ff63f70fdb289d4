"""The runs as Markdown: a table a cell, a line a method."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from .methods import METHODS
from .problems import CELLS, Cell
from .runs import DISTURBING, TOLERANCE, Run, Runs, disturbed, time_to

__all__ = ["markdown"]


@dataclass(frozen=True)
class Line:
    """One method in one cell, over the problems of the cell.

    Attributes
    ----------
    seconds : float
        Median time to the target with the setting that was best in hindsight; infinity if most
        never got there.
    reached, n_problems : int
        How often it got there, and of how many.
    excess : float
        Median of the lowest loss over the best known, less 1.
    setting : str
        The one that was best most often.
    whole : float
        Median time of the whole fit.
    budget : float
        Seconds that it had.
    """

    seconds: float
    reached: int
    n_problems: int
    excess: float
    setting: str
    whole: float
    budget: float


def markdown(runs: Runs) -> str:
    """Return the whole page."""
    lines = ["# Time to the optimum, side by side", "", *_preamble(runs)]
    for cell in CELLS.values():
        if runs.of(cell, method="ours"):
            lines += ["", f"## {cell}", "", *_table(runs, cell)]
    return "\n".join(lines) + "\n"


def _preamble(runs: Runs) -> Iterator[str]:
    versions = sorted({version for run in runs.all for version in run["versions"]})
    machine = runs.machine
    yield (
        f"Made by `make bench`; every run is in `peers.json`. {machine['processor']}, "
        f"{machine['threads']} threads, Python {machine['python']}; {', '.join(versions)}."
    )
    yield ""
    yield (
        f"*Target*: a loss within {TOLERANCE:g} of the best known: the lowest of our fit, the "
        "one started at the truth, and every peer's. Times are medians over the problems of a "
        "cell, on each of which a peer counts with the setting that was best in hindsight; the "
        "one that was best most often is named. Compiling, warming up and measuring cost nothing. "
        "A peer that ends, stalls or diverges short of the target starts afresh while its budget "
        "lasts. *Excess*: "
        "median of the lowest loss over the best known, less 1. Ratios are theirs over ours: to "
        "our time to target, and to our whole default fit with all its checks. Ratios below 1, "
        "where we lose, are bold."
    )
    yield ""
    yield (
        "scikit-learn's networks have biases as well, which the others and the truth have not: "
        "their loss may fall below the best known, and their target is that of the rest."
    )
    n_disturbed = sum(map(disturbed, runs.all))
    if n_disturbed:
        yield ""
        yield (
            f"**Not a quiet machine:** in {n_disturbed} of {len(runs.all)} runs others kept more "
            f"than {DISTURBING:g} processors busy; `--alone` repeats those."
        )


def _table(runs: Runs, cell: Cell) -> Iterator[str]:
    ours = _line(runs, cell, "ours")
    yield "| method | setting | to target, s | reached | excess | ratio | ratio to whole fit |"
    yield "|---|---|---|---|---|---|---|"
    for name, method in METHODS.items():
        if name == "reference" or not runs.of(cell, method=name):
            continue
        line = _line(runs, cell, name)
        if name == "ours":
            ratios = f"{_ratio(line, ours.seconds)} | whole fit: {_number(line.whole)} s"
        else:
            ratios = f"{_ratio(line, ours.seconds)} | {_ratio(line, ours.whole)}"
        yield (
            f"| {method.label} | {line.setting} | {_time(line)} "
            f"| {line.reached} of {line.n_problems} | {line.excess:.1e} | {ratios} |"
        )
    for run in runs.failures(cell):
        label = f"{METHODS[run['method']].label} {run['setting']}".rstrip()
        yield ""
        yield f"Failed: {label}, problem {run['seed']}: {run['error']}"


def _line(runs: Runs, cell: Cell, method: str) -> Line:
    mine = runs.of(cell, method=method)
    seeds = sorted({run["seed"] for run in mine})
    best = [_best(runs, cell, seed, method) for seed in seeds]
    times = [time_to(run, runs.target(cell, run["seed"])) for run in best]
    return Line(
        seconds=float(np.median(times)),
        reached=sum(math.isfinite(t) for t in times),
        n_problems=len(seeds),
        excess=float(np.median([_excess(runs, cell, run) for run in best])),
        setting=Counter(run["setting"] for run in best).most_common(1)[0][0],
        whole=float(np.median([run["seconds"] for run in best])),
        budget=min(run["budget"] for run in best),
    )


def _best(runs: Runs, cell: Cell, seed: int, method: str) -> Run:
    """Return the run that reached the target first, or else came closest."""
    target = runs.target(cell, seed)
    return min(runs.of(cell, seed, method), key=lambda run: (time_to(run, target), run["final"]))


def _excess(runs: Runs, cell: Cell, run: Run) -> float:
    return float(run["final"] / runs.best_known(cell, run["seed"]) - 1.0)


def _time(line: Line) -> str:
    if math.isfinite(line.seconds):
        return _number(line.seconds)
    return "mostly never" if line.reached else "never"


def _ratio(line: Line, ours: float) -> str:
    if math.isinf(ours):
        return "–" if math.isinf(line.seconds) else "**0**"
    if math.isinf(line.seconds):
        return f"> {_number(line.budget / ours)}"
    ratio = line.seconds / ours
    return _number(ratio) if ratio >= 1.0 else f"**{_number(ratio)}**"


def _number(value: float) -> str:
    """Two significant digits, without an exponent."""
    digits = max(1 - math.floor(math.log10(value)), 0) if value > 0.0 else 0
    return f"{value:,.{digits}f}"
