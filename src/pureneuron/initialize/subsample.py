"""Multistart on a subsample: starts on a random part of the rows, in single precision.

The part is large enough that its minimum lies well within the valley of the whole; but where
single rows carry a direction of their own (a pixel that is on in one image), no part stands for
the whole, and this way is closed.

Where neurons are about orthogonal and inputs about Gaussian, the first start is where the average
Hessians of the outputs point: it takes two or three iterations, where others take ten or twenty.
All others are random.

The first to arrive is proposed at once. Where it has all its neurons where it started with them,
two methods agree. If not, whether other starts end where it did is found out when the descent from
it on all rows has led to the best minimum so far; if it has not, or another start on the part ends
lower, starts go on until two agree. Where no two agree there is much noise, and another round is
run on more rows.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import array_api_compat
import numpy as np

from pureneuron.initialize.average_hessians import HessianEstimate, hessian_estimate
from pureneuron.initialize.candidate import Candidate
from pureneuron.initialize.random import random_start
from pureneuron.monitor import Monitor
from pureneuron.optimize import Fit, Limits, displacement, distance, meeting, minimize
from pureneuron.optimize.comparison import THRESHOLDS as NEARNESS
from pureneuron.problem import Problem, n_unknowns
from pureneuron.results import StageReport
from pureneuron.samples import Batch, Max
from pureneuron.spectral import LinearPart

__all__ = ["Round", "Subsample"]


@dataclass(frozen=True)
class Thresholds:
    """Numbers that decide, each with its meaning and the benchmark that shows its effect.

    Attributes
    ----------
    equations : tuple of int
        Equations for each unknown on the rows of a round (make bench, surety.py).
    fewest_rows : int
        Fewest rows of a round (make bench).
    largest_share : float
        Share of all rows beyond which nothing is saved (make bench).
    rows_for_leverage : float
        Rows of a round, at least, against the largest squared length of a white row: with fewer,
        that one row may make up more than a tenth of the variance of a direction (make demo).
    most_starts : int
        Most starts a round (surety.py).
    limits : Limits
        When a random start ends: all rows take it from there (make bench).
    most_misfit : float
        Misfit of the average Hessians up to which they are worth starting from (make bench,
        surety.py).
    near_limits : Limits
        When a start from there ends (make bench).
    """

    equations: tuple[int, ...] = (15, 60)
    fewest_rows: int = 500
    largest_share: float = 0.5
    rows_for_leverage: float = 10.0
    most_starts: int = 5
    limits: Limits = Limits(max_iter=100, tol=1e-3)  # noqa: RUF009
    most_misfit: float = 0.2
    near_limits: Limits = Limits(max_iter=2, tol=1e-2)  # noqa: RUF009


THRESHOLDS = Thresholds()
_STAGE = "subsample"


@dataclass(frozen=True)
class Subsample:
    """Propose the best of several starts on a part of the rows.

    Attributes
    ----------
    part : LinearPart
        The linear part of the outputs.
    """

    part: LinearPart

    def first(
        self, problem: Problem, n_neurons: int, *, rng: np.random.Generator, monitor: Monitor
    ) -> Round | None:
        """Run the first start; None where there are no rows to spare or a part will not do."""
        # Nothing here needs more, and the descents on all rows begin with the same.
        single = problem.in_single_precision
        sizes = _sizes(single, n_neurons) if problem.linear_part_shows(n_neurons) else ()
        if not sizes:
            return None
        with monitor.stage(_STAGE) as stage:
            estimate = hessian_estimate(single, self.part, n_neurons, rng=rng)
            trusted = estimate is not None and estimate.misfit <= THRESHOLDS.most_misfit
            begun = _begin(single, n_neurons, sizes, estimate if trusted else None, rng, monitor)
            stage.report(begun)
        return begun


def _sizes(problem: Problem, n_neurons: int) -> tuple[int, ...]:
    """Return the numbers of rows of the rounds; none where all rows are about as quick."""
    per_output = n_unknowns(problem, n_neurons) / problem.n_outputs
    most = int(THRESHOLDS.largest_share * problem.n_rows)
    if max(THRESHOLDS.equations[0] * per_output, THRESHOLDS.fewest_rows) > most:
        return ()
    leverage = int(THRESHOLDS.rows_for_leverage * _largest_leverage(problem))
    fewest = max(THRESHOLDS.fewest_rows, leverage)
    sizes = (max(int(each * per_output), fewest) for each in THRESHOLDS.equations)
    return tuple(size for size in sizes if size <= most)


def _begin(
    whole: Problem,
    n_neurons: int,
    sizes: tuple[int, ...],
    hessians: HessianEstimate | None,
    rng: np.random.Generator,
    monitor: Monitor,
) -> Round:
    rows = whole.subset(sizes[0], rng=rng)
    if hessians is None:
        W, limits = random_start(rows, n_neurons, rng=rng), THRESHOLDS.limits
    else:
        W, limits = hessians.W, THRESHOLDS.near_limits
    best = minimize(
        rows,
        W,
        limits=limits,
        observer=monitor.observer(whole, _STAGE, 1, THRESHOLDS.most_starts, guess=True),
    )
    agreed = False
    if hessians is not None:
        moved = displacement(hessians.W, hessians.A, best.point.W, best.point.A)
        agreed = moved <= NEARNESS.confirmed
    return Round(
        whole,
        rows,
        best,
        best,
        1,
        agreed,
        sizes[1:],
        rng,
        monitor,
    )


@dataclass(frozen=True, eq=False)
class Round:
    """Starts on the same rows.

    Attributes
    ----------
    whole, rows : Problem
        All rows, and those of this round.
    best : Fit
        The lowest end so far, on the rows of the round.
    lead : Fit
        The end that was proposed first.
    n_starts : int
        Starts so far.
    agreed : bool
        Whether two methods or two starts agree on ``best``.
    later_sizes : tuple of int
        Rows of later rounds.
    """

    whole: Problem
    rows: Problem
    best: Fit
    lead: Fit
    n_starts: int
    agreed: bool
    later_sizes: tuple[int, ...]
    rng: np.random.Generator
    monitor: Monitor
    better_was_proposed: bool = False

    @property
    def summary(self) -> str:
        """Who agrees with whom."""
        n = self.n_starts
        if self.agreed and n == 1:
            what = "a start ends where average Hessians put every neuron"
        elif self.agreed:
            what = "two starts end in the same minimum"
        else:
            what = f"no two of {n} starts agree" if n > 1 else "one start"
        return f"on {self.rows.n_rows} rows, {what}"

    def describe(self) -> StageReport:
        """Report it."""
        figures = {"n_rows": self.rows.n_rows, "n_starts": self.n_starts}
        return StageReport(_STAGE, self.summary, figures)

    @property
    def candidate(self) -> Candidate:
        """The best end; what agrees with it, as far as is known."""
        point = self.best.point
        known = self.summary if self.agreed else ""
        return Candidate(point.W, point.A, _STAGE, known, self.best.info.scale)

    def corroborated(self) -> Round:
        """Start until two agree on the best end, or another start ends lower."""
        return self._until(lambda later: later.agreed or later.best is not self.best)

    def following(self) -> Round | None:
        """Propose another end if that is lower, or the first of the next round."""
        if not self.better_was_proposed:
            later = self._until(lambda later: later.agreed)
            if later.best is not self.lead:
                return replace(later, better_was_proposed=True)
        else:
            later = self
        if later.agreed or not later.later_sizes:
            return None
        with self.monitor.stage(_STAGE) as stage:
            begun = _begin(
                later.whole,
                later.best.n_neurons,
                later.later_sizes,
                None,
                later.rng,
                later.monitor,
            )
            stage.report(begun)
        return begun

    def _until(self, done: Callable[[Round], bool]) -> Round:
        later = self
        if done(later) or later.n_starts >= THRESHOLDS.most_starts:
            return later
        with self.monitor.stage(_STAGE) as stage:
            while not done(later) and later.n_starts < THRESHOLDS.most_starts:
                later = later._with_another_start()
                stage.report(later)
        return later

    def _with_another_start(self) -> Round:
        best = self.best
        fit = minimize(
            self.rows,
            random_start(self.rows, best.n_neurons, rng=self.rng),
            limits=THRESHOLDS.limits,
            joins=meeting(best.point, NEARNESS.same_early),
            observer=self.monitor.observer(
                self.whole,
                _STAGE,
                self.n_starts + 1,
                THRESHOLDS.most_starts,
                best_loss=best.loss,
                guess=True,
            ),
        )
        met = fit.info.joined or distance(fit.point, best.point) <= NEARNESS.same_early
        if fit.loss < best.loss:
            return replace(self, best=fit, agreed=met, n_starts=self.n_starts + 1)
        return replace(self, agreed=self.agreed or met, n_starts=self.n_starts + 1)


def _largest_leverage(problem: Problem) -> float:
    """Squared length of the largest white row, the mean being r."""
    largest = float(problem.samples.reduce(_leverage)["largest"])
    return largest * problem.n_rows / problem.total


def _leverage(batch: Batch) -> dict[str, Max]:
    xp = array_api_compat.array_namespace(batch.X)
    return {"largest": Max(xp.max(xp.linalg.vecdot(batch.X, batch.X)))}
