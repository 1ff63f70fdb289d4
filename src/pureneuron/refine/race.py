"""The race: starts on a random part of the rows, in single precision.

The part is large enough that its minimum lies well within the valley of the whole; but where
single rows carry a direction of their own (a pixel that is on in one image), no part stands for
the whole, and there is no race.

Where neurons are about orthogonal and inputs about Gaussian, the first racer starts where the
average Hessians of the outputs point: it takes two or three iterations, where others take ten or
twenty. All others start anywhere.

The first racer to arrive is the lead, and goes on to all rows at once. Where it has all its neurons
where it started with them, two methods agree. If not, whether other racers arrive where it did is
asked, but only if that leads somewhere plausible; if it does not, or a better racer turns up, the
race goes on until two agree. Where no two agree there is much noise, and another heat is run on
more rows.
"""

from __future__ import annotations

from collections.abc import Iterator

import array_api_compat
import numpy as np

from pureneuron.moments import Problem, n_unknowns
from pureneuron.progress import ProgressCallback, report_to
from pureneuron.refine.comparison import apart, displacement, meeting
from pureneuron.refine.descent import Descent, descend
from pureneuron.refine.precision import SINGLE_FLOOR
from pureneuron.refine.starts import Start, random_start
from pureneuron.samples import Batch, Max
from pureneuron.spectral import HessianEstimate, LinearPart, hessian_estimate
from pureneuron.typing import Array

__all__ = ["Race"]

# Rows of a heat: equations for each unknown, the fewest rows, and the share of all rows beyond
# which racing on them saves nothing.
_EQUATIONS, _FEWEST_ROWS, _LARGEST_SHARE = (15, 60), 500, 1 / 2
# Rows of a heat, at least, against the largest squared length of a white row: with fewer, that one
# row may make up more than a tenth of the variance of a direction.
_ROWS_FOR_LEVERAGE = 10.0
# Most racers a heat; the displacement up to which two, which stop early, have come to the same
# place; and when they stop.
_RACERS, _SAME, _TOL, _MAX_ITER = 5, 0.25, 1e-3, 100
# Misfit of the average Hessians up to which they are worth starting from; when the racer stops that
# does, since all rows take it from there as quickly; the displacement up to which it has stayed.
_MOST_MISFIT, _NEAR_TOL, _NEAR_ITER, _STAYED = 0.2, 1e-2, 2, 0.5


class Race:
    """A race for a network of k neurons.

    Parameters
    ----------
    problem : Problem
        All rows.
    n_neurons : int
        k.
    part : LinearPart
        The linear part of the outputs.
    rng : numpy.random.Generator
        Draws rows and starts.
    callback : callable, optional
        Told of every iteration.
    """

    def __init__(
        self,
        problem: Problem,
        n_neurons: int,
        part: LinearPart,
        *,
        rng: np.random.Generator,
        callback: ProgressCallback | None = None,
    ) -> None:
        # Nothing here needs more, and the descents on all rows begin with the same.
        self._problem = problem = problem.in_single_precision
        self._n_neurons, self._part = n_neurons, part
        self._rng, self._callback = rng, callback
        self._heat: _Heat | None = None
        per_output = n_unknowns(problem, n_neurons) / problem.n_outputs
        most = int(_LARGEST_SHARE * problem.n_rows)
        self._sizes: list[int] = []
        if max(_EQUATIONS[0] * per_output, _FEWEST_ROWS) <= most:
            fewest = max(_FEWEST_ROWS, int(_ROWS_FOR_LEVERAGE * _largest_leverage(problem)))
            sizes = (max(int(each * per_output), fewest) for each in _EQUATIONS)
            self._sizes = [size for size in sizes if size <= most]

    @property
    def held(self) -> bool:
        """Whether there are rows to race on."""
        return bool(self._sizes)

    @property
    def verdict(self) -> str:
        """What the race has shown so far; empty if there is none."""
        return "" if self._heat is None else self._heat.verdict

    def starts(self) -> Iterator[Start]:
        """Yield the lead of a heat, a better racer if one turns up, then those of the next."""
        problem, k, rng = self._problem, self._n_neurons, self._rng
        for size in self._sizes:
            hessians = None if self._heat else self._trusted_hessians()
            rows = problem.subset(size, rng=rng)
            heat = self._heat = _Heat(rows, k, hessians, rng, self._callback)
            lead = heat.run()
            yield heat.start()
            heat.decide()
            if heat.best is not lead:
                yield heat.start()
            if heat.agreed:
                return

    def _trusted_hessians(self) -> HessianEstimate | None:
        estimate = hessian_estimate(self._problem, self._part, self._n_neurons, rng=self._rng)
        return None if estimate is None or estimate.misfit > _MOST_MISFIT else estimate


