"""Many rows: the search is made on a part of them, and only the last steps on all.

A part with some hundred equations for each unknown shows every minimum where all rows have it, up
to noise, and a descent on all rows from there takes two or three steps. So what is long, the starts
and the number of neurons, costs as little as if there were few rows; the estimate, its errors and
the tests are those of all rows. Where these say that the part has missed something, a larger part
is searched.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from pureneuron.certify import Found
from pureneuron.initialize import Candidate
from pureneuron.monitor import Monitor
from pureneuron.optimize import (
    Fit,
    Limits,
    Observer,
    minimize,
    minimize_mixed,
    single_suffices,
)
from pureneuron.optimize.damping import THRESHOLDS as DAMPING
from pureneuron.options import Options
from pureneuron.problem import Problem, n_unknowns
from pureneuron.results import StageReport
from pureneuron.search import confirms

__all__ = ["Finished", "Thresholds", "finished", "is_missing_something", "parts_of"]

_STAGE = "all rows"


@dataclass(frozen=True)
class Thresholds:
    """Numbers that decide, each with its meaning and the benchmark that shows its effect.

    Attributes
    ----------
    equations, fewest_rows : float and int
        Equations for each unknown on the first part, and the fewest rows (make bench-scale).
    growth : int
        How many times larger the next part is at least (make bench-scale).
    fewest_equations : float
        Equations for each unknown below which a part that cannot be larger will not do
        (make bench-scale).
    """

    equations: float = 400.0
    fewest_rows: int = 20_000
    growth: int = 4
    fewest_equations: float = 30.0


THRESHOLDS = Thresholds()


@dataclass(frozen=True, eq=False)
class Finished:
    """How a fit on a part became one on all rows.

    Attributes
    ----------
    on_part, on_all : Fit
        The two.
    stays : bool
        Whether every neuron is about where the part has it.
    """

    on_part: Fit
    on_all: Fit
    stays: bool

    def describe(self) -> StageReport:
        """Report the steps."""
        part, info = self.on_part.problem, self.on_all.info
        where = "where the part has them" if self.stays else "elsewhere than on the part"
        return StageReport(
            _STAGE,
            f"from a search on {part.n_rows} rows, {info.n_iter} iterations on all: "
            f"the neurons are {where}",
            {"rows_of_part": part.n_rows, "history": np.array(info.history)},
        )


def parts_of(problem: Problem, options: Options) -> Iterator[Problem]:
    """Yield what to search on: parts of the rows that are kept, which grow, and all rows at last.

    Of rows that do not lie in memory, those that are kept are the largest part: all of them are
    searched only where those are too few.
    """
    kept, enough = problem.kept, False
    if kept is not None and len(kept) >= _needed(problem, options, THRESHOLDS.fewest_equations):
        size = _first_size(problem, options)
        while size * THRESHOLDS.growth <= len(kept):
            part = problem.thinned(size)
            if part.stands_for_all:
                yield part
            size *= THRESHOLDS.growth
        # Where no part stands for all rows in memory, these are searched themselves, and at once.
        largest, enough = problem.on(kept.samples), not problem.source.in_memory
        if enough or largest.stands_for_all:
            yield largest
    if not enough:
        yield problem


def _first_size(problem: Problem, options: Options) -> float:
    size = max(_needed(problem, options, THRESHOLDS.equations), THRESHOLDS.fewest_rows)
    # More where many rows weigh next to nothing.
    return size * problem.n_rows / problem.n_effective


def _needed(problem: Problem, options: Options, equations: float) -> float:
    """Return how many rows have so many equations for each unknown."""
    k = options.n_neurons
    if k == "auto":
        k = max(problem.n_inputs, problem.n_outputs)
    return equations * n_unknowns(problem, int(k)) / problem.n_outputs


def finished(found: Found, whole: Problem, limits: Limits, monitor: Monitor) -> Found:
    """Take the last steps of a fit on a part on all rows."""
    part, search = found.fit, found.search
    problem = part.problem.on_rows_of(whole)
    monitor.go_on_with(problem, part)
    with monitor.stage(_STAGE) as stage:
        W, A = part.point.W, part.point.A
        fit = _descended(problem, part, limits, monitor.observer(problem, _STAGE, 1, 1))
        stays = confirms(Candidate(W, A), fit)
        stage.report(Finished(part, fit, stays))
    monitor.keep(fit)
    if not stays:
        search = replace(search, agreement="")
    return replace(found, fit=fit, search=search, unchanged=False)


def _descended(problem: Problem, part: Fit, limits: Limits, observer: Observer) -> Fit:
    """Descend on all rows, in passes that gather what they can: the same steps from any source."""
    W, A = part.point.W, part.point.A
    # All rows that are kept bring it nearer, at next to no cost.
    if problem.kept is not None and len(problem.kept) > part.problem.n_rows:
        some = problem.on(problem.kept.samples)
        point = minimize_mixed(some, W, A, limits=limits).point
        W, A = point.W, point.A
    # Rounding moves the sums of a pass by far less than noise does, however many rows there are.
    rows = problem.in_single_precision if single_suffices(part.loss) else problem
    fit = minimize(
        rows.recomputed(), W, A, limits=limits, damping=DAMPING.trusted, observer=observer
    )
    return replace(fit, problem=problem)


def is_missing_something(found: Found, options: Options) -> bool:
    """Tell whether all rows say that the search on a part has not found all there is to find."""
    diagnostics = found.diagnostics
    assert diagnostics is not None
    rejected = diagnostics.omitted is not None and diagnostics.omitted.is_rejected
    return not found.search.agreement or (options.n_neurons == "auto" and rejected)