class _Heat:
    """Racers on the same rows."""

    def __init__(
        self,
        rows: Problem,
        n_neurons: int,
        hessians: HessianEstimate | None,
        rng: np.random.Generator,
        callback: ProgressCallback | None,
    ) -> None:
        self._rows, self._n_neurons, self._hessians = rows, n_neurons, hessians
        self._rng, self._callback = rng, callback
        self._n_racers = 0
        self.agreed = False
        self.best: Descent | None = None

    @property
    def verdict(self) -> str:
        """Who agrees with whom."""
        n = self._n_racers
        if self.agreed and n == 1:
            what = "a start ends where average Hessians put every neuron"
        elif self.agreed:
            what = "two starts end in the same minimum"
        else:
            what = f"no two of {n} starts agree" if n > 1 else "one start"
        return f"on {self._rows.n_rows} rows, {what}"

    def run(self) -> Descent:
        """Let one more racer run, and return the best so far."""
        best, hessians = self.best, self._hessians
        if best is None and hessians is not None:
            W, tol, max_iter = hessians.W, _NEAR_TOL, _NEAR_ITER
        else:
            W, tol, max_iter = self._anywhere(), _TOL, _MAX_ITER
        descent = descend(
            self._rows,
            W,
            max_iter=max_iter,
            tol=tol,
            floor=SINGLE_FLOOR,
            joins=meeting(None if best is None else best.point, _SAME),
            callback=report_to(
                self._callback,
                "racing",
                self._n_racers + 1,
                _RACERS,
                None if best is None else best.loss,
            ),
        )
        self._n_racers += 1
        if best is None:
            self.best = descent
            return descent
        if descent.interrupted:
            raise KeyboardInterrupt
        met = descent.joined or apart(descent.point, best.point) <= _SAME
        if descent.loss < best.loss:
            self.best, self.agreed = descent, met
        else:
            self.agreed = self.agreed or met
        assert self.best is not None
        return self.best

    def decide(self, about: Descent | None = None) -> None:
        """Race until two agree on the best minimum, or nobody is left.

        Where the only racer has every neuron where average Hessians put it, these agree with it.
        With ``about``, the race also ends as soon as another racer is better.
        """
        start, best = self._hessians, self.best
        if start is not None and best is not None and self._n_racers == 1:
            moved = displacement(start.W, start.A, best.point.W, best.point.A)
            self.agreed = moved <= _STAYED
        while (
            not self.agreed and self._n_racers < _RACERS and (about is None or about is self.best)
        ):
            self.run()

    def _anywhere(self) -> Array:
        return random_start(self._rows, self._n_neurons, rng=self._rng)

    def start(self) -> Start:
        """Return the best racer as a start; its evidence is what agrees with it."""
        best = self.best
        assert best is not None

        def evidence() -> str:
            self.decide(best)
            return self.verdict if self.agreed else ""

        return Start(
            "race",
            best.point.W,
            best.point.A,
            evidence,
            interrupted=best.interrupted,
            scale=best.scale,
        )


def _largest_leverage(problem: Problem) -> float:
    """Squared length of the largest white row, the mean being r."""
    largest = float(problem.samples.reduce(_leverage)["largest"])
    return largest * problem.n_rows / problem.total


def _leverage(batch: Batch) -> dict[str, Max]:
    xp = array_api_compat.array_namespace(batch.X)
    return {"largest": Max(xp.max(xp.linalg.vecdot(batch.X, batch.X)))}
